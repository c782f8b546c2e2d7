"""Employers, people, units, platforms, assignments; who is who; accounts and sessions."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, Name, entity_column, known_column, metadata, rule_columns
from storage.types import Document, Instant


def _named(*row: str, index: str) -> Sealed:
    """Hold what names a person: sealed, and found again by an index that tells nothing."""
    return Sealed(Purpose.IDENTITY, Form.TEXT, row, index)


legal_entity = Table(
    "legal_entity",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("zone", String(60), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cutoff_minutes", Integer, nullable=False),
    Column("privacy_minimum", Integer, nullable=False),
    known_column(),
)

knowledge = Table(  # the instant of an entity's last write: its writers take turns on this row
    "knowledge",
    metadata,
    Column("legal_entity_id", Id, primary_key=True),
    Column("known_at", Instant, nullable=False),
)

person = Table(  # a revision per change of the directory entry
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    # How the directory that made the row knows the person.
    Column("source_key", _named("id", "revision", index="source_key_index")),
    Column("source_key_index", LargeBinary),
    Column("name", Name, nullable=False),
    Column("staff_number", _named("id", "revision", index="staff_number_index")),
    Column("staff_number_index", LargeBinary),
    Column("joined_on", Date),
    Column("left_on", Date),
    known_column(),
    Index("ix_person_source_key_index", "legal_entity_id", "source_key_index"),
    Index("ix_person_staff_number_index", "legal_entity_id", "staff_number_index"),
    Index("ix_person_known", "legal_entity_id", "known_at"),
)

unit = Table(  # the unit itself; where it hangs is dated in unit_place
    "unit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    Column("code", String(200), nullable=False),
    Column("name", Name, nullable=False),
    Column("kind", String(20), nullable=False),
    known_column(),
    Index("ix_unit_code", "legal_entity_id", "code"),
)

unit_place = Table(
    "unit_place",
    metadata,
    *rule_columns("series_id"),
    entity_column(),
    Column("unit_id", Id, nullable=False, index=True),
    Column("parent_id", Id),
)

unit_closure = Table(  # follows from unit_place; a line that no longer follows is superseded
    "unit_closure",
    metadata,
    Column("ancestor_id", Id, primary_key=True),
    Column("descendant_id", Id, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("known_at", Instant, primary_key=True),
    Column("superseded_at", Instant),
    Column("valid_to", Date),
    Column("depth", Integer, nullable=False),
    entity_column(),
    Index("ix_unit_closure_descendant", "descendant_id"),
)

platform = Table(
    "platform",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    Column("code", String(200), nullable=False),
    Column("name", Name, nullable=False),
    Column("opened_on", Date),
    known_column(),
    Index("ix_platform_code", "legal_entity_id", "code"),
)

assignment = Table(
    "assignment",
    metadata,
    *rule_columns("series_id"),
    entity_column(),
    Column("source_key", _named("series_id", "revision", index="source_key_index")),
    Column("source_key_index", LargeBinary),
    Column("person_id", Id, nullable=False, index=True),
    Column("unit_id", Id, nullable=False, index=True),
    Column("platform_id", Id),
    Column("position", Name, nullable=False),
    Column("role", String(10), nullable=False),
    Index("ix_assignment_source_key_index", "legal_entity_id", "source_key_index"),
    Index("ix_assignment_known", "legal_entity_id", "known_at"),
)

# ---- who is who ---------------------------------------------------------------------------------

identity = Table(  # a person as some source names them
    "identity",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("namespace", String(60), nullable=False),
    Column("value", _named("id", index="value_index"), nullable=False),
    Column("value_index", LargeBinary, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    UniqueConstraint("legal_entity_id", "namespace", "value_index"),
)

identity_link = Table(
    "identity_link",
    metadata,
    *rule_columns("series_id"),
    entity_column(),
    Column("source_key", _named("series_id", "revision", index="source_key_index")),
    Column("source_key_index", LargeBinary),
    Column("identity_id", Id, ForeignKey("identity.id"), nullable=False, index=True),
    Column("person_id", Id, nullable=False, index=True),
    Index("ix_identity_link_source_key_index", "legal_entity_id", "source_key_index"),
    Index("ix_identity_link_known", "legal_entity_id", "known_at"),
)

# ---- accounts ----------------------------------------------------------------------------------

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("person_id", Id),
    Column("login", String(120), nullable=False, unique=True),
    Column("locale", String(10), nullable=False),
    Column("disabled_at", Instant),
    known_column(),
    Column("version", Integer, nullable=False, server_default="1"),
)

role_grant = Table(
    "role_grant",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("unit_id", Id),  # a manager's unit, where the right is not born of a LEAD assignment
)

session = Table(  # rewritten in place: of a phone's tokens only the last ones are worth something
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False, server_default="BROWSER"),
    Column("client", Name),  # what the client said it is
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant),
    Column("token_expires_at", Instant),  # of a phone's access token
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("ended_why", String(20)),
)

refresh_token = Table(  # every refresh token of a session, used ones too: using one again is seen
    "refresh_token",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    entity_column(),
    Column("session_id", Id, ForeignKey("session.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("key_hash", String(64)),  # of the idempotency key it was used with
    Column("salt", String(64)),  # what its successors are derived with, until they are used
)

vendor_token = (
    Table(  # of a program; two of one name may be good at once, so that it can change over
        "vendor_token",
        metadata,
        Column("id", Id, primary_key=True),
        entity_column(),
        Column("name", String(120), nullable=False),
        Column("number", Integer, nullable=False),
        Column("scopes", Document, nullable=False),
        Column("token_hash", String(64), nullable=False, unique=True),
        Column("salt", String(64)),  # what it was derived with, until it is used
        Column("made_by", Id, nullable=False),
        Column("made_at", Instant, nullable=False),
        Column("expires_at", Instant, nullable=False),
        Column("last_used_at", Instant),
        Column("revoked_at", Instant),
        UniqueConstraint("legal_entity_id", "name", "number"),
    )
)

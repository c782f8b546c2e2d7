"""Connections, what they said (records, facts), how far they were read, what was refused."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import (
    Big,
    Id,
    Name,
    bulk_entity_column,
    entity_column,
    known_column,
    metadata,
)
from storage.types import Document, Instant

# What a source wrote names people, and may hold anything.
_DOCUMENT = Sealed(Purpose.IDENTITY, Form.DOCUMENT, ("id",))

connection = Table(
    "connection",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    Column("name", Name, nullable=False),
    Column("connector", String(60), nullable=False),
    Column("config", Sealed(Purpose.SECRET, Form.DOCUMENT, ("id", "revision")), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("timetable", Document),  # when it is read by itself; null: only when asked
    known_column(),
    Column("made_by", Id),
)

mapping = Table(
    "mapping",
    metadata,
    Column("connection_id", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    entity_column(),
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    known_column(),
    Column("made_by", Id),
)

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("connection_id", Id, nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String(40)),  # null while it runs
    Column("counts", Document, nullable=False),
    Column("problem_code", String(80)),
    Column("problem_values", Document),
)

sync_cursor = Table(
    "sync_cursor",
    metadata,
    Column("connection_id", Id, primary_key=True),
    Column("stream", String(120), primary_key=True),
    entity_column(),
    Column("cursor", Document),
    Column("mapping_hash", String(64)),
    Column("updated_at", Instant, nullable=False),
)

readiness = Table(
    "readiness",
    metadata,
    Column("connection_id", Id, primary_key=True),
    Column("stream", String(120), primary_key=True),
    Column("complete_through", Date, primary_key=True),
    entity_column(),
    Column("fact_kinds", Document, nullable=False),
    known_column(),
)

record = Table(
    "record",
    metadata,
    Column("id", Id, primary_key=True),
    bulk_entity_column(),
    Column("connection_id", Id, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("key", String(300), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("content", _DOCUMENT),  # null: the source says that the record is gone
    Column("position", Document, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("run_id", Id, nullable=False),
    UniqueConstraint("connection_id", "stream", "key", "revision"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("connection_id", Id, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # stream, position and reason: seen once
    Column("position", Document, nullable=False),
    Column("code", String(80), nullable=False),
    Column("code_values", _DOCUMENT, nullable=False),
    Column("payload", _DOCUMENT),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("run_id", Id, nullable=False),
    UniqueConstraint("connection_id", "stream", "fingerprint"),
)

fact = Table(
    "fact",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    bulk_entity_column(),
    Column("connection_id", Id, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("key", String(340), nullable=False),  # the record's key and the target of the mapping
    Column("revision", Integer, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("identity_id", Id, ForeignKey("identity.id"), nullable=False),
    Column("business_date", Date, nullable=False),
    Column("instant", Instant),
    Column("quantity", BigInteger, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("subject", String(200)),
    Column("attributes", Document, nullable=False),
    Column("deleted", Boolean, nullable=False),
    known_column(),
    UniqueConstraint("connection_id", "stream", "key", "revision"),
    Index("ix_fact_measure", "legal_entity_id", "kind", "business_date", "identity_id"),
    Index("ix_fact_identity", "identity_id", "kind", "business_date"),
    Index("ix_fact_record", "record_id"),
    # The few corrections: whoever asks for the newest revision looks here, not at every fact.
    Index(
        "ix_fact_corrected",
        "connection_id",
        "stream",
        "key",
        "revision",
        sqlite_where=text("revision > 1"),
        postgresql_where=text("revision > 1"),
    ),
)

"""The columns and types that many tables share, and the names of their constraints."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Text,
)

from storage.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(40)
Name = String(200)
Big = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER


def entity_column() -> Column[str]:
    """Name the legal entity to which a row belongs: every table but one has it."""
    return Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), nullable=False)


def bulk_entity_column() -> Column[str]:
    """Name the legal entity in a table that is filled by the hundred thousand.

    Without a foreign key: PostgreSQL would look the same row up again for each, a third of the
    time of the whole load. Whoever writes has taken his turn on that entity, so it is there.
    """
    return Column("legal_entity_id", Id, nullable=False)


def known_column() -> Column[object]:
    """Name the instant at which we learned a row."""
    return Column("known_at", Instant, nullable=False)


def rule_columns(series: str) -> list[Column[object]]:
    """List the columns that every dated rule has."""
    return [
        Column(series, Id, primary_key=True),
        Column("revision", Integer, primary_key=True),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
        Column("voided", Boolean, nullable=False, default=False),
        known_column(),
        Column("made_by", Id),
        Column("reason", Text),
    ]

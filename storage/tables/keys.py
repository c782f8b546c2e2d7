"""The data keys: one per legal entity, purpose and version, each wrapped by the key outside."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint, text

from storage.tables.columns import entity_column, metadata
from storage.types import Instant

data_key = Table(
    "data_key",
    metadata,
    Column("id", String(16), primary_key=True),  # 8 random bytes in hex, as stored in each value
    entity_column(),
    Column("purpose", String(10), nullable=False),  # PAY, IDENTITY, SECRET, INDEX
    Column("version", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # ACTIVE, RETIRING, RETIRED
    Column("suite", String(10), nullable=False),  # intl, gm
    Column("wrapped", LargeBinary),  # null once retired: nobody opens a value under it again
    Column("kek", String(16), nullable=False),  # which key outside wraps it
    Column("made_at", Instant, nullable=False),
    Column("retired_at", Instant),
    UniqueConstraint("legal_entity_id", "purpose", "version"),
    Index(
        "uq_data_key_active",
        "legal_entity_id",
        "purpose",
        unique=True,
        sqlite_where=text("state = 'ACTIVE'"),
        postgresql_where=text("state = 'ACTIVE'"),
    ),
)

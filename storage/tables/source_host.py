"""What the host keeps of connections besides what they said: callbacks, and breakers reset."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, entity_column, known_column, metadata
from storage.types import Document

hook_delivery = Table(  # a callback that was verified, once by the source's own id for it
    "hook_delivery",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("connection_id", Id, nullable=False),
    Column("delivery", String(200), nullable=False),
    Column("reread", Document, nullable=False),  # which records to read again, by stream
    Column("content", Sealed(Purpose.IDENTITY, Form.DOCUMENT, ("id",)), nullable=False),
    known_column(),
    UniqueConstraint("connection_id", "delivery"),
)

breaker_reset = Table(  # a person says that a source which kept failing may be tried again
    "breaker_reset",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("connection_id", Id, nullable=False),
    known_column(),
    Column("made_by", Id),
    Column("reason", Text),
    Index("ix_breaker_reset_connection", "connection_id"),
)

"""The working days of a legal entity, year by year, one revision per decision."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from storage.tables.columns import Id, known_column, metadata
from storage.types import Document

work_calendar = Table(
    "work_calendar",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("document", Document, nullable=False),  # holidays and make-up working days
    Column("hash", String(64), nullable=False),
    known_column(),
    Column("made_by", Id),
    Column("reason", Text),
)

"""When periods are calculated by themselves, and what came of the newest look at each."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from storage.tables.columns import Id, known_column, metadata
from storage.types import Document, Instant

calculation_timetable = Table(  # the latest revision holds
    "calculation_timetable",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("timetable", Document),  # null: only when somebody asks
    Column("kinds", Document, nullable=False),  # of periods
    Column("months_begin_on", Integer, nullable=False),
    Column("late_sources", String(20), nullable=False),
    Column("shows_scores", Boolean, nullable=False),
    known_column(),
    Column("made_by", Id),
    Column("reason", Text, nullable=False),
)

calculation_look = Table(  # of the server's own clock, one row per period; it is no decision
    "calculation_look",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("period", String(20), primary_key=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_values", Document, nullable=False),
    Column("seen_at", Instant, nullable=False),  # since when it is so
    known_column(),  # what was known to it
    Column("settled_at", Instant),  # when it was last queued, or found to need nothing
)

"""The state of every period somebody decided about, one revision per decision."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from storage.tables.columns import Id, known_column, metadata

period_state = Table(
    "period_state",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("period", String(20), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("run_id", Id),  # the run that was made final by a close
    Column("decision_id", Id),  # what two people decided, where it was opened again
    known_column(),
    Column("made_by", Id),
    Column("reason", Text),
)

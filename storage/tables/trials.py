"""What plans were tried for: answers of jobs, kept because they took long to come to."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, entity_column, metadata
from storage.types import Instant

plan_trial = Table(
    "plan_trial",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("job_id", Id, ForeignKey("job.id"), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),  # BACKTEST or FORECAST
    Column("plan_hash", String(64)),  # of the document that was tried; none of the plans in force
    Column("made_at", Instant, nullable=False),
    Column("answer", Sealed(Purpose.PAY, Form.DOCUMENT, ("id",)), nullable=False),
    Index("ix_plan_trial_plan", "legal_entity_id", "plan_hash", "made_at"),
)

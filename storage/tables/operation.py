"""What the server itself needs to remember: answers, the trail, jobs."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from storage.tables.columns import Big, Id, entity_column, metadata
from storage.types import Document, Instant

idempotency = Table(
    "idempotency",
    metadata,
    Column("account_id", Id, primary_key=True),
    Column("operation", String(80), primary_key=True),
    Column("key", String(80), primary_key=True),
    entity_column(),
    Column("request_hash", String(64), nullable=False),
    Column("answer", Document, nullable=False),
    Column("made_at", Instant, nullable=False),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=True),
    entity_column(),
    Column("account_id", Id),
    Column("on_behalf_of", Id),  # the account that delegated, when somebody acted for it
    Column("action", String(80), nullable=False),
    Column("subject_id", Id),
    Column("details", Document, nullable=False),
    Column("at", Instant, nullable=False),
)

# A sealed state of the trail of a legal entity. Its columns but the last three are what is signed.
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("size", Big, nullable=False),
    Column("last_seq", Big, nullable=False),
    Column("root", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("previous", String(64)),
    Column("public_key", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("leaves", LargeBinary, nullable=False),  # of the rows since the checkpoint before
    Column("subtrees", LargeBinary, nullable=False),  # what the next one grows from
)

anchoring = Table(  # that a checkpoint is remembered in a place outside, with the place's receipt
    "anchoring",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("anchor", String(500), primary_key=True),  # kind:place, as in the settings
    Column("receipt", String(500), nullable=False),
    Column("at", Instant, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("kind", String(40), nullable=False),
    Column("arguments", Document, nullable=False),
    Column("state", String(20), nullable=False),  # QUEUED, RUNNING, DONE, FAILED, CANCELLED
    Column("made_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("result_id", Id),
    Column("problem_code", String(80)),
    Column("problem_values", Document),
    Column("made_by", Id),
    Column("steps_done", Integer),  # of a job that says how far it has come
    Column("steps", Integer),
    Column("cancelled_at", Instant),  # whoever asked for it wants it no longer
)

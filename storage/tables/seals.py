"""The seals of posted runs and of locked pay: what their proofs are made of."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, entity_column, metadata
from storage.types import Instant

run_seal = Table(
    "run_seal",
    metadata,
    Column("run_id", Id, ForeignKey("calculation_run.id"), primary_key=True),
    entity_column(),
    Column("size", Integer, nullable=False),
    Column("root", String(64), nullable=False),
    # Salts of the leaves come from it: with it, a hash of a leaf can be guessed at.
    Column("secret", Sealed(Purpose.PAY, Form.RAW, ("run_id",)), nullable=False),
    # What was sealed of the peer groups, as canonical JSON: needed to build the leaves again.
    Column("cohorts", Sealed(Purpose.PAY, Form.RAW, ("run_id",)), nullable=False),
    Column("leaves", LargeBinary, nullable=False),  # their hashes, one after another, sorted
)

pay_seal = Table(  # of the sheets of a batch, each time it is locked
    "pay_seal",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("batch_id", Id, ForeignKey("pay_batch.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", String(64), nullable=False),
    Column("secret", Sealed(Purpose.PAY, Form.RAW, ("id",)), nullable=False),
    Column("leaves", LargeBinary, nullable=False),
)

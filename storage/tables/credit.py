"""Whose a fact is: the rules, and what they came to in a run, frozen with it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from storage.tables.columns import (
    Big,
    Id,
    bulk_entity_column,
    entity_column,
    metadata,
    rule_columns,
)
from storage.types import Document

credit_rule = Table(
    "credit_rule",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("key", String(120), nullable=False),
    Column("state", String(20), nullable=False),  # a revision per step: DRAFT, PUBLISHED
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_credit_rule_key", "legal_entity_id", "key"),
)

credit = Table(  # of the facts that a rule concerned: who got what, or why nobody did
    "credit",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=True),
    bulk_entity_column(),
    Column("run_id", Id, ForeignKey("calculation_run.id"), nullable=False),
    Column("as_of", Date, nullable=False),  # the last day of the window it was counted in
    Column("fact_seq", BigInteger, nullable=False),
    Column("fact_id", Id, nullable=False),
    Column("fact_kind", String(60), nullable=False),
    Column("business_date", Date, nullable=False),
    Column("named_id", Id),  # whom the source named, if that was anybody
    Column("status", String(10), nullable=False),  # CREDITED, EXCLUDED, ERROR
    Column("person_id", Id),  # null where nobody got it
    Column("kind", String(10)),  # DIRECT, SPLIT, ROLL_UP, OVERLAY
    Column("share", BigInteger),  # in millionths
    Column("quantity", BigInteger),
    Column("rule_id", Id),
    Column("level", Integer),
    Column("role", String(200)),
    Column("code", String(80)),  # why it is an error
    Column("code_values", Document),
    Index("ix_credit_run", "run_id", "fact_kind", "as_of"),
    Index("ix_credit_person", "person_id", "run_id"),
)

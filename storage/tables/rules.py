"""What is asked and what is paid: metrics, scorecards, plans, goals."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.tables.columns import Id, Name, entity_column, known_column, metadata, rule_columns
from storage.types import Document

metric = Table(
    "metric",
    metadata,
    *rule_columns("series_id"),
    entity_column(),
    Column("key", String(120), nullable=False),
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("pack_id", String(120)),
    Index("ix_metric_key", "legal_entity_id", "key"),
)

scorecard = Table(
    "scorecard",
    metadata,
    *rule_columns("series_id"),
    entity_column(),
    Column("key", String(120), nullable=False),
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scope", Document, nullable=False),  # {"units": [], "platforms": [], "positions": []}
    Column("pack_id", String(120)),
    Index("ix_scorecard_key", "legal_entity_id", "key"),
)

plan = Table(
    "plan",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("key", String(120), nullable=False),
    known_column(),
    UniqueConstraint("legal_entity_id", "key"),
)

plan_version = Table(
    "plan_version",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("plan_id", Id, ForeignKey("plan.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),  # a revision per step of the state machine
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scope", Document, nullable=False),
    Column("pack_id", String(120)),
    Column("findings", Document),  # what the linter found when it was published
    Column("override_reason", Text),  # why it was published all the same
)

goal = Table(
    "goal",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("level", String(20), nullable=False),  # COMPANY, UNIT, PLATFORM, TEAM, PERSON
    Column("owner_id", Id, nullable=False, index=True),
    Column("parent_goal_id", Id),
    Column("period", String(20), nullable=False),
    Column("name", Name, nullable=False),
    Column("state", String(30), nullable=False),
    Index("ix_goal_known", "legal_entity_id", "known_at"),
)

goal_line = Table(
    "goal_line",
    metadata,
    Column("goal_id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("metric_key", String(120), primary_key=True),
    entity_column(),
    Column("unit", String(10), nullable=False),
    Column("baseline", BigInteger),
    Column("threshold", BigInteger),
    Column("target", BigInteger, nullable=False),
    Column("stretch", BigInteger),
    Column("weight", BigInteger),  # ten-thousandths of a percent; null: the scorecard decides
)

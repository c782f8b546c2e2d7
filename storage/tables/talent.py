"""Rules about people, what they suggested, what was decided, and who is thanked in public."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from storage.tables.columns import Id, entity_column, known_column, metadata, rule_columns
from storage.types import Document

talent_rule = Table(
    "talent_rule",
    metadata,
    *rule_columns("series_id"),
    entity_column(),
    Column("key", String(120), nullable=False),
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("pack_id", String(120)),
    Index("ix_talent_rule_key", "legal_entity_id", "key"),
)

suggestion = Table(  # what a rule found and what people decided, one revision per step
    "suggestion",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False),
    Column("rule_key", String(120), nullable=False),
    Column("rule_id", String(120), nullable=False),
    Column("rule_hash", String(64), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("period", String(20), nullable=False),  # the one that completed the evidence
    Column("metric_key", String(120)),
    Column("course", String(120)),
    Column("evidence", Document, nullable=False),
    Column("evidence_holds", Boolean, nullable=False),  # the frozen results still say so
    Column("state", String(20), nullable=False),
    Column("audience", String(10)),
    Column("unit_id", Id),
    Column("words", Document),  # by language
    Column("objection", Text),
    Column("decided_by", Id),
    known_column(),
    Column("made_by", Id),
    Column("on_behalf_of", Id),
    Column("reason", Text),
    Index("ix_suggestion_person", "person_id"),
    Index("ix_suggestion_entity", "legal_entity_id", "state"),
)

manager_note = Table(  # a word to whoever leads a person: a rule suggests help; a revision per step
    "manager_note",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False),
    Column("suggestion_id", Id, nullable=False),
    Column("state", String(20), nullable=False),  # UNREAD, READ or WITHDRAWN
    Column("read_by", Id),
    known_column(),
    Column("made_by", Id),
    Column("on_behalf_of", Id),
    Index("ix_manager_note_entity", "legal_entity_id", "state"),
    Index("ix_manager_note_suggestion", "suggestion_id"),
)

recognition = Table(  # thanks that the person agreed to: everybody of the audience may read it
    "recognition",
    metadata,
    Column("id", Id, primary_key=True),  # of the suggestion
    entity_column(),
    Column("person_id", Id, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("period", String(20), nullable=False),
    Column("audience", String(10), nullable=False),
    Column("unit_id", Id),
    Column("title", Document, nullable=False),  # the name of the rule, by language
    Column("words", Document, nullable=False),  # by language
    Column("decided_by", Id),
    known_column(),
    Index("ix_recognition_entity", "legal_entity_id", "known_at"),
)

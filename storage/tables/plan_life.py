"""The life of a plan version: who reviewed it, whom it was offered to, what they answered."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, entity_column, metadata, rule_columns
from storage.types import Document, Instant

plan_policy = Table(  # what a legal entity decided about review and acceptance
    "plan_policy",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("review", String(20), nullable=False),
    Column("acceptance", String(20), nullable=False),
)

plan_step = Table(  # what was done with a version of a plan, by whom and why
    "plan_step",
    metadata,
    Column("plan_version_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    entity_column(),
    Column("revision", Integer, nullable=False),  # of the version that the deed made
    Column("deed", String(30), nullable=False),
    Column("hash", String(64), nullable=False),  # of the document that was there
    Column("made_by", Id),
    Column("on_behalf_of", Id),
    Column("reason", Text),
    Column("at", Instant, nullable=False),
)

plan_text = Table(  # the text of a version as it was shown, in one language
    "plan_text",
    metadata,
    Column("plan_version_id", Id, primary_key=True),
    Column("language", String(10), primary_key=True),
    Column("hash", String(64), primary_key=True),
    entity_column(),
    Column("text", Document, nullable=False),  # the clauses in their order
    Column("at", Instant, nullable=False),
)

plan_offer = Table(  # a version of a plan put before somebody whom it pays
    "plan_offer",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False, index=True),
    Column("plan_version_id", Id, nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("text_hashes", Document, nullable=False),  # of the text in each language
    Column("offered_on", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("made_by", Id),
    UniqueConstraint("plan_version_id", "person_id"),
)

plan_answer = Table(  # what somebody said to an offer, and what they had before them
    "plan_answer",
    metadata,
    Column("offer_id", Id, ForeignKey("plan_offer.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False),
    Column("answer", String(20), nullable=False),
    Column("language", String(10), nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("made_by", Id),
    Column("on_day", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", Sealed(Purpose.PAY, Form.DOCUMENT, ("offer_id", "number")), nullable=False),
)

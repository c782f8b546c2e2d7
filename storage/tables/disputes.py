"""Disputes: what somebody disagrees with, every step since, and what they show for it."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, entity_column, metadata
from storage.types import Instant

dispute = Table(  # what is disputed; how far it has come is said by its last step
    "dispute",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False),
    Column("period", String(20), nullable=False),
    Column("period_end", Date, nullable=False),  # whoever sees pay of that day sees the dispute
    Column("subject", String(20), nullable=False),  # LINE or TRANSACTION
    Column("run_id", Id),  # of a line: the run whose statement it stands on
    Column("line", String(200)),
    Column("component", String(120)),  # of a line: what it pays
    Column("fact_id", Id),
    Column("opened_on", Date, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("made_by", Id),
    Column("document", Sealed(Purpose.PAY, Form.DOCUMENT, ("id",)), nullable=False),
    Index("ix_dispute_person", "person_id", "period"),
    Index("ix_dispute_period", "legal_entity_id", "period"),
)

dispute_step = Table(  # what was done with a dispute, by whom and why
    "dispute_step",
    metadata,
    Column("dispute_id", Id, ForeignKey("dispute.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False),
    Column("deed", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("assignee_id", Id),  # the account that is to decide it from here on
    Column("entry_id", Id),  # the entry of the ledger that it booked
    Column("made_by", Id),
    Column("on_behalf_of", Id),
    Column("on_day", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column(
        "document", Sealed(Purpose.PAY, Form.DOCUMENT, ("dispute_id", "number")), nullable=False
    ),
)

dispute_evidence = Table(  # what was shown with a step: a link, or a small file
    "dispute_evidence",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("dispute_id", Id, ForeignKey("dispute.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("person_id", Id, nullable=False),
    Column("document", Sealed(Purpose.PAY, Form.DOCUMENT, ("id",)), nullable=False),
    Column("content", Sealed(Purpose.PAY, Form.RAW, ("id",))),
)

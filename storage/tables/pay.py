"""From earned to paid: policies, wages, pay batches and sheets, and what is owed either way."""

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
    Text,
    UniqueConstraint,
)

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import (
    Big,
    Id,
    bulk_entity_column,
    entity_column,
    metadata,
    rule_columns,
)
from storage.types import Document, Instant

pay_setting = Table(  # by which policy an entity settles pay, who approves, what payroll is handed
    "pay_setting",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("policy", String(120), nullable=False),
    Column("policy_version", String(40), nullable=False),
    Column("policy_hash", String(64), nullable=False),
    Column("approval", Document, nullable=False),  # the steps: roles and accounts
    Column("payroll_columns", Document),  # attain.payroll_columns/1; null: the plain ones
)

wage = Table(  # the wage of a month, from that month on until the next row
    "wage",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("person_id", Id, nullable=False, index=True),
    Column("amount", Sealed(Purpose.PAY, Form.WHOLE, ("id", "revision")), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("region", String(60), nullable=False),
)

minimum_wage = Table(  # the minimum wage of a region, from a day on until the next row
    "minimum_wage",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("region", String(60), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
)

pay_batch = Table(  # the pay of an entity and period; its sheets are of ``revision``
    "pay_batch",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("period", String(20), nullable=False),
    Column("cadence", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("ledger_through", Big, nullable=False),  # entries up to here are in it or before it
    Column("before_id", Id),  # the batch before it, from whose balances it starts
    Column("before_revision", Integer),
    Column("policy_hash", String(64), nullable=False),
    Column("approvals", Integer, nullable=False),  # steps of the chain taken since it was submitted
    Column("approval", Document, nullable=False),  # the chain, as it held when it was submitted
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("legal_entity_id", "period"),
)

pay_batch_step = Table(  # what was done with a batch, by whom and why
    "pay_batch_step",
    metadata,
    Column("batch_id", Id, ForeignKey("pay_batch.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    entity_column(),
    Column("revision", Integer, nullable=False),
    Column("deed", String(20), nullable=False),
    Column("account_id", Id),
    Column("on_behalf_of", Id),
    Column("reason", Text),
    Column("at", Instant, nullable=False),
)

pay_total = Table(  # what the sheets of a revision come to, per currency
    "pay_total",
    metadata,
    Column("batch_id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    entity_column(),
    Column("people", Integer, nullable=False),
    Column("amounts", Sealed(Purpose.PAY, Form.DOCUMENT, ("id",)), nullable=False),
    Column("problems", Document, nullable=False),  # how many sheets have each problem
)

pay_sheet = Table(  # one person's settlement, frozen with all it depends on
    "pay_sheet",
    metadata,
    Column("batch_id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("person_id", Id, primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    bulk_entity_column(),
    Column("period", String(20), nullable=False),
    Column("plan_version_id", Id),
    Column("releases", Document, nullable=False),  # the holdbacks that are paid with it
    Column("document", Sealed(Purpose.PAY, Form.DOCUMENT, ("id",)), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_pay_sheet_person", "person_id", "period"),
)

pay_balance = Table(  # what a locked sheet changed in what is owed; a balance is the sum of all
    "pay_balance",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    bulk_entity_column(),
    Column("person_id", Id, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("kind", String(10), nullable=False),  # DRAW, HOLDBACK or CARRIED
    Column("amount", Sealed(Purpose.PAY, Form.WHOLE, ("id",)), nullable=False),
    Column("batch_id", Id, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("period", String(20), nullable=False),
    Column("reverses_id", Id, unique=True),  # the batch was unlocked or rejected
    Column("releases_id", Id),  # the holdback that is paid out
    Column("due_from", Date),  # of a holdback: the first period that pays it, by its first day
    Column("event", String(200)),  # of a holdback: what it waits for instead
    Column("posted_at", Instant, nullable=False),
    Index("ix_pay_balance_person", "person_id", "kind"),
    Index("ix_pay_balance_batch", "batch_id", "revision"),
)

holdback_release = Table(  # what a holdback waited for has happened
    "holdback_release",
    metadata,
    Column("entry_id", Id, primary_key=True),
    entity_column(),
    Column("person_id", Id, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("made_by", Id),
    Column("posted_at", Instant, nullable=False),
)

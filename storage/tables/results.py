"""What calculations found, frozen with their inputs, and the ledger."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import (
    Big,
    Id,
    Name,
    bulk_entity_column,
    entity_column,
    metadata,
)
from storage.types import Document, Instant

calculation_run = Table(
    "calculation_run",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("period", String(20), nullable=False),
    Column("mode", String(10), nullable=False),  # TRIAL or POSTED
    Column("state", String(20), nullable=False),  # TRIAL, POSTED, FINAL or SUPERSEDED
    Column("valid_at", Date, nullable=False),
    Column("known_at", Instant, nullable=False),  # what was known to the calculation
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("engine_version", String(40), nullable=False),
    Column("result_hash", String(64)),
    Column("people", Integer),
    Column("payout", Sealed(Purpose.PAY, Form.WHOLE, ("id",))),
    Column("problems", Document, nullable=False),
    Column("final", Boolean, nullable=False),  # every source was ready
    Column("waiting_for", Document, nullable=False),  # the sources that were not
    Column("made_by", Id),
    Column("fact_seq", BigInteger),  # the last row of facts there was: what came later is above
    Column("gathered", Integer),  # of how many people the numbers were added up anew
    Column("reused_run_id", Id),  # the run whose frozen numbers the others kept
    Column("base_run_id", Id),  # of a correction: the final run of the closed period
    Column("booked_in", String(20)),  # of a correction: the period its differences are booked in
    Column("scores_shown", Boolean),  # of a trial: whoever it concerns sees the score; null: no
    Index("ix_calculation_run_period", "legal_entity_id", "period", "finished_at"),
)

result = Table(
    "result",
    metadata,
    Column("run_id", Id, ForeignKey("calculation_run.id"), primary_key=True),
    Column("person_id", Id, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    bulk_entity_column(),
    Column("unit_id", Id, nullable=False),
    Column("scorecard_id", Id),
    Column("scorecard_revision", Integer),
    Column("plan_version_id", Id),
    Column("platform_id", Id),
    Column("position", Name, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("shard_row", Integer, nullable=False),
    Column("score", BigInteger),
    Column("score_rank", Integer),
    Column("payout", Sealed(Purpose.PAY, Form.WHOLE, ("id",))),
    Column("currency", String(3)),
    Column("row_hash", String(64), nullable=False),  # of all that determines the statement
    Column("shape", Document),  # how the rules were applied, where not plainly
    Index("ix_result_board", "run_id", "unit_id", "score_rank", "person_id"),
    Index("ix_result_person", "person_id"),
)

standing = Table(  # where a person stands on one measure in each peer group, frozen with the run
    "standing",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("measure", String(120), primary_key=True),  # a metric's key, or "score"
    Column("person_id", Id, primary_key=True),
    bulk_entity_column(),
    Column("value_num", BigInteger, nullable=False),
    Column("value_den", BigInteger, nullable=False),
    Column("unit_id", Id, nullable=False),
    Column("unit_rank", Integer, nullable=False),
    Column("platform_id", Id),
    Column("platform_rank", Integer),
    Column("company_rank", Integer, nullable=False),
    Index("ix_standing_unit", "run_id", "measure", "unit_id", "unit_rank", "person_id"),
    Index("ix_standing_platform", "run_id", "measure", "platform_id", "platform_rank", "person_id"),
    Index("ix_standing_company", "run_id", "measure", "company_rank", "person_id"),
)

cohort = Table(  # the peer facts of one group, frozen with the run
    "cohort",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("measure", String(120), primary_key=True),
    Column("peer_kind", String(20), primary_key=True),
    Column("group_id", Id, primary_key=True),
    bulk_entity_column(),
    Column("size", Integer, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("median_lo_num", BigInteger),
    Column("median_lo_den", BigInteger),
    Column("median_hi_num", BigInteger),
    Column("median_hi_den", BigInteger),
)

snapshot = (
    Table(  # the inputs that were scored, per shard of people with the same rules, as Parquet
        "snapshot",
        metadata,
        Column("run_id", Id, primary_key=True),
        Column("shard", Integer, primary_key=True),
        bulk_entity_column(),
        Column("parquet", Sealed(Purpose.PAY, Form.RAW, ("run_id", "shard")), nullable=False),
        Column("sha256", String(64), nullable=False),
    )
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    bulk_entity_column(),
    Column("person_id", Id, nullable=False),
    Column("period", String(20), nullable=False),  # where it is booked
    Column("origin_period", String(20), nullable=False),  # whose sales gave it
    Column("run_id", Id),  # the run that posted it; null: a decision did
    Column("component", String(120), nullable=False),
    Column("kind", String(10), nullable=False),  # POST, REVERSE or ADJUST
    Column("cause", String(30)),  # null: ordinary
    Column("source_id", Id),  # the correction, dispute or decision behind an adjustment
    Column("reverses_id", Id, unique=True),  # an entry is reversed once
    Column("amount", Sealed(Purpose.PAY, Form.WHOLE, ("id",)), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("plan_version_id", Id),
    Column("posted_at", Instant, nullable=False),
    Index("ix_ledger_entry_person", "person_id", "period"),
    Index("ix_ledger_entry_period", "legal_entity_id", "period"),
    Index("ix_ledger_entry_origin", "legal_entity_id", "origin_period", "kind"),
    Index("ix_ledger_entry_source", "source_id"),
)

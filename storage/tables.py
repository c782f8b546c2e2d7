"""Every table, by subject. Facts, records, rules and ledger rows are only ever added.

A *rule row* (an assignment, a link, a metric, a goal ...) belongs to a series: the row with the
highest revision known at an instant speaks for the series from that instant on; ``voided`` takes
the series back. Both time axes are columns: ``valid_from``/``valid_to`` and ``known_at``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.types import Document, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(40)
_Name = String(200)
_Big = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER


def _entity() -> Column[str]:
    return Column("legal_entity_id", _Id, ForeignKey("legal_entity.id"), nullable=False)


def _known() -> Column[object]:
    return Column("known_at", Instant, nullable=False)


def _rule(series: str) -> list[Column[object]]:
    """The columns that every dated rule has."""
    return [
        Column(series, _Id, primary_key=True),
        Column("revision", Integer, primary_key=True),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
        Column("voided", Boolean, nullable=False, default=False),
        _known(),
        Column("made_by", _Id),
        Column("reason", Text),
    ]


# ---- organisation ---------------------------------------------------------------------------

legal_entity = Table(
    "legal_entity",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", _Name, nullable=False),
    Column("zone", String(60), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cutoff_minutes", Integer, nullable=False),
    Column("privacy_minimum", Integer, nullable=False),
    _known(),
)

knowledge = Table(  # the instant of an entity's last write: its writers take turns on this row
    "knowledge",
    metadata,
    Column("legal_entity_id", _Id, primary_key=True),
    Column("known_at", Instant, nullable=False),
)

person = Table(  # a revision per change of the directory entry
    "person",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _entity(),
    Column("source_key", String(200)),  # how the directory that made the row knows the person
    Column("name", _Name, nullable=False),
    Column("staff_number", String(60)),
    Column("joined_on", Date),
    Column("left_on", Date),
    _known(),
    Index("ix_person_source", "legal_entity_id", "source_key"),
)

unit = Table(  # the unit itself; where it hangs is dated in unit_place
    "unit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _entity(),
    Column("code", String(200), nullable=False),
    Column("name", _Name, nullable=False),
    Column("kind", String(20), nullable=False),
    _known(),
    Index("ix_unit_code", "legal_entity_id", "code"),
)

unit_place = Table(
    "unit_place",
    metadata,
    *_rule("series_id"),
    _entity(),
    Column("unit_id", _Id, nullable=False, index=True),
    Column("parent_id", _Id),
)

unit_closure = Table(  # a projection of unit_place as known last; made anew at each change
    "unit_closure",
    metadata,
    Column("ancestor_id", _Id, primary_key=True),
    Column("descendant_id", _Id, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("depth", Integer, nullable=False),
    _entity(),
    Index("ix_unit_closure_descendant", "descendant_id"),
)

platform = Table(
    "platform",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _entity(),
    Column("code", String(200), nullable=False),
    Column("name", _Name, nullable=False),
    Column("opened_on", Date),
    _known(),
    Index("ix_platform_code", "legal_entity_id", "code"),
)

assignment = Table(
    "assignment",
    metadata,
    *_rule("series_id"),
    _entity(),
    Column("source_key", String(300)),
    Column("person_id", _Id, nullable=False, index=True),
    Column("unit_id", _Id, nullable=False, index=True),
    Column("platform_id", _Id),
    Column("position", _Name, nullable=False),
    Column("role", String(10), nullable=False),
)

# ---- who is who ---------------------------------------------------------------------------------

identity = Table(  # a person as some source names them
    "identity",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("namespace", String(60), nullable=False),
    Column("value", String(200), nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    UniqueConstraint("legal_entity_id", "namespace", "value"),
)

identity_link = Table(
    "identity_link",
    metadata,
    *_rule("series_id"),
    _entity(),
    Column("source_key", String(300)),
    Column("identity_id", _Id, ForeignKey("identity.id"), nullable=False, index=True),
    Column("person_id", _Id, nullable=False, index=True),
)

# ---- accounts -----------------------------------------------------------------------------------

account = Table(
    "account",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("person_id", _Id),
    Column("login", String(120), nullable=False, unique=True),
    Column("locale", String(10), nullable=False),
    Column("disabled_at", Instant),
    _known(),
)

role_grant = Table(
    "role_grant",
    metadata,
    *_rule("id"),
    _entity(),
    Column("account_id", _Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("unit_id", _Id),  # a manager's unit, where the right is not born of a LEAD assignment
)

session = Table(
    "session",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("account_id", _Id, ForeignKey("account.id"), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

# ---- sources ------------------------------------------------------------------------------------

connection = Table(
    "connection",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _entity(),
    Column("name", _Name, nullable=False),
    Column("connector", String(60), nullable=False),
    Column("config", Document, nullable=False),
    Column("paused", Boolean, nullable=False),
    _known(),
    Column("made_by", _Id),
)

mapping = Table(
    "mapping",
    metadata,
    Column("connection_id", _Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    _entity(),
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    _known(),
    Column("made_by", _Id),
)

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("connection_id", _Id, nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String(40)),  # null while it runs
    Column("counts", Document, nullable=False),
    Column("problem_code", String(80)),
    Column("problem_values", Document),
)

sync_cursor = Table(
    "sync_cursor",
    metadata,
    Column("connection_id", _Id, primary_key=True),
    Column("stream", String(120), primary_key=True),
    _entity(),
    Column("cursor", Document),
    Column("mapping_hash", String(64)),
    Column("updated_at", Instant, nullable=False),
)

readiness = Table(
    "readiness",
    metadata,
    Column("connection_id", _Id, primary_key=True),
    Column("stream", String(120), primary_key=True),
    Column("complete_through", Date, primary_key=True),
    _entity(),
    Column("fact_kinds", Document, nullable=False),
    _known(),
)

record = Table(
    "record",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("connection_id", _Id, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("key", String(300), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("content", Document),  # null: the source says that the record is gone
    Column("position", Document, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("run_id", _Id, nullable=False),
    UniqueConstraint("connection_id", "stream", "key", "revision"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("connection_id", _Id, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # stream, position and reason: seen once
    Column("position", Document, nullable=False),
    Column("code", String(80), nullable=False),
    Column("code_values", Document, nullable=False),
    Column("payload", Document),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("run_id", _Id, nullable=False),
    UniqueConstraint("connection_id", "stream", "fingerprint"),
)

fact = Table(
    "fact",
    metadata,
    Column("seq", _Big, primary_key=True, autoincrement=True),
    Column("id", _Id, nullable=False, unique=True),
    _entity(),
    Column("connection_id", _Id, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("key", String(340), nullable=False),  # the record's key and the target of the mapping
    Column("revision", Integer, nullable=False),
    Column("record_id", _Id, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("identity_id", _Id, ForeignKey("identity.id"), nullable=False),
    Column("business_date", Date, nullable=False),
    Column("instant", Instant),
    Column("quantity", BigInteger, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("subject", String(200)),
    Column("attributes", Document, nullable=False),
    Column("deleted", Boolean, nullable=False),
    _known(),
    UniqueConstraint("connection_id", "stream", "key", "revision"),
    Index("ix_fact_measure", "legal_entity_id", "kind", "business_date", "identity_id"),
    Index("ix_fact_identity", "identity_id", "kind", "business_date"),
    Index("ix_fact_record", "record_id"),
)

# ---- rules --------------------------------------------------------------------------------------

metric = Table(
    "metric",
    metadata,
    *_rule("series_id"),
    _entity(),
    Column("key", String(120), nullable=False),
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("pack_id", String(120)),
    Index("ix_metric_key", "legal_entity_id", "key"),
)

scorecard = Table(
    "scorecard",
    metadata,
    *_rule("series_id"),
    _entity(),
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
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("key", String(120), nullable=False),
    _known(),
    UniqueConstraint("legal_entity_id", "key"),
)

plan_version = Table(
    "plan_version",
    metadata,
    *_rule("id"),
    _entity(),
    Column("plan_id", _Id, ForeignKey("plan.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),  # a revision per step of the state machine
    Column("document", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scope", Document, nullable=False),
    Column("pack_id", String(120)),
)

goal = Table(
    "goal",
    metadata,
    *_rule("id"),
    _entity(),
    Column("level", String(20), nullable=False),  # COMPANY, UNIT, PLATFORM, TEAM, PERSON
    Column("owner_id", _Id, nullable=False, index=True),
    Column("parent_goal_id", _Id),
    Column("period", String(20), nullable=False),
    Column("name", _Name, nullable=False),
    Column("state", String(30), nullable=False),
)

goal_line = Table(
    "goal_line",
    metadata,
    Column("goal_id", _Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("metric_key", String(120), primary_key=True),
    _entity(),
    Column("unit", String(10), nullable=False),
    Column("baseline", BigInteger),
    Column("threshold", BigInteger),
    Column("target", BigInteger, nullable=False),
    Column("stretch", BigInteger),
    Column("weight", BigInteger),  # ten-thousandths of a percent; null: the scorecard decides
)

pack_installation = Table(
    "pack_installation",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("pack_id", String(120), nullable=False),
    Column("pack_version", String(40), nullable=False),
    Column("pack_hash", String(64), nullable=False),
    Column("overrides", Document, nullable=False),
    Column("valid_from", Date, nullable=False),
    _known(),
    Column("made_by", _Id),
)

# ---- results ------------------------------------------------------------------------------------

calculation_run = Table(
    "calculation_run",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("period", String(20), nullable=False),
    Column("mode", String(10), nullable=False),  # TRIAL or POSTED
    Column("state", String(20), nullable=False),
    Column("valid_at", Date, nullable=False),
    Column("known_at", Instant, nullable=False),  # what was known to the calculation
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("engine_version", String(40), nullable=False),
    Column("result_hash", String(64)),
    Column("people", Integer),
    Column("payout", BigInteger),
    Column("problems", Document, nullable=False),
    Column("final", Boolean, nullable=False),  # every source was ready
    Column("waiting_for", Document, nullable=False),  # the sources that were not
    Column("made_by", _Id),
    Index("ix_calculation_run_period", "legal_entity_id", "period", "finished_at"),
)

result = Table(
    "result",
    metadata,
    Column("run_id", _Id, ForeignKey("calculation_run.id"), primary_key=True),
    Column("person_id", _Id, primary_key=True),
    Column("id", _Id, nullable=False, unique=True),
    _entity(),
    Column("unit_id", _Id, nullable=False),
    Column("scorecard_id", _Id),
    Column("scorecard_revision", Integer),
    Column("plan_version_id", _Id),
    Column("platform_id", _Id),
    Column("position", _Name, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("shard_row", Integer, nullable=False),
    Column("score", BigInteger),
    Column("score_rank", Integer),
    Column("payout", BigInteger),
    Column("currency", String(3)),
    Column("row_hash", String(64), nullable=False),  # of all that determines the statement
    Index("ix_result_board", "run_id", "unit_id", "score_rank", "person_id"),
    Index("ix_result_person", "person_id"),
)

standing = Table(  # where a person stands on one measure within one peer group, frozen with the run
    "standing",
    metadata,
    Column("run_id", _Id, primary_key=True),
    Column("measure", String(120), primary_key=True),  # a metric's key, or "score"
    Column("peer_kind", String(20), primary_key=True),  # UNIT, PLATFORM or COMPANY
    Column("person_id", _Id, primary_key=True),
    _entity(),
    Column("group_id", _Id, nullable=False),
    Column("value_num", BigInteger, nullable=False),
    Column("value_den", BigInteger, nullable=False),
    Column("rank", Integer, nullable=False),
    Index("ix_standing_board", "run_id", "measure", "peer_kind", "group_id", "rank", "person_id"),
)

cohort = Table(  # the peer facts of one group, frozen with the run
    "cohort",
    metadata,
    Column("run_id", _Id, primary_key=True),
    Column("measure", String(120), primary_key=True),
    Column("peer_kind", String(20), primary_key=True),
    Column("group_id", _Id, primary_key=True),
    _entity(),
    Column("size", Integer, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("median_lo_num", BigInteger),
    Column("median_lo_den", BigInteger),
    Column("median_hi_num", BigInteger),
    Column("median_hi_den", BigInteger),
)

snapshot = Table(  # the inputs that were scored, per shard of whole cohorts, as Parquet
    "snapshot",
    metadata,
    Column("run_id", _Id, primary_key=True),
    Column("shard", Integer, primary_key=True),
    _entity(),
    Column("parquet", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("seq", _Big, primary_key=True, autoincrement=True),
    Column("id", _Id, nullable=False, unique=True),
    _entity(),
    Column("person_id", _Id, nullable=False),
    Column("period", String(20), nullable=False),
    Column("run_id", _Id, nullable=False),
    Column("component", String(120), nullable=False),
    Column("kind", String(10), nullable=False),  # POST or REVERSE
    Column("reverses_id", _Id, unique=True),  # an entry is reversed once
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("plan_version_id", _Id),
    Column("posted_at", Instant, nullable=False),
    Index("ix_ledger_entry_person", "person_id", "period"),
    Index("ix_ledger_entry_period", "legal_entity_id", "period"),
)

# ---- operation ----------------------------------------------------------------------------------

idempotency = Table(
    "idempotency",
    metadata,
    Column("account_id", _Id, primary_key=True),
    Column("operation", String(80), primary_key=True),
    Column("key", String(80), primary_key=True),
    _entity(),
    Column("request_hash", String(64), nullable=False),
    Column("answer", Document, nullable=False),
    Column("made_at", Instant, nullable=False),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", _Big, primary_key=True, autoincrement=True),
    _entity(),
    Column("account_id", _Id),
    Column("action", String(80), nullable=False),
    Column("subject_id", _Id),
    Column("details", Document, nullable=False),
    Column("at", Instant, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", _Id, primary_key=True),
    _entity(),
    Column("kind", String(40), nullable=False),
    Column("arguments", Document, nullable=False),
    Column("state", String(20), nullable=False),  # QUEUED, RUNNING, DONE, FAILED
    Column("made_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("result_id", _Id),
    Column("problem_code", String(80)),
    Column("made_by", _Id),
)

# The tables to which rows are only added: the migration puts a guard in the database on each.
APPEND_ONLY = (
    "person",
    "unit",
    "unit_place",
    "platform",
    "assignment",
    "identity",
    "identity_link",
    "mapping",
    "record",
    "fact",
    "metric",
    "scorecard",
    "plan_version",
    "goal",
    "goal_line",
    "result",
    "standing",
    "cohort",
    "snapshot",
    "ledger_entry",
    "audit_event",
)

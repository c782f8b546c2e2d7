"""Every table, by subject. Facts, records, rules and ledger rows are only ever added.

A *rule row* (an assignment, a link, a metric, a goal ...) belongs to a series: the row with the
highest revision known at an instant speaks for the series from that instant on; ``voided`` takes
the series back. Both time axes are columns: ``valid_from``/``valid_to`` and ``known_at``.
"""

from __future__ import annotations

from storage.tables.calendars import work_calendar
from storage.tables.columns import metadata
from storage.tables.keys import data_key
from storage.tables.operation import (
    anchoring,
    audit_event,
    checkpoint,
    idempotency,
    job,
)
from storage.tables.organisation import (
    account,
    assignment,
    identity,
    identity_link,
    knowledge,
    legal_entity,
    person,
    platform,
    refresh_token,
    role_grant,
    session,
    unit,
    unit_closure,
    unit_place,
    vendor_token,
)
from storage.tables.periods import correction_line, period_reopening, period_state
from storage.tables.results import (
    calculation_run,
    cohort,
    ledger_entry,
    result,
    snapshot,
    standing,
)
from storage.tables.rights import (
    access_reading,
    access_reason,
    delegation,
    entity_setting,
)
from storage.tables.rules import (
    goal,
    goal_line,
    metric,
    pack_installation,
    plan,
    plan_version,
    scorecard,
)
from storage.tables.seals import run_seal
from storage.tables.sign_in import account_login, sign_in_attempt
from storage.tables.sources import (
    connection,
    fact,
    mapping,
    quarantine,
    readiness,
    record,
    sync_cursor,
    sync_run,
)

__all__ = [
    "APPEND_ONLY",
    "access_reading",
    "access_reason",
    "account",
    "account_login",
    "anchoring",
    "assignment",
    "audit_event",
    "calculation_run",
    "checkpoint",
    "cohort",
    "connection",
    "correction_line",
    "data_key",
    "delegation",
    "entity_setting",
    "fact",
    "goal",
    "goal_line",
    "idempotency",
    "identity",
    "identity_link",
    "job",
    "knowledge",
    "ledger_entry",
    "legal_entity",
    "mapping",
    "metadata",
    "metric",
    "pack_installation",
    "period_reopening",
    "period_state",
    "person",
    "plan",
    "plan_version",
    "platform",
    "quarantine",
    "readiness",
    "record",
    "refresh_token",
    "result",
    "role_grant",
    "run_seal",
    "scorecard",
    "session",
    "sign_in_attempt",
    "snapshot",
    "standing",
    "sync_cursor",
    "sync_run",
    "unit",
    "unit_closure",
    "unit_place",
    "vendor_token",
    "work_calendar",
]

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
    "run_seal",
    "ledger_entry",
    "period_state",
    "period_reopening",
    "correction_line",
    "audit_event",
    "checkpoint",
    "account_login",
    "anchoring",
    "entity_setting",
    "delegation",
    "access_reason",
    "access_reading",
    "work_calendar",
)

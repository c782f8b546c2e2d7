"""What every column holds: its class, and for a secret or a name how it is protected.

BUSINESS is what a company's own people work with, under rights; PUBLIC says nothing of anybody.
PAY, IDENTITY and SECRET are kept encrypted (``storage/sealed.py``) unless a reason stands here.
A test compares this list with the tables: a new column needs a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from sqlalchemy import Column

from storage.sealed import Sealed
from storage.tables import metadata


class DataClass(StrEnum):
    """How much a column needs to be kept from eyes."""

    PUBLIC = "PUBLIC"
    BUSINESS = "BUSINESS"
    PAY = "PAY"
    IDENTITY = "IDENTITY"
    SECRET = "SECRET"  # noqa: S105 - the name of a class of data


# Columns that mean the same in every table: keys, versions, instants, and who wrote a row.
EVERYWHERE: Mapping[str, DataClass] = dict.fromkeys(
    [
        "id",
        "legal_entity_id",
        "series_id",
        "revision",
        "seq",
        "person_id",
        "unit_id",
        "platform_id",
        "account_id",
        "run_id",
        "connection_id",
        "plan_id",
        "plan_version_id",
        "scorecard_id",
        "scorecard_revision",
        "identity_id",
        "goal_id",
        "metric_key",
        "parent_id",
        "parent_goal_id",
        "owner_id",
        "group_id",
        "record_id",
        "subject_id",
        "result_id",
        "reverses_id",
        "ancestor_id",
        "descendant_id",
        "pack_id",
        "pack_version",
        "pack_hash",
        "shard",
        "shard_row",
        "valid_from",
        "valid_to",
        "valid_at",
        "voided",
        "known_at",
        "made_at",
        "started_at",
        "finished_at",
        "seen_at",
        "first_seen_at",
        "last_seen_at",
        "resolved_at",
        "posted_at",
        "updated_at",
        "made_by",
        "reason",
        "version",
        "state",
        "kind",
        "level",
        "period",
        "currency",
        "unit",
        "hash",
        "stream",
        "position",
    ],
    DataClass.BUSINESS,
)

CLASSES: Mapping[str, Mapping[DataClass, str]] = {
    "access_reading": {DataClass.BUSINESS: "reason_id read_at"},
    "access_reason": {DataClass.BUSINESS: "opened_at expires_at"},
    "account": {DataClass.IDENTITY: "login", DataClass.BUSINESS: "locale disabled_at"},
    "account_login": {DataClass.IDENTITY: "subject", DataClass.BUSINESS: "provider issuer"},
    "anchoring": {DataClass.PUBLIC: "number anchor receipt at"},
    "assignment": {
        DataClass.IDENTITY: "source_key source_key_index",
        DataClass.BUSINESS: "position role",
    },
    "audit_event": {DataClass.BUSINESS: "on_behalf_of action details at"},
    "calculation_run": {
        DataClass.PAY: "payout",
        DataClass.BUSINESS: "mode engine_version result_hash people problems final waiting_for"
        " fact_seq gathered reused_run_id base_run_id booked_in scores_shown",
    },
    "calculation_timetable": {
        DataClass.BUSINESS: "timetable kinds months_begin_on late_sources shows_scores"
    },
    "calculation_look": {DataClass.BUSINESS: "outcome outcome_values settled_at"},
    "checkpoint": {
        DataClass.PUBLIC: "number size last_seq root at previous public_key signature leaves"
        " subtrees"
    },
    "cohort": {
        DataClass.BUSINESS: "measure peer_kind size median_lo_num median_lo_den median_hi_num"
        " median_hi_den"
    },
    "connection": {
        DataClass.SECRET: "config",
        DataClass.BUSINESS: "name connector paused timetable",
    },
    "correction_line": {DataClass.PAY: "amount booked", DataClass.BUSINESS: "component cause"},
    "credit": {
        DataClass.BUSINESS: "as_of fact_seq fact_id fact_kind business_date named_id status share"
        " quantity rule_id role code code_values"
    },
    "credit_rule": {DataClass.BUSINESS: "key document"},
    "data_key": {
        DataClass.SECRET: "wrapped",
        DataClass.PUBLIC: "purpose suite kek retired_at",
    },
    "delegation": {DataClass.BUSINESS: "from_account to_account rights"},
    "dispute": {
        DataClass.PAY: "document",
        DataClass.BUSINESS: "period_end subject line component fact_id opened_on opened_at",
    },
    "dispute_evidence": {
        DataClass.PAY: "document content",
        DataClass.BUSINESS: "dispute_id number",
    },
    "dispute_step": {
        DataClass.PAY: "document",
        DataClass.BUSINESS: "dispute_id number deed assignee_id entry_id on_behalf_of on_day at",
    },
    "entity_setting": {DataClass.PUBLIC: "privacy_minimum leaderboard team_pay"},
    "fact": {
        DataClass.BUSINESS: "key business_date instant quantity subject attributes deleted",
    },
    "goal": {DataClass.BUSINESS: "name"},
    "goal_line": {DataClass.BUSINESS: "baseline threshold target stretch weight"},
    "idempotency": {DataClass.BUSINESS: "operation key request_hash answer"},
    "holdback_release": {DataClass.BUSINESS: "entry_id"},
    "identity": {
        DataClass.IDENTITY: "value value_index",
        DataClass.BUSINESS: "namespace",
    },
    "identity_link": {DataClass.IDENTITY: "source_key source_key_index"},
    "job": {
        DataClass.BUSINESS: "arguments problem_code problem_values steps_done steps cancelled_at"
    },
    "knowledge": {},
    "ledger_entry": {
        DataClass.PAY: "amount",
        DataClass.BUSINESS: "component origin_period cause source_id",
    },
    "legal_entity": {DataClass.PUBLIC: "name zone cutoff_minutes privacy_minimum"},
    "mapping": {DataClass.BUSINESS: "document"},
    "metric": {DataClass.BUSINESS: "key document"},
    "minimum_wage": {DataClass.PUBLIC: "region amount"},
    "pack_content": {DataClass.BUSINESS: "document"},
    "pack_layer": {DataClass.BUSINESS: "deed overrides scope scopes"},
    "pay_balance": {
        DataClass.PAY: "amount",
        DataClass.BUSINESS: "batch_id releases_id due_from event",
    },
    "pay_batch": {
        DataClass.BUSINESS: "cadence ledger_through before_id before_revision policy_hash approvals"
        " approval"
    },
    "pay_batch_step": {DataClass.BUSINESS: "batch_id number deed on_behalf_of at"},
    "pay_setting": {
        DataClass.BUSINESS: "policy policy_version policy_hash approval payroll_columns",
    },
    "pay_seal": {
        DataClass.PAY: "secret",
        DataClass.PUBLIC: "size root leaves",
        DataClass.BUSINESS: "batch_id",
    },
    "pay_sheet": {DataClass.PAY: "document", DataClass.BUSINESS: "batch_id releases"},
    "pay_total": {DataClass.PAY: "amounts", DataClass.BUSINESS: "batch_id people problems"},
    "period_reopening": {DataClass.BUSINESS: "on_behalf_of"},
    "period_state": {DataClass.BUSINESS: "decision_id"},
    "person": {
        DataClass.IDENTITY: "source_key source_key_index name staff_number staff_number_index",
        DataClass.BUSINESS: "joined_on left_on",
    },
    "plan": {DataClass.BUSINESS: "key"},
    "plan_answer": {
        DataClass.PAY: "document",
        DataClass.BUSINESS: "offer_id number answer language plan_hash text_hash on_day at",
    },
    "plan_offer": {DataClass.BUSINESS: "plan_hash text_hashes offered_on at"},
    "plan_policy": {DataClass.PUBLIC: "review acceptance"},
    "plan_step": {DataClass.BUSINESS: "number deed hash on_behalf_of at"},
    "plan_text": {DataClass.BUSINESS: "language hash text at"},
    "plan_version": {DataClass.BUSINESS: "document scope findings override_reason"},
    "old_result": {DataClass.PAY: "document", DataClass.BUSINESS: "set_id number component record"},
    "old_result_set": {
        DataClass.BUSINESS: "name file_name content_hash layout rows_read rows_taken problems"
        " taken_at",
    },
    "plan_trial": {DataClass.PAY: "answer", DataClass.BUSINESS: "job_id plan_hash"},
    "platform": {DataClass.BUSINESS: "code name opened_on"},
    "breaker_reset": {DataClass.BUSINESS: "reason"},
    "hook_delivery": {DataClass.IDENTITY: "content", DataClass.BUSINESS: "delivery reread"},
    "quarantine": {
        DataClass.IDENTITY: "code_values payload",
        DataClass.BUSINESS: "fingerprint code",
    },
    "readiness": {DataClass.BUSINESS: "complete_through fact_kinds"},
    "record": {DataClass.IDENTITY: "content", DataClass.BUSINESS: "key content_hash"},
    "manager_note": {DataClass.BUSINESS: "suggestion_id read_by on_behalf_of"},
    "recognition": {DataClass.BUSINESS: "audience title words decided_by"},
    "refresh_token": {
        DataClass.SECRET: "token_hash key_hash salt",
        DataClass.BUSINESS: "session_id number expires_at used_at",
    },
    "result": {DataClass.PAY: "payout", DataClass.BUSINESS: "score score_rank row_hash shape"},
    "role_grant": {DataClass.BUSINESS: "role"},
    "run_seal": {DataClass.PAY: "secret cohorts", DataClass.PUBLIC: "size root leaves"},
    "scorecard": {DataClass.BUSINESS: "key document scope"},
    "session": {
        DataClass.SECRET: "token_hash",
        DataClass.BUSINESS: "client created_at token_expires_at expires_at revoked_at ended_why",
    },
    "sign_in_attempt": {
        DataClass.SECRET: "browser_hash",
        DataClass.BUSINESS: "provider return_to expires_at",
    },
    "snapshot": {DataClass.PAY: "parquet", DataClass.BUSINESS: "sha256"},
    "standing": {
        DataClass.BUSINESS: "measure value_num value_den unit_rank platform_rank company_rank"
    },
    "suggestion": {
        DataClass.BUSINESS: "rule_key rule_id rule_hash outcome course evidence evidence_holds"
        " audience words objection decided_by on_behalf_of"
    },
    "sync_cursor": {DataClass.BUSINESS: "cursor mapping_hash"},
    "sync_run": {DataClass.BUSINESS: "outcome counts problem_code problem_values"},
    "talent_rule": {DataClass.BUSINESS: "key document"},
    "unit": {DataClass.BUSINESS: "code name"},
    "unit_closure": {DataClass.BUSINESS: "depth superseded_at"},
    "unit_place": {},
    "vendor_token": {
        DataClass.SECRET: "token_hash salt",
        DataClass.BUSINESS: "name number scopes expires_at last_used_at revoked_at",
    },
    "work_calendar": {DataClass.PUBLIC: "year document"},
    "wage": {DataClass.PAY: "amount", DataClass.BUSINESS: "region"},
}

# PAY, IDENTITY and SECRET that are not encrypted, each with its reason.
_INDEX = "a keyed hash of the value, for exact look-ups"
_HASH = "SHA-256 of a random token: the token itself is stored nowhere"
_SALT = "worth nothing without the secret that it is mixed with, which is stored nowhere"
PLAIN: Mapping[str, str] = {
    "account.login": "signing in looks it up and no two may be alike",
    "account_login.subject": "signing in looks it up, and no two accounts may have it at once",
    "assignment.source_key_index": _INDEX,
    "data_key.wrapped": "encrypted by the key outside of the database",
    "identity.value_index": _INDEX,
    "identity_link.source_key_index": _INDEX,
    "person.name": "the company's own directory: searched by part, ordered, shown on boards",
    "person.source_key_index": _INDEX,
    "person.staff_number_index": _INDEX,
    "refresh_token.key_hash": "SHA-256 of a key that its client made up",
    "refresh_token.salt": _SALT,
    "refresh_token.token_hash": _HASH,
    "session.token_hash": _HASH,
    "sign_in_attempt.browser_hash": _HASH,
    "vendor_token.salt": _SALT,
    "vendor_token.token_hash": _HASH,
}

_ORDER = (DataClass.SECRET, DataClass.PAY, DataClass.IDENTITY)


def class_of(column: Column[object]) -> DataClass | None:
    """Return the class of a column, None when nobody has said it."""
    for found, names in CLASSES.get(column.table.name, {}).items():
        if column.name in names.split():
            return found
    return EVERYWHERE.get(column.name) if column.table.name in CLASSES else None


def protection_of(column: Column[object]) -> str:
    """Say how a column is protected beside rights."""
    if isinstance(column.type, Sealed):
        return "encrypted" if column.type.index is None else "encrypted, exact look-up"
    return PLAIN.get(f"{column.table.name}.{column.name}", "")


def classes_page() -> str:
    """Write docs/data-classes.md."""
    return "\n".join([_HEAD, *_kept_apart(), "", "## All columns\n", *_all(), ""])


_HEAD = """# Classes of data

Printed by `./run schema` from `storage/tables/classes.py`. What encryption protects and what not is
said in [encryption.md](encryption.md).

| class | what it is |
|---|---|
| SECRET | opens something: credentials, tokens, keys |
| PAY | what somebody earns, and the inputs of it |
| IDENTITY | names somebody: staff numbers, names in sources, what a source wrote |
| BUSINESS | goals, results, sales; and the keys and instants of every row |
| PUBLIC | says nothing of anybody |

## What is kept apart
"""


def _kept_apart() -> Iterator[str]:
    yield "| class | column | protection |"
    yield "|---|---|---|"
    for wanted in _ORDER:
        for table in sorted(metadata.tables.values(), key=lambda each: each.name):
            for column in table.c:
                if class_of(column) is wanted:
                    yield f"| {wanted} | `{column}` | {protection_of(column) or '**none**'} |"


def _all() -> Iterator[str]:
    yield "| table | class | columns |"
    yield "|---|---|---|"
    for table in sorted(metadata.tables.values(), key=lambda each: each.name):
        for wanted in DataClass:
            names = [column.name for column in table.c if class_of(column) is wanted]
            if names:
                yield f"| `{table.name}` | {wanted} | {', '.join(names)} |"

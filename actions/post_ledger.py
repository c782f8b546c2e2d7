"""Posting a run: each amount becomes a ledger entry; a changed amount is reversed and rebooked.

Nothing is updated. What a person has earned in a period is the sum of *all* entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actions.identifiers import new_id
from storage import tables
from storage.bulk import add_rows
from storage.engine import Writing
from storage.results import standing_entries

POST, REVERSE = "POST", "REVERSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What one component of a plan pays one person in the run."""

    person_id: str
    component: str
    amount: int
    currency: str
    plan_version_id: str


def post_amounts(
    writing: Writing, period: str, run_id: str, amounts: Mapping[tuple[str, str], Amount]
) -> int:
    """Bring the ledger of ``period`` to ``amounts``; return how many entries were added.

    An entry that stands with the same amount, currency and plan stays: posting the same run again
    adds nothing.
    """
    entries = standing_entries(writing, period, POST)
    standing = {(entry.person_id, entry.component): entry for entry in entries}
    rows: list[dict[str, Any]] = []
    for key, entry in standing.items():
        wanted = amounts.get(key)
        if wanted is not None and _same(entry, wanted):
            continue
        rows.append(_row(writing, period, run_id, _reversal(entry), REVERSE, entry.id))
    for key, wanted in amounts.items():
        booked = standing.get(key)
        if booked is not None and _same(booked, wanted):
            continue
        if wanted.amount or booked is not None:
            rows.append(_row(writing, period, run_id, wanted, POST, None))
    add_rows(writing.connection, tables.ledger_entry, rows)
    return len(rows)


def _same(entry: Any, wanted: Amount) -> bool:
    booked = (entry.amount, entry.currency, entry.plan_version_id)
    return booked == (wanted.amount, wanted.currency, wanted.plan_version_id)


def _reversal(entry: Any) -> Amount:
    return Amount(
        person_id=entry.person_id,
        component=entry.component,
        amount=-entry.amount,
        currency=entry.currency,
        plan_version_id=entry.plan_version_id,
    )


def _row(
    writing: Writing, period: str, run_id: str, amount: Amount, kind: str, reverses: str | None
) -> dict[str, Any]:
    return {
        "id": new_id("led", writing.known_at),
        "legal_entity_id": writing.entity_id,
        "person_id": amount.person_id,
        "period": period,
        "run_id": run_id,
        "component": amount.component,
        "kind": kind,
        "reverses_id": reverses,
        "amount": amount.amount,
        "currency": amount.currency,
        "plan_version_id": amount.plan_version_id,
        "posted_at": writing.known_at,
    }

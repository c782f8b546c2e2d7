"""Posting a run: each amount becomes a ledger entry; a changed amount is reversed and rebooked.

Nothing is updated. What a person has earned in a period is the sum of *all* entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from actions.identifiers import new_id
from storage import tables
from storage.bulk import add_rows
from storage.engine import Writing

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
    standing = _standing(writing, period)
    rows: list[dict[str, Any]] = []
    for key, entry in standing.items():
        wanted = amounts.get(key)
        if wanted is not None and _same(entry, wanted):
            continue
        rows.append(_row(writing, period, run_id, _reversal(entry), REVERSE, entry.id))
    for key, wanted in amounts.items():
        entry = standing.get(key)
        if entry is not None and _same(entry, wanted):
            continue
        if wanted.amount or entry is not None:
            rows.append(_row(writing, period, run_id, wanted, POST, None))
    add_rows(writing.connection, tables.ledger_entry, rows)
    return len(rows)


def _standing(writing: Writing, period: str) -> dict[tuple[str, str], Any]:
    """Return the entries of the period that no other entry reverses."""
    table = tables.ledger_entry
    other = table.alias()
    reversed_already = select(other.c.reverses_id).where(other.c.reverses_id == table.c.id)
    rows = writing.connection.execute(
        select(table)
        .where(
            table.c.legal_entity_id == writing.entity_id,
            table.c.period == period,
            table.c.kind == POST,
            ~reversed_already.exists(),
        )
        .order_by(table.c.seq)
    )
    return {(row.person_id, row.component): row for row in rows}


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

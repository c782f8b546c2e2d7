"""Posting a run: each amount becomes a ledger entry; a changed amount is reversed and rebooked.

Nothing is updated. What a person has earned in a period is the sum of *all* entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from actions.identifiers import new_id
from storage import tables
from storage.bulk import add_tuples
from storage.engine import Writing
from storage.results import standing_entries

POST, REVERSE = "POST", "REVERSE"
_COLUMNS = (
    "id",
    "legal_entity_id",
    "person_id",
    "period",
    "run_id",
    "component",
    "kind",
    "reverses_id",
    "amount",
    "currency",
    "plan_version_id",
    "posted_at",
)


class Amount(NamedTuple):
    """What one component of a plan pays one person in the run; there are a million of them."""

    person_id: str
    component: str
    amount: int
    currency: str
    plan_version_id: str


def post_amounts(writing: Writing, period: str, run_id: str, amounts: Iterable[Amount]) -> int:
    """Bring the ledger of ``period`` to ``amounts``; return how many entries were added.

    An entry that stands with the same amount, currency and plan stays: posting the same run again
    adds nothing. Each person and component comes at most once.
    """
    entries = standing_entries(writing, period, POST)
    standing = {(entry.person_id, entry.component): entry for entry in entries}
    added = 0

    def rows() -> Iterator[tuple[Any, ...]]:
        nonlocal added
        for wanted, kind, reverses in _changes(standing, amounts):
            added += 1
            yield (
                new_id("led", writing.known_at),
                writing.entity_id,
                wanted.person_id,
                period,
                run_id,
                wanted.component,
                kind,
                reverses,
                wanted.amount,
                wanted.currency,
                wanted.plan_version_id,
                writing.known_at,
            )

    add_tuples(writing.connection, tables.ledger_entry, _COLUMNS, rows())
    return added


def _changes(
    standing: dict[tuple[str, str], Any], amounts: Iterable[Amount]
) -> Iterator[tuple[Amount, str, str | None]]:
    """List what to reverse and what to post; what is booked anew comes after all reversals."""
    anew = []
    for wanted in amounts:
        booked = standing.pop((wanted.person_id, wanted.component), None)
        if booked is not None and _same(booked, wanted):
            continue
        if booked is not None:
            yield _reversal(booked), REVERSE, booked.id
            anew.append(wanted)
        elif wanted.amount:
            yield wanted, POST, None
    for entry in standing.values():
        yield _reversal(entry), REVERSE, entry.id
    for wanted in anew:
        yield wanted, POST, None


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

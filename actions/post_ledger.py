"""Posting to the ledger: a run's amounts, reversals, and adjustments beside them.

Nothing is updated. What a person has earned in a period is the sum of *all* entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from actions.identifiers import new_id
from actions.periods import demand_open
from domain.ledger import Cause, EntryKind
from domain.period import period_named
from domain.problem import Refused
from storage import tables
from storage.bulk import add_tuples
from storage.engine import Writing
from storage.ledger import entries_of_source, entry_by_id, reversal_of
from storage.results import standing_entries

POST, REVERSE = EntryKind.POST.value, EntryKind.REVERSE.value
_COLUMNS = (
    "id",
    "legal_entity_id",
    "person_id",
    "period",
    "origin_period",
    "run_id",
    "component",
    "kind",
    "cause",
    "source_id",
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
                period,
                run_id,
                wanted.component,
                kind,
                None,
                None,
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


class Adjustment(NamedTuple):
    """A difference for one person and component, with the period whose sales gave it and why."""

    person_id: str
    origin_period: str
    component: str
    amount: int
    currency: str
    cause: Cause
    run_id: str | None = None
    plan_version_id: str | None = None


def post_adjustment(
    writing: Writing,
    person_id: str,
    *,
    period: str,
    origin_period: str,
    component: str,
    amount: int,
    currency: str,
    cause: Cause,
    source_id: str,
) -> str:
    """Book a difference in the open ``period``; return the entry's id.

    The same source again with the same amount is the same entry, whatever the period; with another
    amount it is refused until the entry that stands is taken back. Nothing is booked in a period
    that is closed or lies ahead.
    """
    wanted = Adjustment(person_id, origin_period, component, amount, currency, cause)
    for entry in entries_of_source(writing, source_id):
        if entry.kind != EntryKind.ADJUST.value or _told(entry) != _told(wanted):
            continue
        if reversal_of(writing, entry.id) is not None:
            continue
        if entry.amount == amount:
            return str(entry.id)
        raise Refused("adjustment_booked", {"source": source_id, "entry": entry.id})
    return post_adjustments(writing, period, source_id, [wanted])[0]


def _told(each: Any) -> tuple[str, ...]:
    """Name what one source may book once."""
    return (each.person_id, each.origin_period, each.component, each.currency, each.cause)


def post_adjustments(
    writing: Writing, period: str, source_id: str, adjustments: Iterable[Adjustment]
) -> list[str]:
    """Book differences of a new source in the open ``period``; return the ids of the entries."""
    demand_open(writing, period_named(period))
    rows = [
        (
            new_id("led", writing.known_at),
            writing.entity_id,
            each.person_id,
            period,
            each.origin_period,
            each.run_id,
            each.component,
            EntryKind.ADJUST.value,
            each.cause.value,
            source_id,
            None,
            each.amount,
            each.currency,
            each.plan_version_id,
            writing.known_at,
        )
        for each in adjustments
    ]
    add_tuples(writing.connection, tables.ledger_entry, _COLUMNS, rows)
    return [row[0] for row in rows]


def reverse_entry(writing: Writing, entry_id: str, *, period: str, source_id: str) -> str:
    """Take one entry back in the open ``period``; return the id of the reversal.

    It keeps the origin and the cause of what it takes back, so that sums by either come to zero.
    """
    entry = entry_by_id(writing, entry_id)
    if entry is None:
        raise Refused("not_found", {"id": entry_id})
    if reversal_of(writing, entry_id) is not None:
        raise Refused("entry_reversed", {"entry": entry_id})
    return reverse_entries(writing, [entry], period=period, source_id=source_id)[0]


def reverse_entries(
    writing: Writing, entries: Iterable[Any], *, period: str, source_id: str
) -> list[str]:
    """Take standing entries back in the open ``period``; return the ids of the reversals."""
    demand_open(writing, period_named(period))
    rows = [
        (
            new_id("led", writing.known_at),
            writing.entity_id,
            entry.person_id,
            period,
            entry.origin_period,
            entry.run_id,
            entry.component,
            REVERSE,
            entry.cause,
            source_id,
            entry.id,
            -entry.amount,
            entry.currency,
            entry.plan_version_id,
            writing.known_at,
        )
        for entry in entries
    ]
    add_tuples(writing.connection, tables.ledger_entry, _COLUMNS, rows)
    return [row[0] for row in rows]

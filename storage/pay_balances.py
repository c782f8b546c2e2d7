"""What is owed either way, as entries whose sum it is: draws, holdbacks, what is carried on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from domain.access import Actor, Resource
from storage import tables
from storage.bulk import add_tuples
from storage.carrying import Purpose, look_at
from storage.engine import Writing
from storage.people import add_row
from storage.sealing import opened
from storage.visibility import people_seen

_balance, _release = tables.pay_balance, tables.holdback_release


class BalanceKind(StrEnum):
    """What is owed, and by whom."""

    DRAW = "DRAW"  # paid in advance: the person owes it
    HOLDBACK = "HOLDBACK"  # earned and paid later: the company owes it
    CARRIED = "CARRIED"  # to be taken back later: the person owes it


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceEntry:
    """One change of what is owed; entries are only ever added."""

    id: str
    person_id: str
    currency: str
    kind: str
    amount: int
    batch_id: str
    revision: int
    period: str
    posted_at: datetime
    reverses_id: str | None = None
    releases_id: str | None = None
    due_from: date | None = None
    event: str | None = None


_NAMES = tuple(field.name for field in fields(BalanceEntry))


def add_entries(writing: Writing, entries: Iterable[BalanceEntry]) -> None:
    """Add entries."""
    rows = ([writing.entity_id, *(getattr(each, name) for name in _NAMES)] for each in entries)
    add_tuples(writing.connection, _balance, ("legal_entity_id", *_NAMES), rows)


def balance_entries(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    day: date,
    known_at: datetime | None = None,
    person_ids: Sequence[str] | None = None,
) -> tuple[BalanceEntry, ...]:
    """Return all entries of those whose pay the actor may see on ``day``, in order."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_balance).where(
        _balance.c.legal_entity_id == entity_id,
        people_seen(actor, Resource.PAY, _balance.c.person_id, _balance.c.legal_entity_id, day),
    )
    if known_at is not None:
        query = query.where(_balance.c.posted_at <= known_at)
    if person_ids is not None:
        query = query.where(_balance.c.person_id.in_(list(person_ids)))
    rows = connection.execute(query.order_by(_balance.c.seq)).all()
    return tuple(_entry_of(connection, row) for row in rows)


def _entry_of(connection: Connection, row: Row[Any]) -> BalanceEntry:
    values = {name: getattr(row, name) for name in _NAMES}
    return BalanceEntry(**{**values, "amount": opened(connection, _balance.c.amount, row)})


def open_holdbacks(entries: Iterable[BalanceEntry]) -> tuple[BalanceEntry, ...]:
    """Keep what was held back and neither reversed nor paid out since."""
    known = tuple(entries)
    reversed_ids = {each.reverses_id for each in known if each.reverses_id}
    standing = [each for each in known if not each.reverses_id and each.id not in reversed_ids]
    released = {each.releases_id for each in standing if each.releases_id}
    return tuple(
        each
        for each in standing
        if each.kind == BalanceKind.HOLDBACK.value
        and each.releases_id is None
        and each.id not in released
    )


def released_entries(connection: Connection, entity_id: str) -> frozenset[str]:
    """Return the holdbacks whose event has happened."""
    query = select(_release.c.entry_id).where(_release.c.legal_entity_id == entity_id)
    return frozenset(connection.execute(query).scalars())


def add_release(writing: Writing, entry: BalanceEntry, reason: str) -> None:
    """Say that what a holdback waited for has happened."""
    add_row(
        writing,
        _release,
        entry_id=entry.id,
        person_id=entry.person_id,
        reason=reason,
        made_by=writing.actor,
        posted_at=writing.known_at,
    )

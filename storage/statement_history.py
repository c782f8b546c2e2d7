"""What came before a statement: the period before it, and what was booked since for its sales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import Connection, select

from domain.access import Actor, Resource
from domain.exact import INTS
from domain.ledger import Cause, EntryKind
from domain.period import Period
from domain.statement_changes import StatementChange, changes_between
from storage import tables
from storage.carrying import Purpose, look_at
from storage.results import LedgerEntry, Result, Run, entry_of, latest_run, results, run_by_id
from storage.statements import Explained, statement_of
from storage.visibility import people_seen

_ledger = tables.ledger_entry
_POSTED = "POSTED"
MOST_EXPLAINED = 20  # postings of one period that are held against the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatement:
    """A statement that somebody was allowed to read."""

    run: Run
    result: Result
    explained: Explained


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedLine:
    """What one booking changed for a component, for one cause."""

    component: str
    cause: Cause | None
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What was booked together for the sales of a period: by a run, a correction or a decision."""

    source: str
    is_run: bool
    at: datetime
    period: str
    lines: tuple[BookedLine, ...]
    net: dict[str, int]  # by currency, with everything booked before
    change: StatementChange | None  # a run: against the run that posted before it
    since_run: str | None

    @property
    def sums(self) -> dict[str, int]:
        """What it changed in all, by currency."""
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.currency] = int(INTS.plus(found.get(line.currency, 0), line.amount))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a statement is to be held against."""

    statement: ReadStatement
    previous: ReadStatement | None
    change: StatementChange | None  # None: nothing before, or paid in another currency
    bookings: tuple[Booking, ...]

    @property
    def currency(self) -> str | None:
        """The currency of the statement, or of the one before where this one pays nothing."""
        own = self.statement.result.currency
        if own is None and self.previous is not None:
            return self.previous.result.currency
        return own


def history_of(
    connection: Connection,
    actor: Actor,
    statement: ReadStatement,
    period: Period,
    known_at: datetime,
) -> History:
    """Read what came before a statement, as far as ``actor`` may see the person's pay then."""
    previous = _of_period(connection, actor, statement, period.earlier(), known_at)
    return History(
        statement=statement,
        previous=previous,
        change=None if previous is None else _change(previous, statement),
        bookings=_bookings(connection, actor, statement, period, known_at),
    )


def _change(before: ReadStatement, after: ReadStatement) -> StatementChange | None:
    currencies = {each.result.currency for each in (before, after)} - {None}
    if len(currencies) > 1:
        return None
    return changes_between(before.explained.calculated, after.explained.calculated)


def _of_period(
    connection: Connection,
    actor: Actor,
    statement: ReadStatement,
    period: Period,
    known_at: datetime,
) -> ReadStatement | None:
    entity = statement.run.entity_id
    run = latest_run(connection, entity, period=period.name, known_at=known_at, mode=_POSTED)
    if run is None:
        return None
    return _read(connection, actor, run, statement.result.person_id, period.last_day)


def _read(
    connection: Connection, actor: Actor, run: Run, person_id: str, day: date
) -> ReadStatement | None:
    found = results(connection, actor, run, day=day, resource=Resource.PAY, person_ids=[person_id])
    if not found:
        return None
    return ReadStatement(
        run=run, result=found[0], explained=statement_of(connection, run, found[0])
    )


def _bookings(
    connection: Connection,
    actor: Actor,
    statement: ReadStatement,
    period: Period,
    known_at: datetime,
) -> tuple[Booking, ...]:
    run, person_id, day = statement.run, statement.result.person_id, period.last_day
    entries = entries_of_origin(
        connection, actor, run.entity_id, period.name, day, known_at, person_id
    )
    groups = [list(group) for _, group in groupby(entries, key=_source)]
    posted = [source for group in groups if (source := _run_of(group)) is not None]
    explained = set(posted[-MOST_EXPLAINED:])
    found: list[Booking] = []
    net: dict[str, int] = {}
    before: ReadStatement | None = None
    for group in groups:
        net = _added(net, group)
        source, change, since = _run_of(group), None, before.run.id if before else None
        if source is not None and source in explained:
            own = run_by_id(connection, run.entity_id, source)
            made = _read(connection, actor, own, person_id, day) if own else None
            if made is not None and before is not None:
                change = _change(before, made)
            before = made
        found.append(
            Booking(
                source=source or group[0].source_id or group[0].run_id or group[0].id,
                is_run=source is not None,
                at=group[0].posted_at,
                period=group[0].period,
                lines=_lines(group),
                net=dict(net),
                change=change,
                since_run=since if change else None,
            )
        )
    return tuple(found)


def entries_of_origin(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    origin_period: str,
    day: date,
    known_at: datetime,
    person_id: str,
) -> tuple[LedgerEntry, ...]:
    """Return all entries for the sales of a period, wherever booked, in the order of posting."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_ledger).where(
        _ledger.c.legal_entity_id == entity_id,
        _ledger.c.origin_period == origin_period,
        _ledger.c.posted_at <= known_at,
        _ledger.c.person_id == person_id,
        people_seen(actor, Resource.PAY, _ledger.c.person_id, _ledger.c.legal_entity_id, day),
    )
    rows = connection.execute(query.order_by(_ledger.c.seq)).all()
    return tuple(entry_of(connection, row) for row in rows)


def _source(entry: LedgerEntry) -> tuple[datetime, str | None, str | None]:
    """Say what an entry was booked with: its source, or the run that posted it."""
    run = entry.run_id if entry.source_id is None else None
    return entry.posted_at, entry.source_id, run


def _run_of(group: Sequence[LedgerEntry]) -> str | None:
    """Name the run that posted these entries; None when something else booked them."""
    first = group[0]
    ordinary = first.source_id is None and first.kind != EntryKind.ADJUST.value
    return first.run_id if ordinary else None


def _added(net: dict[str, int], group: Iterable[LedgerEntry]) -> dict[str, int]:
    found = dict(net)
    for entry in group:
        found[entry.currency] = int(INTS.plus(found.get(entry.currency, 0), entry.amount))
    return found


def _lines(group: Iterable[LedgerEntry]) -> tuple[BookedLine, ...]:
    """Add up by component and cause: what is reversed and booked anew is one difference."""
    sums: dict[tuple[str, str, str], int] = {}
    for entry in group:
        key = entry.component, entry.cause or "", entry.currency
        sums[key] = int(INTS.plus(sums.get(key, 0), entry.amount))
    return tuple(
        BookedLine(
            component=component,
            cause=Cause(cause) if cause else None,
            amount=amount,
            currency=currency,
        )
        for (component, cause, currency), amount in sorted(sums.items())
    )

"""Whom an event can have touched since an instant: people by what they are linked to, or everybody.

The answer may name too many, never too few: whoever is named is calculated anew, and comes to the
same numbers if nothing was there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from storage import tables
from storage.asked import asked, asked_instant, asked_some
from storage.knowing import KEY

_fact, _link = tables.fact, tables.identity_link
_AT_ONCE = 5_000
# A change of one of these concerns everybody whom it may be for.
RULES: tuple[Table, ...] = (
    tables.metric,
    tables.scorecard,
    tables.plan_version,
    tables.work_calendar,
)
ORGANISATION = tables.unit_closure
# What one version of these is known by; all revisions of a version are of one series.
_SERIES = {"metric": "series_id", "scorecard": "series_id", "plan_version": "id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """From when to when, and the last row of facts that was there at the beginning."""

    entity_id: str
    after: datetime
    until: datetime
    fact_seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRead:
    """Which facts a calculation reads; without dates it may read any."""

    kinds: Collection[str]
    start: date | None = None
    end: date | None = None
    beyond: bool = False  # what was earned and aimed at in other periods is read too


def last_fact(connection: Connection) -> int:
    """Return the number of the last row of facts; rows of a legal entity come in order."""
    return int(connection.execute(select(func.max(_fact.c.seq))).scalar_one_or_none() or 0)


def changed_tables(
    connection: Connection, since: Since, among: Collection[Table], before: date = date.max
) -> set[str]:
    """Name the tables in which a row became known; one statement for all of them.

    Metrics, scorecards and plans that never held on a day before ``before``, in no revision, are
    left out: a draft for next year concerns nobody today.
    """
    values = _given(since) | {"rules_before": before}
    return set(connection.execute(_changes(tuple(among)), values).scalars())


_SINCE = Since(
    entity_id=asked("entity_id"),
    after=asked_instant("after"),
    until=asked_instant("until"),
    fact_seq=asked("fact_seq", BigInteger),
)


def _given(since: Since) -> dict[str, Any]:
    return {
        "entity_id": since.entity_id,
        "after": since.after,
        "until": since.until,
        "fact_seq": since.fact_seq or 0,
    }


@lru_cache(maxsize=16)
def _changes(among: tuple[Table, ...]) -> CompoundSelect[str]:
    queries = [
        select(literal(table.name)).where(
            exists(
                select(1).select_from(table).where(*_learned(table, _SINCE), *_held_before(table))
            )
        )
        for table in among
    ]
    return union_all(*queries)


def _held_before(table: Table) -> tuple[ColumnElement[bool], ...]:
    """Ask for a revision that holds, or once was to hold, before a day."""
    if table.name not in _SERIES:
        return ()
    series, other = _SERIES[table.name], table.alias("any_revision")
    begins = other.c.valid_from < asked("rules_before", Date)
    return (exists(select(1).select_from(other).where(other.c[series] == table.c[series], begins)),)


def _learned(table: FromClause, since: Since) -> list[ColumnElement[bool]]:
    learned = _within(table.c.known_at, since)
    if "superseded_at" in table.c:  # a line of the organisation's closure that ended to be known
        learned = or_(learned, _within(table.c.superseded_at, since))
    return [table.c.legal_entity_id == since.entity_id, learned]


def _within(instant: ColumnElement[datetime], since: Since) -> ColumnElement[bool]:
    return and_(instant > since.after, instant <= since.until)


def names_of_facts(connection: Connection, since: Since, read: FactsRead) -> set[str]:
    """Name the identities that changed facts bear or bore, whether or not they are somebody's.

    Most of what arrives is new: its identity is its own. What was there before is a correction, of
    which there are few, and it may have been somebody else's.
    """
    values, identities = _given(since), set[str]()
    for query in _facts_changed():
        rows = connection.execute(query, values)
        identities |= {row[0] for row in rows if _is_read(read, row[1], row[2])}
    return identities


def numbers_of_facts(
    connection: Connection, since: Since, read: FactsRead, most: int
) -> tuple[int, ...] | None:
    """Number all revisions of the facts that changed; None where they are more than ``most``."""
    values, found = _given(since) | {"most": most + 1}, set[int]()
    for query in _revisions_changed():
        rows = connection.execute(query, values).all()
        if len(rows) > most:
            return None
        found |= {seq for seq, kind, day in rows if _is_read(read, kind, day)}
    return tuple(sorted(found))


@cache
def _revisions_changed() -> tuple[Select[int, str, date], ...]:
    changed, same = _fact.alias("changed"), _fact.alias("same")
    arrived = [*_learned(changed, _SINCE), changed.c.seq > _SINCE.fact_seq]
    joined = changed.join(same, and_(*(changed.c[name] == same.c[name] for name in KEY)))
    new = select(changed.c.seq, changed.c.kind, changed.c.business_date).where(
        *arrived, changed.c.revision == literal_column("1")
    )
    corrected = (
        select(same.c.seq, same.c.kind, same.c.business_date)
        .select_from(joined)
        .where(*arrived, changed.c.revision > literal_column("1"))
        .distinct()
    )
    most = asked("most", Integer)
    return new.limit(most), corrected.limit(most)


@cache
def _facts_changed() -> tuple[Select[str, str, date], ...]:
    changed, same = _fact.alias("changed"), _fact.alias("same")
    # Asked for by their numbers alone, so that no index leads through every fact of the period.
    arrived = [*_learned(changed, _SINCE), changed.c.seq > _SINCE.fact_seq]
    new = select(changed.c.identity_id, changed.c.kind, changed.c.business_date).where(
        *arrived, changed.c.revision == literal_column("1")
    )
    joined = changed.join(same, and_(*(changed.c[name] == same.c[name] for name in KEY)))
    corrected = (
        select(same.c.identity_id, same.c.kind, same.c.business_date)
        .select_from(joined)
        .where(*arrived, changed.c.revision > literal_column("1"))
    )
    return new.distinct(), corrected.distinct()


def _is_read(read: FactsRead, kind: str, day: date) -> bool:
    return (
        kind in read.kinds
        and (read.start is None or read.start <= day)
        and (read.end is None or day < read.end)
    )


def people_of_identities(connection: Connection, identities: Collection[str]) -> set[str]:
    """Name whoever some identities are or were linked to, at any time and in any revision."""
    named, found = sorted(identities), set[str]()
    for start in range(0, len(named), _AT_ONCE):
        some = {"identity_ids": named[start : start + _AT_ONCE]}
        found.update(str(row[0]) for row in connection.execute(_PEOPLE_LINKED, some))
    return found


_PEOPLE_LINKED = (
    select(_link.c.person_id).where(_link.c.identity_id.in_(asked_some("identity_ids"))).distinct()
)


def people_of_links(connection: Connection, since: Since) -> set[str]:
    """Name whoever a changed link names or named."""
    return _people_of_series(connection, since, _link)


def people_of_assignments(connection: Connection, since: Since) -> set[str]:
    """Name whoever was assigned otherwise."""
    return _people_of_series(connection, since, tables.assignment)


def people_of_files(connection: Connection, since: Since) -> set[str]:
    """Name whoever something else is filed of: the day of joining, on which a ramp leans."""
    query = select(tables.person.c.id).where(*_learned(tables.person, since)).distinct()
    return {str(row[0]) for row in connection.execute(query)}


def _people_of_series(connection: Connection, since: Since, table: Table) -> set[str]:
    changed = table.alias("changed")
    query = (
        select(table.c.person_id)
        .join(changed, changed.c.series_id == table.c.series_id)
        .where(*_learned(changed, since))
        .distinct()
    )
    return {str(row[0]) for row in connection.execute(query)}


def owners_of_goals(connection: Connection, since: Since, period: str | None) -> set[str]:
    """Name the people and units whose goal of the period was changed; None is any period."""
    goal = tables.goal
    query = select(goal.c.owner_id).where(*_learned(goal, since)).distinct()
    if period is not None:
        query = query.where(goal.c.period == period)
    return {str(row[0]) for row in connection.execute(query)}


def people_of_entries(connection: Connection, since: Since, period: str) -> set[str]:
    """Name whoever got an entry in the ledger for the sales of another period."""
    entry = tables.ledger_entry
    query = select(entry.c.person_id).where(
        entry.c.legal_entity_id == since.entity_id,
        entry.c.posted_at > since.after,
        entry.c.posted_at <= since.until,
        entry.c.origin_period != period,
    )
    return {str(row[0]) for row in connection.execute(query.distinct())}

"""Reading dated rules: which revision was known at an instant, and which row held on a day.

There is no "current rule" here: a caller names ``known_at`` and ``valid_at``, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, literal_column, or_, select


@lru_cache(maxsize=256)
def known(
    table: FromClause, known_at: datetime, *series: str, revision: str = "revision"
) -> ColumnElement[bool]:
    """Keep of each series the revision with the highest number known at ``known_at``.

    A series begins with revision 1, so only what is above 1 can be newer. Saying so lets the
    database look through the few corrections (a partial index where there are many rows) instead
    of the whole table a second time; written out, because a parameter proves no partial index.

    A correction asks many things as known at the same instants: what says so is made once.
    """
    newer = _other(table)
    later = _later(table, newer, series, revision)
    return and_(table.c.known_at <= known_at, ~exists(later.where(newer.c.known_at <= known_at)))


@lru_cache(maxsize=50)
def newest(table: FromClause, *series: str) -> ColumnElement[bool]:
    """Keep of each series the revision with the highest number: for whoever is writing.

    A writer has taken the entity's turn, so nothing is known later than what it knows; and it does
    not say so, for an index by ``known_at`` would look as good as the one that finds the row.
    """
    return ~exists(_later(table, _other(table), series, "revision"))


def _later(
    table: FromClause, newer: FromClause, series: Sequence[str], revision: str
) -> Select[*tuple[Any, ...]]:
    """Select the revisions that are behind a row of ``table``."""
    same = [newer.c[name] == table.c[name] for name in series]
    return (
        select(1)
        .select_from(newer)
        .where(
            *same,
            newer.c[revision] > literal_column("1"),
            newer.c[revision] > table.c[revision],
        )
        .correlate(table)
    )


@lru_cache(maxsize=200)  # tables, and the few names that are kept for them
def _other(table: FromClause) -> FromClause:
    """Return the table under another name: always the same, because an alias is costly to make.

    Each ``EXISTS`` has it in a FROM of its own, so two of them in one statement do not meet.
    """
    return table.alias()


def valid(table: FromClause, day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Keep the rows that hold on ``day`` and were not taken back."""
    return and_(
        table.c.voided.is_(False),
        table.c.valid_from <= day,
        or_(table.c.valid_to.is_(None), table.c.valid_to > day),
    )


def hangs(
    closure: FromClause, day: date | ColumnElement[date], known_at: datetime | None = None
) -> ColumnElement[bool]:
    """Keep the lines of the organisation's closure that hold on ``day``.

    As known at ``known_at``; as known by now where none is named: that is what rights follow.
    """
    held = and_(
        closure.c.valid_from <= day, or_(closure.c.valid_to.is_(None), closure.c.valid_to > day)
    )
    if known_at is None:
        return and_(held, closure.c.superseded_at.is_(None))
    return and_(
        held,
        closure.c.known_at <= known_at,
        or_(closure.c.superseded_at.is_(None), closure.c.superseded_at > known_at),
    )


def overlaps(table: FromClause, start: date, end: date) -> ColumnElement[bool]:
    """Keep the rows that hold on any day of ``[start, end)`` and were not taken back."""
    return and_(
        table.c.voided.is_(False),
        table.c.valid_from < end,
        or_(table.c.valid_to.is_(None), table.c.valid_to > start),
    )

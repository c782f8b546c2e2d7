"""Which revision of a fact is known, where kinds of change become known one after the other."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
)

from domain.knowledge import FactChange, Knowledge
from storage.rules import known
from storage.tables import fact

KEY = ("connection_id", "stream", "key")
# Other names of the table, made once: making one takes longer than all else here.
_newer, _older = fact.alias(), fact.alias()


@lru_cache(maxsize=64)
def facts_known(knowledge: Knowledge) -> ColumnElement[bool]:
    """Keep of each fact the one revision that ``knowledge`` speaks of, taken back or not.

    It is the one known at ``knowledge.facts``; where the fact has changed since in a way that is
    already taken as known, it is the last of the changed ones.
    """
    before, learned = knowledge.facts, knowledge.learned
    at_first = known(fact, before, *KEY)
    if learned is None or not learned.changes:
        return at_first
    later = and_(
        fact.c.known_at > before,
        known(fact, learned.until, *KEY),
        _changed(fact, before, learned.changes),
    )
    replaced = exists(
        select(1)
        .select_from(_newer)
        .where(
            *_same(_newer, fact),
            _newer.c.revision > literal_column("1"),
            _newer.c.known_at > before,
            _newer.c.known_at <= learned.until,
            known(_newer, learned.until, *KEY),
            _changed(_newer, before, learned.changes),
        )
        .correlate(fact)
    )
    return or_(and_(at_first, ~replaced), later)


def changes_between(
    connection: Connection, entity_id: str, before: datetime, until: datetime
) -> frozenset[FactChange]:
    """Name the kinds of change that facts went through between two instants."""
    kinds = _kinds(fact, before)
    label = case(*((told, kind.value) for kind, told in kinds.items()))
    query = select(label).where(
        fact.c.legal_entity_id == entity_id,
        fact.c.known_at > before,
        known(fact, until, *KEY),
    )
    return frozenset(FactChange(row[0]) for row in connection.execute(query.distinct()))


def _same(one: FromClause, other: FromClause) -> list[ColumnElement[bool]]:
    return [one.c[name] == other.c[name] for name in KEY]


def _changed(
    row: FromClause, before: datetime, changes: frozenset[FactChange]
) -> ColumnElement[bool]:
    """Say whether a later revision is a change of one of these kinds, against ``before``.

    A credit note takes something away: the fact is worth less than before, and is negative or
    gone. A refund that was itself taken back, or made smaller, is a correction like any other.
    """
    kinds = _kinds(row, before)
    return or_(false(), *(kinds[each] for each in sorted(changes)))


def _kinds(row: FromClause, before: datetime) -> dict[FactChange, ColumnElement[bool]]:
    there = and_(*_same(_older, row), known(_older, before, *KEY))
    worth_before = func.coalesce(
        select(_worth(_older)).where(there).correlate(row).scalar_subquery(), 0
    )
    credit = and_(or_(row.c.deleted, row.c.quantity < 0), _worth(row) < worth_before)
    was_there = exists(select(1).select_from(_older).where(there).correlate(row))
    return {
        FactChange.CREDIT: credit,
        FactChange.NEW: and_(~credit, ~was_there),
        FactChange.CORRECTED: and_(~credit, was_there),
    }


def _worth(row: FromClause) -> ColumnElement[int]:
    return case((row.c.deleted, 0), else_=row.c.quantity)

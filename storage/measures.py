"""Adding up facts in the database: one statement per sum, grouped by person, unit or company.

A fact counts for the person its identity is linked to on its business date, in the revision known
at the instant the caller names, unless a credit rule says otherwise (``storage/crediting.py``).
What nobody is linked to is never counted and never guessed.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, select

from domain.knowledge import Knowledge, as_knowledge
from domain.measure import Adding, Aggregate
from storage.asked import KNOWN, asked, asked_some, given
from storage.carrying import Widening, widened
from storage.credited import credited_rows, is_plain, once_each
from storage.crediting import Crediting, Credits
from storage.fact_rows import Window, counted, counted_facts
from storage.rules import hangs, known, valid
from storage.tables import assignment, fact, identity_link, unit_closure


class Grouping(StrEnum):
    """Whose sum it is."""

    PERSON = "PERSON"
    UNIT = "UNIT"  # every unit and all its parents, as the organisation was on the fact's day
    PLATFORM = "PLATFORM"  # by the platform the person was assigned to on the fact's day
    COMPANY = "COMPANY"


_BY_ASSIGNMENT = frozenset({Grouping.UNIT, Grouping.PLATFORM})


def add_up(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    *,
    known_at: datetime | Knowledge,
    grouping: Grouping = Grouping.PERSON,
    only: str | Collection[str] | None = None,
    crediting: Credits | None = None,
) -> dict[str, int]:
    """Return the sum per group; a group without a fact is absent. ``only`` names some groups.

    A unit, a platform and the company count each fact once, however many share it. ``crediting``
    spares whoever adds up much from finding the rules again.
    """
    at = as_knowledge(known_at)
    kept = crediting.sums if isinstance(crediting, Crediting) and only is not None else {}
    of_place = None if grouping is Grouping.PERSON else at
    asked = (aggregate, grouping, of_place, tuple(only or ()))
    if asked not in kept:
        kept[asked] = _added_up(connection, entity_id, aggregate, at, grouping, only, crediting)
    return kept[asked]


def _added_up(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    at: Knowledge,
    grouping: Grouping,
    only: str | Collection[str] | None,
    crediting: Credits | None,
) -> dict[str, int]:
    decided = crediting or Crediting(connection, entity_id, at)
    named = [only] if isinstance(only, str) else None if only is None else list(only)
    if at.learned is None and _are_plain(aggregate, decided):
        values: dict[str, Any] = {"entity_id": entity_id, **given(at)}
        values |= {} if named is None else {"only": named}
        rows = connection.execute(_plain_sum(aggregate, grouping, named is not None), values)
        return {str(group): int(total) for group, total in rows}
    facts = _Facts(
        connection=connection,
        entity_id=entity_id,
        aggregate=aggregate,
        at=at,
        grouping=grouping,
        only=named,
        crediting=decided,
    )
    query = _sum_of(facts)
    # Facts of others may count for whoever asks.
    widening = nullcontext() if facts.are_plain else widened(connection, Widening.CREDIT)
    with widening:
        return {str(group): int(total) for group, total in connection.execute(query)}


def _are_plain(aggregate: Aggregate, crediting: Credits) -> bool:
    """Say whether the database counts every fact of a sum for whom its source names."""
    return all(
        is_plain(aggregate.credit, crediting.of(aggregate.fact, window))
        for window in windows_of(aggregate)
    )


class _Nobodys:
    """The credits of a company without a rule about them."""

    def of(self, kind: str, window: Window) -> None:
        """Say that nothing was decided."""


@lru_cache(maxsize=256)
def _plain_sum(
    aggregate: Aggregate, grouping: Grouping, are_named: bool
) -> Select[*tuple[Any, ...]]:
    """Make the statement of a sum once, for any company, groups and instants of knowledge."""
    return _sum_of(
        _Facts(
            connection=None,
            entity_id=asked("entity_id"),
            aggregate=aggregate,
            at=KNOWN,
            grouping=grouping,
            only=asked_some("only") if are_named else None,
            crediting=_Nobodys(),
        )
    )


def _sum_of(facts: _Facts) -> Select[*tuple[Any, ...]]:
    aggregate = facts.aggregate
    if aggregate.adding is Adding.BACK:
        return _returned(facts)
    return _summed(aggregate, facts.grouped(_window(aggregate)))


def windows_of(aggregate: Aggregate) -> tuple[Window, ...]:
    """Name the days whose facts a sum reads."""
    if aggregate.adding is not Adding.BACK:
        return (_window(aggregate),)
    return (aggregate.base_start or aggregate.start, aggregate.start), _window(aggregate)


def _window(aggregate: Aggregate) -> Window:
    return aggregate.start, aggregate.end


@dataclass(slots=True, kw_only=True)
class _Facts:
    """The facts of one sum, each with the group it belongs to, once per group."""

    connection: Connection | None  # none where nothing is credited by rules
    entity_id: str
    aggregate: Aggregate
    at: Knowledge
    grouping: Grouping
    only: list[str] | None
    crediting: Credits
    are_plain: bool = True

    def grouped(self, window: Window) -> Subquery:
        """Select those of a window."""
        decided = self.crediting.of(self.aggregate.fact, window)
        if is_plain(self.aggregate.credit, decided):
            return self._plain(window).subquery()
        self.are_plain = False
        of_group = self.grouping is not Grouping.PERSON
        assert self.connection is not None
        rows = credited_rows(
            self.connection,
            self.entity_id,
            self.aggregate,
            self.at,
            window,
            decided,
            of_group=of_group,
            people=None if of_group else self.only,
        )
        query, group = self._joined(select(rows), rows.c.person_id, rows.c)
        query = query.with_only_columns(
            rows.c.seq,
            rows.c.person_id,
            group.label("group_id"),
            rows.c.quantity,
            rows.c.whole,
            rows.c.business_date,
            rows.c.instant,
            rows.c.counted,
        )
        found = query.distinct() if self.grouping in _BY_ASSIGNMENT else query
        return once_each(found.subquery(), of_group=of_group).subquery()

    def _plain(self, window: Window) -> Select[*tuple[Any, ...]]:
        person = identity_link.c.person_id
        query = counted_facts(self.entity_id, self.aggregate, self.at, window)
        query, group = self._joined(query, person, fact.c)
        grouped = query.with_only_columns(
            fact.c.seq,
            group.label("group_id"),
            fact.c.quantity,
            fact.c.business_date,
            fact.c.instant,
            counted(self.aggregate, person).label("counted"),
        )
        # A person with two assignments under one unit brings a fact there once. A name is linked
        # to one person on a day, so without assignments there is nothing to take out.
        return grouped.distinct() if self.grouping in _BY_ASSIGNMENT else grouped

    def _joined(
        self, query: Select[*tuple[Any, ...]], person: ColumnElement[Any], row: Any
    ) -> tuple[Select[*tuple[Any, ...]], ColumnElement[Any]]:
        """Find the group of each row, by whom it counts for and on its day."""
        known_at = self.at.organisation
        match self.grouping:
            case Grouping.PERSON:
                group: ColumnElement[Any] = person
            case Grouping.COMPANY:
                group = row.legal_entity_id
            case Grouping.PLATFORM:
                query = _joined_assignments(query, person, row.business_date, known_at)
                group = assignment.c.platform_id
                query = query.where(group.is_not(None))
            case Grouping.UNIT:
                query = _joined_assignments(query, person, row.business_date, known_at).join(
                    unit_closure,
                    and_(
                        unit_closure.c.descendant_id == assignment.c.unit_id,
                        hangs(unit_closure, row.business_date, known_at),
                    ),
                )
                group = unit_closure.c.ancestor_id
        if self.only is not None:
            query = query.where(group.in_(self.only))
        return query, group


def _joined_assignments(
    query: Select[*tuple[Any, ...]],
    person: ColumnElement[Any],
    day: ColumnElement[date],
    known_at: datetime,
) -> Select[*tuple[Any, ...]]:
    return query.join(assignment, assignment.c.person_id == person).where(
        known(assignment, known_at, "series_id"), valid(assignment, day)
    )


def _summed(aggregate: Aggregate, facts: Subquery) -> Select[*tuple[Any, ...]]:
    group = facts.c.group_id
    match aggregate.adding:
        case Adding.SUM:
            return select(group, func.sum(facts.c.quantity)).group_by(group)
        case Adding.COUNT:
            return select(group, func.count()).group_by(group)
        case Adding.LAST:
            return _last(facts)
        case _:
            # DISTINCT and BASE: a fact without the thing counted is not counted. Different pairs
            # first, then a plain count: PostgreSQL sorts for count(DISTINCT), and hashes for this.
            pairs = select(group, facts.c.counted).distinct().subquery()
            return select(pairs.c.group_id, func.count(pairs.c.counted)).group_by(pairs.c.group_id)


def _last(facts: Subquery) -> Select[*tuple[Any, ...]]:
    order = func.row_number().over(
        partition_by=facts.c.group_id,
        order_by=(
            facts.c.business_date.desc(),
            facts.c.instant.is_(None),
            facts.c.instant.desc(),
            facts.c.seq.desc(),
        ),
    )
    ranked = select(facts.c.group_id, facts.c.quantity, order.label("place")).subquery()
    return select(ranked.c.group_id, ranked.c.quantity).where(ranked.c.place == 1)


def _returned(facts: _Facts) -> Select[*tuple[Any, ...]]:
    aggregate = facts.aggregate

    def subjects(window: Window) -> Subquery:
        found = facts.grouped(window)
        return select(found.c.group_id, found.c.counted).distinct().subquery()

    base, back = (subjects(window) for window in windows_of(aggregate))
    return (
        select(base.c.group_id, func.count())
        .join(
            back,
            and_(base.c.group_id == back.c.group_id, base.c.counted == back.c.counted),
        )
        .where(base.c.counted.is_not(None))
        .group_by(base.c.group_id)
    )

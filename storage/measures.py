"""Adding up facts in the database: one statement per sum, grouped by person, unit or company.

A fact counts for the person its identity is linked to on its business date, in the revision known
at the instant the caller names. What nobody is linked to is never counted and never guessed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    func,
    or_,
    select,
)

from domain.knowledge import Knowledge, as_knowledge
from domain.measure import Adding, Aggregate
from domain.metric import Condition, Operator
from storage.knowing import facts_known
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
) -> dict[str, int]:
    """Return the sum per group; a group without a fact is absent. ``only`` names some groups."""
    knowledge, only = as_knowledge(known_at), [only] if isinstance(only, str) else only
    if aggregate.adding is Adding.BACK:
        query = _returned(entity_id, aggregate, knowledge, grouping, only)
    else:
        facts = _grouped(entity_id, aggregate, knowledge, grouping, only).subquery()
        query = _summed(aggregate, facts)
    return {str(group): int(total) for group, total in connection.execute(query)}


def facts_behind(
    entity_id: str, aggregate: Aggregate, *, known_at: datetime, person_id: str
) -> Select[*tuple[Any, ...]]:
    """Select the facts that a person's sum was made of, in business order."""
    window = _window(aggregate)
    return (
        _facts(entity_id, aggregate, as_knowledge(known_at), window)
        .where(identity_link.c.person_id == person_id)
        .with_only_columns(*fact.c)
        .order_by(fact.c.business_date, fact.c.seq)
    )


def _window(aggregate: Aggregate) -> tuple[date, date]:
    return aggregate.start, aggregate.end


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


def _returned(
    entity_id: str,
    aggregate: Aggregate,
    knowledge: Knowledge,
    grouping: Grouping,
    only: Collection[str] | None,
) -> Select[*tuple[Any, ...]]:
    def subjects(start: date, end: date) -> Subquery:
        facts = _grouped(entity_id, aggregate, knowledge, grouping, only, (start, end)).subquery()
        return select(facts.c.group_id, facts.c.counted).distinct().subquery()

    base = subjects(aggregate.base_start or aggregate.start, aggregate.start)
    back = subjects(aggregate.start, aggregate.end)
    return (
        select(base.c.group_id, func.count())
        .join(
            back,
            and_(base.c.group_id == back.c.group_id, base.c.counted == back.c.counted),
        )
        .where(base.c.counted.is_not(None))
        .group_by(base.c.group_id)
    )


def _grouped(
    entity_id: str,
    aggregate: Aggregate,
    knowledge: Knowledge,
    grouping: Grouping,
    only: Collection[str] | None,
    window: tuple[date, date] | None = None,
) -> Select[*tuple[Any, ...]]:
    """Select the facts of the window with the group each belongs to, once per group."""
    query = _facts(entity_id, aggregate, knowledge, window or _window(aggregate))
    match grouping:
        case Grouping.PERSON:
            group: ColumnElement[Any] = identity_link.c.person_id
        case Grouping.COMPANY:
            group = fact.c.legal_entity_id
        case Grouping.PLATFORM:
            query, group = (
                _joined_assignments(query, knowledge.organisation),
                assignment.c.platform_id,
            )
            query = query.where(group.is_not(None))
        case Grouping.UNIT:
            query = _joined_assignments(query, knowledge.organisation).join(
                unit_closure,
                and_(
                    unit_closure.c.descendant_id == assignment.c.unit_id,
                    hangs(unit_closure, fact.c.business_date, knowledge.organisation),
                ),
            )
            group = unit_closure.c.ancestor_id
    if only is not None:
        query = query.where(group.in_(list(only)))
    grouped = query.with_only_columns(
        fact.c.seq,
        group.label("group_id"),
        fact.c.quantity,
        fact.c.business_date,
        fact.c.instant,
        _counted(aggregate).label("counted"),
    )
    # A person with two assignments under one unit brings a fact there once. A name is linked to
    # one person on a day, so without assignments there is nothing to take out.
    return grouped.distinct() if grouping in _BY_ASSIGNMENT else grouped


def _joined_assignments(
    query: Select[*tuple[Any, ...]], known_at: datetime
) -> Select[*tuple[Any, ...]]:
    return query.join(assignment, assignment.c.person_id == identity_link.c.person_id).where(
        known(assignment, known_at, "series_id"), valid(assignment, fact.c.business_date)
    )


def _facts(
    entity_id: str, aggregate: Aggregate, knowledge: Knowledge, window: tuple[date, date]
) -> Select[*tuple[Any, ...]]:
    start, end = window
    query = (
        select(fact)
        .join(identity_link, identity_link.c.identity_id == fact.c.identity_id)
        .where(
            fact.c.legal_entity_id == entity_id,
            fact.c.kind == aggregate.fact,
            fact.c.business_date >= start,
            fact.c.business_date < end,
            facts_known(knowledge),
            fact.c.deleted.is_(False),
            known(identity_link, knowledge.links, "series_id"),
            valid(identity_link, fact.c.business_date),
            *(_condition(condition) for condition in aggregate.where),
        )
    )
    if aggregate.unit is not None:
        query = query.where(fact.c.unit == aggregate.unit)
    return query


def _condition(condition: Condition) -> ColumnElement[bool]:
    column: ColumnElement[Any] = fact.c.attributes[condition.attribute].as_string()
    values = list(condition.values)
    if condition.operator is Operator.IN:
        return column.in_(values)
    return or_(column.is_(None), column.not_in(values))


def _counted(aggregate: Aggregate) -> ColumnElement[Any]:
    if aggregate.of == "person":
        return identity_link.c.person_id
    if aggregate.of in {None, "subject"}:
        return fact.c.subject
    attribute: ColumnElement[Any] = fact.c.attributes[aggregate.of].as_string()
    return attribute

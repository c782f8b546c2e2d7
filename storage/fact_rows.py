"""Facts as sums see them: newest revision, not deleted, in a window, linked to whom they name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from domain.knowledge import Knowledge
from domain.measure import Aggregate
from domain.metric import Condition, Operator
from storage.knowing import facts_known
from storage.rules import known, valid
from storage.tables import fact, identity_link

Window = tuple[date, date]


def standing(entity_id: str, window: Window, at: Knowledge) -> tuple[ColumnElement[bool], ...]:
    """Keep the facts that stand: each in its newest revision, of the days of ``window``."""
    start, end = window
    return (
        fact.c.legal_entity_id == entity_id,
        fact.c.business_date >= start,
        fact.c.business_date < end,
        facts_known(at),
        fact.c.deleted.is_(False),
    )


def counts_by_kind(
    connection: Connection, entity_id: str, window: Window, at: Knowledge
) -> dict[tuple[str, str], int]:
    """Count the facts that stand by kind and unit."""
    query = select(fact.c.kind, fact.c.unit, func.count()).where(*standing(entity_id, window, at))
    rows = connection.execute(query.group_by(fact.c.kind, fact.c.unit))
    return {(kind, unit): count for kind, unit, count in rows}


def linked(at: Knowledge) -> ColumnElement[bool]:
    """Join the link that says whom a fact names on its day."""
    return and_(
        identity_link.c.identity_id == fact.c.identity_id,
        known(identity_link, at.links, "series_id"),
        valid(identity_link, fact.c.business_date),
    )


def counted_facts(
    entity_id: str, aggregate: Aggregate, at: Knowledge, window: Window
) -> Select[*tuple[Any, ...]]:
    """Select the facts a sum is about, joined with whom each names; nobody's are left out."""
    return (
        select(fact)
        .join(identity_link, identity_link.c.identity_id == fact.c.identity_id)
        .where(
            *standing(entity_id, window, at),
            *meant(aggregate),
            known(identity_link, at.links, "series_id"),
            valid(identity_link, fact.c.business_date),
        )
    )


def meant(aggregate: Aggregate) -> tuple[ColumnElement[bool], ...]:
    """Keep the facts of the sum's kind, filters and unit."""
    unit = () if aggregate.unit is None else (fact.c.unit == aggregate.unit,)
    return (fact.c.kind == aggregate.fact, *holding(aggregate.where), *unit)


def holding(where: Sequence[Condition]) -> tuple[ColumnElement[bool], ...]:
    """Keep the facts whose attributes hold all of ``where``."""
    return tuple(_condition(condition) for condition in where)


def _condition(condition: Condition) -> ColumnElement[bool]:
    column: ColumnElement[Any] = fact.c.attributes[condition.attribute].as_string()
    values = list(condition.values)
    if condition.operator is Operator.IN:
        return column.in_(values)
    return or_(column.is_(None), column.not_in(values))


def counted(aggregate: Aggregate, person: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give what different things are counted of."""
    if aggregate.of == "person":
        return person
    if aggregate.of in {None, "subject"}:
        return fact.c.subject
    attribute: ColumnElement[Any] = fact.c.attributes[aggregate.of].as_string()
    return attribute

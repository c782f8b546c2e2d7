"""Values as they stand: what a person, unit, platform or the company has reached of a metric.

Added up afresh from the facts known at an instant, by the same definition that a run scores with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from domain.access import Actor
from domain.exact import INTS
from domain.goal import GoalLevel
from domain.knowledge import Knowledge
from domain.measure import Aggregate, aggregates, value
from domain.metric import Metric
from domain.period import Period
from storage import tables
from storage.carrying import Widening, is_narrowed, look_at, widened
from storage.crediting import Crediting
from storage.groups import groups_shown
from storage.measures import Grouping, add_up
from storage.settings import settings_for

GROUPINGS = {
    GoalLevel.PERSON: Grouping.PERSON,
    GoalLevel.TEAM: Grouping.UNIT,
    GoalLevel.UNIT: Grouping.UNIT,
    GoalLevel.PLATFORM: Grouping.PLATFORM,
    GoalLevel.COMPANY: Grouping.COMPANY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A metric's value as ``num / den`` steps of its unit; both None when there is no data."""

    metric: Metric
    num: int | None
    den: int | None
    last_fact_on: date | None  # how fresh the data is, over everybody


def reached(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    metrics: Sequence[Metric],
    period: Period,
    *,
    level: GoalLevel,
    owner_ids: Sequence[str],
    known_at: datetime,
) -> dict[str, tuple[Reached, ...]]:
    """Return what each owner has reached of each metric in ``period``, in the order given.

    One statement per sum, however many owners. The caller has asked whose performance may be seen.
    """
    if level is not GoalLevel.PERSON and is_narrowed(connection):
        owner_ids = _seen_again(connection, actor, entity_id, owner_ids, period)
    sums: dict[Aggregate, dict[str, int]] = {}
    crediting = Crediting(connection, entity_id, Knowledge.at(known_at))
    only = owner_ids[0] if len(owner_ids) == 1 else None
    with _looking(connection, level, period):
        for metric in metrics:
            for need in aggregates(metric, period):
                if need not in sums:
                    sums[need] = add_up(
                        connection,
                        entity_id,
                        need,
                        known_at=known_at,
                        grouping=GROUPINGS[level],
                        only=only,
                        crediting=crediting,
                    )
    with widened(connection, Widening.FRESHNESS):
        fresh = _last_facts(connection, entity_id, sums, period, known_at)
    return {
        owner: tuple(_one(metric, period, sums, owner, fresh) for metric in metrics)
        for owner in owner_ids
    }


def _looking(
    connection: Connection, level: GoalLevel, period: Period
) -> AbstractContextManager[None]:
    """Look at the facts of one person as that person's reader, of a group as the group's."""
    look_at(connection, day=period.last_day)
    return nullcontext() if level is GoalLevel.PERSON else widened(connection, Widening.GROUP)


def _seen_again(
    connection: Connection, actor: Actor, entity_id: str, owner_ids: Sequence[str], period: Period
) -> list[str]:
    """Keep the groups that the actor may see: nobody's word for it widens what is looked at."""
    held = settings_for(connection, entity_id, period.last_day)
    return groups_shown(
        connection, actor, entity_id, owner_ids, period, minimum=held.privacy_minimum
    )


def _one(
    metric: Metric,
    period: Period,
    sums: Mapping[Aggregate, Mapping[str, int]],
    owner: str,
    fresh: Mapping[str, date],
) -> Reached:
    num, den = value(INTS, metric, period, lambda need: sums[need].get(owner))
    days = [fresh[kind] for kind in metric.fact_kinds if kind in fresh]
    return Reached(
        metric=metric,
        num=num,
        den=den,
        last_fact_on=max(days, default=None),
    )


def _last_facts(
    connection: Connection,
    entity_id: str,
    sums: Mapping[Aggregate, object],
    period: Period,
    known_at: datetime,
) -> dict[str, date]:
    fact = tables.fact
    newest = (
        select(fact.c.kind, func.max(fact.c.business_date))
        .where(
            fact.c.legal_entity_id == entity_id,
            fact.c.kind.in_(sorted({need.fact for need in sums})),
            fact.c.business_date < period.end,
            fact.c.known_at <= known_at,
            fact.c.deleted.is_(False),
        )
        .group_by(fact.c.kind)
    )
    return {row[0]: row[1] for row in connection.execute(newest)}

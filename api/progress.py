"""What has been reached: values of metrics as they stand, and goals held against them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import Entity, KnownAt, Moment, entity_of, moment
from api.context import Context, Info
from api.definitions import MetricRef, metric_ref
from api.paging import described
from api.scalars import PeriodName, closed_set
from api.values import Quantity, maybe_number
from domain.access import Resource
from domain.evaluate import compile_score, explain
from domain.goal import Goal, GoalLevel, GoalLine
from domain.metric import Metric
from domain.period import Period, period_named
from domain.problem import Refused
from storage.definitions import StoredScorecard, metrics_by_key, scorecards
from storage.engine import Database
from storage.groups import groups_shown
from storage.people import people
from storage.progress import Reached, reached
from storage.settings import settings_for

_METRICS_MAX = 30

closed_set(
    GoalLevel,
    "Whose goal it is; the levels of the tree are the company's own choice.",
    {
        GoalLevel.COMPANY: "The whole legal entity.",
        GoalLevel.PLATFORM: "A sales platform.",
        GoalLevel.UNIT: "A unit such as a department or region.",
        GoalLevel.TEAM: "A team.",
        GoalLevel.PERSON: "One person.",
    },
)


@output(access=Resource.PERFORMANCE, description="The value of a metric in a period, as it stands.")
class Measurement:
    """Added up from the facts known at the instant of the request, not taken from a run."""

    metric: MetricRef = shown("What is measured.")
    value: Quantity | None = shown("The value, exact; null when there is no data, never zero.")
    last_fact_on: date | None = shown("The business date of the newest fact that feeds it.")


@output(access=Resource.PERFORMANCE, description="How far a line of a goal has been reached.")
class GoalProgress:
    """A line of the goal with its actual."""

    metric: MetricRef = shown("What is measured.")
    target: Quantity = shown("What is to be reached.")
    actual: Quantity | None = shown("What has been reached; null when there is no data.")
    met: bool | None = shown("Whether the target is met, decided on exact numbers.")
    attainment: Quantity | None = shown(
        "The attainment by the curve of the scorecard; null without a scorecard or data."
    )
    last_fact_on: date | None = shown("The business date of the newest fact that feeds it.")


@dataclass(slots=True, kw_only=True)
class Batch:
    """The goals of one answer: what they have reached is read once per period and level."""

    entity_id: str
    at: Moment
    goals: Sequence[Goal]
    metrics: Mapping[str, Metric]
    _found: dict[tuple[str, GoalLevel], asyncio.Task[Mapping[str, Found]]] = field(
        default_factory=dict
    )

    async def of(self, goal: Goal, context: Context) -> list[GoalProgress]:
        """Return the progress of one goal; of a goal the viewer may not look into, nothing."""
        key = (goal.period.name, goal.level)
        if key not in self._found:
            self._found[key] = asyncio.ensure_future(
                context.read(lambda database: self._read(database, context, goal))
            )
        found = (await self._found[key]).get(goal.owner_id)
        if found is None:
            return []
        return [_progress(line, found, self.metrics, context) for line in goal.lines]

    def _read(self, database: Database, context: Context, goal: Goal) -> Mapping[str, Found]:
        same = [
            each for each in self.goals if each.period == goal.period and each.level is goal.level
        ]
        owners = seen_owners(
            database,
            context,
            self.entity_id,
            goal.level,
            sorted({each.owner_id for each in same}),
            goal.period,
            self.at,
        )
        keys = sorted({line.metric for each in same for line in each.lines})
        found = reached(
            database,
            context.asker,
            self.entity_id,
            [self.metrics[key] for key in keys if key in self.metrics],
            goal.period,
            level=goal.level,
            owner_ids=owners,
            known_at=self.at.known_at,
        )
        cards = _cards(database, self.entity_id, goal.period, self.at)
        return {
            owner: Found({each.metric.key: each for each in values}, cards)
            for owner, values in found.items()
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What one owner has reached, and the scorecards that say how it is to be read."""

    values: Mapping[str, Reached]
    cards: Sequence[StoredScorecard]


def _cards(
    database: Database, entity_id: str, period: Period, at: Moment
) -> tuple[StoredScorecard, ...]:
    """Return the scorecards of the period's first day: those that its runs score with."""
    return scorecards(
        database,
        entity_id,
        start=period.start,
        end=period.start + timedelta(days=1),
        known_at=at.known_at,
    )


def _progress(
    line: GoalLine, found: Found, metrics: Mapping[str, Metric], context: Context
) -> GoalProgress:
    value = found.values.get(line.metric)
    num, den = (None, None) if value is None else (value.num, value.den)
    met, attainment = _scored(line, num, den, found.cards)
    return GoalProgress(
        metric=metric_ref(line.metric, line.unit, metrics, context),
        target=_quantity(line.target, 1, line.unit, context),
        actual=maybe_number(num, line.unit, context, den or 1),
        met=None if met is None else bool(met),
        attainment=maybe_number(attainment, "RATIO", context),
        last_fact_on=None if value is None else value.last_fact_on,
    )


def _quantity(num: int, den: int, unit: str, context: Context) -> Quantity:
    found = maybe_number(num, unit, context, den)
    assert found is not None
    return found


def _scored(
    line: GoalLine, num: int | None, den: int | None, cards: Sequence[StoredScorecard]
) -> tuple[int | None, int | None]:
    """Ask the scorecard's own lines: whether a target is met is defined nowhere else."""
    key = line.metric
    card = next((each.scorecard for each in cards if key in each.scorecard.metrics), None)
    if card is None:
        return None, None
    inputs = {
        f"{key}.num": num,
        f"{key}.den": den,
        f"{key}.target": line.target,
        f"{key}.baseline": line.baseline,
    }
    lines = {each.name: each.value for each in explain(compile_score(card), inputs)}
    return lines.get(f"{key}.met"), lines.get(f"{key}.attainment")


def seen_owners(
    database: Database,
    context: Context,
    entity_id: str,
    level: GoalLevel,
    owner_ids: Sequence[str],
    period: Period,
    at: Moment,
) -> list[str]:
    """Keep the owners whose performance the viewer may see on the period's last day."""
    if level is GoalLevel.PERSON:
        found = people(
            database,
            context.asker,
            valid_at=period.last_day,
            known_at=at.known_at,
            ids=owner_ids,
            resource=Resource.PERFORMANCE,
        )
        return [person.id for person in found if person.entity_id == entity_id]
    held = settings_for(database, entity_id, period.last_day, context.today)
    return groups_shown(
        database,
        context.asker,
        entity_id,
        owner_ids,
        period,
        minimum=held.privacy_minimum,
        as_of_now=at.known_at >= context.now,
    )


@output(access=Audience.SIGNED_IN, description="Queries about values as they stand.")
class ProgressQuery:
    """Part of the query root."""

    @resolved(
        "Values of metrics of a person, unit, platform or the company in a period, as they stand:"
        " at most 30 metrics.",
        access=Resource.PERFORMANCE,
    )
    async def measurements(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        level: Annotated[GoalLevel, described("What the owner is.")],
        owner: Annotated[
            strawberry.ID | None,
            described("Whose values; the viewer, or for COMPANY the legal entity, if absent."),
        ] = None,
        metrics: Annotated[
            list[str] | None, described("Keys of metrics; all that hold in the period if absent.")
        ] = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> list[Measurement] | None:
        """Add them up."""
        context = info.context
        at = moment(context, None, known_at)
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        whose = owner or (entity if level is GoalLevel.COMPANY else context.asker.person_id)

        def work(database: Database) -> list[Measurement]:
            seen = seen_owners(database, context, entity, level, [whose or ""], span, at)
            if not seen:
                raise Refused("not_found", {"id": whose or "-"})
            defined = metrics_by_key(database, entity, valid_at=span.start, known_at=at.known_at)
            wanted = sorted(defined) if metrics is None else metrics
            unknown = [key for key in wanted if key not in defined]
            if unknown:
                raise Refused("metric_unknown", {"metric": ", ".join(unknown)})
            found = reached(
                database,
                context.asker,
                entity,
                [defined[key] for key in wanted[:_METRICS_MAX]],
                span,
                level=level,
                owner_ids=seen,
                known_at=at.known_at,
            )
            return [_measurement(each, defined, context) for each in found.get(seen[0], ())]

        return await context.read(work)


def _measurement(row: Reached, metrics: Mapping[str, Metric], context: Context) -> Measurement:
    unit = row.metric.unit
    return Measurement(
        metric=metric_ref(row.metric.key, unit, metrics, context),
        value=maybe_number(row.num, unit, context, row.den or 1),
        last_fact_on=row.last_fact_on,
    )

"""Questions to one's plan: what is the next order worth, how much for this pay, the curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from api.access import Audience, output, resolved
from api.asking import Entity, entity_of, moment
from api.context import Context, Info
from api.estimates import Asked, PayCurve, PayEstimate, PayGoal, drawn, estimated, solved
from api.incentives import person_ref, sheet_of
from api.of_person import Person, RunId, chosen_run, person_of, result_of
from api.paging import described
from api.reasons import noted
from api.scalars import PeriodName
from domain.access import Resource
from domain.period import Period, period_named
from domain.problem import Refused
from domain.program import NeedKind
from domain.segments import place_of_line
from domain.walk import Route
from storage.engine import Database
from storage.results import Run, latest_run
from storage.statements import frozen_route

T = TypeVar("T")

Metric = Annotated[str, described("The key of the metric that would change.")]
PeriodOf = Annotated[PeriodName, described("The period.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose pay of which period is asked about, and from which run."""

    period: str
    metric: str
    person: str | None
    run: str | None
    legal_entity: str | None


def _run(
    database: Database,
    context: Context,
    entity_id: str,
    period: Period,
    run_id: str | None,
    known_at: datetime,
) -> Run:
    """Find the run to ask: as for a statement, else the newest trial.

    Before a period is posted a trial has the numbers as they are, and an estimate is asked for
    just then. Statements are not made of trials for those they concern.
    """
    try:
        return chosen_run(database, context, entity_id, period, run_id, known_at)
    except Refused as refused:
        if refused.code != "run_missing":
            raise
        trial = latest_run(database, entity_id, period=period.name, known_at=known_at)
        if trial is None:
            raise
        return trial


def moved_input(route: Route, metric: str) -> tuple[str, str]:
    """Find the input that a metric moves, and its unit: its period's, or that of a window.

    Where the period was cut, the number has a part in each segment, weighed by different rules:
    what one more is worth depends on the day, so nothing is estimated.
    """
    parts = [name for name in route.inputs if place_of_line(name) is not None]
    if any(name.partition(".")[2].startswith(f"{metric}.") for name in parts):
        raise Refused("what_if_period_cut", {"metric": metric[:80]}, path="metric")
    windows = [each for each in route.pay.needs if each.kind is NeedKind.WINDOW]
    names = [metric, *(each.name for each in windows if each.metric == metric)]
    for name in names:
        unit = route.inputs.get(f"{name}.num")
        if unit is not None:
            return f"{name}.num", unit
    known = {name.removesuffix(".num") for name in route.inputs if name.endswith(".num")}
    known = (known - {each.name for each in route.pay.needs}) | {each.metric for each in windows}
    values = {"metric": metric[:80], "choices": ", ".join(sorted(known))}
    raise Refused("what_if_metric_unused", values, path="metric")


async def _answer(info: Info, subject: Subject, make: Callable[[Asked], T]) -> T:
    """Read the frozen way to pay with the viewer's reach, and answer from it."""
    context = info.context
    at = moment(context, None, None)
    entity = entity_of(context.asker, subject.legal_entity)
    span = period_named(subject.period)
    whose = person_of(context, subject.person)

    def work(database: Database) -> T:
        run = _run(database, context, entity, span, subject.run, at.known_at)
        result = result_of(database, context, run, span, whose, Resource.PAY)
        frozen = frozen_route(database, run, result)
        if frozen is None:
            raise Refused("what_if_plan_missing", {"period": span.name})
        moved, unit = moved_input(frozen.route, subject.metric)
        return make(
            Asked(
                context=context,
                person=person_ref(database, context, whose, span, Resource.PAY),
                run=run,
                result=result,
                frozen=frozen,
                sheet=sheet_of(database, context, run, result, frozen),
                metric=subject.metric,
                moved=moved,
                unit=unit,
            )
        )

    answer = await context.read(work)
    await noted(context, entity, whose, span.name)
    return answer


@output(access=Audience.SIGNED_IN, description="Questions to a plan before the period is over.")
class WhatIfQuery:
    """Part of the query root."""

    @resolved(
        "What more of a metric is worth, line by line: the next order, for one.",
        access=Resource.PAY,
    )
    async def pay_what_if(
        self,
        info: Info,
        period: PeriodOf,
        metric: Metric,
        add: Annotated[Decimal, described("How much more; negative for a refund.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
    ) -> PayEstimate | None:
        """Estimate."""
        subject = Subject(
            period=period, metric=metric, person=person, run=run, legal_entity=legal_entity
        )
        return await _answer(info, subject, lambda asked: estimated(asked, add))

    @resolved(
        "How much of a metric is needed to earn an amount, solved exactly.", access=Resource.PAY
    )
    async def pay_goal(
        self,
        info: Info,
        period: PeriodOf,
        metric: Metric,
        amount: Annotated[Decimal, described("The pay wanted, in the currency of the plan.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
    ) -> PayGoal | None:
        """Solve."""
        subject = Subject(
            period=period, metric=metric, person=person, run=run, legal_entity=legal_entity
        )
        return await _answer(info, subject, lambda asked: solved(asked, amount))

    @resolved("Pay against a metric, as the corners of a curve.", access=Resource.PAY)
    async def pay_curve(
        self,
        info: Info,
        period: PeriodOf,
        metric: Metric,
        low: Annotated[Decimal, described("Where the curve begins.")],
        high: Annotated[Decimal, described("Where it ends.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
    ) -> PayCurve | None:
        """Draw."""
        subject = Subject(
            period=period, metric=metric, person=person, run=run, legal_entity=legal_entity
        )
        return await _answer(info, subject, lambda asked: drawn(asked, low, high))

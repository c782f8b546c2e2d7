"""Trying a plan as queued work, for what takes longer than a request may."""

from __future__ import annotations

from typing import Annotated

import strawberry

from actions.ask_forecast import Asking
from actions.jobs import start_backtest, start_forecast
from actions.try_plan import Trial
from api.access import Audience, output, resolved, shown
from api.asking import Key, act, key_field
from api.context import Info
from api.definitions import ScopeInput
from api.errors import Refusal
from api.forecast_inputs import ScenarioInput, scenarios_of
from api.jobs import Job, job_by_id
from api.paging import described
from api.scalars import Document, PeriodName
from domain.access import Deed, Resource
from domain.scenario import Newcomers


@strawberry.input(description="A plan is tried on posted periods.")
class PlanBacktestStartInput:
    """Input of ``planBacktestStart``."""

    idempotency_key: Key = key_field()
    document: Document = strawberry.field(description="The plan (attain.plan/1).")
    periods: list[PeriodName] = strawberry.field(description="Posted periods, 1 to 12.")
    scope: ScopeInput | None = strawberry.field(
        default=None, description="Whom it would be for; everybody if absent."
    )


@strawberry.input(description="What a plan will cost is forecast.")
class PlanForecastStartInput:
    """Input of ``planForecastStart``."""

    idempotency_key: Key = key_field()
    through: PeriodName = strawberry.field(description="The last period, which is not over.")
    newcomers: Newcomers = strawberry.field(
        description="What those do who were not there in a repeated period."
    )
    document: Document | None = strawberry.field(
        default=None, description="The plan (attain.plan/1); the plans in force if absent."
    )
    scenarios: list[ScenarioInput] | None = strawberry.field(
        default=None, description="What may happen, 1 to 8; the usual ones if absent."
    )
    likely: str | None = strawberry.field(
        default=None, description="The name of the likely scenario; the first one if absent."
    )
    scope: ScopeInput | None = strawberry.field(
        default=None, description="Whom the plan would be for; everybody if absent."
    )


@output(access=Resource.CALCULATION, description="The trial of a plan is queued.")
class PlanBacktestStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done; it holds the answer.")


@output(access=Resource.CALCULATION, description="The forecast is queued.")
class PlanForecastStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done; it holds the answer.")


PlanBacktestStartResult = Annotated[
    PlanBacktestStartSuccess | Refusal,
    strawberry.union("PlanBacktestStartResult", description="Queued, or why not."),
]
PlanForecastStartResult = Annotated[
    PlanForecastStartSuccess | Refusal,
    strawberry.union("PlanForecastStartResult", description="Queued, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Trying plans as queued work.")
class TrialMutation:
    """Part of the mutation root."""

    @resolved(
        "Try a plan on posted periods, as planBacktest does, however long it takes. The answer is"
        " kept: publishing the very same plan says if more people lose by it than win.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PlanBacktestStartResult,
    )
    async def plan_backtest_start(
        self,
        info: Info,
        input: Annotated[PlanBacktestStartInput, described("Which plan, on what.")],  # noqa: A002
    ) -> PlanBacktestStartSuccess:
        """Queue."""
        context = info.context
        trial = Trial(
            document=input.document,
            periods=tuple(input.periods),
            scope=None if input.scope is None else input.scope.to_scope(),
        )
        done = await act(
            context,
            "planBacktestStart",
            input,
            lambda writing: start_backtest(writing, context.asker, trial),
        )
        return PlanBacktestStartSuccess(job=await job_by_id(context, None, done.id))

    @resolved(
        "Forecast what a plan will cost, as planForecast does, however long it takes.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PlanForecastStartResult,
    )
    async def plan_forecast_start(
        self,
        info: Info,
        input: Annotated[PlanForecastStartInput, described("Which plan, until when.")],  # noqa: A002
    ) -> PlanForecastStartSuccess:
        """Queue."""
        context = info.context
        asking = Asking(
            through=input.through,
            newcomers=input.newcomers,
            document=input.document,
            scenarios=scenarios_of(input.scenarios),
            likely=input.likely,
            scope=None if input.scope is None else input.scope.to_scope(),
        )
        done = await act(
            context,
            "planForecastStart",
            input,
            lambda writing: start_forecast(writing, context.asker, asking),
        )
        return PlanForecastStartSuccess(job=await job_by_id(context, None, done.id))

"""Work that takes longer than a request: queued, done by a worker, asked for by its id."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from actions.backtest import demand_backtest
from actions.calculate import Mode
from actions.jobs import JobKind, start_calculation, start_sync
from actions.pack_jobs import read_pack_preview
from actions.pack_preview import demand_preview
from actions.trial_jobs import read_backtest, read_forecast
from api.access import Audience, demand, output, resolved, shown
from api.asking import Entity, Key, act, entity_of, key_field
from api.backtest import PlanBacktest, backtest_page
from api.context import Context, Info
from api.errors import DataProblem, Refusal
from api.forecast import PlanForecast, forecast_page
from api.identified import Node
from api.incentives import CalculationRun, runs_from_domain
from api.pack_preview import PackPreview, preview_page
from api.paging import described
from api.scalars import PeriodName, closed_set
from api.sources import SyncRun, problem_of
from api.sources import run_from_domain as sync_from_domain
from domain.access import Deed, Resource, Viewer, reaches
from domain.problem import Refused
from storage.engine import Database
from storage.jobs import JobState, StoredJob, count_ahead
from storage.jobs import jobs as stored_jobs
from storage.plan_trials import trial_of_job
from storage.results import run_by_id
from storage.sources import sync_runs

closed_set(
    JobKind,
    "What a worker can do.",
    {
        JobKind.SYNC: "Read a source.",
        JobKind.CALCULATE: "Calculate a period.",
        JobKind.CLOSE: "Close a period: calculate it once more if needed, and make it final.",
        JobKind.CORRECT: "Correct a closed period by differences in an open one.",
        JobKind.BACKTEST: "Try a plan on posted periods.",
        JobKind.FORECAST: "Forecast what a plan will cost.",
        JobKind.PACK_PREVIEW: "Try a pack on posted periods.",
        JobKind.PARALLEL_RUN: "Compare a period with what an old system paid.",
    },
)
closed_set(
    JobState,
    "Where a job is.",
    {
        JobState.QUEUED: "It waits for a worker.",
        JobState.RUNNING: "A worker does it.",
        JobState.DONE: "It is done; see what it made.",
        JobState.FAILED: "It made nothing; see why.",
        JobState.CANCELLED: "Whoever asked for it called it off.",
    },
)

_RESOURCES = {
    JobKind.SYNC: Resource.SOURCE,
    JobKind.CALCULATE: Resource.CALCULATION,
    JobKind.CLOSE: Resource.CALCULATION,
    JobKind.CORRECT: Resource.CALCULATION,
    JobKind.BACKTEST: Resource.CALCULATION,
    JobKind.FORECAST: Resource.CALCULATION,
    JobKind.PACK_PREVIEW: Resource.CALCULATION,
    JobKind.PARALLEL_RUN: Resource.CALCULATION,
}
_CALCULATED = frozenset({"CALCULATE", "CLOSE", "CORRECT"})


@output(access=Audience.SIGNED_IN, description="Work that was queued.")
class Job(Node):
    """A job; what it made is read when asked for."""

    id: strawberry.ID = shown("The id of the job.")
    kind: JobKind = shown("What is done.")
    state: JobState = shown("Where it is.")
    made_at: datetime = shown("When it was asked for.")
    started_at: datetime | None = shown("When a worker took it.")
    finished_at: datetime | None = shown("When it ended.")
    problem: DataProblem | None = shown("Why it made nothing.")
    steps_done: int | None = shown(
        "How many steps are done, where it says how far it has come; of a sync: how many rows."
    )
    steps: int | None = shown("How many steps there are; null when nobody knows.")
    row: strawberry.Private[StoredJob]

    @resolved("The run of a source that it made.", access=Resource.SOURCE)
    async def sync_run(self, info: Info) -> SyncRun | None:
        """Read it."""
        context, row = info.context, self.row
        if row.kind != JobKind.SYNC.value or row.result_id is None:
            return None
        made = [row.result_id]
        found = await context.read(
            lambda database: sync_runs(database, context.asker, row.entity_id, ids=made)
        )
        return sync_from_domain(found[0], context) if found else None

    @resolved("The calculation that it made, or made final.", access=Resource.CALCULATION)
    async def calculation(self, info: Info) -> CalculationRun | None:
        """Read it."""
        context, row = info.context, self.row
        if row.kind not in _CALCULATED or row.result_id is None:
            return None
        made = row.result_id

        def work(database: Database) -> CalculationRun | None:
            run = run_by_id(database, row.entity_id, made)
            if run is None:
                return None
            return runs_from_domain(database, context, row.entity_id, [run])[0]

        return await context.read(work)

    @resolved("What a plan would have paid, as the job found.", access=Resource.CALCULATION)
    async def backtest(self, info: Info) -> PlanBacktest | None:
        """Read it, with the rights of whoever tries a plan."""
        context, row = info.context, self.row
        if row.kind != JobKind.BACKTEST.value or row.result_id is None:
            return None
        demand_backtest(context.asker, row.entity_id)

        def work(database: Database) -> PlanBacktest | None:
            stored = trial_of_job(database, row.entity_id, row.id)
            if stored is None:
                return None
            return backtest_page(database, context, row.entity_id, read_backtest(stored))

        return await context.read(work)

    @resolved("What a plan will cost, as the job found.", access=Resource.CALCULATION)
    async def forecast(self, info: Info) -> PlanForecast | None:
        """Read it, with the rights of whoever tries a plan."""
        context, row = info.context, self.row
        if row.kind != JobKind.FORECAST.value or row.result_id is None:
            return None
        demand_backtest(context.asker, row.entity_id)

        def work(database: Database) -> PlanForecast | None:
            stored = trial_of_job(database, row.entity_id, row.id)
            if stored is None:
                return None
            return forecast_page(database, context, row.entity_id, read_forecast(stored))

        return await context.read(work)

    @resolved(
        "What a pack would have paid, as the job found; for whoever asked for it alone.",
        access=Resource.CALCULATION,
    )
    async def pack_preview(self, info: Info) -> PackPreview | None:
        """Read it, with the rights of whoever tries a pack."""
        context, row = info.context, self.row
        if row.kind != JobKind.PACK_PREVIEW.value or row.result_id is None:
            return None
        demand_preview(context.asker, row.entity_id)
        if row.made_by != context.asker.account_id:
            return None

        def work(database: Database) -> PackPreview | None:
            stored = trial_of_job(database, row.entity_id, row.id)
            if stored is None:
                return None
            return preview_page(database, context, row.entity_id, read_pack_preview(stored))

        return await context.read(work)


def job_from_domain(row: StoredJob, context: Context) -> Job:
    """Show a job."""
    code = row.problem_code
    return Job(
        id=strawberry.ID(row.id),
        kind=JobKind(row.kind),
        state=JobState(row.state),
        made_at=row.made_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        problem=None if code is None else problem_of(code, row.problem_values or {}, context),
        row=row,
        steps_done=row.steps_done,
        steps=row.steps,
    )


async def job_by_id(context: Context, entity_id: str | None, job_id: str) -> Job:
    """Read a job of a kind the viewer may read, or refuse as if there were none."""
    entity = entity_of(context.asker, entity_id)
    found = await context.read(lambda database: stored_jobs(database, entity, ids=[job_id]))
    if not found:
        raise Refused("not_found", {"id": job_id})
    demand(context.asker, _RESOURCES[JobKind(found[0].kind)], Deed.READ)
    if context.asker.rights is not None and not _is_own(context.asker, found[0]):
        raise Refused("not_found", {"id": job_id})
    return job_from_domain(found[0], context)


async def jobs_ahead(context: Context, job: Job) -> int:
    """Count the jobs of its legal entity that are before it."""
    row = job.row
    return await context.read(lambda database: count_ahead(database, row))


def _is_own(viewer: Viewer, job: StoredJob) -> bool:
    """Say whether a vendor's program may see a job: one about its own source."""
    connection = job.arguments.get("connection")
    own = reaches(viewer, Resource.SOURCE, Deed.READ)
    return any(
        reach.connection_id == connection and reach.entity_id == job.entity_id for reach in own
    )


@output(access=Audience.SIGNED_IN, description="Queries about queued work.")
class JobQuery:
    """Part of the query root."""

    @resolved("A job: where it is and what it made.", access=Audience.SIGNED_IN)
    async def job(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("The id of the job.")],  # noqa: A002
        legal_entity: Entity = None,
    ) -> Job | None:
        """Read one."""
        context = info.context
        return await job_by_id(context, legal_entity, id)


@strawberry.input(description="A source is read.")
class SyncStartInput:
    """Input of ``syncStart``."""

    idempotency_key: Key = key_field()
    connection: strawberry.ID = strawberry.field(description="The connection.")
    accept: bool = strawberry.field(
        default=False,
        description="Take what looks suspicious, such as a source that lost most of its rows.",
    )
    accept_run: strawberry.ID | None = strawberry.field(
        default=None,
        description="The suspicious run that was looked at: it is accepted if it is the newest.",
    )
    days_from: date | None = strawberry.field(
        default=None,
        description="Read business dates again instead of what is new: the first of them.",
    )
    days_to: date | None = strawberry.field(
        default=None, description="The first business date that is not read again."
    )


@strawberry.input(description="A period is calculated.")
class CalculationStartInput:
    """Input of ``calculationStart``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period.")
    mode: Mode = strawberry.field(description="Trial or posted.")
    accept_provisional: bool = strawberry.field(
        default=False,
        description="Post although the period is not over or a source is late.",
    )


@output(access=Resource.SOURCE, description="The sync is queued.")
class SyncStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done.")


@output(access=Resource.CALCULATION, description="The calculation is queued.")
class CalculationStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done.")


SyncStartResult = Annotated[
    SyncStartSuccess | Refusal,
    strawberry.union("SyncStartResult", description="Queued, or why not."),
]
CalculationStartResult = Annotated[
    CalculationStartSuccess | Refusal,
    strawberry.union("CalculationStartResult", description="Queued, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Asking for work.")
class JobMutation:
    """Part of the mutation root."""

    @resolved(
        "Read a source: what is new becomes facts, what is broken waits with its reason.",
        access=Resource.SOURCE,
        deed=Deed.WRITE,
        graphql_type=SyncStartResult,
    )
    async def sync_start(
        self,
        info: Info,
        input: Annotated[SyncStartInput, described("Which connection.")],  # noqa: A002
    ) -> SyncStartSuccess:
        """Queue."""
        context = info.context
        done = await act(
            context,
            "syncStart",
            input,
            lambda writing: start_sync(
                writing,
                context.asker,
                input.connection,
                accept=input.accept,
                accepted_run=input.accept_run,
                days=(input.days_from, input.days_to),
            ),
        )
        return SyncStartSuccess(job=await job_by_id(context, None, done.id))

    @resolved(
        "Calculate a period for everyone who has a scorecard or a plan in it.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=CalculationStartResult,
    )
    async def calculation_start(
        self,
        info: Info,
        input: Annotated[CalculationStartInput, described("Which period, and how.")],  # noqa: A002
    ) -> CalculationStartSuccess:
        """Queue. Posting moves money: it needs the right to pay as well."""
        context = info.context
        if input.mode is Mode.POSTED:
            demand(context.asker, Resource.PAY, Deed.WRITE)
        done = await act(
            context,
            "calculationStart",
            input,
            lambda writing: start_calculation(
                writing,
                context.asker,
                input.period,
                input.mode,
                accept_provisional=input.accept_provisional,
            ),
        )
        return CalculationStartSuccess(job=await job_by_id(context, None, done.id))

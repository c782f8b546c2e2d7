"""Comparing a large company with its old system, as queued work."""

from __future__ import annotations

from typing import Annotated

import strawberry

from actions.jobs import start_parallel_run
from api.access import Audience, output, resolved, shown
from api.asking import Entity, Key, act, entity_of, key_field
from api.context import Info
from api.errors import Refusal
from api.jobs import Job, job_by_id
from api.paging import described
from api.scalars import PeriodName
from domain.access import Deed, Resource


@strawberry.input(description="A period is compared with what an old system paid.")
class ParallelRunStartInput:
    """Input of ``parallelRunStart``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period; a sheet of it has been taken.")
    run: strawberry.ID | None = strawberry.field(
        default=None, description="The run of ours; the newest of the period if absent."
    )
    legal_entity: Entity = strawberry.field(
        default=None, description="The legal entity; the viewer's only or first one if absent."
    )


@output(access=Resource.CALCULATION, description="The comparison is queued.")
class ParallelRunStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done; then ask `parallelRun`.")


ParallelRunStartResult = Annotated[
    ParallelRunStartSuccess | Refusal,
    strawberry.union("ParallelRunStartResult", description="Queued, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Comparisons with old systems as queued work.")
class ParallelRunMutation:
    """Part of the mutation root."""

    @resolved(
        "Compare a period of a large company with what an old system paid. When the job is done,"
        " `parallelRun` and `parallelRuns` answer about that run and those sheets at once.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=ParallelRunStartResult,
    )
    async def parallel_run_start(
        self,
        info: Info,
        input: Annotated[ParallelRunStartInput, described("Which period.")],  # noqa: A002
    ) -> ParallelRunStartSuccess:
        """Queue."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        actions, run = context.runtime.actions, None if input.run is None else str(input.run)
        done = await act(
            context,
            "parallelRunStart",
            input,
            lambda writing: start_parallel_run(actions, writing, context.asker, input.period, run),
            entity_id=entity,
        )
        return ParallelRunStartSuccess(job=await job_by_id(context, entity, done.id))

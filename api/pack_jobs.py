"""Trying a pack as queued work, and calling queued trials off."""

from __future__ import annotations

from typing import Annotated

import strawberry

from actions.jobs import cancel_job, start_pack_preview
from actions.pack_jobs import Previewing
from actions.pack_preview import USUAL_PERIODS
from api.access import Audience, output, resolved, shown
from api.asking import Entity, Key, act, entity_of, key_field
from api.context import Info
from api.errors import Refusal
from api.jobs import Job, job_by_id
from api.pack_layers import PackResolutionInput, decisions
from api.pack_preview import PackTrialInput
from api.paging import described
from api.scalars import PeriodName
from domain.access import Deed, Resource


@strawberry.input(description="A pack is tried on posted periods.")
class PackPreviewStartInput:
    """Input of ``packPreviewStart``."""

    idempotency_key: Key = key_field()
    pack: strawberry.ID = strawberry.field(description="The pack.")
    trial: PackTrialInput | None = strawberry.field(
        default=None, description="How it is tried; as it is written if absent."
    )
    resolutions: list[PackResolutionInput] | None = strawberry.field(
        default=None,
        description="Of an installed pack that another version is tried of: decisions about"
        " conflicts, as packUpgradePreview takes them.",
    )
    periods: list[PeriodName] | None = strawberry.field(
        default=None, description="Posted periods of one kind, 1 to 6."
    )
    recent: int = strawberry.field(
        default=USUAL_PERIODS,
        description="Without periods: how many of the last posted ones, 1 to 6.",
    )
    legal_entity: Entity = strawberry.field(
        default=None, description="The legal entity; the viewer's only or first one if absent."
    )

    def to_asked(self) -> Previewing:
        """Read it."""
        trial = (self.trial or PackTrialInput()).to_trial(
            str(self.pack), decisions(self.resolutions or ())
        )
        return Previewing(trial=trial, periods=tuple(self.periods or ()), last=self.recent)


@strawberry.input(description="A queued trial is no longer wanted.")
class JobCancelInput:
    """Input of ``jobCancel``."""

    idempotency_key: Key = key_field()
    job: strawberry.ID = strawberry.field(description="The job; one that the viewer asked for.")
    legal_entity: Entity = strawberry.field(
        default=None, description="The legal entity; the viewer's only or first one if absent."
    )


@output(access=Resource.CALCULATION, description="The trial of a pack is queued.")
class PackPreviewStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done; it holds the answer.")


@output(access=Resource.CALCULATION, description="The trial is called off.")
class JobCancelSuccess:
    """Called off."""

    job: Job = shown("The job; one that runs stops before its next period.")


PackPreviewStartResult = Annotated[
    PackPreviewStartSuccess | Refusal,
    strawberry.union("PackPreviewStartResult", description="Queued, or why not."),
]
JobCancelResult = Annotated[
    JobCancelSuccess | Refusal,
    strawberry.union("JobCancelResult", description="Called off, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Trying packs as queued work.")
class PackJobMutation:
    """Part of the mutation root."""

    @resolved(
        "Try a pack on posted periods, as packPreview does, however long it takes; of an installed"
        " pack another version too, as packUpgradePreview does. The answer is kept with the job,"
        " and only whoever asked is shown it.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PackPreviewStartResult,
    )
    async def pack_preview_start(
        self,
        info: Info,
        input: Annotated[PackPreviewStartInput, described("Which pack, on what.")],  # noqa: A002
    ) -> PackPreviewStartSuccess:
        """Queue."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        asked, packs = input.to_asked(), context.runtime.actions.packs
        done = await act(
            context,
            "packPreviewStart",
            input,
            lambda writing: start_pack_preview(writing, context.asker, packs, asked),
            entity_id=entity,
        )
        return PackPreviewStartSuccess(job=await job_by_id(context, entity, done.id))

    @resolved(
        "Call off the trial of a plan or a pack that one has queued. What waits is gone at once,"
        " what runs stops before its next period; nothing of it is kept.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=JobCancelResult,
    )
    async def job_cancel(
        self,
        info: Info,
        input: Annotated[JobCancelInput, described("Which job.")],  # noqa: A002
    ) -> JobCancelSuccess:
        """Call it off."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        done = await act(
            context,
            "jobCancel",
            input,
            lambda writing: cancel_job(writing, context.asker, input.job),
            entity_id=entity,
        )
        return JobCancelSuccess(job=await job_by_id(context, entity, done.id))

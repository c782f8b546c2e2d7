"""Closing a period, opening one ahead of time, and opening a closed one again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import strawberry

from actions.jobs import start_close
from actions.reopen_period import decide_reopening, open_period, request_reopening
from api.access import Audience, demand, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    REASON,
    Key,
    act,
    entity_of,
    key_field,
    version_field,
)
from api.context import Context, Info
from api.errors import Refusal
from api.jobs import Job, job_by_id
from api.paging import described
from api.periods import PeriodReopening, PeriodStatus, period_status, reopening_from_row
from api.scalars import PeriodName, closed_set
from domain.access import Deed, Resource
from domain.period_state import PeriodState
from storage.engine import Database
from storage.reopenings import reopening_steps


class OpeningState(StrEnum):
    """To which state a period that lies ahead can be brought."""

    FUTURE_ENTRY = PeriodState.FUTURE_ENTRY.value
    OPEN = PeriodState.OPEN.value


class ReopeningDecision(StrEnum):
    """What a second person says to a request."""

    GRANT = "GRANT"
    REFUSE = "REFUSE"


closed_set(
    OpeningState,
    "To which state a period that lies ahead can be brought.",
    {
        OpeningState.FUTURE_ENTRY: "Adjustments may be entered, nothing is posted yet.",
        OpeningState.OPEN: "As if it had begun.",
    },
)
closed_set(
    ReopeningDecision,
    "What a second person says to a request.",
    {
        ReopeningDecision.GRANT: "The period is opened again.",
        ReopeningDecision.REFUSE: "It stays closed.",
    },
)


@strawberry.input(description="A period is closed.")
class PeriodCloseInput:
    """Input of ``periodClose``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period.")
    expected_version: int = version_field()
    accept_warnings: bool = strawberry.field(
        default=False,
        description="The warnings of the checklist were seen, and the period is closed with them.",
    )


@strawberry.input(description="A period that lies ahead is opened.")
class PeriodOpenInput:
    """Input of ``periodOpen``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period.")
    expected_version: int = version_field()
    state: OpeningState = strawberry.field(description="How far it is opened.")


@strawberry.input(description="A closed period is to be opened again.")
class PeriodReopeningRequestInput:
    """Input of ``periodReopeningRequest``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period.")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A second person decides a request.")
class PeriodReopenInput:
    """Input of ``periodReopen``."""

    idempotency_key: Key = key_field()
    reopening: strawberry.ID = strawberry.field(description="The request.")
    decision: ReopeningDecision = strawberry.field(description="What is decided.")
    expected_version: int = version_field()
    reason: str = strawberry.field(description=REASON)


@output(access=Resource.CALCULATION, description="The close is queued.")
class PeriodCloseSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done.")


@output(access=Resource.CALCULATION, description="The period is open.")
class PeriodOpenSuccess:
    """Open."""

    period: PeriodStatus = shown("The period.")


@output(access=Resource.CALCULATION, description="The request waits for a second person.")
class PeriodReopeningRequestSuccess:
    """Asked."""

    reopening: PeriodReopening = shown("The request.")


@output(access=Resource.CALCULATION, description="The request is decided.")
class PeriodReopenSuccess:
    """Decided."""

    reopening: PeriodReopening = shown("The request.")
    period: PeriodStatus = shown("The period.")


PeriodCloseResult = Annotated[
    PeriodCloseSuccess | Refusal,
    strawberry.union("PeriodCloseResult", description="Queued, or why not."),
]
PeriodOpenResult = Annotated[
    PeriodOpenSuccess | Refusal,
    strawberry.union("PeriodOpenResult", description="Open, or why not."),
]
PeriodReopeningRequestResult = Annotated[
    PeriodReopeningRequestSuccess | Refusal,
    strawberry.union("PeriodReopeningRequestResult", description="Asked, or why not."),
]
PeriodReopenResult = Annotated[
    PeriodReopenSuccess | Refusal,
    strawberry.union("PeriodReopenResult", description="Decided, or why not."),
]


async def _reopening(context: Context, reopening_id: str) -> PeriodReopening:
    entity = entity_of(context.asker, None)

    def work(database: Database) -> PeriodReopening:
        return reopening_from_row(reopening_steps(database, entity, reopening_id)[-1])

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Changes of the states of periods.")
class PeriodMutation:
    """Part of the mutation root."""

    @resolved(
        "Close a period: check, calculate once more if needed, make final and freeze, all at once.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PeriodCloseResult,
    )
    async def period_close(
        self,
        info: Info,
        input: Annotated[PeriodCloseInput, described("Which period.")],  # noqa: A002
    ) -> PeriodCloseSuccess:
        """Queue. A close fixes what everybody gets: it needs the right to pay as well."""
        context = info.context
        demand(context.asker, Resource.PAY, Deed.WRITE)
        done = await act(
            context,
            "periodClose",
            input,
            lambda writing: start_close(
                writing,
                context.asker,
                input.period,
                accept_warnings=input.accept_warnings,
                expected_version=input.expected_version,
            ),
        )
        return PeriodCloseSuccess(job=await job_by_id(context, None, done.id))

    @resolved(
        "Open a period ahead of time.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PeriodOpenResult,
    )
    async def period_open(
        self,
        info: Info,
        input: Annotated[PeriodOpenInput, described("Which period.")],  # noqa: A002
    ) -> PeriodOpenSuccess:
        """Open."""
        context = info.context
        await act(
            context,
            "periodOpen",
            input,
            lambda writing: open_period(
                writing,
                context.asker,
                input.period,
                PeriodState(input.state.value),
                expected_version=input.expected_version,
            ),
        )
        entity = entity_of(context.asker, None)
        return PeriodOpenSuccess(
            period=await period_status(context, entity, input.period, ALL_KNOWN)
        )

    @resolved(
        "Ask for a closed period to be opened again; a second person decides.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PeriodReopeningRequestResult,
    )
    async def period_reopening_request(
        self,
        info: Info,
        input: Annotated[PeriodReopeningRequestInput, described("Which period, and why.")],  # noqa: A002
    ) -> PeriodReopeningRequestSuccess:
        """Ask."""
        context = info.context
        done = await act(
            context,
            "periodReopeningRequest",
            input,
            lambda writing: request_reopening(writing, context.asker, input.period, input.reason),
        )
        return PeriodReopeningRequestSuccess(reopening=await _reopening(context, done.id))

    @resolved(
        "Decide as a second person whether a closed period is opened again.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=PeriodReopenResult,
    )
    async def period_reopen(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            PeriodReopenInput, described("Which request, what is decided, and why.")
        ],
    ) -> PeriodReopenSuccess:
        """Decide."""
        context = info.context
        done = await act(
            context,
            "periodReopen",
            input,
            lambda writing: decide_reopening(
                writing,
                context.asker,
                input.reopening,
                grant=input.decision is ReopeningDecision.GRANT,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        reopening = await _reopening(context, done.id)
        entity = entity_of(context.asker, None)
        return PeriodReopenSuccess(
            reopening=reopening,
            period=await period_status(context, entity, reopening.period, ALL_KNOWN),
        )

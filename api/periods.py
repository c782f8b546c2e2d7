"""The states of periods, what to look at before a close, and opening one again by two people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from actions.checklist import checklist
from actions.closing import Closing
from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of, moment
from api.context import Context, Info
from api.errors import ProblemCode
from api.paging import described
from api.scalars import PeriodName, closed_set
from domain.access import Resource
from domain.checklist import ChecklistItem, Weight
from domain.period import Period, PeriodKind, period_around, period_named
from domain.period_state import PeriodState, state_of
from domain.problem import Refused
from storage.engine import Database
from storage.periods import StoredState, stored_states
from storage.reopenings import ReopeningState, StoredReopening, reopenings

closed_set(
    PeriodState,
    "How far a period has come.",
    {
        PeriodState.NOT_OPENED: "It lies ahead: nothing is booked in it.",
        PeriodState.FUTURE_ENTRY: "It lies ahead, and adjustments may already be entered.",
        PeriodState.OPEN: "It is calculated and booked in.",
        PeriodState.CLOSED: "It never moves: what is learned later becomes a correction.",
    },
)
closed_set(
    PeriodKind,
    "How long a period is.",
    {
        PeriodKind.WEEK: "An ISO week.",
        PeriodKind.MONTH: "A calendar month.",
        PeriodKind.QUARTER: "Three months.",
        PeriodKind.HALF: "Six months.",
        PeriodKind.YEAR: "A calendar year.",
    },
)
closed_set(
    Weight,
    "Whether an item of the checklist stands in the way of a close.",
    {
        Weight.BLOCKING: "Nobody closes over it.",
        Weight.WARNING: "Whoever closes says that it was seen.",
    },
)
closed_set(
    ReopeningState,
    "Where a request to open a closed period again is.",
    {
        ReopeningState.REQUESTED: "A second person has not decided yet.",
        ReopeningState.GRANTED: "The period was opened again.",
        ReopeningState.REFUSED: "It was not.",
    },
)
MOST_PERIODS = 60


@output(access=Resource.CALCULATION, description="A period of the legal entity and its state.")
class PeriodStatus:
    """A period."""

    period: PeriodName = shown("The period.")
    state: PeriodState = shown("Its state on the day of the request.")
    first_day: date = shown("Its first day.")
    last_day: date = shown("Its last day.")
    version: int = shown("How many decisions were taken about it; 0 when its dates alone speak.")
    decided_at: datetime | None = shown("When it came to this state; null when by its dates.")
    reason: str | None = shown("Why, where somebody had to say.")
    final_run: strawberry.ID | None = shown("The run that its close made final.")


@output(access=Resource.CALCULATION, description="One thing to look at before a close.")
class PeriodChecklistItem:
    """An item of the checklist."""

    code: ProblemCode = shown("The stable code.")  # type: ignore[valid-type]
    message: str = shown("What it is and what to do, in the language of the request.")
    count: int = shown("How many things it concerns.")
    weight: Weight = shown("Whether it stands in the way.")


@output(access=Resource.CALCULATION, description="A request to open a closed period again.")
class PeriodReopening:
    """A request, and what was decided."""

    id: strawberry.ID = shown("The id of the request.")
    period: PeriodName = shown("The period.")
    state: ReopeningState = shown("Where it is.")
    reason: str = shown("Why it was asked for, or why it was decided so.")
    version: int = shown("How many steps it has taken.")
    at: datetime = shown("When the last step was taken.")


def reopening_from_row(row: StoredReopening) -> PeriodReopening:
    """Show a request."""
    return PeriodReopening(
        id=strawberry.ID(row.id),
        period=PeriodName(row.period),
        state=row.state,
        reason=row.reason,
        version=row.revision,
        at=row.known_at,
    )


def status_of(period: Period, stored: StoredState | None, today: date) -> PeriodStatus:
    """Show a period."""
    final = None if stored is None else stored.run_id
    return PeriodStatus(
        period=PeriodName(period.name),
        state=state_of(stored.state if stored else None, period, today),
        first_day=period.start,
        last_day=period.last_day,
        version=stored.revision if stored else 0,
        decided_at=stored.known_at if stored else None,
        reason=stored.reason if stored else None,
        final_run=None if final is None else strawberry.ID(final),
    )


async def period_status(context: Context, entity_id: str, name: str, at: datetime) -> PeriodStatus:
    """Read one period."""
    period = period_named(name)

    def work(database: Database) -> PeriodStatus:
        found = stored_states(database, entity_id, known_at=at, period=period.name)
        return status_of(period, found.get(period.name), context.today)

    return await context.read(work)


def _item(item: ChecklistItem, context: Context) -> PeriodChecklistItem:
    return PeriodChecklistItem(
        code=ProblemCode(item.code),
        message=context.say(item.code, **item.problem().values),
        count=item.count,
        weight=item.weight,
    )


@output(access=Audience.SIGNED_IN, description="Queries about periods.")
class PeriodQuery:
    """Part of the query root."""

    @resolved(
        "The period of today and those before it, the newest first; at most 60.",
        access=Resource.CALCULATION,
    )
    async def periods(
        self,
        info: Info,
        kind: Annotated[PeriodKind, described("How long they are.")] = PeriodKind.MONTH,
        first: Annotated[int, described("How many, 1 to 60.")] = 13,
        legal_entity: Entity = None,
    ) -> list[PeriodStatus] | None:
        """Read their states."""
        context = info.context
        if not 1 <= first <= MOST_PERIODS:
            raise Refused("page_size_invalid", {"size": str(first), "most": str(MOST_PERIODS)})
        entity, at = entity_of(context.asker, legal_entity), moment(context, None, None)

        def work(database: Database) -> list[PeriodStatus]:
            found = stored_states(database, entity, known_at=at.known_at)
            newest = period_around(context.today, kind)
            listed = [newest.earlier(back) if back else newest for back in range(first)]
            return [status_of(each, found.get(each.name), context.today) for each in listed]

        return await context.read(work)

    @resolved(
        "What to look at before a period is closed, at most some dozens of points; none is good.",
        access=Resource.CALCULATION,
    )
    async def period_checklist(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        legal_entity: Entity = None,
    ) -> list[PeriodChecklistItem] | None:
        """Ask every check."""
        context = info.context
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        at = moment(context, None, None)

        def work(database: Database) -> list[PeriodChecklistItem]:
            closing = Closing(
                connection=database, entity_id=entity, period=span, known_at=at.known_at
            )
            return [_item(item, context) for item in checklist(closing)]

        return await context.read(work)

    @resolved(
        "Requests to open closed periods again, the newest first; at most some dozens.",
        access=Resource.CALCULATION,
    )
    async def period_reopenings(
        self,
        info: Info,
        period: Annotated[PeriodName | None, described("Only of this period.")] = None,
        legal_entity: Entity = None,
    ) -> list[PeriodReopening] | None:
        """Read them."""
        context = info.context
        entity, at = entity_of(context.asker, legal_entity), moment(context, None, None)

        def work(database: Database) -> list[PeriodReopening]:
            found = reopenings(database, entity, known_at=at.known_at, period=period)
            return [reopening_from_row(row) for row in found]

        return await context.read(work)

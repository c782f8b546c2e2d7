"""The timetable by which open periods are calculated, over the API, and what it came to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from actions.calculate_by_timetable import Watched, watched_periods
from actions.decide_timetable import decide_timetable
from actions.timetable import read_timetable
from api.access import Audience, output, resolved, shown
from api.asking import REASON, Entity, Key, act, entity_of, key_field, version_field
from api.context import Context, Info
from api.errors import DataProblem, Refusal
from api.paging import described
from api.scalars import PeriodName, closed_set
from api.sources import problem_of
from api.timetables import TimetableInput, another_timetable
from domain.access import Deed, Resource
from domain.period import PeriodKind
from domain.problem import Refused
from domain.timed_calculation import CalculationTimetable as Decided
from domain.timed_calculation import LateSources, LookOutcome
from storage.engine import Database
from storage.timed_calculation import calculation_timetable

closed_set(
    LateSources,
    "What is done while a source has not said that it is complete up to yesterday.",
    {
        LateSources.CALCULATE: "The period is calculated; the run says what it waits for.",
        LateSources.WAIT: "It is not calculated before; what no source speaks of is not waited"
        " for.",
    },
)
closed_set(
    LookOutcome,
    "What came of it when a period was due.",
    {
        LookOutcome.QUEUED: "A trial was queued.",
        LookOutcome.NOTHING_NEW: "Nothing was learned since the last run.",
        LookOutcome.NOBODY: "No scorecard and no plan reaches anybody in it.",
        LookOutcome.JOB_RUNS: "Other work of the legal entity is queued or under way.",
        LookOutcome.SOURCES_LATE: "A source is late, and the timetable says to wait.",
        LookOutcome.LEFT_ALONE: "It kept failing and is left alone until the next try.",
    },
)
# Why there is no newer run; a trial that was queued needs no reason.
_REASONS = {
    LookOutcome.NOTHING_NEW: "timed_nothing_new",
    LookOutcome.NOBODY: "timed_nobody",
    LookOutcome.JOB_RUNS: "timed_job_runs",
    LookOutcome.SOURCES_LATE: "timed_sources_late",
    LookOutcome.LEFT_ALONE: "timed_left_alone",
}


@output(access=Resource.CALCULATION, description="What the timetable came to for an open period.")
class TimedPeriod:
    """The newest look at it."""

    period: PeriodName = shown("The period.")
    outcome: LookOutcome | None = shown("What came of the newest look; null before the first.")
    problem: DataProblem | None = shown(
        "Why it was not calculated, and what to do; null when a trial was queued."
    )
    found_at: datetime | None = shown("When that was found.")
    next_at: datetime = shown(
        "When it is looked at next, at the latest by then and a minute; of a period that waits for"
        " other work or a source, as soon as that is over."
    )


@output(access=Resource.CALCULATION, description="When open periods are calculated by themselves.")
class CalculationTimetable:
    """What a legal entity decided last."""

    every_minutes: int | None = shown("So many minutes after the last run began.")
    daily_at: str | None = shown("Every day at this time of the legal entity's clock.")
    by_hand: bool = shown("Whether a period is calculated only when somebody asks.")
    periods: list[PeriodKind] = shown("Which kinds of periods; at most five.")
    months_begin_on: int = shown("The day on which months begin; 1 for those of the calendar.")
    late_sources: LateSources = shown("What is done while a source is late.")
    shows_scores: bool = shown(
        "Whether whoever is concerned sees score and rank of these trials, and the board as of now"
        " that starts from them. Statements are of posted runs alone."
    )
    reason: str = shown("Why it was decided so.")
    version: int = shown("Grows with every decision; send it back as expectedVersion.")
    decided_at: datetime = shown("When it was decided.")
    open_periods: list[TimedPeriod] = shown(
        "The period of today and the one before until it is closed, of each kind; at most ten."
    )


@strawberry.input(description="A legal entity decides when its open periods are calculated.")
class CalculationTimetableSetInput:
    """Input of ``calculationTimetableSet``; every choice is said, nothing is implied."""

    idempotency_key: Key = key_field()
    timetable: TimetableInput | None = strawberry.field(
        default=None, description="The timetable, unless by hand."
    )
    by_hand: bool = strawberry.field(
        default=False, description="Whether nothing is calculated by itself from now on."
    )
    periods: list[PeriodKind] = strawberry.field(description="Which kinds of periods.")
    months_begin_on: int = strawberry.field(
        default=1, description="The day on which months begin, 1 to 28; 1 for the calendar's."
    )
    late_sources: LateSources = strawberry.field(description="What is done while a source is late.")
    shows_scores: bool = strawberry.field(
        description="Whether whoever is concerned sees score and rank of these trials."
    )
    reason: str = strawberry.field(description=REASON)
    expected_version: int = version_field()


@output(access=Resource.CALCULATION, description="The timetable is decided.")
class CalculationTimetableSetSuccess:
    """Decided."""

    timetable: CalculationTimetable = shown("What holds from now on.")


CalculationTimetableSetResult = Annotated[
    CalculationTimetableSetSuccess | Refusal,
    strawberry.union("CalculationTimetableSetResult", description="Decided, or why not."),
]


def _period(watched: Watched, context: Context) -> TimedPeriod:
    look = watched.look
    code = None if look is None else _REASONS.get(look.outcome)
    values = {} if look is None else look.values
    return TimedPeriod(
        period=PeriodName(watched.period),
        outcome=None if look is None else look.outcome,
        problem=None if code is None else problem_of(code, values, context),
        found_at=None if look is None else look.at,
        next_at=watched.next_at,
    )


def _shown(
    decided: Decided, watched: tuple[Watched, ...], context: Context
) -> CalculationTimetable:
    held = None if decided.timetable is None else read_timetable(decided.timetable)
    return CalculationTimetable(
        every_minutes=None if held is None else held.every,
        daily_at=None if held is None or held.at is None else held.at.strftime("%H:%M"),
        by_hand=held is None,
        periods=list(decided.kinds),
        months_begin_on=decided.months_begin_on,
        late_sources=decided.late_sources,
        shows_scores=decided.shows_scores,
        reason=decided.reason,
        version=decided.version,
        decided_at=decided.known_at,
        open_periods=[_period(each, context) for each in watched],
    )


async def _held(context: Context, entity_id: str) -> CalculationTimetable | None:
    def work(database: Database) -> CalculationTimetable | None:
        decided = calculation_timetable(database, entity_id)
        if decided is None:
            return None
        return _shown(decided, watched_periods(database, decided, context.now), context)

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Queries about calculation by timetable.")
class TimedCalculationQuery:
    """Part of the query root."""

    @resolved(
        "When open periods are calculated by themselves, and what came of it; null where the legal"
        " entity never decided: then a period is calculated when somebody asks.",
        access=Resource.CALCULATION,
    )
    async def calculation_timetable(
        self, info: Info, legal_entity: Entity = None
    ) -> CalculationTimetable | None:
        """Read what holds."""
        context = info.context
        return await _held(context, entity_of(context.asker, legal_entity))


@output(access=Audience.SIGNED_IN, description="Deciding on calculation by timetable.")
class TimedCalculationMutation:
    """Part of the mutation root."""

    @resolved(
        "Decide when open periods are calculated by themselves, as trials; nothing is posted.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=CalculationTimetableSetResult,
    )
    async def calculation_timetable_set(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            CalculationTimetableSetInput, described("When, which periods, and why.")
        ],
    ) -> CalculationTimetableSetSuccess:
        """Decide."""
        context = info.context
        timetable = another_timetable(input.timetable, by_hand=input.by_hand)
        if timetable is ...:
            raise Refused("timetable_unclear", path="timetable")
        await act(
            context,
            "calculationTimetableSet",
            input,
            lambda writing: decide_timetable(
                writing,
                context.asker,
                timetable=timetable,
                kinds=input.periods,
                months_begin_on=input.months_begin_on,
                late_sources=input.late_sources,
                shows_scores=input.shows_scores,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        held = await _held(context, entity_of(context.asker, None))
        assert held is not None
        return CalculationTimetableSetSuccess(timetable=held)

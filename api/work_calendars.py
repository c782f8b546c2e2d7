"""The working days of a legal entity: what HR wrote down, else the calendar that comes with us."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import strawberry

from actions.work_calendar import set_calendar, shipped_calendars
from api.access import Audience, output, resolved, shown
from api.access_words import Deed, Resource
from api.asking import REASON, Entity, Key, act, entity_of, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from domain.workdays import CALENDAR_FORMAT
from storage.calendars import stored_calendars
from storage.engine import Database

_BY_NOW = datetime(9999, 12, 31, tzinfo=UTC)  # whatever was written down so far
Year = Annotated[int, described("The calendar year.")]


@output(access=Resource.SETTING, description="The exceptions to Monday to Friday in one year.")
class WorkCalendar:
    """Who works when; proration by working days counts by it."""

    year: int = shown("The calendar year.")
    holidays: list[date] = shown("The days on which nobody works, at most 366.")
    workdays: list[date] = shown(
        "Weekend days worked to make up for a holiday (调休), at most 366."
    )
    version: int = shown("0 while nobody wrote it down; send it back as expectedVersion.")


@strawberry.input(description="Write the working days of a year down.")
class WorkCalendarSetInput:
    """Input of ``workCalendarSet``; it replaces the year as a whole."""

    idempotency_key: Key = key_field()
    year: int = strawberry.field(description="The calendar year.")
    holidays: list[date] = strawberry.field(description="The days on which nobody works.")
    workdays: list[date] = strawberry.field(description="Weekend days that are worked.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of that year last seen, 0 for none; leave out if unsure.",
    )


@output(access=Resource.SETTING, description="The calendar is written down.")
class WorkCalendarSetSuccess:
    """Written."""

    calendar: WorkCalendar = shown("What holds now.")


WorkCalendarSetResult = Annotated[
    WorkCalendarSetSuccess | Refusal,
    strawberry.union("WorkCalendarSetResult", description="Written, or why not."),
]


async def _held(context: Context, entity_id: str, year: int) -> WorkCalendar:
    def work(database: Database) -> WorkCalendar:
        stored = stored_calendars(database, entity_id, years=[year], known_at=_BY_NOW)
        held = stored[0].calendar if stored else shipped_calendars().get(year)
        return WorkCalendar(
            year=year,
            holidays=list(held.holidays) if held else [],
            workdays=list(held.workdays) if held else [],
            version=stored[0].revision if stored else 0,
        )

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Queries about working days.")
class WorkCalendarQuery:
    """Part of the query root."""

    @resolved("The working days of a legal entity in a year.", access=Resource.SETTING)
    async def work_calendar(
        self, info: Info, year: Year, legal_entity: Entity = None
    ) -> WorkCalendar | None:
        """Read what holds."""
        context = info.context
        return await _held(context, entity_of(context.asker, legal_entity), year)


@output(access=Audience.SIGNED_IN, description="Changes of working days.")
class WorkCalendarMutation:
    """Part of the mutation root."""

    @resolved(
        "Write the working days of a year down; calculations from then on count by them.",
        access=Resource.SETTING,
        deed=Deed.WRITE,
        graphql_type=WorkCalendarSetResult,
    )
    async def work_calendar_set(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            WorkCalendarSetInput, described("The year and its exceptions, and why.")
        ],
    ) -> WorkCalendarSetSuccess:
        """Write."""
        context = info.context
        document = {
            "format": CALENDAR_FORMAT,
            "year": input.year,
            "holidays": [day.isoformat() for day in input.holidays],
            "workdays": [day.isoformat() for day in input.workdays],
        }
        await act(
            context,
            "workCalendarSet",
            input,
            lambda writing: set_calendar(
                writing,
                context.asker,
                document,
                expected_version=input.expected_version,
                reason=input.reason,
            ),
        )
        entity = entity_of(context.asker, None)
        return WorkCalendarSetSuccess(calendar=await _held(context, entity, input.year))

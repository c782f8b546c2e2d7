"""When sources are read by themselves, over the API."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType

import strawberry

from actions.timetable import Timetable, read_timetable, timetable_of
from api.access import output, shown
from domain.access import Resource
from domain.problem import Refused


@strawberry.input(description="When something is done by itself: one of the two.")
class TimetableInput:
    """A timetable."""

    every_minutes: int | None = strawberry.field(
        default=None, description="So many minutes after the last run began, 5 to 10,080."
    )
    daily_at: str | None = strawberry.field(
        default=None, description="Every day at this time of the legal entity's clock, as 02:30."
    )


@output(access=Resource.SOURCE, description="When a source is read by itself.")
class SourceTimetable:
    """A timetable: one of the two is there."""

    every_minutes: int | None = shown("So many minutes after the last run began.")
    daily_at: str | None = shown("Every day at this time of the legal entity's clock.")


def timetable_from(given: TimetableInput | None) -> Timetable | None:
    """Read what was sent."""
    return None if given is None else timetable_of(given.every_minutes, given.daily_at)


def another_timetable(
    given: TimetableInput | None, *, by_hand: bool
) -> Timetable | EllipsisType | None:
    """Read a change: another one, none any more, or the one there is."""
    if given is not None and by_hand:
        raise Refused("timetable_unclear", path="timetable")
    if given is None:
        return None if by_hand else ...
    return timetable_from(given)


def timetable_from_stored(document: Mapping[str, object] | None) -> SourceTimetable | None:
    """Show one that was kept."""
    if document is None:
        return None
    found = read_timetable(document)
    at = None if found.at is None else found.at.strftime("%H:%M")
    return SourceTimetable(every_minutes=found.every, daily_at=at)

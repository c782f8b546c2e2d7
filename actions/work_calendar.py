"""Working days: what the legal entity wrote down, else the calendar that comes with us."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

from actions.deed import demand_entity
from actions.define_metric import refuse_unread
from domain.access import Actor, Resource
from domain.problem import Refused
from domain.workdays import WorkCalendar, YearCalendar, calendar_of, read_calendar
from storage.calendars import add_calendar, stored_calendars
from storage.engine import Connection, Writing


def work_calendar(
    connection: Connection, entity_id: str, *, years: Sequence[int], known_at: datetime
) -> WorkCalendar:
    """Return the working days of some years as known at an instant."""
    stored = stored_calendars(connection, entity_id, years=years, known_at=known_at)
    found = {each.calendar.year: each.calendar for each in stored}
    shipped = shipped_calendars()
    return calendar_of(
        found.get(year) or shipped[year] for year in years if year in found or year in shipped
    )


@cache
def shipped_calendars() -> Mapping[int, YearCalendar]:
    """Read the calendars of mainland China that come with us, by year."""
    found: dict[int, YearCalendar] = {}
    for file in sorted(
        files("actions").joinpath("calendars").iterdir(), key=lambda each: each.name
    ):
        if file.name.endswith(".toml"):
            calendar, problems = read_calendar(tomllib.loads(file.read_text("utf-8")))
            if calendar is None:
                raise ValueError(f"{file.name} cannot be read: {problems}")
            found[calendar.year] = calendar
    return found


def set_calendar(
    writing: Writing,
    actor: Actor,
    document: object,
    *,
    expected_version: int | None,
    reason: str | None,
) -> str:
    """Write down the working days of a year; a later revision speaks from then on."""
    demand_entity(actor, Resource.SETTING, writing.entity_id)
    calendar, problems = read_calendar(document)
    if calendar is None:
        raise refuse_unread("calendar", problems)
    before = stored_calendars(
        writing.connection, writing.entity_id, years=[calendar.year], known_at=writing.known_at
    )
    revision = before[0].revision if before else 0
    if expected_version is not None and expected_version != revision:
        raise Refused("version_conflict", {"current": str(revision)})
    add_calendar(writing, calendar, revision=revision + 1, reason=reason)
    return str(calendar.year)

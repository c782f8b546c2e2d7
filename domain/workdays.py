"""Which days are working days: Monday to Friday, save the holidays, and the make-up days (调休).

A calendar is data of one year. Where nobody has written one, the weekdays alone decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.document import DocumentReader
from domain.problem import Problem

CALENDAR_FORMAT = "attain.calendar/1"
_SATURDAY = 5
_LONGEST = 366
Span = tuple[date, date]  # the first day, and the day after the last


@dataclass(frozen=True, slots=True, kw_only=True)
class YearCalendar:
    """The exceptions of one year: weekdays that are free, and weekend days that are worked."""

    year: int
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """The exceptions of all years at hand."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        """Say whether ``day`` is a working day.

        >>> WorkCalendar().is_worked(date(2026, 9, 20))  # a Sunday
        False
        >>> WorkCalendar(workdays=frozenset({date(2026, 9, 20)})).is_worked(date(2026, 9, 20))
        True
        """
        if day in self.workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def working_days(self, spans: Iterable[Span]) -> int:
        """Count the working days of some spans that do not overlap."""
        return sum(
            self.is_worked(start + timedelta(days=place))
            for start, end in spans
            for place in range((end - start).days)
        )


def calendar_of(years: Iterable[YearCalendar]) -> WorkCalendar:
    """Put the years together."""
    held = list(years)
    return WorkCalendar(
        holidays=frozenset(day for year in held for day in year.holidays),
        workdays=frozenset(day for year in held for day in year.workdays),
    )


def calendar_days(spans: Iterable[Span]) -> int:
    """Count the days of some spans that do not overlap."""
    return sum((end - start).days for start, end in spans)


def read_calendar(document: object) -> tuple[YearCalendar | None, tuple[Problem, ...]]:
    """Read the calendar of a year; every fault is named by its place."""
    reader = DocumentReader(document)
    if not isinstance(document, Mapping):
        return None, tuple(reader.problems)
    reader.format(CALENDAR_FORMAT)
    year = reader.whole("year", 1900, 9998)
    holidays, workdays = _days(reader, "holidays", year), _days(reader, "workdays", year)
    reader.text("source", required=False)
    for place, day in enumerate(workdays):
        if day in holidays or day.weekday() < _SATURDAY:
            # a weekday is worked anyway, and a day cannot be both
            path = f"{reader.at('workdays')}[{place}]"
            reader.note("calendar_day_wrong", path, {"day": day.isoformat(), "field": "workdays"})
    reader.finish()
    if reader.failed or year is None:
        return None, tuple(reader.problems)
    found = YearCalendar(
        year=year, holidays=tuple(sorted(holidays)), workdays=tuple(sorted(workdays))
    )
    return found, tuple(reader.problems)


def _days(reader: DocumentReader, field: str, year: int | None) -> Sequence[date]:
    texts = reader.names(field)
    if len(texts) > _LONGEST:
        values = {"field": field, "low": "0", "high": str(_LONGEST)}
        reader.note("number_out_of_range", reader.at(field), values)
        return ()
    inner = DocumentReader(
        {str(place): text for place, text in enumerate(texts)}, reader.at(field), reader.problems
    )
    found: list[date] = []
    for place in range(len(texts)):
        day = inner.day(str(place))
        if day is None:
            continue
        if day in found or (year is not None and day.year != year):
            values = {"day": day.isoformat(), "field": field}
            reader.note("calendar_day_wrong", inner.at(str(place)), values)
        found.append(day)
    return found


def write_calendar(calendar: YearCalendar) -> dict[str, object]:
    """Write the calendar of a year as its document."""
    return {
        "format": CALENDAR_FORMAT,
        "year": calendar.year,
        "holidays": [day.isoformat() for day in calendar.holidays],
        "workdays": [day.isoformat() for day in calendar.workdays],
    }

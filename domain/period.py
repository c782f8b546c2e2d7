"""Periods of the business calendar: named spans of whole days, and windows counted from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeAlias

from domain.problem import Refused


class PeriodKind(StrEnum):
    """How long a period is."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    HALF = "HALF"
    YEAR = "YEAR"


MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF: 6, PeriodKind.YEAR: 12}
_NAME = re.compile(
    r"(?P<year>\d{4})(?:-(?:W(?P<week>\d{2})|Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>\d{2})))?"
    r"(?:@(?P<shift>\d{1,2}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """A span of days ``[start, end)`` with the name people use for it.

    ``2026-09`` is September, ``2026-Q3`` a quarter, ``2026-H2`` a half, ``2026`` a year,
    ``2026-W37`` an ISO week; ``2026-09@26`` is the shifted month from 26 August to 25 September.
    """

    start: date
    end: date
    kind: PeriodKind
    name: str

    def contains(self, day: date) -> bool:
        """Say whether ``day`` lies in the period."""
        return self.start <= day < self.end

    @property
    def last_day(self) -> date:
        """The last day that belongs to the period."""
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many calendar days the period has."""
        return (self.end - self.start).days

    @property
    def months(self) -> int | None:
        """How many months it has; a week is no number of months."""
        return MONTHS.get(self.kind)

    def earlier(self, count: int = 1) -> Period:
        """Return the period of the same kind ``count`` steps before: ``2026-Q1`` -> ``2025-Q4``."""
        if self.kind is PeriodKind.WEEK:
            return week_of(self.start - timedelta(days=7 * count))
        shift = self.start.day if "@" in self.name else 1
        months = MONTHS[self.kind]
        # A shifted month starts in the calendar month before the one that names it.
        first = add_months(self.start.replace(day=1), (1 if shift > 1 else 0) - months * count)
        return _from_months(first.year, first.month, self.kind, shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days ``[start, end)`` that need not be a period: a contest, or a quarter so far."""

    start: date
    end: date

    @property
    def last_day(self) -> date:
        """The last day that belongs to the window."""
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many calendar days the window has; none when it ends before it starts."""
        return max((self.end - self.start).days, 0)

    @property
    def months(self) -> int | None:
        """How many months it is, when it is whole ones (1 October to 31 December is three)."""
        count = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        whole = self.start.day == self.end.day and self.start.day <= 28 and count > 0
        return count if whole else None

    def earlier(self, count: int = 1) -> Window:
        """Return the window of the same length ``count`` steps before: whole months, else days."""
        months = self.months
        if months is not None:
            first = add_months(self.start.replace(day=1), -months * count)
            last = add_months(self.end.replace(day=1), -months * count)
            day = self.start.day
            return Window(start=first.replace(day=day), end=last.replace(day=day))
        back = timedelta(days=self.days * count)
        return Window(start=self.start - back, end=self.end - back)

    def within(self, period: Period) -> Window:
        """Return the days that lie in the period too; there may be none."""
        start = max(self.start, period.start)
        return Window(start=start, end=max(min(self.end, period.end), start))


Days: TypeAlias = Period | Window


def span_of(period: Period, kind: PeriodKind) -> Period:
    """Return the longer period that contains this one: August -> the third quarter.

    A week lies in no month or quarter alone; who asks has refused it before.
    """
    length = MONTHS[kind]
    assert (period.months or length) < length, "a span is longer than its periods"
    shift = period.start.day if "@" in period.name else 1
    first = add_months(period.start.replace(day=1), 1 if shift > 1 else 0)
    return _from_months(first.year, (first.month - 1) // length * length + 1, kind, shift)


def earlier_within(period: Period, span: Period) -> tuple[Period, ...]:
    """Return the periods of the same kind that lie before ``period`` in ``span``, oldest first."""
    found: list[Period] = []
    before = period.earlier()
    while before.start >= span.start:
        found.insert(0, before)
        before = before.earlier()
    return tuple(found)


def day_after(day: date) -> date:
    """Return the next day: the end of days whose last one is ``day``."""
    return day + timedelta(days=1)


def add_months(first_of_month: date, count: int) -> date:
    """Return the first of the month ``count`` months later (earlier when negative)."""
    index = first_of_month.year * 12 + first_of_month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def month_since(start: date, day: date) -> int:
    """Return which month since ``start`` the day lies in: 1 in the month of the start itself."""
    return (day.year - start.year) * 12 + day.month - start.month + 1


def months_before(end: date, count: int) -> date:
    """Return the day ``count`` months before ``end``, both first days after a month's end.

    ``months_before(date(2026, 10, 1), 3)`` is 1 July: the three months that end in September.
    A day that the earlier month lacks becomes that month's last day.
    """
    first = add_months(end.replace(day=1), -count)
    after = add_months(first, 1)
    return min(first + timedelta(days=end.day - 1), after - timedelta(days=1))


def week_of(day: date) -> Period:
    """Return the ISO week that contains ``day``."""
    start = day - timedelta(days=day.weekday())
    year, week, _ = day.isocalendar()
    return Period(
        start=start,
        end=start + timedelta(days=7),
        kind=PeriodKind.WEEK,
        name=f"{year:04d}-W{week:02d}",
    )


def month_of(day: date) -> Period:
    """Return the calendar month that contains ``day``."""
    return _from_months(day.year, day.month, PeriodKind.MONTH, 1)


def period_around(day: date, kind: PeriodKind, shift: int = 1) -> Period:
    """Return the period of a kind that contains ``day``; months begin on the day ``shift``."""
    if kind is PeriodKind.WEEK:
        return week_of(day)
    length = MONTHS[kind]
    # A shifted month bears the name of the one that it ends in.
    month = add_months(day.replace(day=1), 1 if 1 < shift <= day.day else 0)
    return _from_months(month.year, (month.month - 1) // length * length + 1, kind, shift)


def period_named(name: str) -> Period:
    """Read a period's name; a name that is none is refused with ``period_invalid``."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise Refused("period_invalid", {"period": name})
    year, shift = int(match["year"]), int(match["shift"] or 1)
    try:
        return _build(match, year, shift)
    except (ValueError, OverflowError) as error:  # the calendar ends with the year 9999
        raise Refused("period_invalid", {"period": name}) from error


def _build(match: re.Match[str], year: int, shift: int) -> Period:
    if not 1 <= shift <= 28:
        raise ValueError("a month can be shifted to the days 2 to 28 only")
    if match["week"]:
        if match["shift"]:
            raise ValueError("a week cannot be shifted")
        return week_of(date.fromisocalendar(year, int(match["week"]), 1))
    if match["quarter"]:
        return _from_months(year, int(match["quarter"]) * 3 - 2, PeriodKind.QUARTER, shift)
    if match["half"]:
        return _from_months(year, int(match["half"]) * 6 - 5, PeriodKind.HALF, shift)
    if match["month"]:
        return _from_months(year, int(match["month"]), PeriodKind.MONTH, shift)
    return _from_months(year, 1, PeriodKind.YEAR, shift)


def _from_months(year: int, month: int, kind: PeriodKind, shift: int) -> Period:
    first = date(year, month, 1)
    last = add_months(first, MONTHS[kind])
    back = 0 if shift == 1 else 1
    start = add_months(first, -back).replace(day=shift)
    end = add_months(last, -back).replace(day=shift)
    names = {
        PeriodKind.MONTH: f"{year:04d}-{month:02d}",
        PeriodKind.QUARTER: f"{year:04d}-Q{(month + 2) // 3}",
        PeriodKind.HALF: f"{year:04d}-H{(month + 5) // 6}",
        PeriodKind.YEAR: f"{year:04d}",
    }
    suffix = f"@{shift}" if shift > 1 else ""
    return Period(start=start, end=end, kind=kind, name=names[kind] + suffix)

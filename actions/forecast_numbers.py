"""The numbers of a period that is not over: what has happened, and what is repeated for the rest.

Only sums and counts are taken apart at today: what is no sum is repeated whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from actions.gather import listed, metric_columns
from actions.participants import Participant
from domain.columns import COLUMNS, Column, column_of, column_of_value, lane_of
from domain.exact import Rounding, muldiv
from domain.metric import EmptyPolicy, FormulaKind, Metric
from domain.period import Days, Period, PeriodKind, Window
from domain.scenario import Change, Newcomers, Repeats, Scenario, joined
from domain.unit import CURRENCIES
from storage.crediting import Crediting
from storage.engine import Writing
from storage.people import assignments

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
WEEKS = 52
MONTHS = 12


def is_sum(metric: Metric) -> bool:
    """Say whether the numbers of two spans of days may be added."""
    formula = metric.formula
    if formula.kind is FormulaKind.COUNT:
        return True
    return formula.kind is FormulaKind.SUM and formula.unit == metric.unit


def repeated_period(period: Period, repeats: Repeats, today: date) -> Period:
    """Name the period that is repeated: a year before, or the last one that is over."""
    if repeats is Repeats.LAST_YEAR:
        back = WEEKS if period.kind is PeriodKind.WEEK else MONTHS // (period.months or 1)
        return period.earlier(back)
    while period.end > today:
        period = period.earlier()
    return period


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repeated:
    """What is repeated in one period, and who was not there then."""

    source: Period
    columns: Mapping[str, Column]
    newcomers: Truths


@dataclass(slots=True, kw_only=True, eq=False)
class Numbers:
    """Reads facts for the people of one period; each span of days once, for all scenarios."""

    writing: Writing
    period: Period
    today: date
    people: Sequence[Participant]
    crediting: Crediting
    newcomers: Newcomers
    units: Codes
    _read: dict[tuple[str, Days], tuple[Column, Column]] = field(default_factory=dict)
    _new: dict[str, Truths] = field(default_factory=dict)

    def over(self, metric: Metric, days: Days) -> tuple[Column, Column]:
        """Measure a metric over some days, whether it has facts there or not."""
        key = (metric.key, days)
        if key not in self._read:
            found = metric_columns(
                self.writing.connection,
                self.writing.entity_id,
                [metric],
                days,
                known_at=self.writing.known_at,
                groups=[each.person_id for each in self.people],
                crediting=self.crediting,
            )
            self._read[key] = found[f"{metric.key}.num"], found[f"{metric.key}.den"]
        return self._read[key]

    def measured(self, metric: Metric, days: Days, scenario: Scenario) -> tuple[Column, Column]:
        """Give a metric over days of which some lie ahead: what happened, and what is assumed."""
        source = repeated_period(self.period, scenario.repeats, self.today)
        changes = changes_of(metric, scenario)
        if not is_sum(metric):
            num, den = self.over(metric, _same_days(days, self.period, source))
            num, den = self._with_newcomers(num, den, source, metric)
            return self.changed(num, changes), den
        happened = Window(start=days.start, end=max(min(days.end, self.today), days.start))
        ahead = Window(start=max(min(days.end, self.today), days.start), end=days.end)
        parts = []
        if happened.days:
            parts.append(self.over(metric, happened)[0])
        if ahead.days:
            num, den = self.over(metric, _same_days(ahead, self.period, source))
            num, _ = self._with_newcomers(num, den, source, metric)
            parts.append(self.changed(num, changes))
        num = summed(parts, len(self.people))
        if metric.empty is EmptyPolicy.ZERO:
            num = Column(num.values)
        return num, Column(np.ones(len(self.people), dtype=np.int64), num.present)

    def who_is_new(self, source: Period) -> Truths:
        """Say who was assigned on no day of the period that is repeated."""
        if source.name not in self._new:
            there = {
                each.person_id
                for each in assignments(
                    self.writing.connection,
                    self.writing.entity_id,
                    start=source.start,
                    end=source.end,
                    known_at=self.writing.known_at,
                )
            }
            new = [each.person_id not in there for each in self.people]
            self._new[source.name] = np.array(new, dtype=np.bool_)
        return self._new[source.name]

    def _with_newcomers(
        self, num: Column, den: Column, source: Period, metric: Metric
    ) -> tuple[Column, Column]:
        """Let those who were not there do what the others of their team did on average."""
        new = self.who_is_new(source)
        if self.newcomers is Newcomers.NOTHING or not new.any():
            return num, den
        held = present(num)
        known = np.logical_and(np.logical_not(new), held)
        tops, heads = sums_by(self.units, num.values, known), sums_by(self.units, held, known)
        bottoms = sums_by(self.units, den.values, known)
        whole = int(num.values[known].sum()), int(den.values[known].sum()), int(known.sum())
        values, dens, there = num.values.copy(), den.values.copy(), held.copy()
        for row in np.flatnonzero(new).tolist():
            unit = int(self.units[row])
            top, bottom, count = int(tops[unit]), int(bottoms[unit]), int(heads[unit])
            if not count:
                top, bottom, count = whole
            if count:
                there[row] = True
                values[row] = muldiv(top, 1, count) if is_sum(metric) else top
                dens[row] = 1 if is_sum(metric) else bottom
        return column_of(values, there), column_of(dens, there)

    def changed(self, num: Column, changes: Sequence[Change]) -> Column:
        """Move a number by the factors that are for each person, and round it once."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for row, person in enumerate(self.people if changes else ()):
            theirs = tuple(place for place, each in enumerate(changes) if _is_for(each, person))
            if theirs:
                groups.setdefault(theirs, []).append(row)
        values = num.values.copy() if groups else num.values
        for places, rows in groups.items():
            some = np.array(rows, dtype=np.int64)
            up, down = joined([changes[place] for place in places])
            part = lane_of(Column(num.values[some]), 0, len(some))
            moved = COLUMNS.settle(COLUMNS.muldiv(part, up, down, Rounding.HALF_UP))
            values[some] = column_of_value(moved, len(some)).values
        return column_of(values, num.present)


def changes_of(metric: Metric, scenario: Scenario) -> tuple[Change, ...]:
    """Give the changes that move a metric: those that name it, and those for all money."""
    money = is_sum(metric) and metric.unit in CURRENCIES
    return tuple(
        each
        for each in scenario.changes
        if each.metric == metric.key or (each.metric is None and money)
    )


def _is_for(change: Change, person: Participant) -> bool:
    return (change.unit is None or change.unit in person.above) and (
        change.platform is None or change.platform == person.platform_id
    )


def _same_days(days: Days, period: Period, source: Period) -> Days:
    """Find the same days in the period that is repeated; those before and after it move along."""
    if days.start == period.start and days.end == period.end:
        return source
    back = period.start - source.start
    start, end = days.start - back, days.end - back
    if days.end == period.end:
        end = source.end  # the rest of a month is the rest of the other, however long it is
    return Window(start=min(start, end), end=end)


def present(column: Column) -> Truths:
    """Say of whom a number is there."""
    return np.ones(len(column), dtype=np.bool_) if column.present is None else column.present


def sums_by(groups: Codes, values: NDArray[np.int64] | Truths, rows: Truths) -> Codes:
    """Add up some rows by group, exactly."""
    found = np.zeros(int(groups.max()) + 1 if len(groups) else 0, dtype=np.int64)
    np.add.at(found, groups[rows], values[rows])
    return found


def summed(parts: Sequence[Column], count: int) -> Column:
    """Add columns in which a missing number adds nothing; who has none at all has none."""
    values, there = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    for each in parts:
        values += np.where(present(each), each.values, 0)
        there |= present(each)
    return column_of(values, there)


def by_group(groups: Sequence[str], found: Mapping[str, int | None]) -> Column:
    """Give every row the number of its group."""
    return listed([found.get(group) for group in groups])


def pooled(
    metric: Metric, groups: Sequence[str], num: Column, den: Column
) -> tuple[dict[str, int | None], dict[str, int | None]]:
    """Put the numbers of a group's people together: sums are added, ratios by their parts."""
    names = sorted({group for group in groups if group})
    codes = {name: code for code, name in enumerate(names)}
    numbers = np.array([codes.get(group, -1) for group in groups], dtype=np.int64)
    rows = np.logical_and(numbers >= 0, present(num))
    if not names:
        return {}, {}
    tops, bottoms = sums_by(numbers, num.values, rows), sums_by(numbers, den.values, rows)
    heads = sums_by(numbers, present(num), rows)
    nums: dict[str, int | None] = {}
    dens: dict[str, int | None] = {}
    for name, code in codes.items():
        known = code < len(heads) and int(heads[code]) > 0
        nums[name] = int(tops[code]) if known else None
        dens[name] = (1 if is_sum(metric) else int(bottoms[code])) if known else None
    return nums, dens

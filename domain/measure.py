"""How a metric's value is put together from sums over facts: an exact ratio, or no data.

``aggregates`` names the sums that a metric needs in a period; the storage adds them up;
``value`` puts them together in the words of a carrier, so one person and everyone get the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.columns import COLUMNS, Column, column_of_value, lane_of
from domain.credit_kind import CreditChoice
from domain.exact import Comparison, Value, Words
from domain.metric import Condition, EmptyPolicy, Formula, FormulaKind, Metric, Per
from domain.period import Days, months_before
from domain.unit import decimals_of


class Adding(StrEnum):
    """What is added up over the facts of a window."""

    SUM = "SUM"  # quantities
    COUNT = "COUNT"  # facts
    DISTINCT = "DISTINCT"  # different values of ``of``
    LAST = "LAST"  # the quantity of the latest fact
    BASE = "BASE"  # different subjects in the base window
    BACK = "BACK"  # those of them with a fact in the window again


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One sum over the facts of ``[start, end)``; equal ones are added up once.

    For BACK, ``base_start`` and ``start`` bound the base window: it ends where the window starts.
    """

    adding: Adding
    fact: str
    where: tuple[Condition, ...]
    unit: str | None
    of: str | None
    start: date
    end: date
    base_start: date | None = None
    credit: CreditChoice | None = None  # None: the credits that make up a fact


Read = Callable[[Aggregate], Value]


def looks_beyond(metric: Metric) -> bool:
    """Say whether a part of a period has no value of its own: a growth, what returned, per month.

    Such a metric is the whole period's in each segment of a period that was cut.
    """
    return _looks_beyond(metric.formula)


def _looks_beyond(formula: Formula) -> bool:
    if formula.kind in {FormulaKind.GROWTH, FormulaKind.RETURNING}:
        return True
    if formula.kind is FormulaKind.RATE and formula.per is Per.MONTH:
        return True
    return any(_looks_beyond(part) for part in formula.parts)


def aggregates(metric: Metric, period: Days) -> tuple[Aggregate, ...]:
    """List the sums that ``metric`` needs in ``period``, each once, in reading order."""
    return tuple(dict.fromkeys(_needs(metric.formula, period)))


def value(words: Words, metric: Metric, period: Days, read: Read) -> tuple[Value, Value]:
    """Return the metric's value as ``num / den`` in steps of its unit, ``den`` positive.

    Both are missing where there is no data: no fact under NO_DATA, or a denominator of zero.
    """
    num, den, decimals = _value(words, metric.formula, period, read)
    if metric.empty is EmptyPolicy.ZERO and not _is_ratio(metric.formula):
        num = words.otherwise(num, 0)
    missing = decimals_of(metric.unit) - decimals
    if missing >= 0:
        num = words.times(num, 10**missing)
    else:
        den = words.times(den, 10**-missing)
    return num, words.choose(words.present(num), den, None)


_ALWAYS_RATIOS = frozenset(
    {
        FormulaKind.RATIO,
        FormulaKind.MEAN,
        FormulaKind.LAST,
        FormulaKind.RETURNING,
        FormulaKind.GROWTH,
    }
)


def _is_ratio(formula: Formula) -> bool:
    """Say whether no fact means nothing to divide by, so that the value cannot be zero."""
    if formula.kind is FormulaKind.RATE:
        return _is_ratio(formula.parts[0])
    return formula.kind in _ALWAYS_RATIOS


_ADDING = {
    FormulaKind.SUM: Adding.SUM,
    FormulaKind.COUNT: Adding.COUNT,
    FormulaKind.DISTINCT: Adding.DISTINCT,
    FormulaKind.LAST: Adding.LAST,
}


def _needs(formula: Formula, period: Days) -> tuple[Aggregate, ...]:
    match formula.kind:
        case FormulaKind.MEAN:
            return (
                _plain(formula, Adding.SUM, period),
                _plain(formula, Adding.COUNT, period),
            )
        case FormulaKind.RETURNING:
            return _windows(formula, period)
        case FormulaKind.RATIO | FormulaKind.RATE:
            return tuple(need for part in formula.parts for need in _needs(part, period))
        case FormulaKind.GROWTH:
            before = period.earlier(formula.periods_back)
            return _needs(formula.parts[0], period) + _needs(formula.parts[0], before)
        case _:
            return (_plain(formula, _ADDING[formula.kind], period),)


def _plain(formula: Formula, adding: Adding, period: Days) -> Aggregate:
    return Aggregate(
        adding=adding,
        fact=formula.fact or "",
        where=formula.where,
        unit=formula.unit,
        of=formula.of,
        start=period.start,
        end=period.end,
        credit=formula.credit,
    )


def _windows(formula: Formula, period: Days) -> tuple[Aggregate, Aggregate]:
    start = months_before(period.end, formula.return_months)
    base_start = months_before(start, formula.base_months)
    base = Aggregate(
        adding=Adding.BASE,
        fact=formula.fact or "",
        where=formula.where,
        unit=None,
        of=None,
        start=base_start,
        end=start,
        credit=formula.credit,
    )
    back = Aggregate(
        adding=Adding.BACK,
        fact=formula.fact or "",
        where=formula.where,
        unit=None,
        of=None,
        start=start,
        end=period.end,
        base_start=base_start,
        credit=formula.credit,
    )
    return base, back


def _value(words: Words, formula: Formula, period: Days, read: Read) -> tuple[Value, Value, int]:
    """Return num, den and the number of decimals that num is scaled by."""
    match formula.kind:
        case FormulaKind.MEAN:
            total, count = (read(need) for need in _needs(formula, period))
            return total, _positive(words, count), decimals_of(formula.unit or "COUNT")
        case FormulaKind.RETURNING:
            base, back = (read(need) for need in _windows(formula, period))
            den = _positive(words, base)
            # Nobody of a base came back: that is zero, not missing.
            num = words.choose(words.present(den), words.otherwise(back, 0), None)
            return num, den, 0
        case FormulaKind.RATIO:
            return _ratio(words, formula, period, read)
        case FormulaKind.RATE:
            num, den, decimals = _value(words, formula.parts[0], period, read)
            many, days = _spans(formula.per, period)
            return words.times(num, many), words.times(den, days), decimals
        case FormulaKind.GROWTH:
            return _growth(words, formula, period, read)
        case _:
            (need,) = _needs(formula, period)
            return read(need), 1, decimals_of(formula.unit or "COUNT")


def _ratio(words: Words, formula: Formula, period: Days, read: Read) -> tuple[Value, Value, int]:
    upper, lower = formula.parts
    a, b, above = _value(words, upper, period, read)
    c, d, below = _value(words, lower, period, read)
    present = words.present(_nonzero(words, c))
    if not _is_ratio(upper):
        # Something to divide by and nothing above it is zero (52: only a zero below is no data).
        a = words.choose(present, words.otherwise(a, 0), None)
    num, den = words.times(a, d), words.times(b, c)
    negative = words.compare(den, Comparison.LESS_THAN, 0)
    num = words.choose(negative, words.minus(0, num), num)
    den = words.choose(present, words.absolute(den), None)
    return words.choose(words.present(den), num, None), den, above - below


def _growth(words: Words, formula: Formula, period: Days, read: Read) -> tuple[Value, Value, int]:
    a, b, _ = _value(words, formula.parts[0], period, read)
    before = period.earlier(formula.periods_back)
    p, q, _ = _value(words, formula.parts[0], before, read)
    # (a/b - p/q) / |p/q| = (a q - p b) / (b |p|)
    num = words.minus(words.times(a, q), words.times(p, b))
    den = words.times(b, words.absolute(_nonzero(words, p)))
    return words.choose(words.present(den), num, None), den, 0


def _nonzero(words: Words, number: Value) -> Value:
    is_zero = words.both(
        words.compare(number, Comparison.AT_LEAST, 0),
        words.compare(number, Comparison.AT_MOST, 0),
    )
    return words.choose(is_zero, None, number)


def _positive(words: Words, number: Value) -> Value:
    return words.choose(words.compare(number, Comparison.MORE_THAN, 0), number, None)


def _spans(per: Per | None, period: Days) -> tuple[int, int]:
    """Return (x, y) so that a total times x / y is the total per span."""
    match per:
        case Per.WEEK:
            return 7, period.days
        case Per.MONTH if period.months is not None:
            return 1, period.months
        case Per.MONTH:
            # A week's share of its month, by the days of the month in which the week begins.
            return _days_of_month(period.start), period.days
        case _:
            return 1, period.days


def _days_of_month(day: date) -> int:
    after = day.replace(day=28).toordinal() + 4
    return (date.fromordinal(after).replace(day=1) - day.replace(day=1)).days


def everyone(
    metric: Metric, period: Days, sums: Mapping[Aggregate, Column], count: int
) -> tuple[Column, Column]:
    """Return ``num`` and ``den`` of ``count`` people at once; ``sums`` holds one row per person."""

    def read(need: Aggregate) -> Value:
        return lane_of(sums[need], 0, count)

    num, den = (COLUMNS.settle(each) for each in value(COLUMNS, metric, period, read))
    # What does not fit in 64 bits is missing as a whole, not by half.
    whole = COLUMNS.both(COLUMNS.present(num), COLUMNS.present(den))
    num, den = (COLUMNS.choose(whole, each, None) for each in (num, den))
    return column_of_value(num, count), column_of_value(den, count)

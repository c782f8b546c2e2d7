"""A metric's value against fractions worked out by hand, for one person and in columns alike."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.columns import Column
from domain.exact import INTS, Value
from domain.measure import Adding, Aggregate, aggregates, everyone, value
from domain.metric import Metric, decode_metric
from domain.period import Period, period_named
from domain.unit import decimals_of
from tests.support.rules import metric

SEPTEMBER = period_named("2026-09")
SOLD = {"kind": "SUM", "fact": "order", "unit": "CNY"}
VISITS = {"kind": "COUNT", "fact": "visit"}
HOURS = {"kind": "MEAN", "fact": "call", "unit": "HOUR"}
Sums = Mapping[Aggregate, int | None]


def made(formula: dict[str, Any], unit: str = "RATIO", empty: str = "NO_DATA") -> Metric:
    read, problems = decode_metric(metric("m", unit, formula, empty=empty))
    assert read is not None, problems
    return read


def needs(which: Metric, period: Period, *numbers: int | None) -> Sums:
    """Give the sums that a metric needs, in reading order."""
    found = aggregates(which, period)
    assert len(found) == len(numbers), found
    return dict(zip(found, numbers, strict=True))


def one(which: Metric, period: Period, sums: Sums) -> Fraction | None:
    """Return the value of one person in the unit itself, by the words of Python's integers."""

    def read(need: Aggregate) -> Value:
        return sums[need]

    num, den = value(INTS, which, period, read)
    assert (num is None) == (den is None), "a value is there as a whole or not at all"
    if INTS.settle(num) is None or INTS.settle(den) is None:
        return None  # more than 64 bits
    return _fraction(which, num, den)


def _fraction(which: Metric, num: object, den: object) -> Fraction | None:
    assert (num is None) == (den is None), "a value is there as a whole or not at all"
    if num is None:
        return None
    assert isinstance(num, int)
    assert isinstance(den, int)
    assert den > 0, "the sign is above"
    return Fraction(num, den * 10 ** decimals_of(which.unit))


def many(which: Metric, period: Period, people: list[Sums]) -> list[Fraction | None]:
    """Return the values of many people, by the words of columns."""
    columns = {
        need: Column(
            np.array([each[need] or 0 for each in people], dtype=np.int64),
            np.array([each[need] is not None for each in people], dtype=np.bool_),
        )
        for need in people[0]
    }
    num, den = everyone(which, period, columns, len(people))
    return [_fraction(which, num.at(row), den.at(row)) for row in range(len(people))]


def measured(which: Metric, period: Period, *numbers: int | None) -> Fraction | None:
    """Measure with both carriers, which must say the same."""
    sums = needs(which, period, *numbers)
    alone = one(which, period, sums)
    assert many(which, period, [sums, sums]) == [alone, alone]
    return alone


@pytest.mark.parametrize(("empty", "nothing"), [("NO_DATA", None), ("ZERO", Fraction(0))])
@pytest.mark.parametrize(
    ("formula", "unit"),
    [(SOLD, "CNY"), (VISITS, "COUNT"), ({"kind": "RATE", "of": VISITS, "per": "WEEK"}, "COUNT"),
     ({"kind": "DISTINCT", "fact": "order", "of": "subject"}, "COUNT")],
)  # fmt: skip
def test_no_fact_means_what_the_metric_says(
    formula: dict[str, Any], unit: str, empty: str, nothing: Fraction | None
) -> None:
    assert measured(made(formula, unit, empty), SEPTEMBER, None) == nothing


@pytest.mark.parametrize("empty", ["NO_DATA", "ZERO"])
@pytest.mark.parametrize(("formula", "unit", "numbers"), [
    (HOURS, "HOUR", (None, None)),
    ({"kind": "LAST", "fact": "stock", "unit": "COUNT"}, "COUNT", (None,)),
    ({"kind": "RATIO", "numerator": VISITS, "denominator": SOLD}, "RATIO", (None, None)),
    ({"kind": "RETURNING", "fact": "order", "baseMonths": 3, "returnMonths": 3}, "RATIO",
     (None, None)),
    ({"kind": "GROWTH", "of": SOLD, "periodsBack": 1}, "RATIO", (None, None)),
    ({"kind": "RATE", "of": HOURS, "per": "WEEK"}, "HOUR", (None, None)),
])  # fmt: skip
def test_where_there_is_nothing_to_divide_by_no_policy_makes_a_zero(
    formula: dict[str, Any], unit: str, numbers: tuple[None, ...], empty: str
) -> None:
    assert measured(made(formula, unit, empty), SEPTEMBER, *numbers) is None


def test_amounts_are_in_steps_of_their_unit() -> None:
    assert measured(made(SOLD, "CNY"), SEPTEMBER, 123_456) == Fraction("1234.56")
    assert measured(made(VISITS, "COUNT"), SEPTEMBER, 7) == 7


def test_a_mean_is_exact_and_not_rounded() -> None:
    assert measured(made(HOURS, "HOUR"), SEPTEMBER, 1000, 3) == Fraction(10, 3)


@pytest.mark.parametrize(("period", "per", "rate"), [
    ("2026-09", "WEEK", Fraction(45 * 7, 30)),
    ("2026-09", "DAY", Fraction(45, 30)),
    ("2026-09", "MONTH", Fraction(45)),
    ("2026-Q3", "MONTH", Fraction(45, 3)),
    ("2026-H2", "MONTH", Fraction(45, 6)),
    ("2026", "MONTH", Fraction(45, 12)),
    ("2026-W37", "WEEK", Fraction(45)),
    ("2026-W37", "MONTH", Fraction(45 * 30, 7)),
    ("2024-W06", "MONTH", Fraction(45 * 29, 7)),
    ("2026-09@26", "WEEK", Fraction(45 * 7, 31)),
])  # fmt: skip
def test_a_rate_counts_by_the_days_of_the_period(period: str, per: str, rate: Fraction) -> None:
    which = made({"kind": "RATE", "of": VISITS, "per": per}, "COUNT")
    assert measured(which, period_named(period), 45) == rate


RATIO = {"kind": "RATIO", "numerator": VISITS, "denominator": {"kind": "COUNT", "fact": "plan"}}
MARGIN = {
    "kind": "RATIO",
    "numerator": {"kind": "SUM", "fact": "margin", "unit": "CNY"},
    "denominator": SOLD,
}


@pytest.mark.parametrize(("upper", "lower", "ratio"), [
    (600, 1000, Fraction(3, 5)),
    (0, 3, Fraction(0)),
    (None, 3, Fraction(0)),  # something to divide by and nothing above it is zero
    (3, 0, None),  # a denominator of zero is no data, never a fault
    (0, 0, None),
    (3, None, None),
    (-2, 3, Fraction(-2, 3)),
    (2, -3, Fraction(-2, 3)),
    (-2, -3, Fraction(2, 3)),
])  # fmt: skip
def test_a_ratio_with_every_sign_and_with_zeros(
    upper: int | None, lower: int | None, ratio: Fraction | None
) -> None:
    assert measured(made(RATIO), SEPTEMBER, upper, lower) == ratio
    assert measured(made(MARGIN), SEPTEMBER, upper, lower) == ratio


def test_the_units_of_a_ratio_need_not_be_the_same() -> None:
    per_visit = {"kind": "RATIO", "numerator": SOLD, "denominator": VISITS}
    assert measured(made(per_visit, "CNY"), SEPTEMBER, 10_000, 3) == Fraction(100, 3)
    per_yuan = {"kind": "RATIO", "numerator": VISITS, "denominator": SOLD}
    assert measured(made(per_yuan), SEPTEMBER, 3, 10_000) == Fraction(3, 100)


@pytest.mark.parametrize(("now", "then", "growth"), [
    (120, 100, Fraction(1, 5)),
    (80, 100, Fraction(-1, 5)),
    (0, 100, Fraction(-1)),
    (100, -50, Fraction(3)),  # from a loss to a gain is growth
    (-100, -50, Fraction(-1)),
    (-50, 100, Fraction(-3, 2)),
    (100, 0, None),
    (100, None, None),
    (None, 100, None),
])  # fmt: skip
def test_growth_goes_up_when_more_is_better_even_from_a_loss(
    now: int | None, then: int | None, growth: Fraction | None
) -> None:
    which = made({"kind": "GROWTH", "of": SOLD, "periodsBack": 1})
    assert measured(which, SEPTEMBER, now, then) == growth


def test_growth_of_rates_allows_for_the_length_of_the_months() -> None:
    per_day = {"kind": "RATE", "of": VISITS, "per": "DAY"}
    which = made({"kind": "GROWTH", "of": per_day, "periodsBack": 1})
    # 30 visits in the 30 days of September and 31 in the 31 of August: no growth.
    assert measured(which, SEPTEMBER, 30, 31) == 0


RETURNING = {"kind": "RETURNING", "fact": "order", "baseMonths": 3, "returnMonths": 3}


@pytest.mark.parametrize(("base", "back", "share"), [
    (1000, 600, Fraction(3, 5)), (3, None, Fraction(0)), (0, None, None), (None, None, None),
])  # fmt: skip
def test_returning_is_a_share_of_the_base_and_nobody_back_is_zero(
    base: int | None, back: int | None, share: Fraction | None
) -> None:
    assert measured(made(RETURNING), SEPTEMBER, base, back) == share


def test_returning_looks_at_the_months_before_and_the_months_that_end_with_the_period() -> None:
    base, back = aggregates(made(RETURNING), SEPTEMBER)
    assert (base.adding, base.start.isoformat(), base.end.isoformat()) == (
        Adding.BASE,
        "2026-04-01",
        "2026-07-01",
    )
    assert (back.adding, back.start.isoformat(), back.end.isoformat()) == (
        Adding.BACK,
        "2026-07-01",
        "2026-10-01",
    )
    assert back.base_start == base.start


def test_an_equal_sum_is_added_up_once() -> None:
    share = {"kind": "RATIO", "numerator": VISITS, "denominator": VISITS}
    assert len(aggregates(made(share), SEPTEMBER)) == 1


def test_what_does_not_fit_in_64_bits_is_missing_as_a_whole() -> None:
    # A numerator of more than 92 billion yuan, in millionths of a cent.
    assert measured(made(MARGIN), SEPTEMBER, 9_223_372_036_854, 1) is not None
    assert measured(made(MARGIN), SEPTEMBER, 9_223_372_036_855, 1) is None


NUMBER = st.none() | st.integers(min_value=-(10**15), max_value=10**15)
FORMULAS = [
    made(RATIO),
    made(MARGIN),
    made({"kind": "GROWTH", "of": SOLD, "periodsBack": 1}),
]


@given(st.sampled_from(FORMULAS), st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=8))
def test_columns_say_for_everyone_what_integers_say_for_one(
    which: Metric, people: list[tuple[int | None, int | None]]
) -> None:
    sums = [needs(which, SEPTEMBER, *numbers) for numbers in people]
    expected = [one(which, SEPTEMBER, each) for each in sums]
    assert many(which, SEPTEMBER, sums) == expected

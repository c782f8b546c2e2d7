"""The words of both carriers: rounding, the guard, missing values, comparisons by cross product."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.columns import COLUMNS, Column, Lane, column_of_value, lane_of
from domain.exact import INTS, LARGEST, Comparison, Rounding, lowest_terms, muldiv, slopes, straight
from tests.support.oracle import rounded

RUNS = settings(deadline=None)
small = st.integers(-20, 20)
any_size = small | st.integers(-(10**9), 10**9) | st.integers(-LARGEST, LARGEST)
maybe = st.none() | any_size


def column(values: list[int | None]) -> Column:
    present = np.array([value is not None for value in values], dtype=np.bool_)
    # where nothing is present anything may stand, and nobody may look at it
    numbers = [-(2**62) if value is None else value for value in values]
    return Column(np.array(numbers, dtype=np.int64), present)


def lane(values: list[int | None]) -> Lane | None:
    return lane_of(column(values), 0, len(values))


def back(value: Any, count: int) -> list[int | None]:
    found = column_of_value(COLUMNS.settle(value), count)
    return [found.at(row) for row in range(count)]


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        (Rounding.HALF_UP, [1, 2, 3, -1, -2, -3]),
        (Rounding.HALF_EVEN, [0, 2, 2, 0, -2, -2]),
        (Rounding.DOWN, [0, 1, 2, 0, -1, -2]),
        (Rounding.UP, [1, 2, 3, -1, -2, -3]),
    ],
)
def test_a_half_goes_where_the_named_mode_says(mode: Rounding, wanted: list[int]) -> None:
    halves = [1, 3, 5, -1, -3, -5]
    assert [muldiv(half, 1, 2, mode) for half in halves] == wanted
    assert back(COLUMNS.muldiv(lane(list(halves)), 1, 2, mode), 6) == wanted


def test_2_675_rounds_to_2_68_as_decimals_do_and_binary_floats_do_not() -> None:
    assert muldiv(2_675, 100, 1_000) == 268


def test_a_division_by_zero_is_missing_and_stops_nobody_else() -> None:
    assert INTS.muldiv(1, 1, 0, Rounding.HALF_UP) is None
    found = COLUMNS.muldiv(lane([5, 7]), 1, lane([0, 2]), Rounding.HALF_UP)
    assert back(found, 2) == [None, 4]


@RUNS
@given(
    rows=st.lists(st.tuples(maybe, maybe, maybe), min_size=1, max_size=5),
    mode=st.sampled_from(list(Rounding)),
)
def test_muldiv_is_the_rounded_fraction_on_both_carriers(
    rows: list[tuple[int | None, int | None, int | None]], mode: Rounding
) -> None:
    wanted = []
    for a, b, c in rows:
        known = None not in {a, b, c} and c != 0
        read = rounded(Fraction((a or 0) * (b or 0), c or 1), 0, mode.value) if known else None
        wanted.append(None if read is None else int(read))
    assert [INTS.settle(INTS.muldiv(a, b, c, mode)) for a, b, c in rows] == wanted
    first, second, third = (lane(list(each)) for each in zip(*rows, strict=True))
    assert back(COLUMNS.muldiv(first, second, third, mode), len(rows)) == wanted


BINARY = ("plus", "minus", "times", "lowest", "highest")


@RUNS
@given(rows=st.lists(st.tuples(maybe, maybe), min_size=1, max_size=5), word=st.sampled_from(BINARY))
def test_every_word_of_two_numbers_means_the_same_on_both_carriers(
    rows: list[tuple[int | None, int | None]], word: str
) -> None:
    wanted = [INTS.settle(getattr(INTS, word)(a, b)) for a, b in rows]
    first, second = (lane(list(each)) for each in zip(*rows, strict=True))
    assert back(getattr(COLUMNS, word)(first, second), len(rows)) == wanted
    constant = rows[0][1]
    alone = [INTS.settle(getattr(INTS, word)(a, constant)) for a, _ in rows]
    assert back(getattr(COLUMNS, word)(first, constant), len(rows)) == alone


@RUNS
@given(
    rows=st.lists(st.tuples(maybe, maybe, any_size, any_size), min_size=1, max_size=5),
    comparison=st.sampled_from(list(Comparison)),
)
def test_fractions_are_compared_by_cross_product_whatever_their_size(
    rows: list[tuple[int | None, int | None, int, int]], comparison: Comparison
) -> None:
    tops = [(a, abs(b) + 1 if b is not None else None, c, abs(d) // 2 + 1) for a, b, c, d in rows]
    wanted = [INTS.compare_ratio(a, b, comparison, c, d) for a, b, c, d in tops]
    for (a, b, c, d), said in zip(tops, wanted, strict=True):
        if a is not None and b is not None and comparison is Comparison.MORE_THAN:
            assert said == (Fraction(a, b) > Fraction(c, d))
    lanes = [
        lane([None if x is None else min(x, LARGEST) for x in each])
        for each in zip(*tops, strict=True)
    ]
    capped = [[None if x is None else min(x, LARGEST) for x in row] for row in tops]
    wanted = [INTS.compare_ratio(row[0], row[1], comparison, row[2], row[3]) for row in capped]
    first, second, third, fourth = lanes
    found = COLUMNS.compare_ratio(first, second, comparison, third, fourth)
    assert back(found, len(rows)) == wanted


def test_3000001_of_4000001_is_above_75_percent_though_it_rounds_to_it() -> None:
    assert muldiv(3_000_001, 1_000_000, 4_000_001) == 750_000
    assert INTS.compare_ratio(3_000_001, 4_000_001, Comparison.MORE_THAN, 3, 4) == 1


def test_what_wraps_in_numpy_is_seen_by_the_guard() -> None:
    product = COLUMNS.times(lane([2**62, 3]), 4)
    assert back(product, 2) == [None, 12]
    total = COLUMNS.total([lane([LARGEST, 1]), lane([1, 1])])
    assert back(total, 2) == [None, 2]
    shrunk = COLUMNS.muldiv(product, 1, 8, Rounding.HALF_UP)
    assert back(shrunk, 2) == [2**61, 2]


@pytest.mark.parametrize("kind", [np.int32, np.float64, object])
def test_a_column_of_narrow_or_inexact_numbers_is_refused(kind: Any) -> None:
    with pytest.raises(TypeError, match="int64"):
        lane_of(Column(np.array([1, 2], dtype=kind)), 0, 2)


def test_a_missing_number_is_never_nought() -> None:
    numbers = lane([None, 0])
    assert back(COLUMNS.plus(numbers, 5), 2) == [None, 5]
    assert back(COLUMNS.compare(numbers, Comparison.AT_MOST, 0), 2) == [None, 1]
    assert back(COLUMNS.otherwise(numbers, 7), 2) == [7, 0]
    assert back(COLUMNS.choose(COLUMNS.compare(numbers, Comparison.AT_LEAST, 1), 1, 2), 2) == [
        None,
        2,
    ]


@RUNS
@given(
    points=st.lists(st.tuples(st.integers(-50, 50), st.integers(-99, 99)), min_size=1, max_size=4),
    num=st.integers(-200, 200),
    den=st.integers(1, 7),
)
def test_a_broken_line_meets_its_points_and_runs_straight_between(
    points: list[tuple[int, int]], num: int, den: int
) -> None:
    rising = sorted(dict(points).items())
    index = sum(Fraction(num, den) >= at for at, _ in rising)
    top, bottom = straight(INTS, slopes(rising, 1), index, num, den)
    found, x = Fraction(top, bottom), Fraction(num, den)
    if x <= rising[0][0]:
        assert found == rising[0][1]
    elif x >= rising[-1][0]:
        assert found == rising[-1][1]
    else:
        (x0, y0), (x1, y1) = rising[index - 1], rising[index]
        assert (found - y0) * (x1 - x0) == (y1 - y0) * (x - x0)


def test_a_rate_is_kept_in_lowest_terms() -> None:
    assert lowest_terms(15_000, 1_000_000) == (3, 200)
    assert lowest_terms(0, 1_000_000) == (0, 1)

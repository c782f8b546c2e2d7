"""Percentiles by the three methods, as exact fractions, against the published definitions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exact import INTS
from domain.percentile import Percentile, PercentileMethod, between, place_of

TENS = list(range(10, 101, 10))


def percentile(values: list[int], share: int, method: PercentileMethod) -> Fraction:
    place = place_of(INTS, Percentile(share=share, method=method), len(values))
    ordered = sorted(values)
    low, high = ordered[place.low - 1], ordered[place.high - 1]
    num, den = between(INTS, (low, 1), (high, 1), place)
    return Fraction(num, den)


@pytest.mark.parametrize(
    ("method", "ninetieth", "median"),
    [
        (PercentileMethod.R6_EXCLUSIVE, 99, 55),
        (PercentileMethod.R7_INCLUSIVE, 91, 55),
        (PercentileMethod.NEAREST_RANK, 90, 50),
    ],
)
def test_the_ninetieth_of_ten_to_a_hundred_depends_on_the_method(
    method: PercentileMethod, ninetieth: int, median: int
) -> None:
    assert percentile(TENS, 900_000, method) == ninetieth
    assert percentile(TENS, 500_000, method) == median


@pytest.mark.parametrize("method", list(PercentileMethod))
def test_a_percentile_at_either_end_is_a_value_of_the_group(method: PercentileMethod) -> None:
    assert percentile([7], 900_000, method) == 7
    assert percentile(TENS, 1_000_000, method) == 100
    assert percentile(TENS, 0, method) == 10
    assert percentile([3, 5], 1, method) in {3, Fraction(3) + Fraction(2, 1_000_000)}


@given(
    values=st.lists(st.integers(-1000, 1000), min_size=2, max_size=12),
    hundredth=st.integers(1, 99),
)
def test_percentiles_are_those_of_the_standard_library(values: list[int], hundredth: int) -> None:
    share, place = hundredth * 10_000, hundredth - 1
    exact = [Fraction(value) for value in values]
    inclusive = quantiles(exact, n=100, method="inclusive")[place]
    assert percentile(values, share, PercentileMethod.R7_INCLUSIVE) == inclusive
    # beyond the ends the standard library draws the line on; here the ends hold
    exclusive = min(max(quantiles(exact, n=100, method="exclusive")[place], min(exact)), max(exact))
    assert percentile(values, share, PercentileMethod.R6_EXCLUSIVE) == exclusive
    nearest = sorted(values)[max(ceil(Fraction(hundredth * len(values), 100)), 1) - 1]
    assert percentile(values, share, PercentileMethod.NEAREST_RANK) == nearest

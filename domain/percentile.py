"""Percentiles as exact facts: which two values of a group, and how far from one to the other.

The methods of the market differ: of 10, 20, ... 100 the 90th percentile is 99 (exclusive), 91
(inclusive) or 90 (nearest rank). So a percentile always names its method. As with the median, the
two values and the size of the group are kept, and what is between them is never rounded before it
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.exact import RATIO_ONE, Comparison, Rounding, Value, Words, lowest_terms


class PercentileMethod(StrEnum):
    """Where the percentile of ``n`` sorted values lies, counted from 1."""

    R6_EXCLUSIVE = "R6_EXCLUSIVE"  # at p x (n + 1), at the ends held to them; PERCENTILE.EXC
    R7_INCLUSIVE = "R7_INCLUSIVE"  # at p x (n - 1) + 1; PERCENTILE.INC
    NEAREST_RANK = "NEAREST_RANK"  # the value at p x n, rounded up; always somebody's value


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """A percentile with its method; ``share`` is in RATIO steps: 900,000 is the 90th."""

    share: int
    method: PercentileMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a percentile lies: at the value numbered ``low`` (from 1), ``part / whole`` further."""

    low: Value
    high: Value
    part: Value
    whole: int


def place_of(words: Words, percentile: Percentile, size: Value) -> Place:
    """Say between which two of ``size`` sorted values a percentile lies, and how far along."""
    share, whole = lowest_terms(percentile.share, RATIO_ONE)
    if percentile.method is PercentileMethod.NEAREST_RANK:
        at = words.highest(words.muldiv(size, share, whole, Rounding.UP), 1)
        return Place(low=at, high=at, part=words.times(at, 0), whole=1)
    if percentile.method is PercentileMethod.R7_INCLUSIVE:
        steps = words.plus(words.times(words.minus(size, 1), share), whole)
    else:
        steps = words.times(words.plus(size, 1), share)
        steps = words.highest(words.lowest(steps, words.times(size, whole)), whole)
    low = words.muldiv(steps, 1, whole, Rounding.DOWN)
    part = words.minus(steps, words.times(low, whole))
    further = words.compare(part, Comparison.MORE_THAN, 0)
    return Place(low=low, high=words.plus(low, further), part=part, whole=whole)


def between(
    words: Words, low: tuple[Value, Value], high: tuple[Value, Value], place: Place
) -> tuple[Value, Value]:
    """Give the percentile as an exact fraction of two values and the way between them."""
    bottom = words.times(words.times(low[1], high[1]), place.whole)
    near = words.times(words.times(low[0], high[1]), words.minus(place.whole, place.part))
    far = words.times(words.times(high[0], low[1]), place.part)
    return words.plus(near, far), bottom

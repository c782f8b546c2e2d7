"""Exact arithmetic of peer groups that rules and comparisons share: medians, places, cuts."""

from __future__ import annotations

from domain.component import CutTie, ShareRounding
from domain.exact import RATIO_ONE, Comparison, Rounding, Value, Words, lowest_terms

SHARE_ROUNDINGS = {
    ShareRounding.FLOOR: Rounding.DOWN,
    ShareRounding.CEIL: Rounding.UP,
    ShareRounding.HALF_UP: Rounding.HALF_UP,
}


def twice_above_median(
    words: Words, own: tuple[Value, Value], low: tuple[Value, Value], high: tuple[Value, Value]
) -> tuple[Value, Value]:
    """Give ``2 x own - (lo + hi)`` as an exact fraction; its sign says above, at or below.

    The median of an even group is the mean of two values; it is never rounded before it decides.
    """
    num, den = own
    both = words.times(low[1], high[1])
    middle = words.plus(words.times(low[0], high[1]), words.times(high[0], low[1]))
    twice = words.times(words.times(num, 2), both)
    return words.minus(twice, words.times(middle, den)), words.times(den, both)


def places_of(words: Words, size: Value, share: int, rounding: ShareRounding, least: int) -> Value:
    """Say how many places the best share of so many people has."""
    part, whole = lowest_terms(share, RATIO_ONE)
    places = words.muldiv(size, part, whole, SHARE_ROUNDINGS[rounding])
    return words.highest(places, least)


def in_top(words: Words, rank: Value, tied: Value, places: Value, tie: CutTie) -> Value:
    """Say whether a competition rank lies within so many places; ties at the cut by policy."""
    last = rank if tie is CutTie.INCLUDE_ALL else words.minus(words.plus(rank, tied), 1)
    return words.compare(last, Comparison.AT_MOST, places)

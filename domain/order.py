"""Order within groups: exact ranks, ties and medians of many people at once.

Part of the arithmetic that `domain/exact.py` stands for. Values are fractions; the order of two
fractions is decided on whole numbers, never on their rounded quotients. NumPy's own median and
quantile go through binary floating point and are not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from domain.columns import Column
from domain.exact import LARGEST

Whole = NDArray[np.int64]
FRACTION_BITS = 42  # two different fractions with divisors up to 2**21 differ by more than 2**-42
LARGEST_DIVISOR = 2**21


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The people who have a value, sorted by group and value (smallest first), cut into ties.

    ``rows`` are row numbers. Group g holds ``sizes[g]`` of them from ``starts[g]``. Tie t holds the
    places from ``ties[t]`` to ``ties[t + 1]``; the last element of ``ties`` is the end.
    """

    rows: Whole
    starts: Whole
    sizes: Whole
    ties: Whole
    tie_groups: Whole


def dense_codes(groups: Whole) -> Whole:
    """Number groups from 0 without large holes."""
    if len(groups) and (groups.min() < 0 or groups.max() > 4 * len(groups)):
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return groups


def sort_within(
    groups: Whole,
    measures: Sequence[tuple[Column, Column | int]],
    present: NDArray[np.bool_] | None,
) -> Order:
    """Sort people within groups by one or more fractions; equal in all of them is a tie."""
    rows = None if present is None else np.flatnonzero(present)
    held = groups if rows is None else groups[rows]
    keys: list[Whole] = []
    for num, den in measures:
        keys.extend(_keys(num, den, rows))
    packed = _packed(held, keys)
    if packed is None:
        order = np.lexsort((*reversed(keys), held))
    else:
        order = np.argsort(packed, kind="stable" if len(packed) < 64 else "quicksort")
        keys = [packed]
    fresh = np.zeros(len(order), dtype=np.bool_)
    fresh[:1] = True
    for key in (held, *keys) if packed is None else keys:
        along = key[order]
        fresh[1:] |= along[1:] != along[:-1]
    sizes = np.bincount(held, minlength=int(groups.max()) + 1 if len(groups) else 0)
    first = np.flatnonzero(fresh)
    return Order(
        rows=order if rows is None else rows[order],
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        ties=np.append(first, len(order)),
        tie_groups=held[order[first]],
    )


def _packed(groups: Whole, keys: Sequence[Whole]) -> Whole | None:
    """Put group and value into one int64 when they fit: one key sorts several times quicker."""
    if len(keys) != 1 or len(groups) == 0:
        return None
    least, most = int(keys[0].min()), int(keys[0].max())
    span = most - least + 1
    if (int(groups.max()) + 1) * span > LARGEST or max(-least, most) > LARGEST:
        return None
    return groups * span + (keys[0] - least)


def _keys(num: Column, den: Column | int, rows: Whole | None) -> list[Whole]:
    """Give whole-number keys whose order is exactly the order of num/den."""
    top = num.values if rows is None else num.values[rows]
    if isinstance(den, int):
        return [top]
    bottom = den.values if rows is None else den.values[rows]
    if len(bottom) == 0 or (bottom == bottom[0]).all():
        return [top]
    if bottom.max() <= LARGEST_DIVISOR:
        whole = top // bottom
        rest = top - whole * bottom
        return [whole, (rest << FRACTION_BITS) // bottom]
    return [_ranked_exactly(top, bottom)]


def _ranked_exactly(top: Whole, bottom: Whole) -> Whole:
    """The last resort for large divisors: Python fractions, one by one."""
    values = [Fraction(a, b) for a, b in zip(top.tolist(), bottom.tolist(), strict=True)]
    place = {value: index for index, value in enumerate(sorted(set(values)))}
    return np.array([place[value] for value in values], dtype=np.int64)


def ranks(order: Order, count: int, *, highest_first: bool, dense: bool) -> tuple[Whole, Whole]:
    """Give rank and number of people sharing it, by row; 0 for those who have no value.

    Competition ranks are 1, 2, 2, 4; dense ranks are 1, 2, 2, 3.
    """
    begins, ends = order.ties[:-1], order.ties[1:]
    tied = ends - begins
    if dense:
        first_tie = np.searchsorted(begins, order.starts)
        number = np.arange(len(begins)) - first_tie[order.tie_groups]
        if highest_first:
            ties_in = np.bincount(order.tie_groups, minlength=len(order.sizes))
            number = ties_in[order.tie_groups] - 1 - number
        best = number + 1
    elif highest_first:
        best = order.starts[order.tie_groups] + order.sizes[order.tie_groups] - ends + 1
    else:
        best = begins - order.starts[order.tie_groups] + 1
    rank, shared = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    rank[order.rows] = np.repeat(best, tied)
    shared[order.rows] = np.repeat(tied, tied)
    return rank, shared


def middle_rows(order: Order) -> tuple[Whole, Whole]:
    """Give for each group the rows of its two middle values (the same row twice when odd).

    Groups without a value get row 0, which the caller masks by the size.
    """
    if len(order.rows) == 0:
        empty = np.zeros(len(order.sizes), dtype=np.int64)
        return empty, empty
    last = len(order.rows) - 1
    low = np.minimum(order.starts + np.maximum(order.sizes - 1, 0) // 2, last)
    high = np.minimum(order.starts + order.sizes // 2, last)
    return order.rows[low], order.rows[high]


def rows_at(order: Order, places: Whole) -> Whole:
    """Give for each group the row of the value at a place, the smallest value being at 1.

    Places beyond the ends are held to them; groups without a value get row 0.
    """
    if len(order.rows) == 0:
        return np.zeros(len(order.sizes), dtype=np.int64)
    within = np.maximum(np.minimum(places, order.sizes), 1)
    rows: Whole = order.rows[np.minimum(order.starts + within - 1, len(order.rows) - 1)]
    return rows


def reduced(num: Whole, den: Whole) -> tuple[Whole, Whole]:
    """Write fractions in lowest terms: equal values look equal whoever they came from.

    Where there is nothing, 0 over 0, it stays so: the caller masks it.
    """
    shared = np.maximum(np.gcd(num, den), 1)
    return num // shared, den // shared

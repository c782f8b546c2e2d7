"""Whole amounts cut into whole parts by keys: the parts always add up to the whole, to the cent.

Largest remainder (Hamilton's method) on whole numbers: everybody gets the part rounded towards
zero, and the cents left over go one each to those who lost the largest fraction; equal fractions
are decided by a stable id, never by the order in which people happen to stand. A negative whole is
cut like the positive one, with the sign turned round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.columns import COLUMNS, Column, Lane, column_of, column_of_value, lane_of
from domain.exact import LARGEST, Comparison, Rounding, Value, Words

Whole = NDArray[np.int64]


def split(whole: int, keys: Mapping[str, int]) -> dict[str, int]:
    """Cut ``whole`` by the keys of some ids: ``split(5, {"a": 70, "b": 30}) == {"a": 4, "b": 1}``.

    Keys are not negative and not all zero; any order of them gives the same parts. A key of zero
    gets nothing, never one of the cents left over.
    """
    total = sum(keys.values())
    if total <= 0 or min(keys.values()) < 0:
        raise ValueError("keys are not negative, and one of them is above zero")
    sign, size = (-1, -whole) if whole < 0 else (1, whole)
    parts = {each: size * key // total for each, key in keys.items()}
    left = size - sum(parts.values())
    by_loss = sorted(keys, key=lambda each: (-(size * keys[each] % total), each))
    for each in by_loss[:left]:
        parts[each] += 1
    return {each: sign * part for each, part in parts.items()}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shares:
    """What a cut depends on, by row: sealed for each person, so that a part can be cut again.

    ``total`` is the sum of the keys of the person's group and ``extra`` is 1 for whoever gets one
    of the cents left over. A group without a key above zero has no extra for anybody.
    """

    total: Column
    extra: Column


def part_of(words: Words, whole: Value, key: Value, total: Value, extra: Value) -> Value:
    """Give one part from the sealed facts; nothing where nobody has a key above zero."""
    some = words.compare(total, Comparison.MORE_THAN, 0)
    part = words.muldiv(whole, key, words.choose(some, total, 1), Rounding.DOWN)
    cent = words.choose(words.compare(whole, Comparison.LESS_THAN, 0), words.minus(0, extra), extra)
    nothing = words.choose(words.present(words.plus(part, cent)), 0, None)
    return words.choose(some, words.plus(part, cent), nothing)


def split_everyone(whole: Column, keys: Column, groups: Whole, ids: Sequence[str]) -> Shares:
    """Cut the whole of every group at once; each row names the whole of its own group.

    A missing or negative key counts as none. Where the whole is missing nothing is cut.
    """
    count = len(groups)
    own = _not_negative(keys)
    total = sums_within(groups, Column(own))
    known = np.ones(count, dtype=np.bool_) if total.present is None else total.present
    if whole.present is not None:
        known = known & whole.present
    size = COLUMNS.absolute(lane_of(Column(np.where(known, whole.values, 0)), 0, count))
    divisor = lane_of(Column(np.where(known & (total.values > 0), total.values, 1)), 0, count)
    held = np.where(known & (total.values > 0), own, 0)
    key = lane_of(Column(held), 0, count)
    part = _numbers(COLUMNS.muldiv(size, key, divisor, Rounding.DOWN), count)
    lost = _numbers(
        COLUMNS.minus(
            COLUMNS.times(size, key), COLUMNS.times(_lane(part), divisor)
        ),
        count,
    )  # fmt: skip
    extra = _left_over(_numbers(size, count), part, lost, held, groups, np.array(ids, dtype=str))
    return Shares(total=total, extra=column_of(extra, None if known.all() else known))


def sums_within(groups: Whole, values: Column) -> Column:
    """Give every row the sum of its group; a missing value adds nothing.

    A sum of more than 63 bits is no number and is missing, as at the end of a line.
    """
    numbers = (
        values.values if values.present is None else np.where(values.present, values.values, 0)
    )
    if not len(numbers):
        return Column(np.zeros(0, dtype=np.int64))
    codes = np.unique(groups, return_inverse=True)[1]
    largest = max(-int(numbers.min()), int(numbers.max()))
    fits = largest * len(numbers) <= LARGEST
    sums = np.zeros(int(codes.max()) + 1, dtype=np.int64 if fits else object)
    np.add.at(sums, codes, numbers if fits else numbers.astype(object))
    if fits:
        return Column(sums[codes])
    inside = np.array([abs(each) <= LARGEST for each in sums], dtype=np.bool_)
    return column_of(np.where(inside, sums, 0).astype(np.int64)[codes], inside[codes])


def _not_negative(keys: Column) -> Whole:
    there = keys.values > 0
    if keys.present is not None:
        there = there & keys.present
    return np.where(there, keys.values, 0).astype(np.int64)


def _lane(values: Whole) -> Lane | None:
    return lane_of(Column(values), 0, len(values))


def _numbers(value: Value, count: int) -> Whole:
    return column_of_value(value, count).values.astype(np.int64)


def _left_over(
    size: Whole, part: Whole, lost: Whole, keys: Whole, groups: Whole, ids: NDArray[np.str_]
) -> Whole:
    """Mark who gets one of the cents left over: the largest loss first, then the smallest id."""
    count = len(groups)
    extra = np.zeros(count, dtype=np.int64)
    if not count:
        return extra
    codes = np.unique(groups, return_inverse=True)[1]
    places = np.unique(ids, return_inverse=True)[1]
    order = np.lexsort((places, -lost, codes))
    given = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    np.add.at(given, codes, part)
    keyed = np.zeros(len(given), dtype=np.bool_)
    np.logical_or.at(keyed, codes, keys > 0)
    starts = np.searchsorted(codes[order], np.arange(len(given)))
    rank = np.arange(count) - starts[codes[order]]
    left = np.where(keyed[codes], size - given[codes], 0)
    extra[order] = rank < left[order]
    return extra

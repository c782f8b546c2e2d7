"""Columns of numbers: the carrier that computes everyone at once, exactly, on NumPy int64.

NumPy's int64 wraps without a word. So every lane knows bounds of its numbers, every word adds up
bounds before it adds up numbers, and what might not fit in 63 bits takes the split path or, as
the last resort, Python ints in an object array. The bounds cost nothing: they are two ints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.exact import INTS, LARGEST, Comparison, Rounding, Value

Numbers: TypeAlias = NDArray[Any]  # int64, bool, or object when Python ints are needed
Truths: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One number per person, in row order. ``present`` is None when nobody's is missing.

    Where ``present`` is False the value means nothing (it is 0 in what we return).
    """

    values: Numbers  # int64; bool for a truth
    present: Truths | None = None

    def __len__(self) -> int:
        """Count the people."""
        return len(self.values)

    def at(self, row: int) -> int | None:
        """Give one person's number."""
        if self.present is not None and not self.present[row]:
            return None
        return int(self.values[row])


class Lane:
    """A chunk of a column on its way through the words, with bounds of what it holds."""

    __slots__ = ("high", "low", "present", "values")

    def __init__(self, values: Numbers, present: Truths | None, low: int, high: int) -> None:
        self.values = values
        self.present = present
        self.low = low
        self.high = high

    @property
    def size(self) -> int:
        """The largest distance from zero that the bounds allow."""
        return max(abs(self.low), abs(self.high))


def lane_of(column: Column, start: int, end: int) -> Lane | None:
    """Take a chunk of a column and measure it. What is missing becomes 0 inside."""
    values: Numbers = column.values[start:end]
    if values.dtype not in {np.dtype(np.int64), np.dtype(np.bool_)}:
        # narrower numbers would wrap below the guard, floats are not exact
        raise TypeError(f"a column holds int64 or bool, not {values.dtype}")
    present = None if column.present is None else column.present[start:end]
    if present is not None:
        if present.all():
            present = None
        elif not present.any():
            return None
        else:
            values = np.where(present, values, 0)
    if values.dtype == np.bool_:
        return Lane(values, present, 0, 1)
    low, high = int(values.min()), int(values.max())
    return lane(values, present, low, high)


def lane(values: Numbers, present: Truths | None, low: int, high: int) -> Lane:
    """Make a lane, going back to int64 when Python ints turn out to fit."""
    if values.dtype == object and max(-low, high) <= LARGEST:
        values = values.astype(np.int64)
    return Lane(values, present, low, high)


def _measured(values: Numbers, present: Truths | None) -> Lane:
    return lane(values, present, int(values.min()), int(values.max()))


def _shared(a: Value, b: Value) -> Truths | None:
    first = a.present if isinstance(a, Lane) else None
    second = b.present if isinstance(b, Lane) else None
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _numbers(a: Value) -> Any:
    if not isinstance(a, Lane):
        return a
    return a.values.astype(np.int64) if a.values.dtype == np.bool_ else a.values


def _big(a: Value) -> Any:
    # an int of 64 bits would make NumPy think of floats: only an object array is safe
    return a.values.astype(object) if isinstance(a, Lane) else np.array(int(a), dtype=object)


def _low(a: Value) -> int:
    return a.low if isinstance(a, Lane) else int(a)


def _high(a: Value) -> int:
    return a.high if isinstance(a, Lane) else int(a)


def _size(a: Value) -> int:
    return a.size if isinstance(a, Lane) else abs(int(a))


def _remeasured(a: Value) -> Value:
    """Replace bounds that were added up by the bounds of what is really there."""
    if not isinstance(a, Lane) or a.values.dtype == np.bool_:
        return a
    return _measured(a.values, a.present)


def _plain(*given: Value) -> bool:
    return not any(isinstance(each, Lane) for each in given)


class Columns:
    """The carrier of everyone. Words mean exactly what they mean in `Ints`."""

    def plus(self, a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return a + b
        low, high = _low(a) + _low(b), _high(a) + _high(b)
        fits = max(-low, high, _size(a), _size(b)) <= LARGEST
        values = _numbers(a) + _numbers(b) if fits else _big(a) + _big(b)
        return lane(values, _shared(a, b), low, high)

    def minus(self, a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return a - b
        low, high = _low(a) - _high(b), _high(a) - _low(b)
        fits = max(-low, high, _size(a), _size(b)) <= LARGEST
        values = _numbers(a) - _numbers(b) if fits else _big(a) - _big(b)
        return lane(values, _shared(a, b), low, high)

    def times(self, a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return a * b
        if _plain(b) and b == 1:
            return a
        if _plain(a) and a == 1:
            return b
        if max(_size(a), 1) * max(_size(b), 1) > LARGEST:
            a, b = _remeasured(a), _remeasured(b)
        if max(_size(a), 1) * max(_size(b), 1) > LARGEST:
            return _measured(_big(a) * _big(b), _shared(a, b))
        corners = [x * y for x in (_low(a), _high(a)) for y in (_low(b), _high(b))]
        return Lane(_numbers(a) * _numbers(b), _shared(a, b), min(corners), max(corners))

    def total(self, parts: Sequence[Value]) -> Value:
        result: Value = 0
        for part in parts:
            result = self.plus(result, part)
        return result

    def muldiv(self, a: Value, b: Value, c: Value, mode: Rounding) -> Value:
        if a is None or b is None or c is None or (_plain(c) and c == 0):
            return None
        if _plain(a, b, c):
            return INTS.muldiv(a, b, c, mode)
        a, c = _with_positive_divisor(a, c)
        if _size(a) * _size(b) + _high(c) > LARGEST:
            a, b, c = _remeasured(a), _remeasured(b), _remeasured(c)
        present = _shared(_holder(_shared(a, b)), c)
        small = max(_size(a), _size(b), _size(c)) <= LARGEST
        if small and _size(a) * _size(b) + _high(c) <= LARGEST:
            return _direct(a, b, c, present, mode)
        if _size(a) < _size(b):
            a, b = b, a
        whole = _size(a) // _low(c) * _size(b)
        if small and _size(b) * _high(c) + _high(c) + whole <= LARGEST:
            return _split(a, b, c, present, mode)
        return _python_ints(a, b, c, present, mode)

    def compare(self, a: Value, comparison: Comparison, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return INTS.compare(a, comparison, b)
        present = _shared(a, b)
        known = _known(a, comparison, b) if present is None else None
        if known is not None:
            return known
        left, right = _numbers(a), _numbers(b)
        match comparison:
            case Comparison.AT_LEAST:
                truth = left >= right
            case Comparison.MORE_THAN:
                truth = left > right
            case Comparison.AT_MOST:
                truth = left <= right
            case Comparison.LESS_THAN:
                truth = left < right
            case Comparison.WITHIN:
                return self.compare(self.absolute(a), Comparison.AT_MOST, self.absolute(b))
        return Lane(truth.astype(np.bool_, copy=False), present, 0, 1)

    def compare_ratio(
        self, a: Value, b: Value, comparison: Comparison, c: Value, d: Value
    ) -> Value:
        return self.compare(self.times(a, d), comparison, self.times(c, b))

    def choose(self, truth: Value, yes: Value, no: Value) -> Value:
        if truth is None:
            return None
        if _plain(truth):
            return yes if truth else no
        if yes is None and no is None:
            return None
        flags = truth.values if truth.values.dtype == np.bool_ else truth.values != 0
        first, second = (0 if each is None else each for each in (yes, no))
        low, high = min(_low(first), _low(second)), max(_high(first), _high(second))
        fits = max(-low, high) <= LARGEST
        if fits:
            values = np.where(flags, _numbers(first), _numbers(second))
        else:
            values = np.where(flags, _big(first), _big(second))
        present = _chosen(flags, yes, no)
        held = _shared(truth, _holder(present))
        return lane(values, held, low, high)

    def both(self, a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return a & b
        constant, other = (a, b) if _plain(a) else (b, a)
        if _plain(constant):
            return other if constant else self.choose(self._same(other), 0, 0)
        return Lane(a.values & b.values, _shared(a, b), 0, 1)

    def _same(self, a: Lane) -> Lane:
        return Lane(a.values.astype(np.bool_), a.present, 0, 1)

    def denied(self, a: Value) -> Value:
        if a is None:
            return None
        return 1 - a if _plain(a) else Lane(a.values == 0, a.present, 0, 1)

    def present(self, a: Value) -> Value:
        if isinstance(a, Lane):
            return 1 if a.present is None else Lane(a.present, None, 0, 1)
        return int(a is not None)

    def otherwise(self, a: Value, b: Value) -> Value:
        if a is None:
            return b
        return self.choose(self.present(a), _bare(a), b)

    def lowest(self, a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return min(a, b)
        low, high = min(_low(a), _low(b)), min(_high(a), _high(b))
        fits = max(_size(a), _size(b)) <= LARGEST
        pair = (_numbers(a), _numbers(b)) if fits else (_big(a), _big(b))
        return lane(np.minimum(*pair), _shared(a, b), low, high)

    def highest(self, a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if _plain(a, b):
            return max(a, b)
        low, high = max(_low(a), _low(b)), max(_high(a), _high(b))
        fits = max(_size(a), _size(b)) <= LARGEST
        pair = (_numbers(a), _numbers(b)) if fits else (_big(a), _big(b))
        return lane(np.maximum(*pair), _shared(a, b), low, high)

    def absolute(self, a: Value) -> Value:
        if a is None or _plain(a):
            return None if a is None else abs(a)
        if a.low >= 0:
            return a
        least = 0 if a.high >= 0 else -a.high
        return Lane(np.abs(_numbers(a)), a.present, least, a.size)

    def count(self, truths: Sequence[Value]) -> Value:
        if any(truth is None for truth in truths):
            return None
        sure = sum(truth for truth in truths if _plain(truth))
        open_ones = [truth for truth in truths if not _plain(truth)]
        if not open_ones:
            return sure
        values = np.full(len(open_ones[0].values), sure, dtype=np.int64)
        held: Value = 0
        for truth in open_ones:
            values += truth.values
            held = _holder(_shared(held, truth))
        return Lane(values, _shared(held, 0), sure, sure + len(open_ones))

    def pick(self, index: Value, choices: Sequence[int]) -> Value:
        if index is None or _plain(index):
            return None if index is None else choices[index]
        low, high = min(choices), max(choices)
        if low == high and index.present is None:
            return low
        fits = max(-low, high) <= LARGEST
        table = np.array(choices, dtype=np.int64 if fits else object)
        return Lane(table[index.values], index.present, low, high)

    def settle(self, a: Value) -> Value:
        if a is None or _plain(a):
            return INTS.settle(a)
        if a.values.dtype != object:
            return a
        inside = np.array([abs(each) <= LARGEST for each in a.values], dtype=np.bool_)
        values = np.where(inside, a.values, 0).astype(np.int64)
        return _measured(values, _shared(a, _holder(inside)))


COLUMNS = Columns()


class _Holder(Lane):
    """Only a presence, so that `_shared` can join it."""


def _holder(present: Truths | None) -> Value:
    return 0 if present is None else _Holder(present, present, 0, 1)


def _bare(a: Value) -> Value:
    return Lane(a.values, None, a.low, a.high) if isinstance(a, Lane) else a


def _chosen(flags: Truths, yes: Value, no: Value) -> Truths | None:
    first = _presence(flags, yes)
    second = _presence(flags, no)
    if first is None and second is None:
        return None
    return np.where(flags, True if first is None else first, True if second is None else second)


def _presence(flags: Truths, a: Value) -> Truths | None:
    if a is None:
        return np.zeros(len(flags), dtype=np.bool_)
    return a.present if isinstance(a, Lane) else None


def _known(a: Value, comparison: Comparison, b: Value) -> int | None:
    """Answer from the bounds alone where everybody's answer is the same."""
    match comparison:
        case Comparison.AT_LEAST:
            yes, no = _low(a) >= _high(b), _high(a) < _low(b)
        case Comparison.MORE_THAN:
            yes, no = _low(a) > _high(b), _high(a) <= _low(b)
        case Comparison.AT_MOST:
            yes, no = _high(a) <= _low(b), _low(a) > _high(b)
        case Comparison.LESS_THAN:
            yes, no = _high(a) < _low(b), _low(a) >= _high(b)
        case Comparison.WITHIN:
            return None
    return 1 if yes else 0 if no else None


def _with_positive_divisor(a: Value, c: Value) -> tuple[Value, Value]:
    """Move the divisor's sign to ``a``; a divisor of zero becomes missing."""
    if _low(c) > 0:
        return a, c
    if _plain(c):
        return COLUMNS.minus(0, a), -c
    zero = c.values == 0
    held = c.present if not zero.any() else _shared(_holder(~zero), c)
    negative = Lane((c.values < 0).astype(np.bool_), None, 0, 1)
    a = COLUMNS.choose(negative, COLUMNS.minus(0, a), a)
    sizes = np.where(zero, 1, np.abs(c.values))
    return a, _measured(sizes, held)


def _unsigned(values: Any) -> Any:
    return values.view(np.uint64) if isinstance(values, np.ndarray) else np.uint64(values)


def _divided(product: Any, c: Value, mode: Rounding) -> Any:
    """Divide what is not negative, in place, rounding once. Unsigned division is the quick one."""
    divisor = _unsigned(_numbers(c))
    top = _unsigned(np.asarray(product))
    if mode is Rounding.HALF_UP:
        top += divisor >> np.uint64(1)
        top //= divisor
        return top.view(np.int64)
    size = top // divisor
    rest = top - size * divisor
    if mode is Rounding.UP:
        size += rest > 0
    elif mode is Rounding.HALF_EVEN:
        size += (rest > divisor - rest) | ((rest == divisor - rest) & (size % np.uint64(2) == 1))
    return size.view(np.int64)


def _direct(a: Value, b: Value, c: Value, present: Truths | None, mode: Rounding) -> Lane:
    signed = _low(a) < 0 or _low(b) < 0
    first, second = _numbers(a), _numbers(b)
    product = first * second
    if not isinstance(product, np.ndarray):
        product = np.full(len(c.values), product, dtype=np.int64)
    if not signed:
        high = _high(a) * _high(b) // _low(c) + 1
        return Lane(_divided(product, c, mode), present, 0, high)
    values = _divided(np.abs(product), c, mode)
    np.negative(values, out=values, where=product < 0)
    high = _size(a) * _size(b) // _low(c) + 1
    return Lane(values, present, -high, high)


def _split(a: Value, b: Value, c: Value, present: Truths | None, mode: Rounding) -> Lane:
    """``(a // c) * b + (a % c) * b / c``: only the remainder meets the rounding."""
    negative = (np.asarray(_numbers(a)) < 0) != (np.asarray(_numbers(b)) < 0)
    first, second = np.abs(_numbers(a)), np.abs(_numbers(b))
    divisor = _numbers(c)
    whole = first // divisor
    rest = (first - whole * divisor) * second
    if not isinstance(rest, np.ndarray) or rest.ndim == 0:
        rest = np.full(len(c.values), rest, dtype=np.int64)
    values = whole * second + _divided(np.ascontiguousarray(rest), c, mode)
    np.negative(values, out=values, where=negative)
    return _measured(values, present)


def _python_ints(a: Value, b: Value, c: Value, present: Truths | None, mode: Rounding) -> Lane:
    count = next(len(each.values) for each in (a, b, c) if isinstance(each, Lane))
    rows = [[int(each)] * count if _plain(each) else each.values.tolist() for each in (a, b, c)]
    values = np.empty(count, dtype=object)
    values[:] = [INTS.muldiv(x, y, z, mode) for x, y, z in zip(*rows, strict=True)]
    return _measured(values, present)


def column_of(values: Numbers, present: Truths | None) -> Column:
    """Make a column; what is missing is 0, so that two equal columns look equal."""
    if present is None or present.all():
        return Column(values)
    return Column(np.where(present, values, 0), present)


def column_of_value(value: Value, count: int) -> Column:
    """Make a column of what a word gave: a lane, one number for everyone, or missing."""
    if value is None:
        return Column(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_))
    if not isinstance(value, Lane):
        return Column(np.full(count, value, dtype=np.int64))
    return column_of(value.values, value.present)

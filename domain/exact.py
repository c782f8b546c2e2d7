"""The only arithmetic on the way to pay: whole numbers, exact comparisons, one rounding operation.

Rules of attainment, score and pay are written once, in the words of a *carrier*.
`Ints` (here) computes one person on Python ints and explains him; `Columns` (`domain/columns.py`)
computes everyone on NumPy int64. Missing is ``None`` and never equals zero: a word that needs a
missing number answers missing, and only `otherwise` fills it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import gcd
from typing import Any, Protocol, TypeAlias

# What a word takes and gives: ``int | None`` with Ints; ``Column | int | None`` with Columns,
# where a plain int is the same number for everyone. Truths are 0 and 1.
Value: TypeAlias = Any

RATIO_ONE = 1_000_000  # one whole, 100 %, in steps of the unit RATIO
POINT_ONE = 10_000  # one point in steps of the unit POINT
HUNDRED_POINTS = 1_000_000

# A line's value has at most 63 bits on either carrier; what is larger is missing, with a problem.
LARGEST = 2**63 - 1


class Rounding(StrEnum):
    """How the one rounding operation treats what is left over."""

    HALF_UP = "HALF_UP"  # halves away from zero, 四舍五入
    HALF_EVEN = "HALF_EVEN"  # halves to the even neighbour, 四舍六入五成双
    DOWN = "DOWN"  # towards zero
    UP = "UP"  # away from zero


class Comparison(StrEnum):
    """How a number is held against a line that decides something."""

    AT_LEAST = "AT_LEAST"
    MORE_THAN = "MORE_THAN"
    AT_MOST = "AT_MOST"
    LESS_THAN = "LESS_THAN"
    WITHIN = "WITHIN"  # only for a target that is best: inside its band, ends included


class Boundary(StrEnum):
    """Which tier an amount exactly on the line belongs to; market leaders contradict each other."""

    UPPER_TIER = "UPPER_TIER"
    LOWER_TIER = "LOWER_TIER"


def muldiv(a: int, b: int, c: int, mode: Rounding = Rounding.HALF_UP) -> int:
    """Give ``a * b / c`` rounded once: ``muldiv(5, 1, 2) == 3`` and ``muldiv(-5, 1, 2) == -3``.

    ``c`` may be negative and may not be zero.
    """
    product = a * b
    size, rest = divmod(abs(product), abs(c))
    negative = (product < 0) != (c < 0)
    match mode:
        case Rounding.HALF_UP:
            up = rest * 2 >= abs(c)
        case Rounding.HALF_EVEN:
            up = rest * 2 > abs(c) or (rest * 2 == abs(c) and size % 2 == 1)
        case Rounding.DOWN:
            up = False
        case Rounding.UP:
            up = rest > 0
    size += up
    return -size if negative else size


def holds(left: int, comparison: Comparison, right: int) -> bool:
    """Say whether ``left comparison right``: ``holds(2, Comparison.AT_LEAST, 2)`` is True."""
    match comparison:
        case Comparison.AT_LEAST:
            return left >= right
        case Comparison.MORE_THAN:
            return left > right
        case Comparison.AT_MOST:
            return left <= right
        case Comparison.LESS_THAN:
            return left < right
        case Comparison.WITHIN:
            return abs(left) <= abs(right)


def added(parts: Iterable[int]) -> int:
    """Add whole numbers of any size."""
    return sum(parts)


def adds_up_to_100(parts: Iterable[int]) -> bool:
    """Say whether parts in POINT steps make exactly 100."""
    return sum(parts) == HUNDRED_POINTS


class Words(Protocol):
    """The vocabulary of every rule; `Ints` and `Columns` say the same thing with it."""

    def plus(self, a: Value, b: Value) -> Value:
        """Add; missing when either is missing."""

    def minus(self, a: Value, b: Value) -> Value:
        """Subtract; missing when either is missing."""

    def times(self, a: Value, b: Value) -> Value:
        """Multiply, exactly whatever the size."""

    def total(self, parts: Sequence[Value]) -> Value:
        """Add all; missing when any is missing, 0 of nothing."""

    def muldiv(self, a: Value, b: Value, c: Value, mode: Rounding) -> Value:
        """Give a * b / c rounded once; missing where the divisor is zero."""

    def compare(self, a: Value, comparison: Comparison, b: Value) -> Value:
        """Say 1 or 0 whether ``a comparison b``."""

    def compare_ratio(
        self, a: Value, b: Value, comparison: Comparison, c: Value, d: Value
    ) -> Value:
        """Say 1 or 0 whether ``a/b comparison c/d``, b and d positive, by cross multiplication."""

    def choose(self, truth: Value, yes: Value, no: Value) -> Value:
        """Take ``yes`` where the truth is 1, ``no`` where it is 0; missing where it is missing."""

    def both(self, a: Value, b: Value) -> Value:
        """Say 1 where both truths are 1; missing where either is missing."""

    def denied(self, a: Value) -> Value:
        """Turn a truth round."""

    def present(self, a: Value) -> Value:
        """Say 1 where there is a number, 0 where it is missing. Never missing itself."""

    def otherwise(self, a: Value, b: Value) -> Value:
        """Take ``a`` where there is one, else ``b``. The only word that fills what is missing."""

    def lowest(self, a: Value, b: Value) -> Value:
        """Take the smaller."""

    def highest(self, a: Value, b: Value) -> Value:
        """Take the larger."""

    def absolute(self, a: Value) -> Value:
        """Take the distance from zero."""

    def count(self, truths: Sequence[Value]) -> Value:
        """Count the truths that are 1; missing when any is missing."""

    def pick(self, index: Value, choices: Sequence[int]) -> Value:
        """Take the constant at the index; missing where the index is missing."""

    def settle(self, a: Value) -> Value:
        """End a line: a value of more than 63 bits is no number and becomes missing."""


class Ints:
    """The carrier of one person: Python ints, missing is None."""

    def plus(self, a: Value, b: Value) -> Value:
        return None if a is None or b is None else a + b

    def minus(self, a: Value, b: Value) -> Value:
        return None if a is None or b is None else a - b

    def times(self, a: Value, b: Value) -> Value:
        return None if a is None or b is None else a * b

    def total(self, parts: Sequence[Value]) -> Value:
        return None if None in parts else sum(parts)

    def muldiv(self, a: Value, b: Value, c: Value, mode: Rounding) -> Value:
        return None if a is None or b is None or not c else muldiv(a, b, c, mode)

    def compare(self, a: Value, comparison: Comparison, b: Value) -> Value:
        return None if a is None or b is None else int(holds(a, comparison, b))

    def compare_ratio(
        self, a: Value, b: Value, comparison: Comparison, c: Value, d: Value
    ) -> Value:
        return self.compare(self.times(a, d), comparison, self.times(c, b))

    def choose(self, truth: Value, yes: Value, no: Value) -> Value:
        if truth is None:
            return None
        return yes if truth else no

    def both(self, a: Value, b: Value) -> Value:
        return None if a is None or b is None else a & b

    def denied(self, a: Value) -> Value:
        return None if a is None else 1 - a

    def present(self, a: Value) -> Value:
        return int(a is not None)

    def otherwise(self, a: Value, b: Value) -> Value:
        return b if a is None else a

    def lowest(self, a: Value, b: Value) -> Value:
        return None if a is None or b is None else min(a, b)

    def highest(self, a: Value, b: Value) -> Value:
        return None if a is None or b is None else max(a, b)

    def absolute(self, a: Value) -> Value:
        return None if a is None else abs(a)

    def count(self, truths: Sequence[Value]) -> Value:
        return self.total(truths)

    def pick(self, index: Value, choices: Sequence[int]) -> Value:
        return None if index is None else choices[index]

    def settle(self, a: Value) -> Value:
        return None if a is None or abs(a) > LARGEST else a


INTS = Ints()


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight piece of a table: ``start + rise/run * (x - at)``, with x = num/den.

    ``at`` is the fraction ``place / scale`` in lowest terms, so that products stay small.
    """

    start: int
    rise: int
    run: int
    place: int
    scale: int


def slopes(points: Sequence[tuple[int, int]], scale: int, below: int | None = None) -> list[Slope]:
    """Cut rising points (at, gives) into straight pieces; the ends are held level.

    ``at`` counts steps of ``1/scale``. ``below`` replaces the level before the first point.
    The first piece is what lies before the first point, the last what lies from the last point on.
    """
    first = points[0][1] if below is None else below
    pieces = [Slope(first, 0, 1, 0, 1)]
    for (at, gives), (next_at, next_gives) in pairwise(points):
        place, one = lowest_terms(at, scale)
        rise, run = lowest_terms((next_gives - gives) * scale, (next_at - at) * one)
        pieces.append(Slope(gives, rise, run, place, one))
    pieces.append(Slope(points[-1][1], 0, 1, 0, 1))
    return pieces


def lowest_terms(a: int, b: int) -> tuple[int, int]:
    """Reduce a fraction: ``lowest_terms(10_000, 1_000_000) == (1, 100)``."""
    shared = gcd(a, b)
    return (a // shared, b // shared) if shared else (a, b)


def straight(
    words: Words, pieces: Sequence[Slope], index: Value, num: Value, den: Value
) -> tuple[Value, Value]:
    """Give the height of the piece at ``x = num/den`` as an exact fraction."""
    run = words.pick(index, [piece.run for piece in pieces])
    rise = words.pick(index, [piece.rise for piece in pieces])
    start = words.pick(index, [piece.start for piece in pieces])
    place = words.pick(index, [piece.place for piece in pieces])
    scale = words.pick(index, [piece.scale for piece in pieces])
    bottom = words.times(run, den)
    way = words.minus(words.times(num, scale), words.times(place, den))
    top = words.plus(words.times(start, bottom), words.times(rise, way))
    return top, bottom


@dataclass(frozen=True, slots=True)
class TierRates:
    """A rate table made ready: amount = (rate at x) applied as the mode says, over ``whole``.

    Within tier i the rate is ``base[i] + rise[i]/run[i] * (x - start[i])``; ``earned[i]`` is what
    all tiers below i pay when each slice has its own rate.
    """

    ends: tuple[int, ...]
    starts: tuple[int, ...]
    rates: tuple[int, ...]
    earned: tuple[int, ...]
    base: tuple[int, ...]
    rise: tuple[int, ...]
    run: tuple[int, ...]
    whole: int


def tier_rates(ends: Sequence[int], rates: Sequence[int], *, added_up: bool) -> TierRates:
    """Prepare tiers with the given upper ends (one fewer than rates), rates in RATIO steps.

    ``added_up`` says that the rates of full tiers add up (ADDITIVE_PRORATED); otherwise the rate
    runs straight from end to end (INTERPOLATED). The other modes do not look at rise and run.
    """
    shared = gcd(RATIO_ONE, *rates)
    small = [rate // shared for rate in rates]
    starts = [0, *ends]
    earned, base, rise, run = [0], [], [], []
    for place, end in enumerate(ends):
        earned.append(earned[place] + small[place] * (end - starts[place]))
    for place, rate in enumerate(small):
        closed = place < len(ends)
        before = sum(small[:place]) if added_up else small[max(place - 1, 0)]
        change = rate if added_up else rate - before
        width = ends[place] - starts[place] if closed else 1
        top, bottom = lowest_terms(change if closed else 0, width)
        base.append(before)
        rise.append(top)
        run.append(bottom)
    return TierRates(
        ends=tuple(ends),
        starts=tuple(starts),
        rates=tuple(small),
        earned=tuple(earned),
        base=tuple(base),
        rise=tuple(rise),
        run=tuple(run),
        whole=RATIO_ONE // shared,
    )


def middle_pair(numbers: Sequence[int]) -> tuple[int, int]:
    """Return the two numbers in the middle; of an odd count the same one twice.

    >>> middle_pair([5, 1, 3]), middle_pair([4, 1, 3, 2])
    ((3, 3), (2, 3))
    """
    ordered = sorted(numbers)
    return ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]


def ten_to(power: int) -> int:
    """Give the number of steps in one unit with so many decimals."""
    return int(10**power)


def repeated(number: int, times: int) -> tuple[int, ...]:
    """Give the same number so many times."""
    return (number,) * times


def shared_out(total: int, size: int) -> list[tuple[int, int]]:
    """Cut a row of so many into chunks (start, end) of at most ``size``."""
    return [(start, min(start + size, total)) for start in range(0, total, size)]

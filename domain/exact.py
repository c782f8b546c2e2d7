"""The only arithmetic on the way to pay: whole numbers, exact comparisons, one rounding operation.

Rules of attainment, score and pay are written once, in the words of a *carrier*.
`Ints` (here) computes one person on Python ints and explains him; `Columns` (`domain/columns.py`)
computes everyone on NumPy int64. Missing is ``None`` and never equals zero: a word that needs a
missing number answers missing, and only `otherwise` fills it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
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

    def pick(self, index: Value, choices: Sequence[int]) -> Value:
        """Take the constant at the index; missing where the index is missing."""

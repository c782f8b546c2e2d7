"""A stream of numbers that is the same on every machine, for every Python, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

Item = TypeVar("Item")

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_MASK = (1 << 64) - 1


class Stream:
    """A linear congruential generator named by a topic.

    Every topic has a stream of its own, so a change in one part of the demo company moves no
    number in another part.
    """

    def __init__(self, topic: str) -> None:
        """Start the stream of ``topic``."""
        digest = sha256(f"attain-demo/{topic}".encode()).digest()
        self._state = int.from_bytes(digest[:8], "big")

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to ``limit - 1``."""
        self._state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return ((self._state >> 33) * limit) >> 31

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return True in ``percent`` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return ``items`` in another order."""
        rest = list(items)
        for last in range(len(rest) - 1, 0, -1):
            other = self.below(last + 1)
            rest[last], rest[other] = rest[other], rest[last]
        return rest


def split(total: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """Split ``total`` by ``weights`` into whole multiples of ``step``; the last one takes the rest.

    ``split(100, (1, 1, 1)) == [33, 33, 34]``
    """
    whole = sum(weights)
    parts = [total * weight // whole // step * step for weight in weights[:-1]]
    return [*parts, total - sum(parts)]


def settle(values: list[int], total: int, allowed: Sequence[Sequence[int]]) -> list[int]:
    """Move ``values`` one after the other to neighbours in ``allowed`` until they add up.

    ``allowed[i]`` lists in rising order what ``values[i]`` may be.
    """
    result = list(values)
    position = 0
    idle = 0
    while sum(result) != total:
        options = allowed[position % len(result)]
        missing = total - sum(result)
        current = options.index(result[position % len(result)])
        wanted = current + (1 if missing > 0 else -1)
        idle += 1
        if 0 <= wanted < len(options):
            step = options[wanted] - options[current]
            if abs(step) <= abs(missing):
                result[position % len(result)] = options[wanted]
                idle = 0
        position += 1
        if idle > len(result):
            raise ArithmeticError(f"{total} cannot be reached")
    return result

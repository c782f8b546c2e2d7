"""A carrier of a number that moves: every rule evaluated over a whole stretch of inputs at once.

One input runs through the whole numbers of a stretch, from its low end to its high end. A value is
then a plain int (the same everywhere), None (missing everywhere), or `Moving`: exact at both ends,
held between two bounds, and known to rise, to fall or neither. What a rule decides must be decided
the same way everywhere in the stretch; where it is not, `Undecided` asks to cut the stretch. So
pay is followed through gates, tiers, caps and roundings without knowing any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.exact import INTS, LARGEST, Comparison, Ints, Rounding, Value, holds, muldiv


@dataclass(frozen=True, slots=True)
class Moving:
    """A number over a stretch: its value at either end, bounds that hold everywhere, its way.

    ``parts`` says of what it is made: so many times each number that was made by a rounding, a
    product or a choice. So ``total + (cap - total)`` is known to be the cap, although one rises
    and the other falls.
    """

    first: int
    last: int
    low: int
    high: int
    rises: bool  # it never falls from one step to the next
    falls: bool  # it never rises from one step to the next
    parts: tuple[tuple[int, int], ...] = ()  # (number of the part, how many times)


class Undecided(Exception):  # noqa: N818 - not an error: a request to cut the stretch
    """A decision has no single answer in the stretch; ``place`` is its number in order.

    Or the stretch has a peak or a hollow, and ``cut`` is the last input before it turns.
    """

    def __init__(self, place: int, cut: int | None = None) -> None:
        super().__init__(str(place))
        self.place = place
        self.cut = cut


def _bounds(a: Value) -> Moving:
    return a if isinstance(a, Moving) else Moving(a, a, a, a, rises=True, falls=True)


class Stretches(Ints):
    """The words over a stretch. ``corners`` also cuts where a cap or a floor begins to bind."""

    def __init__(self, *, corners: bool = False) -> None:
        self.corners = corners
        self.decisions = 0
        self._parts: list[Moving] = []
        # of what a rounded part was made: (parts, divisor), where a step can be told from theirs
        self._origins: dict[int, tuple[tuple[tuple[int, int], ...], int]] = {}
        self._start = 0

    def moving(self, low: int, high: int) -> Value:
        """Give the input itself, which runs from ``low`` to ``high``."""
        self._start = low
        return self._made(low, high, (low, high), rises=True, falls=False)

    def _slope(self, a: Moving) -> int | None:
        """Say how much the value changes with each input, when it changes by the same always."""
        return a.parts[0][1] if len(a.parts) == 1 and a.parts[0][0] == 0 else None

    def _ways_of_product(self, x: Moving, y: Moving) -> tuple[bool, bool]:
        """Say whether a product rises and falls; two straight lines make a parabola."""
        one, other = self._slope(x), self._slope(y)
        if one is None or other is None:
            return _ways(x, y, y.rises, y.falls)
        length = self._parts[0].last - self._parts[0].first
        start = one * y.first + other * x.first + one * other  # the first step up or down
        bend = 2 * one * other  # every further step is so much steeper
        end = start + bend * (length - 1)
        if start >= 0 and end >= 0:
            return True, start == end == 0
        if start <= 0 and end <= 0:
            return False, True
        turn = (abs(start) - 1) // abs(bend)  # the last step that goes the way of the first
        raise Undecided(-1, self._start + turn + 1)

    def _made(
        self, first: int, last: int, bounds: Sequence[int], rises: bool, falls: bool
    ) -> Value:
        """Make a part of its own; what moves one way lies between its ends."""
        if rises or falls:
            bounds = (first, last)
        low, high = min(bounds), max(bounds)
        if low == high:
            return low
        number = len(self._parts)
        made = Moving(first, last, low, high, rises, falls, ((number, 1),))
        self._parts.append(made)
        return made

    def _added(self, x: Moving, y: Moving, times: int) -> Value:
        """Give ``x + times * y`` by its parts: what is in both with opposite signs is gone."""
        parts = dict(x.parts)
        for number, count in y.parts:
            parts[number] = parts.get(number, 0) + times * count
        left = tuple((number, count) for number, count in parts.items() if count)
        first, last = x.first + times * y.first, x.last + times * y.last
        if not left:
            return first
        rises = falls = True
        low = high = first
        for number, count in left:
            part = self._parts[number]
            up, down = (part.rises, part.falls) if count > 0 else (part.falls, part.rises)
            rises, falls = rises and up, falls and down
            ends = (count * (part.low - part.first), count * (part.high - part.first))
            low, high = low + min(ends), high + max(ends)
        if not (rises or falls):
            rises, falls = self._steered(dict(left))
        if rises or falls:
            low, high = min(first, last), max(first, last)
        return Moving(first, last, low, high, rises, falls, left) if low != high else low

    def _steered(self, left: dict[int, int]) -> tuple[bool, bool]:
        """Say whether parts rise or fall together with what they were rounded from.

        A rounded share of a number takes steps of at most so many whole units for each unit of
        the number: ``a - 20 % of a`` never falls where ``a`` rises, although one part of it does.
        """
        least, most = dict(left), dict(left)
        made = {number: self._origins[number] for number in left if number in self._origins}
        sources = {parent for parents, _ in made.values() for parent, _ in parents}
        for number, (parents, divisor) in made.items():
            times = left[number]
            if number in sources or not any(parent in left for parent, _ in parents):
                continue
            del least[number], most[number]
            for parent, share in parents:
                whole = abs(times) * -(-abs(share) // divisor)
                least[parent] = least.get(parent, 0) - (whole if share * times < 0 else 0)
                most[parent] = most.get(parent, 0) + (whole if share * times > 0 else 0)
        rises = falls = True
        for number in least.keys() | most.keys():
            part = self._parts[number]
            low, high = least[number], most[number]
            rises = rises and ((part.rises and low >= 0) or (part.falls and high <= 0))
            falls = falls and ((part.falls and low >= 0) or (part.rises and high <= 0))
        return rises, falls

    def _decided(self, answer: int | None) -> int:
        self.decisions += 1
        if answer is None:
            raise Undecided(self.decisions - 1)
        return answer

    def plus(self, a: Value, b: Value) -> Value:
        if not isinstance(a, Moving) and not isinstance(b, Moving):
            return INTS.plus(a, b)
        if a is None or b is None:
            return None
        return self._added(_bounds(a), _bounds(b), 1)

    def minus(self, a: Value, b: Value) -> Value:
        if not isinstance(a, Moving) and not isinstance(b, Moving):
            return INTS.minus(a, b)
        if a is None or b is None:
            return None
        return self._added(_bounds(a), _bounds(b), -1)

    def total(self, parts: Sequence[Value]) -> Value:
        sum_: Value = 0
        for part in parts:
            sum_ = self.plus(sum_, part)
        return sum_

    def times(self, a: Value, b: Value) -> Value:
        if not isinstance(a, Moving) and not isinstance(b, Moving):
            return INTS.times(a, b)
        if a is None or b is None:
            return None
        if not isinstance(a, Moving):
            a, b = b, a
        if not isinstance(b, Moving):
            return self._added(Moving(0, 0, 0, 0, rises=True, falls=True), a, b)
        x, y = a, b
        rises, falls = self._ways_of_product(x, y)
        corners = (x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high)
        return self._made(x.first * y.first, x.last * y.last, corners, rises, falls)

    def muldiv(self, a: Value, b: Value, c: Value, mode: Rounding) -> Value:
        product = self.times(a, b)
        if isinstance(c, Moving):
            nonzero = 1 if c.low > 0 or c.high < 0 else None
            self._decided(nonzero)
            if c.high < 0:
                c, product = self.times(c, -1), self.times(product, -1)
        else:
            self.decisions += 1
        if not isinstance(product, Moving) and not isinstance(c, Moving):
            return INTS.muldiv(product, 1, c, mode)
        if product is None or not c:
            return None
        if not isinstance(c, Moving) and c < 0:
            c, product = -c, self.times(product, -1)
        x, y = _bounds(product), _bounds(c)
        rises, falls = _ways(x, y, y.falls, y.rises)
        corners = [muldiv(over, 1, under, mode) for over in (x.low, x.high)
                   for under in (y.low, y.high)]  # fmt: skip
        first, last = muldiv(x.first, 1, y.first, mode), muldiv(x.last, 1, y.last, mode)
        made = self._made(first, last, corners, rises, falls)
        # across zero, and to the even neighbour, two steps of one half may make a whole one more
        plain = mode is not Rounding.HALF_EVEN and (x.low >= 0 or x.high <= 0)
        if isinstance(made, Moving) and not isinstance(c, Moving) and plain:
            self._origins[made.parts[0][0]] = (x.parts, c)
        return made

    def compare(self, a: Value, comparison: Comparison, b: Value) -> Value:
        if a is None or b is None:
            self.decisions += 1
            return None
        if comparison is Comparison.WITHIN:
            return self.compare(self.absolute(a), Comparison.AT_MOST, self.absolute(b))
        if not isinstance(a, Moving) and not isinstance(b, Moving):
            return self._decided(int(holds(a, comparison, b)))
        over = _bounds(self.minus(a, b))
        ends = {holds(over.low, comparison, 0), holds(over.high, comparison, 0)}
        return self._decided(int(ends.pop()) if len(ends) == 1 else None)

    def lowest(self, a: Value, b: Value) -> Value:
        return self._one_of(a, b, min)

    def highest(self, a: Value, b: Value) -> Value:
        return self._one_of(a, b, max)

    def _one_of(self, a: Value, b: Value, best: Callable[[int, int], int]) -> Value:
        if a is None or b is None:
            self.decisions += 1
            return None
        over = _bounds(self.minus(a, b))
        if over.low >= 0 or over.high <= 0:
            self.decisions += 1
            return a if (over.low >= 0) == (best is max) else b
        if over.rises or over.falls or self.corners:
            return self._decided(None)
        self.decisions += 1
        x, y = _bounds(a), _bounds(b)
        return self._made(
            best(x.first, y.first),
            best(x.last, y.last),
            (best(x.low, y.low), best(x.high, y.high)),
            x.rises and y.rises,
            x.falls and y.falls,
        )

    def absolute(self, a: Value) -> Value:
        if not isinstance(a, Moving):
            self.decisions += 1
            return INTS.absolute(a)
        sign = self._decided(1 if a.low >= 0 else 0 if a.high <= 0 else None)
        return a if sign else self.times(a, -1)

    def pick(self, index: Value, choices: Sequence[int]) -> Value:
        if not isinstance(index, Moving):
            return INTS.pick(index, choices)
        reached = [choices[place] for place in range(index.low, index.high + 1)]
        up = all(left <= right for left, right in pairwise(reached))
        down = all(left >= right for left, right in pairwise(reached))
        rises = (index.rises and up) or (index.falls and down)
        falls = (index.rises and down) or (index.falls and up)
        return self._made(choices[index.first], choices[index.last], reached, rises, falls)

    def settle(self, a: Value) -> Value:
        if not isinstance(a, Moving):
            self.decisions += 1
            return INTS.settle(a)
        if a.low >= -LARGEST and a.high <= LARGEST:
            self.decisions += 1
            return a
        self._decided(0 if a.low > LARGEST or a.high < -LARGEST else None)
        return None


def _ways(x: Moving, y: Moving, with_: bool, against: bool) -> tuple[bool, bool]:
    """Say whether a product (or, with the ways of ``y`` swapped, a quotient) rises and falls.

    ``with_`` says that the second factor never falls, ``against`` that it never rises.
    """
    if y.high <= 0:
        rises, falls = _ways_up(x, y.low == y.high, against, with_)
        return falls, rises
    if y.low >= 0:
        return _ways_up(x, y.low == y.high, with_, against)
    return False, False


def _ways_up(x: Moving, fixed: bool, with_: bool, against: bool) -> tuple[bool, bool]:
    """The same for a second factor that is nowhere negative."""
    if fixed:
        return x.rises, x.falls
    if x.low >= 0:
        return x.rises and with_, x.falls and against
    if x.high <= 0:
        return x.rises and against, x.falls and with_
    return False, False


class Watched(Ints):
    """The words for one person that also write down how everything was decided, in order."""

    def __init__(self) -> None:
        self.log: list[int | None] = []

    def muldiv(self, a: Value, b: Value, c: Value, mode: Rounding) -> Value:
        self.log.append(None if c is None else int(c > 0) - int(c < 0))
        return INTS.muldiv(a, b, c, mode)

    def compare(self, a: Value, comparison: Comparison, b: Value) -> Value:
        if comparison is Comparison.WITHIN and a is not None and b is not None:
            return self.compare(self.absolute(a), Comparison.AT_MOST, self.absolute(b))
        found = INTS.compare(a, comparison, b)
        self.log.append(found)
        return found

    def lowest(self, a: Value, b: Value) -> Value:
        self.log.append(None if a is None or b is None else int(a >= b))
        return INTS.lowest(a, b)

    def highest(self, a: Value, b: Value) -> Value:
        self.log.append(None if a is None or b is None else int(a >= b))
        return INTS.highest(a, b)

    def absolute(self, a: Value) -> Value:
        self.log.append(None if a is None else int(a >= 0))
        return INTS.absolute(a)

    def settle(self, a: Value) -> Value:
        self.log.append(int(a is not None and abs(a) <= LARGEST))
        return INTS.settle(a)

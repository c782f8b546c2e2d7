"""The whole way of one person from numbers to payout, with one number free to move.

Nothing is calculated here: a point is the compiled program on Python ints, a stretch is the same
program on the carrier of `domain/stretch.py`, a short winding piece is the same on columns. What
is found is therefore what a run would pay, with every other number and the peers held as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from domain.columns import COLUMNS, Column, column_of_value, lane_of
from domain.component import SCORE
from domain.exact import INTS, Value
from domain.program import LineSpec, Program
from domain.stretch import Moving, Stretches, Undecided, Watched

LEAF = 2_048  # so many neighbours are simply all calculated, in one go
EVALUATIONS = 3_000  # a walk that needs more says so instead of taking for ever
PAYOUT = "payout"
NOTHING_TIED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line on the way. Names of the scorecard's lines are kept apart by ``score:``."""

    name: str
    inputs: tuple[str, ...]
    line: LineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The lines of the scorecard, if there is one, and of the plan, in order."""

    steps: tuple[Step, ...]
    pay: Program
    card: Program | None = None

    @property
    def inputs(self) -> dict[str, str]:
        """Give every number from outside with its unit."""
        programs = [self.pay] if self.card is None else [self.card, self.pay]
        found = {each.name: each.unit for program in programs for each in program.inputs}
        if self.card is not None:
            found.pop(SCORE, None)
        return found


def route_of(pay: Program, card: Program | None = None) -> Route:
    """Join a plan's program to the scorecard's, whose score the plan may read."""
    steps: list[Step] = []
    made = {SCORE: SCORE}
    if card is not None:
        own = {line.name for line in card.lines}
        for line in card.lines:
            inputs = tuple(f"score:{name}" if name in own else name for name in line.inputs)
            steps.append(Step(name=f"score:{line.name}", inputs=inputs, line=line))
        made = {SCORE: f"score:{SCORE}"}
    for line in pay.lines:
        inputs = tuple(made.get(name, name) for name in line.inputs)
        steps.append(Step(name=line.name, inputs=inputs, line=line))
    return Route(steps=tuple(steps), pay=pay, card=card)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring inputs ``low..high`` decided alike, and what they pay."""

    low: int
    high: int
    pay: Value

    @property
    def first(self) -> int | None:
        """The payout at the low end."""
        return self.pay.first if isinstance(self.pay, Moving) else self.pay

    @property
    def last(self) -> int | None:
        """The payout at the high end."""
        return self.pay.last if isinstance(self.pay, Moving) else self.pay

    @property
    def is_winding(self) -> bool:
        """Say whether the payout rises and falls within, in a way that was not followed."""
        return isinstance(self.pay, Moving) and not (self.pay.rises or self.pay.falls)


class Walk:
    """One person of whom one number moves.

    ``tied`` numbers move along, each as much above it as it says: what is sold today also counts
    in a window of days that is open today.
    """

    def __init__(
        self,
        route: Route,
        inputs: Mapping[str, int | None],
        moved: str,
        *,
        tied: Mapping[str, int] = NOTHING_TIED,
        limit: int = EVALUATIONS,
    ) -> None:
        self.moved = moved
        self.limit = limit
        self._tied = tied
        self.evaluations = 0
        self._fixed: dict[str, Value] = {name: inputs.get(name) for name in route.inputs}
        self._fixed.setdefault(SCORE, inputs.get(SCORE))
        touched, own = {moved, *tied}, []
        for step in route.steps:
            if touched.isdisjoint(step.inputs):
                given = (self._fixed[name] for name in step.inputs)
                self._fixed[step.name] = INTS.settle(step.line.work(INTS, *given))
            else:
                touched.add(step.name)
                own.append(step)
        needed = {PAYOUT}
        for step in reversed(own):
            if step.name in needed:
                needed.update(step.inputs)
        self._steps = tuple(step for step in own if step.name in needed)

    def at(self, place: int) -> int | None:
        """Give the payout when the number is ``place``."""
        found: int | None = self._run(INTS, place)
        return found

    def person(self, place: int) -> dict[str, int | None]:
        """Give the numbers that are other when the number is ``place``."""
        found: dict[str, int | None] = {self.moved: place}
        for name, beyond in self._tied.items():
            found[name] = INTS.plus(place, beyond)
        return found

    def _values(
        self, words: Value, place: Value, enough: Callable[[], bool] = lambda: False
    ) -> dict[str, Value]:
        """Run the lines that move, in order; stop after the first with which there is enough."""
        values = dict(self._fixed)
        values[self.moved] = place
        for name, beyond in self._tied.items():
            values[name] = words.plus(place, beyond)
        for step in self._steps:
            given = [values[name] for name in step.inputs]
            values[step.name] = words.settle(step.line.work(words, *given))
            if enough():
                break
        return values

    def _run(self, words: Value, place: Value) -> Value:
        return self._values(words, place)[PAYOUT]

    def _decision(self, place: int, number: int) -> int | None:
        """Say how the decision of this number is made at ``place``."""
        words = Watched()
        self._values(words, place, lambda: len(words.log) > number)
        return words.log[number]

    def stretches(
        self,
        low: int,
        high: int,
        *,
        corners: bool = False,
        backwards: bool = False,
        enough: Callable[[Moving], bool] | None = None,
    ) -> Iterator[Stretch]:
        """Cut ``low..high`` where the plan changes its mind and follow the payout in between.

        Every stretch rises, falls or stays, unless ``enough`` said that its bounds do, or the walk
        took too many evaluations: then it `is_winding`. ``backwards`` begins at the high end.
        """
        waiting = [(low, high)]
        while waiting:
            start, end = waiting.pop()
            found = self._followed(start, end, corners, enough)
            if isinstance(found, int):
                halves = [(start, found), (found + 1, end)]
                waiting.extend(halves if backwards else reversed(halves))
            else:
                yield from reversed(found) if backwards else found

    def _followed(
        self, low: int, high: int, corners: bool, enough: Callable[[Moving], bool] | None
    ) -> int | list[Stretch]:
        """Give the payout over a stretch, or where to cut it."""
        if low == high:
            return [Stretch(low=low, high=high, pay=self.at(low))]
        self.evaluations += 1
        tired = self.evaluations > self.limit
        try:
            words = Stretches(corners=corners)
            pay = self._run(words, words.moving(low, high))
        except Undecided as undecided:
            cut = undecided.cut
            if cut is None:
                cut = self._edge(low, high, undecided.place)
            if cut is None and (high - low < LEAF or tired):
                return self._enumerated(low, high) if not tired else _unknown(low, high)
            return (low + high) // 2 if cut is None else cut
        clear = not isinstance(pay, Moving) or pay.rises or pay.falls
        if clear or tired or (enough is not None and enough(pay)):
            return [Stretch(low=low, high=high, pay=pay)]
        return self._enumerated(low, high) if high - low < LEAF else (low + high) // 2

    def _edge(self, low: int, high: int, place: int) -> int | None:
        """Find the last input that is decided as the low end is; None when both ends agree."""
        before = self._decision(low, place)
        if self._decision(high, place) == before:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._decision(middle, place) == before:
                low = middle
            else:
                high = middle
        return low

    def _enumerated(self, low: int, high: int) -> list[Stretch]:
        values = self.every(low, high)
        found: list[Stretch] = []
        start = 0
        while start < len(values):
            end = _end_of_run(values, start)
            piece = values[start : end + 1]
            found.append(Stretch(low=low + start, high=low + end, pay=_run_of(piece)))
            start = end + 1
        return found

    def every(self, low: int, high: int) -> list[int | None]:
        """Give the payout of every input from ``low`` to ``high``, in one go on columns."""
        count = high - low + 1
        numbers = Column(np.arange(low, high + 1, dtype=np.int64), None)
        answer = column_of_value(self._run(COLUMNS, lane_of(numbers, 0, count)), count)
        return [answer.at(row) for row in range(count)]


def _unknown(low: int, high: int) -> list[Stretch]:
    bounds = Moving(0, 0, -(2**63), 2**63, rises=False, falls=False)
    return [Stretch(low=low, high=high, pay=bounds)]


def _end_of_run(values: Sequence[int | None], start: int) -> int:
    """Find how far the values from ``start`` on go one way."""
    end, way = start, 0
    while end + 1 < len(values):
        here, there = values[end], values[end + 1]
        if (here is None) != (there is None):
            break
        if here is not None and there is not None and here != there:
            step = 1 if there > here else -1
            if way not in {0, step}:
                break
            way = step
        end += 1
    return end


def _run_of(piece: Sequence[int | None]) -> Value:
    first, last = piece[0], piece[-1]
    if first is None or last is None or first == last:
        return first
    rises = last > first
    low, high = min(first, last), max(first, last)
    return Moving(first, last, low, high, rises=rises, falls=not rises)

"""Questions to a plan from the other end: how much for this pay, what is the next order worth.

Everything else is held as it is, the peers too: who sells more also moves the group's median and
rank, which no answer here takes into account. The caller says so to whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.evaluate import explain
from domain.program import TRUTH, Line, LineKind
from domain.stretch import Moving
from domain.unit import LARGEST_STEPS
from domain.walk import NOTHING_TIED, Route, Stretch, Walk

TRIED = 64  # places that are tried first, so that most of a winding plan need not be followed
RANGES = 4  # a payout that rises and falls more often is answered with its first ranges


class GoalOutcome(StrEnum):
    """How a question for a goal ended."""

    REACHED = "REACHED"  # there is an input that pays it
    UNREACHABLE = "UNREACHABLE"  # no input pays it
    NOT_KNOWN = "NOT_KNOWN"  # something is missing, so that no input gives any payout
    TOO_WINDING = "TOO_WINDING"  # the payout rises and falls too often to be followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Neighbouring inputs that all pay at least the goal; ``high`` is None for without end."""

    low: int
    high: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The answer to ``how much must I sell to earn so much``.

    ``place`` is the least input that pays the goal (the most, where less is better), ``pays`` its
    payout and ``beside`` the payout one step short of it. ``ranges`` are all inputs that pay the
    goal, in order. When no input does, ``most`` at ``most_at`` is the best there is.
    """

    outcome: GoalOutcome
    place: int | None = None
    pays: int | None = None
    beside: int | None = None
    ranges: tuple[Range, ...] = ()
    most: int | None = None
    most_at: int | None = None
    limits: tuple[Line, ...] = ()


def reach(
    route: Route,
    inputs: Mapping[str, int | None],
    moved: str,
    goal: int,
    *,
    less_is_better: bool = False,
    most: int = LARGEST_STEPS,
    tied: Mapping[str, int] = NOTHING_TIED,
) -> Reach:
    """Solve for the input exactly, over every whole step from 0 to the largest quantity there is.

    For the plan of `docs/plan-language.md`, ``7,700`` is reached at 1,200,000.00 and a cent of
    sales less pays less.
    """
    walk = Walk(route, inputs, moved, tied=tied)
    ranges, lost = _ranges(walk, goal, most, less_is_better)
    if ranges:
        chosen = ranges[0]
        place = chosen[1] if less_is_better else chosen[0]
        short = place + 1 if less_is_better else place - 1
        return Reach(
            outcome=GoalOutcome.REACHED,
            place=place,
            pays=walk.at(place),
            beside=walk.at(short) if short >= 0 else None,
            ranges=tuple(
                Range(low=low, high=None if high == most else high) for low, high in ranges
            ),
        )
    if lost:
        return Reach(outcome=GoalOutcome.TOO_WINDING)
    return _unreachable(route, walk, inputs, most)


def _ranges(
    walk: Walk, goal: int, most: int, backwards: bool
) -> tuple[list[tuple[int, int]], bool]:
    """List where the payout is at least the goal; say whether a piece could not be followed."""

    def clear(pay: Moving) -> bool:
        return pay.high < goal or pay.low >= goal

    found: list[tuple[int, int]] = []
    lost = False
    for stretch in walk.stretches(0, most, enough=clear, backwards=backwards):
        part = _part(walk, stretch, goal)
        if stretch.is_winding and part is None and stretch.pay.high >= goal:
            lost = True
            if not found:
                break
        if part is None:
            continue
        if found and (found[-1][1] + 1 == part[0] or part[1] + 1 == found[-1][0]):
            joined = found.pop()
            part = (min(joined[0], part[0]), max(joined[1], part[1]))
        elif len(found) == RANGES:
            break
        found.append(part)
    return found, lost


def _part(walk: Walk, stretch: Stretch, goal: int) -> tuple[int, int] | None:
    """Give the part of a stretch that pays at least the goal."""
    first, last, pay = stretch.first, stretch.last, stretch.pay
    if first is None or last is None:
        return None
    if isinstance(pay, Moving) and stretch.is_winding:
        return (stretch.low, stretch.high) if pay.low >= goal else None
    if min(first, last) >= goal:
        return stretch.low, stretch.high
    if max(first, last) < goal:
        return None
    if last >= goal:
        return _least(walk, stretch.low, stretch.high, goal), stretch.high
    return stretch.low, _last(walk, stretch.low, stretch.high, goal)


def _least(walk: Walk, low: int, high: int, goal: int) -> int:
    """Find the first input that pays the goal where pay rises; ``high`` does, ``low`` not."""
    while high - low > 1:
        middle = (low + high) // 2
        pays = walk.at(middle)
        if pays is not None and pays >= goal:
            high = middle
        else:
            low = middle
    return high


def _last(walk: Walk, low: int, high: int, goal: int) -> int:
    """Find the last input that pays the goal where pay falls; ``low`` does, ``high`` not."""
    while high - low > 1:
        middle = (low + high) // 2
        pays = walk.at(middle)
        if pays is not None and pays >= goal:
            low = middle
        else:
            high = middle
    return low


def _unreachable(route: Route, walk: Walk, inputs: Mapping[str, int | None], most: int) -> Reach:
    best = highest(walk, 0, most)
    if best is None:
        return Reach(outcome=GoalOutcome.NOT_KNOWN)
    held = most if walk.at(most) == best.pays else best.at  # where the cap binds, not its edge
    return Reach(
        outcome=GoalOutcome.UNREACHABLE,
        most=best.pays,
        most_at=best.at,
        limits=limits_at(route, {**inputs, **walk.person(held)}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The first input with the highest payout; ``proven`` when no piece was left unfollowed."""

    at: int
    pays: int
    proven: bool


def highest(walk: Walk, low: int, high: int) -> Best | None:
    """Find the first input with the highest payout; None when there is no payout at all."""
    best: tuple[int, int] | None = None
    proven = True
    tried = (walk.at(low + (high - low) * part // TRIED) for part in range(TRIED + 1))
    known = max((pays for pays in tried if pays is not None), default=None)

    def beaten(pay: Moving) -> bool:
        return known is not None and pay.high < known

    for stretch in walk.stretches(low, high, enough=beaten):
        if stretch.is_winding:
            proven = proven and beaten(stretch.pay)
            continue
        for place, pays in ((stretch.low, stretch.first), (stretch.high, stretch.last)):
            if pays is None or (best is not None and pays <= best[1]):
                continue
            rising = place != stretch.low  # then where does it first pay so much?
            best = (_least(walk, stretch.low, place, pays) if rising else place, pays)
            known = max(pays, pays if known is None else known)
    return None if best is None else Best(at=best[0], pays=best[1], proven=proven)


def limits_at(route: Route, inputs: Mapping[str, int | None]) -> tuple[Line, ...]:
    """Name the lines that hold the payout down: caps that bind, gates that are shut."""
    lines = pay_lines(route, inputs)
    pays = [line for line in lines if line.kind is LineKind.PAY]
    unpaid = {line.key for line in pays if line.value is not None and line.value <= 0}
    return tuple(
        line
        for line in lines
        if (line.name.endswith("cap.amount") and line.value)
        or (line.unit == TRUTH and line.value == 0 and line.key in unpaid)
    )


def pay_lines(route: Route, inputs: Mapping[str, int | None]) -> tuple[Line, ...]:
    """Explain the plan's lines with these inputs, and with the score that they give."""
    return explain(route.pay, {**inputs, **_score(route, inputs)})


def score_lines(route: Route, inputs: Mapping[str, int | None]) -> tuple[Line, ...]:
    """Explain the scorecard's lines with these inputs; none without a scorecard."""
    return () if route.card is None else explain(route.card, inputs)


def _score(route: Route, inputs: Mapping[str, int | None]) -> dict[str, int | None]:
    lines = score_lines(route, inputs)
    if route.card is None:
        return {}
    return {"score": next((line.value for line in lines if line.name == "score"), None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line that another input changes: before and after."""

    before: Line
    after: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What a payout would be, and which lines make the difference."""

    before: int | None
    after: int | None
    pay: tuple[Change, ...]
    score: tuple[Change, ...]

    @property
    def difference(self) -> int | None:
        """What the change is worth; None when either payout is not known."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


def what_if(
    route: Route, inputs: Mapping[str, int | None], changed: Mapping[str, int | None]
) -> WhatIf:
    """Compare the lines with these inputs to those with some of them changed."""
    other = {**inputs, **changed}
    old, new = pay_lines(route, inputs), pay_lines(route, other)
    return WhatIf(
        before=old[-1].value,
        after=new[-1].value,
        pay=_changes(old, new),
        score=_changes(score_lines(route, inputs), score_lines(route, other)),
    )


def _changes(old: tuple[Line, ...], new: tuple[Line, ...]) -> tuple[Change, ...]:
    pairs = zip(old, new, strict=True)
    return tuple(Change(before=a, after=b) for a, b in pairs if a.value != b.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of the curve of pay over an input."""

    at: int
    pays: int | None


def curve(walk: Walk, low: int, high: int, *, limit: int) -> tuple[Point, ...]:
    """Give the corners of pay over an input: straight lines between them draw it.

    Both ends of every piece are there, so that a jump is two points one step apart. At most
    ``limit`` points: the ends always, then those in between in equal strides.
    """
    points: dict[int, Point] = {}
    for stretch in walk.stretches(low, high, corners=True):
        for place in (stretch.low, stretch.high):
            points.setdefault(place, Point(at=place, pays=walk.at(place)))
    found = list(points.values())
    if len(found) <= limit:
        return tuple(found)
    last = len(found) - 1
    chosen = dict.fromkeys(last * number // (limit - 1) for number in range(limit))
    return tuple(found[place] for place in chosen)

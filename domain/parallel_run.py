"""Old results beside ours: every difference by its cause, adding up to the cent.

A walk goes from what the old system paid to what we pay. First its numbers (sales, counts, ratios,
scores, goals: what its sheets say) go through our rules: what differs then is a rate, a cap or a
rounding. Then its goals become ours, then the sales of one cause after the other, then what is
left of its numbers. Each line is the difference of two evaluations that follow each other, so that
whatever the rules are the lines make the whole difference. What is not proven is unexplained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from domain.correction import minus, plus
from domain.exact import INTS, Rounding


class DifferenceCause(StrEnum):
    """Why an old result is not ours, in the order in which causes are looked at."""

    RATE = "RATE"  # the same sales at another rate
    LIMIT = "LIMIT"  # a cap or a floor that the old system did not apply
    ROUNDING = "ROUNDING"  # the old system rounded elsewhere
    GOAL = "GOAL"  # held against another goal, or no goal is set
    IDENTITY = "IDENTITY"  # a name that stands for nobody, here or there
    TIMING = "TIMING"  # counted in another period
    CREDIT = "CREDIT"  # credited to somebody else, or in other shares
    MISSING = "MISSING"  # on one side only
    VALUE = "VALUE"  # the same sale with another amount
    UNEXPLAINED = "UNEXPLAINED"


# The causes that change which sales count, in the order in which they become ours.
MOVING = (
    DifferenceCause.RATE,
    DifferenceCause.IDENTITY,
    DifferenceCause.TIMING,
    DifferenceCause.CREDIT,
    DifferenceCause.MISSING,
    DifferenceCause.VALUE,
)


class Place(StrEnum):
    """Where a sale is on the side that does not count it for this person and period."""

    NOWHERE = "NOWHERE"
    OTHER_PERIOD = "OTHER_PERIOD"
    OTHER_PERSON = "OTHER_PERSON"
    NOBODY = "NOBODY"  # under a name that is nobody's
    NOT_MEANT = "NOT_MEANT"  # it is there, and our rules do not count such ones


_BY_PLACE = {
    Place.NOWHERE: DifferenceCause.MISSING,
    Place.OTHER_PERIOD: DifferenceCause.TIMING,
    Place.OTHER_PERSON: DifferenceCause.CREDIT,
    Place.NOBODY: DifferenceCause.IDENTITY,
    Place.NOT_MEANT: DifferenceCause.RATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One sale as both sides count it for a person, in steps of its unit; None: not at all."""

    record: str
    old: int | None
    ours: int | None
    whole: int | None = None  # what we know the sale to be in all, whoever shares in it
    place: Place = Place.NOWHERE  # on the side that does not count it

    @property
    def cause(self) -> DifferenceCause | None:
        """Why the two differ; None where they do not."""
        if self.old is None or self.ours is None:
            return _BY_PLACE[self.place]
        if self.old == self.ours:
            return None
        shared = self.old == self.whole or (self.whole is not None and self.ours != self.whole)
        return DifferenceCause.CREDIT if shared else DifferenceCause.VALUE

    @property
    def moves(self) -> int:
        """By how much our sales are more than the old ones."""
        return minus(self.ours or 0, self.old or 0)


class Told(NamedTuple):
    """A number as a sentence says it: steps of a unit; the empty unit is the money of the sheet."""

    steps: int | None
    parts: int = 1
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldResult:
    """What the old system paid somebody for one component."""

    amount: int
    sales: int = 0  # how many sales its amounts were rounded for


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the old numbers that becomes ours."""

    cause: DifferenceCause
    inputs: Mapping[str, int | None]
    records: tuple[str, ...] = ()
    subject: str = ""  # the metric it is about
    values: Mapping[str, Told] = field(default_factory=dict)

    @property
    def takes_away(self) -> bool:
        """Whether a number ends that we do not have, so that nothing can be paid for it."""
        return any(each is None for each in self.inputs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A number that we do not have, without which our rules pay nothing or not all."""

    cause: DifferenceCause  # a goal, or MISSING for what was done
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The way of one component of one person from the old numbers to ours."""

    start: Mapping[str, int | None] = field(default_factory=dict)  # the old ones, where told
    stages: tuple[Stage, ...] = ()
    known: bool = False  # the sheets tell every number that our rules read
    base: int | None = None  # the sales in money that were paid for, if that is what they read
    lack: Lack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What our rules pay on the way: for the old numbers, and after each stage; None: unknown."""

    first: int | None
    limits: int = 0  # what caps and floors make of the first
    after: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """What one cause makes of the difference: ours less the old result."""

    cause: DifferenceCause
    amount: int
    records: tuple[str, ...] = ()
    subject: str = ""  # the metric it is about, where it is about one
    values: Mapping[str, Told] = field(default_factory=dict)  # what it is seen by


def explain_difference(
    old: OldResult | None, ours: int | None, walk: Walk, paid: Paid, *, is_limit: bool = False
) -> tuple[DifferenceLine, ...]:
    """Say why an old result is not ours; the lines add up to ours less the old one.

    ``is_limit`` says that it is no component, but what a plan limits as a whole.
    """
    whole = minus(ours or 0, old.amount if old else 0)
    if old is None or (ours is None and not walk.stages and walk.lack is None):
        cause = DifferenceCause.LIMIT if old is None and is_limit else DifferenceCause.MISSING
        return (DifferenceLine(cause=cause, amount=whole),) if whole else ()
    if paid.first is None:
        return tuple(_rest(old, whole, walk, None))
    lines = [*_limited(old, walk, paid)]
    before: int = paid.first
    for stage, found in zip(walk.stages, paid.after, strict=True):
        if found is None and not stage.takes_away:
            break
        after = found or 0
        if after != before:
            lines.append(_line_of(stage, minus(after, before)))
        before = after
    rest = minus(ours or 0, before)
    if rest:
        lines.append(DifferenceLine(cause=DifferenceCause.UNEXPLAINED, amount=rest))
    return tuple(lines)


def unpaid(amount: int, *, is_nobodys: bool) -> DifferenceLine:
    """Say why we do not pay at all what the old system paid somebody, or a name of nobody."""
    cause = DifferenceCause.IDENTITY if is_nobodys else DifferenceCause.MISSING
    return DifferenceLine(cause=cause, amount=minus(0, amount))


def _line_of(stage: Stage, amount: int) -> DifferenceLine:
    return DifferenceLine(
        cause=stage.cause,
        amount=amount,
        records=stage.records,
        subject=stage.subject,
        values=stage.values,
    )


def _limited(old: OldResult, walk: Walk, paid: Paid) -> Iterator[DifferenceLine]:
    """Say what differs although the numbers are the same: first if it is what a limit makes."""
    assert paid.first is not None
    amount, limits = minus(paid.first, old.amount), paid.limits
    rest = minus(amount, limits)
    is_limit = limits and not is_rounding(old, amount) and (not rest or is_rounding(old, rest))
    if amount and (is_limit or limits == amount):
        values = {"old": Told(old.amount), "ours": Told(paid.first)}
        yield DifferenceLine(cause=DifferenceCause.LIMIT, amount=limits, values=values)
        amount = rest
    yield from _rest(old, amount, walk, paid.first)


def _rest(
    old: OldResult, amount: int, walk: Walk, by_our_rules: int | None
) -> Iterator[DifferenceLine]:
    """Name what differs although the numbers are the same."""
    if not amount:
        return
    subject, values = "", {"old": Told(old.amount)}
    if is_rounding(old, amount):
        cause = DifferenceCause.ROUNDING
    elif walk.lack is not None:
        cause, subject = walk.lack.cause, walk.lack.subject
    elif by_our_rules is not None and walk.known:
        cause = DifferenceCause.RATE
    else:
        cause = DifferenceCause.UNEXPLAINED
    if by_our_rules is not None:
        values["ours"] = Told(by_our_rules)
    if walk.base is not None:
        values["base"] = Told(walk.base)
    yield DifferenceLine(cause=cause, amount=amount, subject=subject, values=values)


def is_rounding(old: OldResult, amount: int) -> bool:
    """Say whether a difference is no more than rounding makes.

    Rounding every sale to the smallest unit moves each by half of it at most. An old amount that
    is whole in tens or hundreds of it was rounded to those: by less than one of them.
    """
    size = int(INTS.absolute(amount))
    if plus(size, size) <= old.sales:
        return True
    grain = next((each for each in (100, 10) if _is_whole_in(old.amount, each)), 1)
    return size < grain


def _is_whole_in(amount: int, grain: int) -> bool:
    return bool(INTS.times(INTS.muldiv(amount, 1, grain, Rounding.DOWN), grain) == amount)


def likely_person(
    amounts: Mapping[str, int], alone: Mapping[frozenset[tuple[str, int]], str]
) -> str:
    """Name who an unknown name of the old system may be, or nobody: the empty text.

    It is whoever alone is without an old result and is paid the same to the cent in every
    component. It is a hint for whoever decides, and nothing is counted by it. ``alone`` has by
    what they are paid who has no old result, and the empty text where that are several.
    """
    paid = frozenset((key, amount) for key, amount in amounts.items() if amount)
    return alone.get(paid, "") if paid else ""


def by_cause(lines: Iterable[DifferenceLine]) -> dict[DifferenceCause, int]:
    """Add up what each cause makes of a difference."""
    found: dict[DifferenceCause, int] = {}
    for line in lines:
        found[line.cause] = plus(found.get(line.cause, 0), line.amount)
    return found

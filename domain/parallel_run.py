"""Old results beside ours: every difference by its cause, adding up to the cent.

A walk goes from what the old system paid to what we pay. First the old sales go through our rules:
what differs then is a rate or a rounding. Then the sales of one cause after the other become ours.
Each line is the difference of two evaluations that follow each other, so that whatever the rules
are the lines make the whole difference. What is not proven is called unexplained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.correction import minus, plus
from domain.exact import INTS, Rounding


class DifferenceCause(StrEnum):
    """Why an old result is not ours, in the order in which causes are looked at."""

    RATE = "RATE"  # the same sales at another rate
    ROUNDING = "ROUNDING"  # the old system rounded elsewhere
    IDENTITY = "IDENTITY"  # a name that stands for nobody, here or there
    TIMING = "TIMING"  # counted in another period
    CREDIT = "CREDIT"  # credited to somebody else, or in other shares
    MISSING = "MISSING"  # on one side only
    VALUE = "VALUE"  # the same sale with another amount
    UNEXPLAINED = "UNEXPLAINED"


# The causes that change which sales count, in the order in which they become ours.
_MOVING = (
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


_BY_PLACE = {
    Place.NOWHERE: DifferenceCause.MISSING,
    Place.OTHER_PERIOD: DifferenceCause.TIMING,
    Place.OTHER_PERSON: DifferenceCause.CREDIT,
    Place.NOBODY: DifferenceCause.IDENTITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One sale as both sides count it for a person, in minor units; None: not at all."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OldResult:
    """What the old system paid somebody for one component."""

    amount: int
    base: int | None = None  # the sales it paid for, where it says so
    sales: int = 0  # how many sales its amounts were rounded for


@dataclass(frozen=True, slots=True, kw_only=True)
class OurResult:
    """What we pay for it, and what our rules would pay for other sales."""

    amount: int
    base: int | None = None
    pays: Callable[[int], int | None] | None = None  # None: not a function of one sum of sales


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """What one cause makes of the difference: ours less the old result."""

    cause: DifferenceCause
    amount: int
    records: tuple[str, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict)  # what it is seen by, in minor units


def explain_difference(
    old: OldResult | None, ours: OurResult | None, sales: Sequence[Sale] = ()
) -> tuple[DifferenceLine, ...]:
    """Say why an old result is not ours; the lines add up to ours less the old one.

    ``sales`` are the sales of both sides, where the old system names them.
    """
    if old is None or ours is None:
        whole = minus(ours.amount if ours else 0, old.amount if old else 0)
        line = DifferenceLine(cause=DifferenceCause.MISSING, amount=whole)
        return (line,) if whole else ()
    if ours.pays is None or ours.base is None or old.base is None:
        return tuple(_rest(old, minus(ours.amount, old.amount), None))
    by_our_rules = ours.pays(old.base)
    if by_our_rules is None:
        return tuple(_rest(old, minus(ours.amount, old.amount), None))
    first = _rest(old, minus(by_our_rules, old.amount), by_our_rules)
    return (*first, *_moved(old.base, by_our_rules, ours, sales))


def _rest(old: OldResult, amount: int, by_our_rules: int | None) -> Iterator[DifferenceLine]:
    """Name what differs although the sales are the same."""
    if not amount:
        return
    if is_rounding(old, amount):
        cause = DifferenceCause.ROUNDING
    elif by_our_rules is not None and old.base:
        cause = DifferenceCause.RATE
    else:
        cause = DifferenceCause.UNEXPLAINED
    values = {"old": old.amount}
    if by_our_rules is not None and old.base is not None:
        values |= {"base": old.base, "ours": by_our_rules}
    yield DifferenceLine(cause=cause, amount=amount, values=values)


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


def _moved(
    base: int, paid: int, ours: OurResult, sales: Sequence[Sale]
) -> Iterator[DifferenceLine]:
    """Let the sales of one cause after the other become ours."""
    assert ours.pays is not None
    for cause in _MOVING:
        mine = [each for each in sales if each.cause is cause]
        if not mine:
            continue
        moved = int(INTS.total([each.moves for each in mine]))
        base = plus(base, moved)
        then = ours.pays(base)
        if then is None:
            break
        if then != paid:
            records = tuple(sorted(each.record for each in mine))
            yield DifferenceLine(
                cause=cause, amount=minus(then, paid), records=records, values={"base": moved}
            )
        paid = then
    rest = minus(ours.amount, paid)
    if rest:
        # The sums differ although no sale says why: the old system names no sales, or not all.
        known = ours.base is not None and base != ours.base and not sales
        cause = DifferenceCause.VALUE if known else DifferenceCause.UNEXPLAINED
        yield DifferenceLine(cause=cause, amount=rest, values={"old": base, "ours": ours.base or 0})


def likely_person(amounts: Mapping[str, int], unmatched: Mapping[str, Mapping[str, int]]) -> str:
    """Name who an unknown name of the old system may be, or nobody: the empty text.

    It is whoever alone is without an old result and is paid the same to the cent in every
    component. It is a hint for whoever decides, and nothing is counted by it.
    """
    paid = {key: amount for key, amount in amounts.items() if amount}
    alike = [
        person
        for person, ours in unmatched.items()
        if paid and {key: amount for key, amount in ours.items() if amount} == paid
    ]
    return alike[0] if len(alike) == 1 else ""


def by_cause(lines: Iterable[DifferenceLine]) -> dict[DifferenceCause, int]:
    """Add up what each cause makes of a difference."""
    found: dict[DifferenceCause, int] = {}
    for line in lines:
        found[line.cause] = plus(found.get(line.cause, 0), line.amount)
    return found

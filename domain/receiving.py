"""Who a receiver of a credit rule is for one fact, and what share; unclear is said, not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from domain.credit import WHOLE, Absent, Receiver, ShareBy, ShareUnit, WhoBy
from domain.problem import Problem
from domain.seating import Seating
from domain.unit import to_steps

_PERCENT = 100


class Sold(Protocol):
    """What is looked at of a fact."""

    @property
    def day(self) -> date:
        """The business date."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """What the source said."""

    @property
    def named(self) -> str | None:
        """Whom the source names, if that name is linked to anybody."""


class Unclear(Exception):  # noqa: N818 - it never leaves crediting: the outcome says it
    """A fact that cannot be credited, and why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.code)


def person_of(receiver: Receiver, sold: Sold, seating: Seating) -> str | None:
    """Return the person, or None where an attribute that names nobody may be passed over."""
    match receiver.who:
        case WhoBy.NAMED:
            return _seller(sold)
        case WhoBy.PERSON:
            return receiver.person
        case WhoBy.ATTRIBUTE:
            return _by_attribute(receiver, sold, seating)
        case WhoBy.POSITION:
            return _holder(receiver, sold, seating)


def _seller(sold: Sold) -> str:
    if sold.named is None:
        raise Unclear(Problem(code="credit_nobody_linked"))
    return sold.named


def _by_attribute(receiver: Receiver, sold: Sold, seating: Seating) -> str | None:
    attribute = receiver.attribute or ""
    name = (sold.attributes.get(attribute) or "").strip()
    if not name:
        if receiver.absent is Absent.SKIP:
            return None
        raise Unclear(Problem(code="credit_name_missing", values={"attribute": attribute}))
    meant = seating.meant(receiver.namespace or "", name, sold.day)
    if len(meant) != 1:
        values = {"name": name, "attribute": attribute}
        raise Unclear(Problem(code="credit_name_unlinked", values=values))
    return meant[0]


def _holder(receiver: Receiver, sold: Sold, seating: Seating) -> str:
    """Find the one holder of a position: in the unit that is named, else the nearest going up."""
    position, day = receiver.position or "", sold.day
    if receiver.unit is not None:
        found = seating.holders_below(position, receiver.unit, day)
    else:
        found = _nearest(position, _seller(sold), seating, day)
    if len(found) != 1:
        values = {"position": position, "count": str(len(found))}
        raise Unclear(Problem(code="credit_position_unclear", values=values))
    return found[0]


def _nearest(position: str, seller: str, seating: Seating, day: date) -> tuple[str, ...]:
    seats = seating.seats(seller, day)
    if not seats:
        values = {"person": seller}
        raise Unclear(Problem(code="credit_without_assignment", values=values))
    found: set[str] = set()
    for seat in seats:
        for unit in seating.above(seat.unit, day):
            held = seating.holders(position, unit, day)
            if held:
                found.update(held)
                break
    return tuple(sorted(found))


def share_of(receiver: Receiver, sold: Sold) -> int:
    """Return the share in millionths; one that cannot be read exactly is unclear."""
    if receiver.share_of is ShareBy.FIXED:
        return receiver.share or 0
    attribute = receiver.share_attribute or ""
    text = (sold.attributes.get(attribute) or "").strip()
    percent = receiver.share_unit is ShareUnit.PERCENT
    if percent:
        text = text.removesuffix("%").rstrip()
    steps = to_steps(text, "RATIO")
    share = None if steps is None or (percent and steps % _PERCENT) else steps
    if share is not None and percent:
        share //= _PERCENT
    if share is None or not 0 <= share <= WHOLE:
        values = {"attribute": attribute, "value": text[:40]}
        raise Unclear(Problem(code="credit_share_unreadable", values=values))
    return share

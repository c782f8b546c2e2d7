"""Which leaders a sale rolls up to: level by level, each leader once, never more than the sale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from domain.credit import CoLeaders, RollUp, Vacancy
from domain.problem import Problem
from domain.receiving import Unclear
from domain.seating import Seating


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What somebody sold, and the units from which it goes up."""

    person: str
    units: tuple[str, ...]
    quantity: int


def rolled_up(
    parts: Sequence[Base], roll_up: RollUp, seating: Seating, day: date, whole: int
) -> dict[tuple[str, int], int]:
    """Return what lies under each leader, by leader and level.

    Under a leader of several of those who share an order lie their parts together: of an
    over-assigned one no more than the order itself, the nearest level first.
    """
    found: dict[tuple[str, int], int] = {}
    for part in sorted(parts, key=lambda each: each.person):
        for leader, level in sorted(_levels(part, roll_up, seating, day).items()):
            key = (leader, level)
            found[key] = found.get(key, 0) + part.quantity
    left: dict[str, int] = {}
    sign = -1 if whole < 0 else 1
    for leader, level in sorted(found, key=lambda key: (key[1], key[0])):
        size = min(sign * found[leader, level], left.get(leader, abs(whole)))
        left[leader] = left.get(leader, abs(whole)) - size
        found[leader, level] = sign * size
    return {key: found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))}


def _levels(part: Base, roll_up: RollUp, seating: Seating, day: date) -> dict[str, int]:
    """Give every leader above somebody their nearest level."""
    nearest: dict[str, int] = {}
    for unit in part.units:
        for level, leaders in _going_up(part.person, unit, roll_up, seating, day):
            if roll_up.share_of(level) is None:
                break
            if len(leaders) > 1 and roll_up.co_leaders is CoLeaders.REFUSE:
                values = {"level": str(level), "count": str(len(leaders))}
                raise Unclear(Problem(code="credit_leaders_several", values=values))
            for leader in leaders:
                nearest[leader] = min(level, nearest.get(leader, level))
    return nearest


def _going_up(
    person: str, unit: str, roll_up: RollUp, seating: Seating, day: date
) -> Iterator[tuple[int, tuple[str, ...]]]:
    level = 0
    for each in seating.above(unit, day):
        leading = seating.leaders(each, day)
        if person in leading:
            continue  # nobody leads themselves, nor is led by who leads beside them
        if leading or roll_up.vacancy is Vacancy.LAPSES:
            level += 1
            yield level, leading

"""Settlement once more, written naively over whole histories: what the engine must agree with.

Nothing of the domain is used but nothing is clever either: plain numbers, one month after another,
a list of amounts that are held back. Terms and policy come as the documents people write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(kw_only=True)
class Month:
    """What happens in a month, in cents."""

    earned: int
    changes: dict[str, dict[str, int]] = field(default_factory=dict)  # by origin and cause
    wage: int | None = None
    minimum_wage: int | None = None


@dataclass(kw_only=True)
class Told:
    """What comes of it."""

    paid: int
    taken: int
    given: int  # filled up and never to be paid back
    draw: int
    held: int
    carried: int


def cents(text: str) -> int:
    return int(Fraction(text) * 100)


def half_up(value: Fraction) -> int:
    """Round a positive number of cents, halves up."""
    return int(value + Fraction(1, 2))


def settle_all(terms: dict[str, Any], limits: dict[str, Any], history: list[Month]) -> list[Told]:
    """Settle month after month; month 1 is the first of the history."""
    owed_draw = owed_back = 0
    waiting: list[tuple[int, int]] = []  # the month that pays it, the amount
    told = []
    for number, month in enumerate(history, start=1):
        nets = [month.earned, *(sum(causes.values()) for causes in month.changes.values())]
        good = sum(net for net in nets if net > 0)
        bad = -sum(net for net in nets if net < 0)
        guarantee, draw = terms.get("guarantee"), terms.get("draw")
        assured = cents(guarantee["amount"]) if guarantee and number <= guarantee["months"] else 0
        drawn = 0
        if draw and draw["fromMonth"] <= number <= draw["toMonth"]:
            drawn = cents(draw["amount"])
        least = max(assured, drawn)
        held = 0
        holdback = terms.get("holdback")
        if holdback and month.earned > 0:
            held = half_up(month.earned * Fraction(holdback["share"]))
            held = min(held, max(0, good - least))
        cash = good - held
        top_up = max(0, assured - cash)
        advance = max(0, drawn - cash - top_up)
        back = 0
        if draw and draw["recoverable"] and number >= draw["recovery"]["fromMonth"]:
            over = cash - max(assured, cents(draw["amount"]))
            if over > 0:
                back = min(owed_draw, int(over * Fraction(draw["recovery"]["share"])))
        freed = sum(amount for due, amount in waiting if due == number)
        waiting = [(due, amount) for due, amount in waiting if due != number]
        if held and holdback:
            waiting.append((number + holdback["release"]["periods"], held))
        pot = cash + top_up + advance - back + freed
        wanted = owed_back + bad
        room = pot - least
        if "shareOfWage" in limits:
            share = Fraction(limits["shareOfWage"])
            room = min(room, 0 if month.wage is None else int(month.wage * share))
        if limits["keepsMinimumWage"]:
            known = month.wage is not None and month.minimum_wage is not None
            rest = month.wage - month.minimum_wage if known else 0  # type: ignore[operator]
            room = min(room, rest)
        taken = min(wanted, max(0, room))
        owed_back = wanted - taken
        recoverable = bool(draw and draw["recoverable"])
        owed_draw += (advance if recoverable else 0) - back
        told.append(
            Told(
                paid=pot - taken,
                taken=taken,
                given=top_up + (0 if recoverable else advance),
                draw=owed_draw,
                held=sum(amount for _, amount in waiting),
                carried=owed_back,
            )
        )
    return told

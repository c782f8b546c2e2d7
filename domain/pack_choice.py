"""Which industry packs fit a company: its answers to a short survey, held against the packs.

Every answer gives or takes points for a reason that is said. A question that was not answered, or
that a pack says nothing about, gives nothing. Equal points are ordered by the id of the pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.pack_data import Feed

INDUSTRY, WAY, SPAN_IN, SPAN_OUT, CASH, DATA = 40, 20, 10, -15, 5, 15


class SellingWay(StrEnum):
    """How a company sells."""

    FIELD_VISITS = "FIELD_VISITS"
    KEY_ACCOUNTS = "KEY_ACCOUNTS"
    INSIDE_SALES = "INSIDE_SALES"
    STORES = "STORES"
    ONLINE = "ONLINE"
    AGENTS = "AGENTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The answers; None or nothing where a question was left out."""

    industry: str = ""
    selling: frozenset[SellingWay] = frozenset()
    people: int | None = None
    cycle_days: int | None = None
    collects_cash: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A pack as the choice sees it: its names, whom it ``suits``, and how its KPIs are fed.

    ``suits`` is the block of the pack. ``feeds`` is empty when nobody may know what is connected.
    """

    pack: str
    industry: str
    names: tuple[str, ...]
    suits: Mapping[str, Any]
    feeds: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a pack got or lost points."""

    code: str
    values: Mapping[str, str]
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A pack with its points, the sum of its reasons."""

    pack: str
    points: int
    reasons: tuple[Reason, ...]


def suggest(survey: Survey, offers: Iterable[Offer]) -> tuple[Suggestion, ...]:
    """Suggest the packs with more than no points, the best one first."""
    found = []
    for offer in offers:
        reasons = tuple(_reasons(survey, offer))
        points = sum(reason.points for reason in reasons)
        if points > 0:
            found.append(Suggestion(pack=offer.pack, points=points, reasons=reasons))
    return tuple(sorted(found, key=lambda each: (-each.points, each.pack)))


def _reasons(survey: Survey, offer: Offer) -> Iterator[Reason]:
    suits = offer.suits
    if survey.industry.strip() and _is_industry(survey.industry, offer):
        values = {"industry": survey.industry.strip()}
        yield Reason(code="pack_fits_industry", values=values, points=INDUSTRY)
    for way in sorted(survey.selling & set(suits.get("selling", ()))):
        yield Reason(code=f"pack_fits_{way.lower()}", values={}, points=WAY)
    yield from _span("people", survey.people, suits.get("people"))
    yield from _span("cycle", survey.cycle_days, suits.get("cycleDays"))
    if survey.collects_cash is not None and "collectsCash" in suits:
        same = survey.collects_cash == suits["collectsCash"]
        mine = "asked" if survey.collects_cash else "unasked"
        code = f"pack_cash_{mine}_{'there' if suits['collectsCash'] else 'absent'}"
        yield Reason(code=code, values={}, points=CASH if same else -CASH)
    if offer.feeds:
        green = offer.feeds.count(Feed.GREEN)
        values = {"green": str(green), "all": str(len(offer.feeds))}
        yield Reason(code="pack_data_there", values=values, points=DATA * green // len(offer.feeds))


def _is_industry(said: str, offer: Offer) -> bool:
    """An industry as a word of the pack's, or as a part of its name in any language."""
    word = "_".join(said.lower().split()).replace("-", "_")
    if word in {offer.industry, *offer.suits.get("industries", ())}:
        return True
    plain = said.strip().lower()
    return len(plain) > 1 and any(plain in name.lower() for name in offer.names)


def _span(name: str, value: int | None, span: Mapping[str, int] | None) -> Iterator[Reason]:
    if value is None or span is None:
        return
    least, most = span.get("from"), span.get("to")
    if least is not None and value < least:
        values = {"value": str(value), "edge": str(least)}
        yield Reason(code=f"pack_{name}_below", values=values, points=SPAN_OUT)
    elif most is not None and value > most:
        values = {"value": str(value), "edge": str(most)}
        yield Reason(code=f"pack_{name}_above", values=values, points=SPAN_OUT)
    else:
        values = {"value": str(value)}
        yield Reason(code=f"pack_{name}_within", values=values, points=SPAN_IN)

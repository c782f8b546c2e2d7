"""Plans for a simulated year: a commission that never falls when more is sold, and drawn parts."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from tests.support.closing import MEDIAN, TOP
from tests.support.credits import CO_SELLER, NAMED, exclude, fixed, overlay, roll_up, split_rule
from tests.support.rules import PLAN, changed, texts

Document = dict[str, Any]


def _part(identity: str, kind: str, **more: Any) -> Document:
    return {"id": identity, "kind": kind, "name": texts(identity), "missing": "ZERO", **more}


def _compared(**more: Any) -> Document:
    return {
        "metric": "sales",
        "peerGroup": "UNIT",
        "members": "EVERYBODY",
        "minimumCohort": 3,
        "fallback": "WIDEN",
        **more,
    }


_TIERS = _part(
    "tiers",
    "TIERED",
    metric="sales",
    measure="ACTUAL",
    mode="MARGINAL",
    boundary="UPPER_TIER",
    negative="KEEP",
    tiers=[{"upTo": "3000", "rate": "0.01"}, {"upTo": "9000", "rate": "0.02"}, {"rate": "0.035"}],
)
COMPONENTS: dict[str, Document] = {
    "month_tiers": _TIERS,
    "quarter_tiers": _TIERS | {"id": "quarter", "span": "QUARTER", "spanStart": "SPAN"},
    "year_tiers": _TIERS | {"id": "year", "span": "YEAR", "spanStart": "SPAN"},
    "bonus": PLAN["components"][0],
    "excess": PLAN["components"][1],
    "median": MEDIAN,
    "top": TOP,
    "pool": _part(
        "pool",
        "POOL",
        team="UNIT",
        pool={"of": "RATE", "metric": "sales", "rate": "0.0137", "negative": "ZERO"},
        members="EVERYBODY",
        key="METRIC",
        metric="sales",
    ),
    "equal_pool": _part(
        "equal",
        "POOL",
        team="COMPANY",
        pool={"of": "FIXED", "amount": "1000.01"},
        members="EVERYBODY",
        key="EQUAL",
    ),
    "percentile": _part(
        "percentile",
        "ABOVE_PERCENTILE",
        **_compared(peerGroup="COMPANY", percentile="0.9", method="R7_INCLUSIVE", rate="0.05"),
    ),
    "ranks": _part(
        "ranks",
        "RANK_TABLE",
        **_compared(rank="FRACTIONAL", tieBreak=[], amounts=["500", "300", "100.01"]),
    ),
    "bands": _part(
        "bands",
        "TOP_BANDS",
        **_compared(
            peerGroup="COMPANY",
            rank="COMPETITION",
            bands=[{"share": "0.1", "amount": "800"}, {"share": "0.25", "amount": "400"}],
            rounding="CEIL",
            least=1,
            tie="INCLUDE_ALL",
        ),
    ),
    "kicker": PLAN["components"][2],
}
SETTLEMENTS: dict[str, Document] = {
    "DRAW": {
        "timing": {"monthsAfter": 1, "day": 15},
        "draw": {
            "recoverable": True,
            "amount": "150",
            "fromMonth": 1,
            "toMonth": 120,
            "recovery": {"share": "0.5", "fromMonth": 2},
        },
    },
    "HOLDBACK": {
        "timing": {"monthsAfter": 0, "day": 28},
        "holdback": {
            "share": "0.2",
            "base": ["commission"],
            "release": {"kind": "AFTER_PERIODS", "periods": 2},
        },
    },
}


_LED = _part("leading", "RATE", metric="led", rate="0.004", negative="KEEP")
_EXPERT = _part("expertise", "RATE", metric="helped", rate="0.0123", negative="ZERO")
# What a plan may hold that takes by days and cuts a period where somebody moves.
_BY_DAYS = ("month_tiers", "bonus", "excess")
PRORATION: Document = {
    "basis": "CALENDAR_DAYS",
    "targets": ["sales"],
    "amounts": ["base_bonus"],
    "thresholds": ["tiers"],
    "changes": "SEGMENTS",
    "split": "DAYS",
    "peers": "NOT_COMPARED",
}


class Style(StrEnum):
    """What kind of company a year is about."""

    PLAIN = "PLAIN"
    CREDIT = "CREDIT"  # orders are shared, leaders and specialists are paid for those of others
    BY_DAYS = "BY_DAYS"  # targets, tiers and bonuses are taken by days; a move cuts the period


# Rules of who shares in an order, by a person's id and a share: each replaces the one before.
CREDITS: dict[str, Callable[[str, str], Document]] = {
    "shared": lambda _person, _share: split_rule(NAMED, CO_SELLER, key="shared"),
    "experts": lambda person, share: overlay(
        fixed(person, share), key="experts", where=_in_channel("key")
    ),
    "upwards": lambda _person, share: roll_up(
        "upwards", **({} if share == "1" else {"vacancy": "LAPSES"})
    ),
    # Whoever is named, known or not: the order is somebody else's.
    "house": lambda person, _share: split_rule(
        fixed(person, "1"), key="house", rank=20, where=_in_channel("house")
    ),
    "internal": lambda _person, _share: exclude("internal"),
}


def _in_channel(name: str) -> list[Document]:
    return [{"attribute": "channel", "operator": "IN", "values": [name]}]


def drawn_components(rng: random.Random, style: Style = Style.PLAIN) -> list[Document]:
    """Draw four kinds beside the commission; what leans on the others comes last."""
    if style is Style.BY_DAYS:
        return [COMPONENTS[name] for name in _BY_DAYS]
    chosen = set(rng.sample(sorted(COMPONENTS), 4))
    found = [part for name, part in COMPONENTS.items() if name in chosen]
    return [_LED, _EXPERT, *found] if style is Style.CREDIT else found


def year_plan(
    components: list[Document], rate: str, settlement: str | None, style: Style = Style.PLAIN
) -> Document:
    """Build the plan with a rate of the commission."""
    commission = _part("commission", "RATE", metric="sales", rate=rate, negative="KEEP")
    plan = changed(PLAN, components=[commission, *components])
    if style is Style.CREDIT:
        plan["units"] |= {"led": "CNY", "helped": "CNY"}
    if style is Style.BY_DAYS:
        names = {each["id"] for each in components}
        plan["proration"] = PRORATION | {
            name: [each for each in PRORATION[name] if each in names]
            for name in ("amounts", "thresholds")
        }
    return plan if settlement is None else plan | {"settlement": SETTLEMENTS[settlement]}

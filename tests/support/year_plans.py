"""Plans for a simulated year: a commission that never falls when more is sold, and drawn parts."""

from __future__ import annotations

import random
from typing import Any

from tests.support.closing import MEDIAN, TOP
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


def drawn_components(rng: random.Random) -> list[Document]:
    """Draw four kinds beside the commission; what leans on the others comes last."""
    chosen = set(rng.sample(sorted(COMPONENTS), 4))
    return [part for name, part in COMPONENTS.items() if name in chosen]


def year_plan(components: list[Document], rate: str, settlement: str | None) -> Document:
    """Build the plan with a rate of the commission."""
    commission = _part("commission", "RATE", metric="sales", rate=rate, negative="KEEP")
    plan = changed(PLAN, components=[commission, *components])
    return plan if settlement is None else plan | {"settlement": SETTLEMENTS[settlement]}

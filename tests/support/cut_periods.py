"""Strategies: plans and scorecards with proration blocks, and people whose period was cut."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.plans import HUGE, UNITS, people, plans, scorecards

Document = dict[str, Any]
ADDITIVE = sorted(key for key, unit in UNITS.items() if unit not in {"RATIO", "POINT"})
ALONE = {"BONUS_WHEN_MET", "RATE_ON_EXCESS", "RATE", "TIERED", "SCORE_PAY", "KICKER"}
_SMALL = HUGE >> 20  # days times days times money must stay within 64 bits, or both say nothing


def some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True) if names else st.just([])


@st.composite
def alone_plans(draw: st.DrawFn) -> Document:
    """A plan that compares nobody, and looks at no other days than those of the period."""
    plan = draw(plans())
    kept: list[Document] = []
    for component in plan["components"]:
        if component["kind"] not in ALONE or "span" in component:
            continue
        names = [each["id"] for each in kept]
        if isinstance(component.get("base"), list):
            component["base"] = [name for name in component["base"] if name in names] or "TOTAL"
        kept.append(component)
    rate = {"metric": "sales.amount", "rate": "0.013", "negative": "KEEP", "kind": "RATE"}
    name = {"zh-CN": "名", "en": "name"}
    plan["components"] = kept or [{"id": "only", "missing": "ZERO", "name": name, **rate}]
    return plan


def has_threshold(component: Document) -> bool:
    for name in ("minimum", "condition"):
        metric = component.get(name, {}).get("metric")
        if metric in ADDITIVE:
            return True
    return "tiers" in component and component["measure"] in {"ACTUAL", "EXCESS_OVER_TARGET"}


@st.composite
def choices(draw: st.DrawFn, plan: Document, *, split: str | None) -> Document:
    """A proration block that fits a plan; with a split it cuts the period."""
    parts = plan["components"]
    limits = [name for name in ("cap", "floor") if name in plan]
    block: Document = {
        "basis": draw(st.sampled_from(["CALENDAR_DAYS", "WORKING_DAYS"])),
        "targets": draw(some(ADDITIVE)),
        "amounts": draw(some([*limits, *(c["id"] for c in parts if "base" not in c)])),
        "thresholds": draw(some([c["id"] for c in parts if has_threshold(c)])),
        "changes": "SEGMENTS" if split else "NEXT_PERIOD",
    }
    if split:
        block |= {"split": split, "peers": "NOT_COMPARED"}
        if split == "ACTUALS":
            block["by"] = "sales.amount"
    return block


@st.composite
def card_choices(draw: st.DrawFn, card: Document, *, split: str | None) -> Document:
    """A proration block that fits a scorecard."""
    metrics = [item["metric"] for item in card["items"] if item["metric"] in ADDITIVE]
    block: Document = {
        "basis": draw(st.sampled_from(["CALENDAR_DAYS", "WORKING_DAYS"])),
        "targets": draw(some(metrics)),
        "changes": "SEGMENTS" if split else "NEXT_PERIOD",
    }
    if split:
        block["split"] = split
        if split == "ACTUALS":
            block["by"] = metrics[0]
    return block


@st.composite
def small_people(draw: st.DrawFn) -> dict[str, int | None]:
    """A person whose numbers are money that exists, so that parts of them can be taken exactly."""
    person = draw(people())
    return {
        name: value if value is None or abs(value) < _SMALL else value % 1_000_003
        for name, value in person.items()
    }


RAMP: Document = {"shares": ["0.3", "0.6", "0.8"], "start": "FIRST_MONTH"}

__all__ = ["ADDITIVE", "RAMP", "alone_plans", "card_choices", "choices", "scorecards"]

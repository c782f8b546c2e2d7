"""Strategies for the kinds that look at other people; see `tests/support/plans.py`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.plans import (
    MONEY,
    NAME,
    ROUNDINGS,
    UNITS,
    amounts,
    anything,
    conditions,
    rates,
    text,
)

METRICS = [*sorted(UNITS), "score"]
ADDITIVE = {"sales.amount", "sales.margin", "visits"}
MEMBERS = ["EVERYBODY", "FULL_PERIOD", "EXCLUDE_LEAVERS", "PRORATED"]
GROUPS = st.sampled_from(["UNIT", "PLATFORM", "COMPANY"])
OPERATORS = st.sampled_from(["AT_LEAST", "MORE_THAN", "AT_MOST", "LESS_THAN"])
SIGNS = st.sampled_from(["KEEP", "ZERO"])


@st.composite
def compared(draw: st.DrawFn, metric: str) -> dict[str, Any]:
    members = MEMBERS if metric in ADDITIVE else MEMBERS[:-1]
    return {
        "metric": metric,
        "peerGroup": draw(GROUPS),
        "members": draw(st.sampled_from(members)),
        "minimumCohort": draw(st.integers(1, 4)),
        "fallback": draw(st.sampled_from(["NO_REWARD", "WIDEN"])),
    }


def breaks(metric: str, least: int) -> st.SearchStrategy[list[str]]:
    others = st.sampled_from([each for each in METRICS if each != metric])
    return st.lists(others, min_size=least, max_size=2, unique=True)


@st.composite
def top_bands(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(compared(draw(st.sampled_from(METRICS))))
    shares = draw(st.lists(st.sampled_from([100_000, 250_000, 333_333]), min_size=1, max_size=3))
    found["bands"] = [{"share": text(each, "RATIO"), "amount": draw(amounts)} for each in shares]
    found["rounding"] = draw(st.sampled_from(["FLOOR", "CEIL", "HALF_UP"]))
    found["least"] = draw(st.integers(0, 2))
    found["rank"] = draw(st.sampled_from(["COMPETITION", "DENSE"]))
    found["tie"] = "INCLUDE_ALL"
    if found["rank"] == "COMPETITION":
        found["tie"] = draw(st.sampled_from(["INCLUDE_ALL", "EXCLUDE_ALL", "TIE_BREAK"]))
    if found["tie"] == "TIE_BREAK":
        found["tieBreak"] = draw(breaks(found["metric"], 1))
    return found


@st.composite
def rank_table(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(compared(draw(st.sampled_from(METRICS))))
    found["rank"] = draw(st.sampled_from(["COMPETITION", "DENSE", "FRACTIONAL"]))
    dense = found["rank"] == "DENSE"
    found["tieBreak"] = [] if dense else draw(breaks(found["metric"], 0))
    found["amounts"] = draw(st.lists(amounts, min_size=1, max_size=4))
    return found


@st.composite
def rewarded(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"metric": draw(st.sampled_from(METRICS))}
    if draw(st.booleans()):
        found = {"metric": draw(st.sampled_from(MONEY)), "rate": draw(rates)}
    if "rate" not in found or draw(st.booleans()):
        found["amount"] = draw(amounts)
    if draw(st.booleans()):
        found["minimum"] = draw(conditions([found["metric"]]))
    return found


@st.composite
def above_percentile(draw: st.DrawFn) -> dict[str, Any]:
    reward = draw(rewarded())
    found = {**draw(compared(reward["metric"])), **reward}
    found["percentile"] = draw(st.sampled_from(["0.5", "0.9", "0.333333", "0", "1"]))
    found["method"] = draw(st.sampled_from(["R6_EXCLUSIVE", "R7_INCLUSIVE", "NEAREST_RANK"]))
    if "minimum" in reward and draw(st.booleans()):
        found["fallback"] = "MINIMUM_ONLY"
    return found


@st.composite
def above_line(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(rewarded())
    found["line"] = draw(st.sampled_from(["VALUE", "MEDIAN_BEFORE"]))
    if found["line"] == "MEDIAN_BEFORE":
        found["peerGroup"] = draw(GROUPS)
    else:
        unit = UNITS.get(found["metric"], "POINT")
        found["value"] = text(draw(st.integers(-3, 3) | st.just(1_000_000)), unit)
    return found


@st.composite
def pool(draw: st.DrawFn) -> dict[str, Any]:
    of = draw(st.sampled_from(["FIXED", "RATE", "PER_UNIT", "PER_HEAD"]))
    funding: dict[str, Any] = {"of": of}
    if of == "RATE":
        funding |= {"metric": draw(st.sampled_from(MONEY)), "rate": draw(rates)}
    else:
        funding["amount"] = draw(amounts)
    if of == "PER_UNIT":
        funding["metric"] = draw(st.sampled_from(sorted(UNITS)))
    if of in {"RATE", "PER_UNIT"}:
        funding["negative"] = draw(SIGNS)
    found: dict[str, Any] = {
        "team": draw(GROUPS),
        "pool": funding,
        "members": draw(st.sampled_from(MEMBERS[:-1])),
        "key": draw(st.sampled_from(["EQUAL", "METRIC", "SCORE", "DAYS"])),
    }
    if found["key"] == "METRIC":
        found["metric"] = draw(st.sampled_from(sorted(UNITS)))
    if draw(st.booleans()):
        found["minimum"] = draw(anything)
    if draw(st.booleans()):
        metric = draw(st.sampled_from(sorted(UNITS)))
        against = draw(st.sampled_from(["VALUE", "TEAM_TARGET"]))
        held = {"metric": metric, "comparison": draw(OPERATORS), "against": against}
        if against == "VALUE":
            held["value"] = text(draw(st.integers(-3, 3)), UNITS[metric])
        found["condition"] = held
    return found


OWN = {
    "TOP_BANDS": top_bands(),
    "RANK_TABLE": rank_table(),
    "ABOVE_PERCENTILE": above_percentile(),
    "REWARD_ABOVE_LINE": above_line(),
    "POOL": pool(),
}


@st.composite
def peer_component(draw: st.DrawFn, identity: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(OWN)))
    missing = draw(st.sampled_from(["ZERO", "BLOCK"]))
    return {"id": identity, "kind": kind, "name": NAME, "missing": missing, **draw(OWN[kind])}


@st.composite
def peer_plans(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 3))
    return {
        "format": "attain.plan/1",
        "cadence": "MONTH",
        "key": "plan",
        "name": NAME,
        "currency": "CNY",
        "rounding": draw(ROUNDINGS),
        "units": UNITS,
        "components": [draw(peer_component(f"part_{place}")) for place in range(count)],
    }


@st.composite
def teams(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a group reached: a few values near the conditions, sometimes nothing."""
    found: dict[str, Any] = {}
    few = st.integers(-3, 3) | st.integers(-(10**9), 10**9)
    for metric in [*sorted(UNITS), "score"]:
        if draw(st.integers(0, 5)):
            found[f"{metric}.num"] = draw(few)
            found[f"{metric}.den"] = draw(st.sampled_from([1, 1, 2, 7]))
            found[f"{metric}.target"] = draw(st.none() | few)
            pair = (draw(few), draw(st.sampled_from([1, 3])))
            found[f"{metric}.before"] = (*pair, *pair)
    return found

"""Strategies of curves, factors, gates, matrices, programmes, tiers to date, and their inputs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from domain.program import Need, NeedKind, Program

BOUNDARIES = st.sampled_from(["UPPER_TIER", "LOWER_TIER"])
NEGATIVES = st.sampled_from(["KEEP", "ZERO"])
PARTS = st.sampled_from(["PRORATED", "WHOLE_ONLY"])
ATTAINMENTS = st.sampled_from([500_000, 800_000, 900_000, 1_000_000, 1_200_000, 1_500_000])
RATIOS = ["0", "0.5", "0.8", "0.9", "1", "1.1", "1.333333", "2"]
SPANS = ["QUARTER", "HALF", "YEAR"]


class Drawing:
    """What the strategies of all kinds share; handed over by `tests/support/plans.py`."""

    def __init__(
        self, text: Any, units: dict[str, str], money: tuple[str, ...], conditions: Any
    ) -> None:
        self.text, self.units, self.money = text, units, money
        self.conditions = conditions  # of any metric and the score
        self.amounts = st.integers(0, 1_000_000).map(lambda steps: text(steps, "CNY"))
        self.rates = st.sampled_from(["0", "0.01", "0.015", "0.25"])


def places(draw: st.DrawFn, unit: str, most: int = 3) -> list[int]:
    inside = ATTAINMENTS if unit == "RATIO" else st.integers(-5, 200_000)
    return sorted(draw(st.lists(inside, min_size=1, max_size=most, unique=True)))


def axis(draw: st.DrawFn, how: Drawing) -> tuple[dict[str, Any], str]:
    metric = draw(st.sampled_from([*sorted(how.units), "score"]))
    chosen = "ACTUAL" if metric == "score" else draw(st.sampled_from(["ACTUAL", "ATTAINMENT"]))
    unit = "RATIO" if chosen == "ATTAINMENT" else how.units.get(metric, "POINT")
    return {"metric": metric, "axis": chosen}, unit


def points(draw: st.DrawFn, how: Drawing, unit: str, gives: str) -> list[dict[str, str]]:
    return [
        {"at": how.text(at, unit), gives: draw(st.sampled_from(RATIOS))}
        for at in places(draw, unit)
    ]


def beyond(draw: st.DrawFn) -> dict[str, str]:
    if draw(st.booleans()):
        return {"beyond": "LEVEL"}
    return {"beyond": "SLOPE", "slope": draw(st.sampled_from(RATIOS))}


def base_among(draw: st.DrawFn, earlier: list[str]) -> list[str] | str:
    if not earlier or draw(st.booleans()):
        return "TOTAL"
    return draw(st.lists(st.sampled_from(earlier), min_size=1, unique=True))


def pay_curve(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    found = {
        "metric": draw(st.sampled_from(sorted(how.units))),
        "amount": draw(how.amounts),
        "points": points(draw, how, "RATIO", "pays"),
        "boundary": draw(BOUNDARIES),
        "below": draw(st.sampled_from(["NOTHING", "FIRST_POINT"])),
        **beyond(draw),
    }
    return {**found, "minimum": draw(how.conditions)} if draw(st.booleans()) else found


def multiplier(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    on, unit = axis(draw, how)
    form = draw(st.sampled_from(["STEP", "PIECEWISE"]))
    return {
        **on,
        "form": form,
        "points": points(draw, how, unit, "factor"),
        "boundary": draw(BOUNDARIES),
        "below": draw(st.sampled_from(RATIOS)),
        **(beyond(draw) if form == "PIECEWISE" else {}),
        "base": base_among(draw, earlier),
        "negative": draw(NEGATIVES),
    }


def gate(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    return {
        "condition": draw(how.conditions),
        "base": base_among(draw, earlier),
        "negative": draw(NEGATIVES),
        "unmeasured": draw(st.sampled_from(["OPEN", "SHUT", "BLOCK"])),
    }


def matrix(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    sides = []
    for _ in range(2):
        on, unit = axis(draw, how)
        edges = [how.text(at, unit) for at in places(draw, unit, 2)]
        sides.append({**on, "boundary": draw(BOUNDARIES), "edges": edges})
    pays = draw(st.sampled_from(["AMOUNT", "FACTOR"]))
    cell = how.amounts if pays == "AMOUNT" else st.sampled_from(RATIOS)
    found: dict[str, Any] = {
        "rows": sides[0],
        "columns": sides[1],
        "pays": pays,
        "cells": [[draw(cell) for _ in range(len(sides[1]["edges"]) + 1)]
                  for _ in range(len(sides[0]["edges"]) + 1)],
    }  # fmt: skip
    if pays == "FACTOR":
        found.update({"base": base_among(draw, earlier), "negative": draw(NEGATIVES)})
    return found


def counted(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    found = {
        "metric": draw(st.sampled_from(["visits", "score"])),
        "amount": draw(how.amounts),
        "parts": draw(PARTS),
        "negative": draw(NEGATIVES),
    }
    return {**found, "minimum": draw(how.conditions)} if draw(st.booleans()) else found


def held(draw: st.DrawFn, how: Drawing, metric: str) -> dict[str, Any]:
    return {
        "comparison": draw(st.sampled_from(["AT_LEAST", "MORE_THAN", "AT_MOST", "LESS_THAN"])),
        "value": how.text(draw(st.sampled_from([0, 1, -1, 10_000])), how.units[metric]),
        "amount": draw(how.amounts),
    }


DAYS = {"from": "2026-09-10", "to": "2026-10-20"}


def spiff(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    form = draw(st.sampled_from(["BONUS", "RATE", "PER_UNIT"]))
    metric = draw(st.sampled_from(how.money if form == "RATE" else sorted(how.units)))
    own: dict[str, Any] = {"form": form, "metric": metric, **DAYS}
    own["pays"] = draw(st.sampled_from(["AT_THE_END", "EACH_PERIOD"]))
    if form == "BONUS":
        return {**own, **held(draw, how, metric)}
    own["negative"] = draw(NEGATIVES)
    if form == "RATE":
        return {**own, "rate": draw(how.rates)}
    return {**own, "parts": draw(PARTS), "amount": draw(how.amounts)}


def project_prize(draw: st.DrawFn, how: Drawing, earlier: list[str]) -> dict[str, Any]:
    metric = draw(st.sampled_from(sorted(how.units)))
    return {"metric": metric, **DAYS, **held(draw, how, metric)}


STRATEGIES: dict[str, Any] = {
    "PAY_CURVE": pay_curve,
    "MULTIPLIER": multiplier,
    "GATE": gate,
    "MATRIX": matrix,
    "POINTS": counted,
    "SPIFF": spiff,
    "PROJECT_PRIZE": project_prize,
}


def over_a_span(draw: st.DrawFn, measure: str) -> dict[str, str]:
    """Let tiers run over the span to date, now and then."""
    if draw(st.booleans()):
        return {}
    span = {"span": draw(st.sampled_from(SPANS))}
    span["spanStart"] = draw(st.sampled_from(["SPAN", "VERSION"]))
    if measure != "ACTUAL":
        span["spanTarget"] = draw(st.sampled_from(["SPAN", "TO_DATE"]))
    return span


@st.composite
def needed(draw: st.DrawFn, program: Program, numbers: Any) -> dict[str, int | None]:
    """Draw what a program reads beyond the period."""
    return {
        each.name: draw(_input(need, each.name, numbers))
        for need in program.needs
        for each in need.inputs
    }


def _input(need: Need, name: str, numbers: Any) -> Any:
    if name.endswith(".den"):
        return st.sampled_from([1, 1, 2, 7])
    match need.kind:
        case NeedKind.DUE:
            return st.sampled_from([0, 1, 1, 1])
        case NeedKind.EARNED:
            return st.integers(-100, 200_000)
        case NeedKind.TARGET_TO_DATE:
            return st.none() | st.integers(-100, 200_000)
        case NeedKind.TO_DATE:
            return numbers
        case _:
            return st.none() | st.sampled_from([0, 1, -1, 10_000]) | numbers


def edges_of(component: dict[str, Any]) -> list[tuple[str, str, str]]:
    """List (metric, axis, edge) of the tables of a component."""
    sides = [component] if "axis" in component else []
    sides += [component[name] for name in ("rows", "columns") if name in component]
    if component["kind"] == "PAY_CURVE":
        sides = [{**component, "axis": "ATTAINMENT"}]
    return [
        (side["metric"], side["axis"], edge)
        for side in sides
        for edge in [*side.get("edges", ()), *(each["at"] for each in side.get("points", ()))]
    ]

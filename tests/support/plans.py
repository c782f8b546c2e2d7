"""Strategies: random scorecards, plans and people, with the awkward cases in the majority.

They make documents, not objects, so that every example goes through the decoder as well.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.support.plan_kinds import STRATEGIES, Drawing, edges_of, over_a_span

NAME = {"zh-CN": "名", "en": "name"}
UNITS = {
    "sales.amount": "CNY",
    "sales.margin": "CNY",
    "keep.rate": "RATIO",
    "visits": "COUNT",
    "cycle.days": "DAY",
}
DECIMALS = {"CNY": 2, "COUNT": 0, "RATIO": 6, "POINT": 4, "DAY": 2}
HUGE = 2**62
RATIO_ONE = 1_000_000
FORMS = {
    "HIGHER": ["RATIO", "LINEAR_ABS", "BASELINE", "BINARY", "STEP", "PIECEWISE"],
    "LOWER": [
        "LINEAR_ABS_INV",
        "RATIO_INV",
        "BASELINE",
        "BINARY",
        "STEP",
        "PIECEWISE",
        "POINTS_DEDUCT",
    ],
    "TARGET": ["TARGET_ABSOLUTE", "TARGET_BAND", "BINARY", "PIECEWISE"],
    "BOOLEAN": ["BINARY", "STEP"],
}
OPERATORS = {
    "HIGHER": ["AT_LEAST", "MORE_THAN"],
    "BOOLEAN": ["AT_LEAST", "MORE_THAN"],
    "LOWER": ["AT_MOST", "LESS_THAN"],
    "TARGET": ["WITHIN"],
}
ROUNDINGS = st.sampled_from(["HALF_UP", "HALF_EVEN", "DOWN", "UP"])


def text(steps: int, unit: str) -> str:
    """Write steps as the shortest decimal text."""
    places = DECIMALS[unit]
    sign, digits = ("-" if steps < 0 else ""), str(abs(steps)).rjust(places + 1, "0")
    if places == 0:
        return sign + digits
    written = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
    return sign + written if written != "0" else "0"


def decimals(unit: str, low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda steps: text(steps, unit))


ratios = decimals("RATIO", 0, 2_000_000) | st.sampled_from(["0", "0.5", "1", "1.2"])


@st.composite
def curves(draw: st.DrawFn, direction: str, unit: str) -> dict[str, Any]:
    form = draw(st.sampled_from(FORMS[direction]))
    curve: dict[str, Any] = {"form": form}
    zero = draw(st.sampled_from(["REFUSE", "FULL_WHEN_MET"]))
    if form in {"STEP", "PIECEWISE"}:
        curve["axis"] = draw(st.sampled_from(["ACTUAL", "ATTAINMENT"]))
        on = unit if curve["axis"] == "ACTUAL" else "RATIO"
        places = draw(
            st.lists(st.integers(-500_000, 2_000_000), min_size=1, max_size=4, unique=True)
        )
        curve["points"] = [
            {"at": text(at, on), "gives": text(draw(st.integers(-500_000, 2_000_000)), "RATIO")}
            for at in sorted(places)
        ]
        if curve["axis"] == "ATTAINMENT":
            curve["zeroTarget"] = zero
        if form == "STEP":
            curve["boundary"] = draw(st.sampled_from(["UPPER_TIER", "LOWER_TIER"]))
            curve["below"] = draw(ratios)
    elif form == "TARGET_BAND":
        curve["band"] = text(draw(st.integers(0, 1000)), unit)
        curve["outside"] = draw(st.sampled_from(["ZERO", "FALLING"]))
        if curve["outside"] == "FALLING":
            curve["zeroTarget"] = zero
    elif form == "POINTS_DEDUCT":
        curve["deductPerUnit"] = draw(ratios)
    elif form != "BINARY":
        curve["zeroTarget"] = zero
    return curve


@st.composite
def items(draw: st.DrawFn, metric: str) -> dict[str, Any]:
    direction = draw(st.sampled_from(sorted(FORMS)))
    unit = UNITS[metric]
    item: dict[str, Any] = {
        "metric": metric,
        "unit": unit,
        "dimension": draw(st.sampled_from(["RESULT", "PROCESS", "BEHAVIOR", "GROWTH"])),
        "direction": direction,
        "comparison": draw(st.sampled_from(OPERATORS[direction])),
        "weight": "0",
        "curve": draw(curves(direction, unit)),
    }
    if item["curve"]["form"] == "RATIO_INV" or draw(st.booleans()):
        item["cap"] = draw(st.sampled_from(["1", "1.2", "1.5", "3"]))
    if draw(st.booleans()):
        item["floor"] = draw(st.sampled_from(["-1", "0", "0.333333"]))
    return item


@st.composite
def scorecards(draw: st.DrawFn) -> dict[str, Any]:
    metrics = draw(st.lists(st.sampled_from(sorted(UNITS)), min_size=1, max_size=5, unique=True))
    chosen = [draw(items(metric)) for metric in metrics]
    total = draw(st.sampled_from(["REJECT_UNLESS_100", "RENORMALISE"]))
    left = 1_000_000
    for item in chosen[1:]:
        weight = draw(st.integers(0, left))
        item["weight"] = text(weight, "POINT")
        left -= weight
    chosen[0]["weight"] = text(left or (1 if total == "RENORMALISE" else 0), "POINT")
    card: dict[str, Any] = {
        "format": "attain.scorecard/1",
        "key": "card",
        "name": NAME,
        "rounding": draw(ROUNDINGS),
        "weightTotal": total,
        "missing": draw(st.sampled_from(["EXCLUDE_AND_RENORMALISE", "ZERO", "NEUTRAL", "BLOCK"])),
        "combine": draw(st.sampled_from(["AVERAGE", "SUM", "PLAIN"])),
        "items": chosen,
    }
    if total == "RENORMALISE" and draw(st.booleans()):
        chosen[0]["weight"] = "33.3333"
    adjustments = [draw(adjustment(name)) for name in ("help", "innovation") if draw(st.booleans())]
    if adjustments:
        card["adjustments"] = adjustments
    if draw(st.booleans()):
        share = draw(st.integers(0, 1_000_000))
        card["team"] = {
            "individual": text(share, "POINT"),
            "team": text(1_000_000 - share, "POINT"),
            "missing": draw(st.sampled_from(["ZERO", "BLOCK"])),
        }
    if draw(st.booleans()):
        card["cap"] = draw(st.sampled_from(["100", "120", "150.5"]))
    if draw(st.booleans()):
        card["floor"] = draw(st.sampled_from(["0", "-20", "60"]))
    return card


@st.composite
def adjustment(draw: st.DrawFn, name: str) -> dict[str, Any]:
    metric = draw(st.sampled_from(sorted(UNITS)))
    unit = UNITS[metric]
    found: dict[str, Any] = {
        "id": name,
        "name": NAME,
        "kind": draw(st.sampled_from(["BONUS", "PENALTY"])),
        "form": draw(st.sampled_from(["PER_UNIT", "WHEN"])),
        "metric": metric,
        "unit": unit,
        "points": draw(decimals("POINT", 0, 50_000)),
        "missing": draw(st.sampled_from(["ZERO", "BLOCK"])),
    }
    if found["form"] == "WHEN":
        found["comparison"] = draw(
            st.sampled_from(["AT_LEAST", "MORE_THAN", "AT_MOST", "LESS_THAN"])
        )
        found["value"] = text(draw(st.integers(-5, 5)), unit)
    else:
        found["cap"] = draw(decimals("POINT", 0, 100_000))
    return found


def conditions(metrics: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    @st.composite
    def make(draw: st.DrawFn) -> dict[str, Any]:
        metric = draw(st.sampled_from(metrics))
        unit = UNITS.get(metric, "POINT")
        return {
            "metric": metric,
            "comparison": draw(st.sampled_from(["AT_LEAST", "MORE_THAN", "AT_MOST", "LESS_THAN"])),
            "value": text(draw(st.sampled_from([0, 1, -1, 750_000, 10_000])), unit),
        }

    return make()


anything = conditions([*sorted(UNITS), "score"])
rates = decimals("RATIO", 0, 300_000) | st.sampled_from(["0", "0.01", "0.015"])
amounts = decimals("CNY", 0, 1_000_000)
MONEY = ("sales.amount", "sales.margin")
HOW = Drawing(text, UNITS, MONEY, anything)


@st.composite
def tiered(draw: st.DrawFn, *measures: str) -> dict[str, Any]:
    mode = draw(st.sampled_from(["WHOLE", "MARGINAL", "ADDITIVE_PRORATED", "INTERPOLATED"]))
    measure = draw(st.sampled_from(["ACTUAL", "EXCESS_OVER_TARGET", *measures]))
    ends = sorted(draw(st.lists(st.integers(1, 200_000), max_size=3, unique=True)))
    unit = "CNY"
    if measure == "ATTAINMENT":
        ends, unit = [end * 10 for end in ends], "RATIO"
    tiers: list[dict[str, Any]] = [{"upTo": text(end, unit), "rate": draw(rates)} for end in ends]
    last = draw(rates)
    if mode == "ADDITIVE_PRORATED":
        last = "0"
    elif mode == "INTERPOLATED" and tiers:
        last = tiers[-1]["rate"]
    return {
        "metric": draw(st.sampled_from(MONEY)),
        "measure": measure,
        "mode": mode,
        "boundary": draw(st.sampled_from(["UPPER_TIER", "LOWER_TIER"])),
        "negative": "ZERO"
        if mode == "ADDITIVE_PRORATED"
        else draw(st.sampled_from(["KEEP", "ZERO"])),
        "tiers": [*tiers, {"rate": last}],
    }


@st.composite
def compared(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "metric": draw(st.sampled_from([*sorted(UNITS), "score"])),
        "peerGroup": draw(st.sampled_from(["UNIT", "PLATFORM", "COMPANY"])),
        "minimumCohort": draw(st.integers(1, 4)),
        "fallback": draw(st.sampled_from(["NO_REWARD", "WIDEN"])),
    }
    if kind == "TOP_SHARE":
        return {
            **found,
            "share": draw(st.sampled_from(["0.1", "0.25", "0.333333", "0.5"])),
            "rounding": draw(st.sampled_from(["FLOOR", "CEIL", "HALF_UP"])),
            "least": draw(st.integers(0, 2)),
            "tie": draw(st.sampled_from(["INCLUDE_ALL", "EXCLUDE_ALL"])),
            "amount": draw(amounts),
        }
    if draw(st.booleans()):
        found["metric"] = draw(st.sampled_from(MONEY))
        found["rate"] = draw(rates)
    if "rate" not in found or draw(st.booleans()):
        found["amount"] = draw(amounts)
    if draw(st.booleans()):
        found["minimum"] = draw(conditions([found["metric"]]))
        if draw(st.booleans()):
            found["fallback"] = "MINIMUM_ONLY"
    return found


@st.composite
def components(draw: st.DrawFn, identity: str, earlier: list[str]) -> dict[str, Any]:
    kinds = ["BONUS_WHEN_MET", "RATE_ON_EXCESS", "RATE", "REWARD_ABOVE_MEDIAN", "TOP_SHARE"]
    kind = draw(st.sampled_from([*kinds, "TIERED", "SCORE_PAY", "KICKER", *STRATEGIES]))
    own: dict[str, Any] = {}
    if kind == "BONUS_WHEN_MET":
        operator = st.sampled_from(["AT_LEAST", "MORE_THAN", "AT_MOST", "LESS_THAN"])
        own = {"metric": draw(st.sampled_from(sorted(UNITS))), "comparison": draw(operator)}
        own["amount"] = draw(amounts)
    elif kind == "RATE_ON_EXCESS":
        own = {"metric": draw(st.sampled_from(MONEY)), "rate": draw(rates)}
        own["comparison"] = draw(st.sampled_from(["AT_LEAST", "MORE_THAN"]))
    elif kind == "RATE":
        own = {"metric": draw(st.sampled_from(MONEY)), "rate": draw(rates)}
        own["negative"] = draw(st.sampled_from(["KEEP", "ZERO"]))
    elif kind == "KICKER":
        named = (
            st.lists(st.sampled_from(earlier), min_size=1, unique=True) if earlier else st.nothing()
        )
        own = {"percent": draw(rates), "condition": draw(anything)}
        own["base"] = draw(st.just("TOTAL") | named)
    elif kind == "TIERED":
        own = draw(tiered("ATTAINMENT"))
        own.update(over_a_span(draw, own["measure"]))
    elif kind in STRATEGIES:
        own = STRATEGIES[kind](draw, HOW, earlier)
    elif kind == "SCORE_PAY":
        places = sorted(
            draw(st.lists(st.integers(0, 1_500_000), min_size=1, max_size=4, unique=True))
        )
        own = {
            "amount": draw(amounts),
            "points": [{"score": text(at, "POINT"), "pays": draw(ratios)} for at in places],
            "below": draw(st.sampled_from(["NOTHING", "FIRST_POINT"])),
        }
    else:
        own = draw(compared(kind))
    if kind in {"BONUS_WHEN_MET", "RATE_ON_EXCESS", "RATE"} and draw(st.booleans()):
        own["minimum"] = draw(anything)
    if kind != "GATE" and draw(st.integers(0, 4)) == 0:
        own["cap"] = draw(decimals("CNY", 100_000, 500_000))
    if kind != "GATE" and draw(st.integers(0, 4)) == 0:
        own["floor"] = draw(decimals("CNY", -1000, 100_000))
    missing = draw(st.sampled_from(["ZERO", "BLOCK"]))
    return {"id": identity, "kind": kind, "name": NAME, "missing": missing, **own}


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 5))
    parts: list[dict[str, Any]] = []
    for place in range(count):
        bases = [part["id"] for part in parts if part["kind"] != "GATE"]
        parts.append(draw(components(f"part_{place}", bases)))
    plan: dict[str, Any] = {
        "format": "attain.plan/1",
        "cadence": "MONTH",
        "key": "plan",
        "name": NAME,
        "currency": "CNY",
        "rounding": draw(ROUNDINGS),
        "units": UNITS,
        "components": parts,
    }
    if draw(st.booleans()):
        plan["cap"] = draw(decimals("CNY", 100_000, 2_000_000))
    if draw(st.booleans()):
        plan["floor"] = draw(decimals("CNY", -1000, 100_000))
    return plan


near = st.integers(-3, 3)
numbers = (
    near
    | st.integers(-2_000_000, 2_000_000)
    | st.sampled_from([0, 100, 99_999_999, 100_000_000, 100_000_001])
    | st.integers(-HUGE, HUGE)
)


@st.composite
def people(draw: st.DrawFn) -> dict[str, int | None]:
    """One person's inputs: often a cent beside the target, sometimes missing, sometimes huge."""
    found: dict[str, int | None] = {"score": draw(st.none() | st.integers(-10_000, 2_000_000))}
    found["team.score"] = draw(st.none() | st.integers(0, 2_000_000))
    for metric in UNITS:
        den = draw(st.sampled_from([1, 1, 1, 2, 7, 1000, 4_000_001]))
        target = draw(numbers)
        beside = target * den + draw(near)
        num = beside if abs(beside) < HUGE and draw(st.booleans()) else draw(numbers)
        missing = draw(st.integers(0, 9))
        found[f"{metric}.num"] = None if missing == 0 else num
        found[f"{metric}.den"] = den
        found[f"{metric}.target"] = None if missing == 1 else target
        found[f"{metric}.baseline"] = None if missing == 2 else draw(numbers)
    return found


def steps_of(written: str, unit: str) -> int:
    """Read a decimal text back into steps."""
    return int(Fraction(written) * 10 ** DECIMALS[unit])


def card_edges(card: dict[str, Any]) -> dict[str, list[tuple[int, int]]]:
    """List where a card changes its mind: per metric (a, b) for the actual a + b x target."""
    edges: dict[str, list[tuple[int, int]]] = {}
    for item in card["items"]:
        found = edges.setdefault(item["metric"], [(0, RATIO_ONE)])
        curve = item["curve"]
        for point in curve.get("points", ()):
            if curve["axis"] == "ACTUAL":
                found.append((steps_of(point["at"], item["unit"]), 0))
            else:
                found.append((0, steps_of(point["at"], "RATIO")))
        if "band" in curve:
            found.append((steps_of(curve["band"], item["unit"]), RATIO_ONE))
    return edges


def plan_edges(plan: dict[str, Any]) -> dict[str, list[tuple[int, int]]]:
    """List where a plan changes its mind, in the same way; ``score`` is a metric as well."""
    edges: dict[str, list[tuple[int, int]]] = {}
    for component in plan["components"]:
        for name in ("minimum", "condition"):
            if name in component:
                gate = component[name]
                unit = UNITS.get(gate["metric"], "POINT")
                edges.setdefault(gate["metric"], []).append((steps_of(gate["value"], unit), 0))
        for tier in component.get("tiers", ()):
            if "upTo" in tier:
                over = RATIO_ONE if component["measure"] == "EXCESS_OVER_TARGET" else 0
                edge = (steps_of(tier["upTo"], "CNY"), over)
                if component["measure"] == "ATTAINMENT":
                    edge = (0, steps_of(tier["upTo"], "RATIO"))
                edges.setdefault(component["metric"], []).append(edge)
        for metric, axis, at in edges_of(component):
            attained = (0, steps_of(at, "RATIO"))
            actual = (steps_of(at, UNITS.get(metric, "POINT")), 0)
            edges.setdefault(metric, []).append(attained if axis == "ATTAINMENT" else actual)
        for point in component["points"] if component["kind"] == "SCORE_PAY" else ():
            edges.setdefault("score", []).append((steps_of(point["score"], "POINT"), 0))
    return edges


@st.composite
def people_at_the_edges(
    draw: st.DrawFn, edges: dict[str, list[tuple[int, int]]]
) -> dict[str, int | None]:
    """Draw a person who often stands exactly on a line that decides, or one step beside it."""
    person = draw(people())
    for metric, lines in edges.items():
        at, share = draw(st.sampled_from(lines))
        beside = draw(st.sampled_from([None, -1, 0, 0, 1]))
        if beside is None:
            continue
        if metric == "score":
            person["score"] = at + beside
            continue
        target, den = person[f"{metric}.target"] or 0, person[f"{metric}.den"] or 1
        exact = (at + Fraction(share * target, RATIO_ONE)) * den
        if exact.denominator == 1 and abs(exact) < HUGE:
            person[f"{metric}.num"] = int(exact) + beside
    return person

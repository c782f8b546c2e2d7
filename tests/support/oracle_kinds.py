"""The naive second reading of curves, factors, gates, matrices, programmes and tiers to date."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tests.support.oracle import DECIMALS, Document, Inputs, actual, along, compares, kept, total

Amounts = dict[str, Fraction | None]
KINDS = frozenset({"PAY_CURVE", "MULTIPLIER", "GATE", "MATRIX", "SPIFF", "POINTS", "PROJECT_PRIZE"})
COUNTED = {"POINT": 4, "COUNT": 0}


def round_off(value: Fraction | None, decimals: int, mode: str) -> Fraction | None:
    """Round to so many decimals, however large."""
    if value is None:
        return None
    steps = value * 10**decimals
    below, above = math.floor(abs(steps)), math.ceil(abs(steps))
    left = abs(steps) - below
    if mode == "DOWN" or left == 0:
        size = below
    elif mode == "UP":
        size = above
    elif left == Fraction(1, 2):
        size = above if mode == "HALF_UP" or below % 2 else below
    else:
        size = above if left > Fraction(1, 2) else below
    return Fraction(size if steps >= 0 else -size, 10**decimals)


def value_of(plan: Document, metric: str, data: Inputs) -> Fraction | None:
    if metric == "score":
        steps = data.get("score")
        return None if steps is None else Fraction(steps, 10**4)
    return actual(metric, plan["units"][metric], data)


def on_axis(plan: Document, side: Document, data: Inputs) -> Fraction | None:
    """Read the actual, or the actual over a target that is more than nothing."""
    value = value_of(plan, side["metric"], data)
    if side["axis"] == "ACTUAL" or value is None:
        return value
    target = data.get(f"{side['metric']}.target")
    if target is None or target <= 0:
        return None
    return value / Fraction(target, 10 ** DECIMALS[plan["units"][side["metric"]]])


def _has_reached(x: Fraction, edge: Fraction, boundary: str) -> bool:
    return x > edge or (x == edge and boundary == "UPPER_TIER")


def curve_at(component: Document, x: Fraction, gives: str, below: Fraction) -> Fraction:
    points = [(Fraction(each["at"]), Fraction(each[gives])) for each in component["points"]]
    if not _has_reached(x, points[0][0], component["boundary"]):
        return below
    if component.get("form") == "STEP":
        return [y for at, y in points if _has_reached(x, at, component["boundary"])][-1]
    if x > points[-1][0] and component["beyond"] == "SLOPE":
        return points[-1][1] + Fraction(component["slope"]) * (x - points[-1][0])
    return along(points, x)


class Standing:
    """What each component pays so far, and the money of the plan."""

    def __init__(self, plan: Document) -> None:
        self.nets: Amounts = {}
        self.decimals: int = DECIMALS[plan["currency"]]
        self.mode: str = plan["rounding"]

    def named(self, component: Document, field: str = "base") -> list[str]:
        base: list[str] | str = component[field]
        return list(self.nets) if base == "TOTAL" else list(base)

    def base(self, component: Document) -> Fraction | None:
        return kept(total([self.nets[name] for name in self.named(component)]), self.decimals)


def pay(plan: Document, component: Document, data: Inputs, so_far: Standing) -> Fraction | None:
    kind = component["kind"]
    if kind == "PAY_CURVE":
        return _pay_curve(plan, component, data, so_far)
    if kind == "MULTIPLIER":
        x = on_axis(plan, component, data)
        if x is None:
            return None
        factor = curve_at(component, x, "factor", Fraction(component["below"]))
        return _factor(component, factor, so_far)
    if kind == "MATRIX":
        return _matrix(plan, component, data, so_far)
    if kind == "POINTS":
        passed = holds(plan, component.get("minimum"), data)
        value = value_of(plan, component["metric"], data)
        if passed is None or value is None:
            return None
        return _per_unit(component, value, so_far) if passed else Fraction(0)
    return _programme(plan, component, data, so_far)


def holds(plan: Document, condition: Document | None, data: Inputs) -> bool | None:
    if condition is None:
        return True
    value = value_of(plan, condition["metric"], data)
    if value is None:
        return None
    return compares(value, condition["comparison"], Fraction(condition["value"]))


def _pay_curve(
    plan: Document, component: Document, data: Inputs, so_far: Standing
) -> Fraction | None:
    x = on_axis(plan, {**component, "axis": "ATTAINMENT"}, data)
    passed = holds(plan, component.get("minimum"), data)
    if x is None or passed is None:
        return None
    if not passed:
        return Fraction(0)
    first = Fraction(component["points"][0]["pays"])
    below = first if component["below"] == "FIRST_POINT" else Fraction(0)
    part = curve_at(component, x, "pays", below)
    return round_off(Fraction(component["amount"]) * part, so_far.decimals, so_far.mode)


def _factor(component: Document, factor: Fraction, so_far: Standing) -> Fraction | None:
    base = so_far.base(component)
    if base is None:
        return None
    if component["negative"] == "ZERO":
        base = max(base, Fraction(0))
    return round_off(base * (factor - 1), so_far.decimals, so_far.mode)


def _matrix(plan: Document, component: Document, data: Inputs, so_far: Standing) -> Fraction | None:
    places = []
    for name in ("rows", "columns"):
        side = component[name]
        x = on_axis(plan, side, data)
        if x is None:
            return None
        edges = [Fraction(each) for each in side["edges"]]
        places.append(sum(_has_reached(x, edge, side["boundary"]) for edge in edges))
    cell = Fraction(component["cells"][places[0]][places[1]])
    return cell if component["pays"] == "AMOUNT" else _factor(component, cell, so_far)


def _per_unit(component: Document, value: Fraction, so_far: Standing) -> Fraction | None:
    if component["negative"] == "ZERO":
        value = max(value, Fraction(0))
    amount = Fraction(component["amount"])
    if component["parts"] == "WHOLE_ONLY":
        return amount * math.trunc(value)
    return round_off(amount * value, so_far.decimals, so_far.mode)


def _programme(
    plan: Document, component: Document, data: Inputs, so_far: Standing
) -> Fraction | None:
    assert date.fromisoformat(component["from"]) <= date.fromisoformat(component["to"])
    due = data[f"{component['id']}.due"]
    if due is None:
        return None
    if not due:
        return Fraction(0)
    value = actual(f"{component['id']}.window", plan["units"][component["metric"]], data)
    if value is None:
        return None
    if component["kind"] == "PROJECT_PRIZE" or component["form"] == "BONUS":
        won = compares(value, component["comparison"], Fraction(component["value"]))
        return Fraction(component["amount"]) if won else Fraction(0)
    if component["form"] == "PER_UNIT":
        return _per_unit(component, value, so_far)
    if component["negative"] == "ZERO":
        value = max(value, Fraction(0))
    return round_off(value * Fraction(component["rate"]), so_far.decimals, so_far.mode)


def shut(plan: Document, component: Document, data: Inputs, so_far: Standing) -> Fraction | None:
    """Open or shut a gate: give its amount, and leave with everyone what it leaves."""
    passed = holds(plan, component["condition"], data)
    if passed is None and component["unmeasured"] != "BLOCK":
        passed = component["unmeasured"] == "OPEN"
    if passed:
        return Fraction(0)
    before = {name: so_far.nets[name] for name in so_far.named(component)}
    for name, net in before.items():
        stays = net is not None and net < 0 and component["negative"] == "KEEP"
        left = net if stays or net is None else Fraction(0)
        so_far.nets[name] = None if passed is None else left
    if passed is None:
        return None
    lost: Sequence[Fraction | None] = [
        None if net is None else net - (so_far.nets[name] or 0) for name, net in before.items()
    ]
    at_stake = kept(total(lost), so_far.decimals)
    if at_stake is None:
        return Fraction(0) if component["missing"] == "ZERO" else None
    return -at_stake


def tier_basis(
    plan: Document, component: Document, data: Inputs
) -> tuple[Fraction, Fraction | None] | None:
    """Give the amount and the target that tiers look at: of the period, or of the span so far."""
    metric, identity = component["metric"], component["id"]
    unit = plan["units"][metric]
    value = actual(metric, unit, data)
    parts: list[Any] = [data.get(f"{metric}.target")]
    if "span" in component:
        before = actual(f"{identity}.before", unit, data)
        if value is None and component["missing"] == "ZERO":
            value = Fraction(0)
        value = total([value, before])
        if component.get("spanTarget") == "SPAN":
            parts = [data.get(f"{identity}.goal")]
        elif component.get("spanTarget") == "TO_DATE":
            parts.append(data.get(f"{identity}.goal_before"))
    if value is None:
        return None
    target = total([None if part is None else Fraction(part) for part in parts])
    return value, None if target is None else target / 10 ** DECIMALS[unit]


def earned_before(plan: Document, component: Document, data: Inputs) -> Fraction:
    """Read what the ledger says was earned earlier in the span."""
    steps = data[f"{component['id']}.earned"]
    assert steps is not None
    return Fraction(steps, 10 ** DECIMALS[plan["currency"]])


def limited(
    component: Mapping[str, Any], amount: Fraction | None, decimals: int
) -> dict[str, Fraction | None]:
    """Give what a component's own cap and floor change."""
    found: dict[str, Fraction | None] = {}
    standing = amount
    if "cap" in component:
        over = None if standing is None else Fraction(component["cap"]) - standing
        found["cap"] = None if over is None else kept(min(over, Fraction(0)), decimals)
        standing = total([standing, found["cap"]])
    if "floor" in component:
        short = None if standing is None else Fraction(component["floor"]) - standing
        found["floor"] = None if short is None else kept(max(short, Fraction(0)), decimals)
    return found

"""The naive second reading of plans and of peer groups; see `tests/support/oracle.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median
from typing import Any

from tests.support.oracle import (
    DECIMALS,
    Document,
    Found,
    Inputs,
    actual,
    along,
    compares,
    given,
    kept,
    rounded,
    total,
)
from tests.support.oracle_kinds import (
    KINDS,
    Standing,
    earned_before,
    limited,
    pay,
    round_off,
    shut,
    tier_basis,
)

Peers = Mapping[str, Mapping[str, Any]]


def pay_plan(plan: Document, data: Inputs, peers: Peers) -> Found:
    """Pay one person. ``peers[id]`` has size, median, rank, tied (None when there is none)."""
    found: Found = {}
    decimals = DECIMALS[plan["currency"]]
    so_far = Standing(plan)
    parts: list[Fraction | None] = []
    for component in plan["components"]:
        name = component["id"]
        if component["kind"] == "GATE":
            found[f"{name}.amount"] = kept(shut(plan, component, data, so_far), decimals)
            parts.append(found[f"{name}.amount"])
            continue
        if component["kind"] in KINDS:
            amount = pay(plan, component, data, so_far)
        else:
            amount = _component(plan, component, data, peers, so_far)
        if amount is None and component["missing"] == "ZERO":
            amount = Fraction(0)
        amount = kept(amount, decimals)
        found[f"{name}.amount"] = amount
        own = limited(component, amount, decimals)
        found.update({f"{name}.{which}.amount": change for which, change in own.items()})
        so_far.nets[name] = total([amount, *own.values()])
        parts.extend([amount, *own.values()])
    payout = kept(total(parts), decimals)
    found["subtotal"] = payout
    if payout is not None and "cap" in plan:
        payout = min(payout, Fraction(plan["cap"]))
    if payout is not None and "floor" in plan:
        payout = max(payout, Fraction(plan["floor"]))
    found["payout"] = payout
    return found


def _value(plan: Document, metric: str, data: Inputs) -> Fraction | None:
    if metric == "score":
        steps = data.get("score")
        return None if steps is None else Fraction(steps, 10**4)
    return actual(metric, plan["units"][metric], data)


def _holds(plan: Document, condition: Document | None, data: Inputs) -> bool | None:
    if condition is None:
        return True
    value = _value(plan, condition["metric"], data)
    if value is None:
        return None
    return compares(value, condition["comparison"], Fraction(condition["value"]))


def _component(
    plan: Document,
    component: Document,
    data: Inputs,
    peers: Peers,
    so_far: Standing,
) -> Fraction | None:
    decimals, mode = DECIMALS[plan["currency"]], plan["rounding"]
    kind = component["kind"]
    if kind == "KICKER":
        passed = _holds(plan, component["condition"], data)
        base = so_far.base(component)
        if passed is None or (passed and base is None):
            return None
        if not passed or base is None:
            return Fraction(0)
        return rounded(base * Fraction(component["percent"]), decimals, mode)
    if kind == "SCORE_PAY":
        score = _value(plan, "score", data)
        return None if score is None else rounded(_score_pay(component, score), decimals, mode)
    if kind in {"REWARD_ABOVE_MEDIAN", "TOP_SHARE"}:
        return _compared(plan, component, data, peers[component["id"]])
    if kind == "TIERED":
        return _tiers(plan, component, data)
    metric = component["metric"]
    value = _value(plan, metric, data)
    target = given(metric, "target", plan["units"][metric], data)
    gate = _holds(plan, component.get("minimum"), data)
    if value is None or gate is None:
        return None
    if kind == "RATE":
        if not gate:
            return Fraction(0)
        base = value if component["negative"] == "KEEP" else max(value, Fraction(0))
        return rounded(base * Fraction(component["rate"]), decimals, mode)
    if target is None:
        return None
    if not (compares(value, component["comparison"], target) and gate):
        return Fraction(0)
    if kind == "BONUS_WHEN_MET":
        return Fraction(component["amount"])
    return rounded((value - target) * Fraction(component["rate"]), decimals, mode)


def _tiers(plan: Document, component: Document, data: Inputs) -> Fraction | None:
    basis = tier_basis(plan, component, data)
    if basis is None:
        return None
    value, target = basis
    held: Document = component
    if component["measure"] == "EXCESS_OVER_TARGET":
        if target is None:
            return None
        value = max(value - target, Fraction(0))
    if component["negative"] == "ZERO":
        value = max(value, Fraction(0))
    if component["measure"] == "ATTAINMENT":
        if target is None or target <= 0:
            return None
        # a tier that ends at 80 % of the target ends at 0.8 x target
        ends = [
            {**tier, "upTo": Fraction(tier["upTo"]) * target} if "upTo" in tier else tier
            for tier in component["tiers"]
        ]
        held = {**component, "tiers": ends}
    decimals = DECIMALS[plan["currency"]]
    paid = round_off(_tiered(held, value), decimals, plan["rounding"])
    if "span" not in component:
        return paid
    paid = kept(paid, decimals)
    return None if paid is None else paid - earned_before(plan, component, data)


def _score_pay(component: Document, score: Fraction) -> Fraction:
    points = [(Fraction(each["score"]), Fraction(each["pays"])) for each in component["points"]]
    if score < points[0][0] and component["below"] == "NOTHING":
        return Fraction(0)
    return Fraction(component["amount"]) * along(points, score)


def _tiered(component: Document, x: Fraction) -> Fraction:
    upper, mode = component["boundary"] == "UPPER_TIER", component["mode"]
    start, earned, added, last = Fraction(0), Fraction(0), Fraction(0), None
    rate, end = Fraction(0), None
    for tier in component["tiers"]:
        rate = Fraction(tier["rate"])
        end = Fraction(tier["upTo"]) if "upTo" in tier else None
        if end is None or x < end or (x == end and not upper):
            break
        earned += (end - start) * rate
        added += rate
        start, last = end, rate
    if mode == "WHOLE":
        return x * rate
    if mode == "MARGINAL":
        return earned + (x - start) * rate
    if mode == "ADDITIVE_PRORATED":
        return x * (added + (rate * (x - start) / (end - start) if end is not None else 0))
    if last is None or end is None:
        return x * rate
    return x * (last + (rate - last) * (x - start) / (end - start))


def _compared(
    plan: Document, component: Document, data: Inputs, peers: Mapping[str, Any]
) -> Fraction | None:
    decimals, mode = DECIMALS[plan["currency"]], plan["rounding"]
    value = _value(plan, component["metric"], data)
    if value is None or peers["size"] is None:
        return None
    if component["kind"] == "TOP_SHARE":
        if peers["rank"] is None:
            return Fraction(0)
        share = peers["size"] * Fraction(component["share"])
        named = {"FLOOR": "DOWN", "CEIL": "UP", "HALF_UP": "HALF_UP"}[component["rounding"]]
        places = max(rounded(share, 0, named) or 0, component["least"])
        last = peers["rank"] + (peers["tied"] - 1 if component["tie"] == "EXCLUDE_ALL" else 0)
        return Fraction(component["amount"]) if last <= places else Fraction(0)
    gate = _holds(plan, component.get("minimum"), data)
    if gate is None:
        return None
    line = peers["median"]
    if line is None:
        if component["fallback"] != "MINIMUM_ONLY":
            return Fraction(0)
        line = Fraction(component["minimum"]["value"])
        above = True
    else:
        above = value > line
    if not (above and gate):
        return Fraction(0)
    part = max(value - line, Fraction(0)) * Fraction(component.get("rate", "0"))
    pay = rounded(part, decimals, mode)
    return None if pay is None else Fraction(component.get("amount", "0")) + pay


def peer_facts(
    values: Sequence[Fraction | None],
    groups: Sequence[int],
    parents: Sequence[int],
    *,
    minimum: int,
    widen: bool,
    lower: bool = False,
) -> list[dict[str, Any]]:
    """Compare everyone with everyone, the slow way."""
    facts = []
    for row, own in enumerate(values):
        peers = _members(values, groups, groups[row])
        if widen and len(peers) < max(minimum, 1):
            wider = _members(values, parents, parents[row])
            peers = wider if len(wider) >= max(minimum, 1) else peers
        enough = len(peers) >= max(minimum, 1)
        better = [x for x in peers if own is not None and (x < own if lower else x > own)]
        facts.append(
            {
                "size": len(peers),
                "median": median(peers) if enough else None,
                "rank": len(better) + 1 if enough and own is not None else None,
                "tied": peers.count(own) if enough and own is not None else None,
                "dense": len(set(better)) + 1 if enough and own is not None else None,
            }
        )
    return facts


def _members(
    values: Sequence[Fraction | None], groups: Sequence[int], group: int
) -> list[Fraction]:
    return [
        value
        for value, each in zip(values, groups, strict=True)
        if each == group and value is not None
    ]

"""A naive second reading of scorecards and plans, on fractions, straight from their documents.

It knows nothing of the core: no carrier, no muldiv, no decoder. Slow and obvious on purpose. Where
it and the core differ, one of them misreads the rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

DECIMALS = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3, "COUNT": 0, "RATIO": 6, "POINT": 4, "DAY": 2}
Document = Mapping[str, Any]
Inputs = Mapping[str, int | None]
Found = dict[str, Any]


def rounded(value: Fraction | None, decimals: int, mode: str) -> Fraction | None:
    """Round to so many decimals; what needs more than 63 bits of steps is no number."""
    if value is None:
        return None
    steps = value * 10**decimals
    size = abs(steps)
    if mode == "HALF_UP":
        whole = math.floor(size + Fraction(1, 2))
    elif mode == "HALF_EVEN":
        whole = round(size)
    elif mode == "UP":
        whole = math.ceil(size)
    else:
        whole = math.floor(size)
    return kept(Fraction(whole if steps >= 0 else -whole, 10**decimals), decimals)


def kept(value: Fraction | None, decimals: int) -> Fraction | None:
    return None if value is None or abs(value * 10**decimals) >= 2**63 else value


def actual(metric: str, unit: str, data: Inputs) -> Fraction | None:
    num, den = data.get(f"{metric}.num"), data.get(f"{metric}.den")
    return None if num is None or den is None else Fraction(num, den) / 10 ** DECIMALS[unit]


def given(metric: str, part: str, unit: str, data: Inputs) -> Fraction | None:
    value = data.get(f"{metric}.{part}")
    return None if value is None else Fraction(value) / 10 ** DECIMALS[unit]


def compares(left: Fraction, operator: str, right: Fraction) -> bool:
    return {
        "AT_LEAST": left >= right,
        "MORE_THAN": left > right,
        "AT_MOST": left <= right,
        "LESS_THAN": left < right,
    }[operator]


def score_card(card: Document, data: Inputs) -> Found:
    found: Found = {}
    mode, policy = card["rounding"], card["missing"]
    scores: list[Fraction | None] = []
    for item in card["items"]:
        met, attained = _item(item, data, mode)
        key, score = item["metric"], attained
        if score is not None and "cap" in item:
            score = min(score, Fraction(item["cap"]))
        if score is not None and "floor" in item:
            score = max(score, Fraction(item["floor"]))
        if score is None and policy in {"ZERO", "NEUTRAL"}:
            score = Fraction(0 if policy == "ZERO" else 1)
        found.update({f"{key}.met": met, f"{key}.attainment": attained, f"{key}.score": score})
        scores.append(score)
    fulls = _fulls(card, scores)
    parts: list[Fraction | None] = []
    for item, score, full in zip(card["items"], scores, fulls, strict=True):
        excluded = score is None and policy == "EXCLUDE_AND_RENORMALISE"
        points = full if excluded else None
        if score is not None and full is not None:
            points = rounded(score * full, 4, mode)
        found[f"{item['metric']}.full"] = full
        found[f"{item['metric']}.points"] = points
        found[f"{item['metric']}.difference"] = difference(points, full)
        parts.append(points)
    for each in card.get("adjustments", ()):
        points = _adjustment(each, data, mode)
        found[f"{each['id']}.points"] = points
        parts.append(points)
    own = kept(total(parts), 4)
    found["own.score"] = own
    found["score"] = _whole(card, own, data, mode)
    return found


def difference(a: Fraction | None, b: Fraction | None) -> Fraction | None:
    return None if a is None or b is None else a - b


def total(parts: Sequence[Fraction | None]) -> Fraction | None:
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None


def _item(item: Document, data: Inputs, mode: str) -> tuple[bool | None, Fraction | None]:
    metric, unit, curve = item["metric"], item["unit"], item["curve"]
    a, t = actual(metric, unit, data), given(metric, "target", unit, data)
    met: bool | None = None
    if a is not None and t is not None:
        if item["comparison"] == "WITHIN":
            met = abs(a - t) <= Fraction(curve.get("band", "0"))
        else:
            met = compares(a, item["comparison"], t)
    if a is None:
        return met, None
    b = given(metric, "baseline", unit, data)
    return met, rounded(_curve(item, a, t, b, met), 6, mode)


def _curve(
    item: Document, a: Fraction, t: Fraction | None, b: Fraction | None, met: bool | None
) -> Fraction | None:
    curve, form = item["curve"], item["curve"]["form"]
    one, zero = Fraction(1), Fraction(0)
    if form == "POINTS_DEDUCT":
        return max(one - a * Fraction(curve["deductPerUnit"]), zero)
    if form in {"STEP", "PIECEWISE"} and curve["axis"] == "ACTUAL":
        return _table(curve, a)
    if t is None:
        return None
    if form == "BINARY":
        return one if met else zero
    if form == "TARGET_BAND":
        band = Fraction(curve["band"])
        if abs(a - t) <= band:
            return one  # nothing is divided inside the band
        if curve["outside"] == "ZERO":
            return zero
    if form == "BASELINE":
        if b is None:
            return None
        span = t - b if item["direction"] == "HIGHER" else b - t
        way = a - b if item["direction"] == "HIGHER" else b - a
        if span == 0:
            return _policy(curve, met)
        return way / span if span > 0 else None
    if t == 0:
        return _policy(curve, met)
    match form:
        case "LINEAR_ABS":
            return 1 + (a - t) / abs(t)
        case "LINEAR_ABS_INV":
            return 1 - (a - t) / abs(t)
        case "TARGET_ABSOLUTE":
            return 1 - abs(a - t) / abs(t)
        case "TARGET_BAND":
            return 1 - (abs(a - t) - Fraction(curve["band"])) / abs(t)
    if t < 0:
        return None
    if form == "RATIO":
        return a / t
    if form == "RATIO_INV":
        return t / a if a > 0 else Fraction(item["cap"])
    return _table(curve, a / t)


def _policy(curve: Document, met: bool | None) -> Fraction | None:
    return Fraction(1 if met else 0) if curve["zeroTarget"] == "FULL_WHEN_MET" else None


def _table(curve: Document, x: Fraction) -> Fraction:
    points = [(Fraction(point["at"]), Fraction(point["gives"])) for point in curve["points"]]
    if curve["form"] == "STEP":
        gives = Fraction(curve["below"])
        for at, value in points:
            if x > at or (x == at and curve["boundary"] == "UPPER_TIER"):
                gives = value
        return gives
    return along(points, x)


def along(points: Sequence[tuple[Fraction, Fraction]], x: Fraction) -> Fraction:
    """Read a broken line whose ends are held level."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def _fulls(card: Document, scores: Sequence[Fraction | None]) -> list[Fraction | None]:
    weights = [Fraction(item["weight"]) for item in card["items"]]
    whole = Fraction(100)
    if card["combine"] == "PLAIN":
        weights = [Fraction(100)] * len(weights)
        whole = sum(weights, Fraction(0))
    elif card["combine"] == "SUM" and card["weightTotal"] == "REJECT_UNLESS_100":
        whole = sum(weights, Fraction(0))
    if card["missing"] == "EXCLUDE_AND_RENORMALISE":
        weights = [
            Fraction(0) if score is None else weight
            for weight, score in zip(weights, scores, strict=True)
        ]
    everything = sum(weights, Fraction(0))
    if everything == 0:
        return [None] * len(weights)
    fulls, so_far, shown = [], Fraction(0), Fraction(0)
    for weight in weights:
        so_far += weight
        reached = rounded(so_far * whole / everything, 4, card["rounding"])
        assert reached is not None
        fulls.append(reached - shown)
        shown = reached
    return fulls  # type: ignore[return-value]


def _adjustment(each: Document, data: Inputs, mode: str) -> Fraction | None:
    a = actual(each["metric"], each["unit"], data)
    points: Fraction | None = None
    if a is not None and each["form"] == "WHEN":
        passed = compares(a, each["comparison"], Fraction(each["value"]))
        points = Fraction(each["points"]) if passed else Fraction(0)
    elif a is not None:
        exact = max(a * Fraction(each["points"]), Fraction(0))
        cap = Fraction(each["cap"]) if "cap" in each else exact + 1
        points = rounded(min(exact, cap), 4, mode)
    if points is None and each["missing"] == "ZERO" and a is None:
        points = Fraction(0)
    return -points if points is not None and each["kind"] == "PENALTY" else points


def _whole(card: Document, own: Fraction | None, data: Inputs, mode: str) -> Fraction | None:
    score = own
    if "team" in card:
        steps = data.get("team.score")
        team = None if steps is None else Fraction(steps, 10**4)
        if team is None and card["team"]["missing"] == "ZERO":
            team = Fraction(0)
        if own is None or team is None:
            return None
        shares = card["team"]
        score = total(
            [
                rounded(own * Fraction(shares["individual"]) / 100, 4, mode),
                rounded(team * Fraction(shares["team"]) / 100, 4, mode),
            ]
        )
    if score is not None and "cap" in card:
        score = min(score, Fraction(card["cap"]))
    if score is not None and "floor" in card:
        score = max(score, Fraction(card["floor"]))
    return kept(score, 4)

"""The naive second reading of proration, ramps and cut periods; see `tests/support/oracle.py`.

Written from `docs/plan-language.md` on documents and fractions. A period is a list of segments;
each has its own documents, its days, what was achieved in it and the full target that held in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from typing import Any

from tests.support import oracle
from tests.support.oracle_kinds import limited
from tests.support.oracle_pay import pay_plan

Document = dict[str, Any]
Found = dict[str, Fraction | None]


def rounded(value: Fraction | None, unit: str, mode: str) -> Fraction | None:
    """Round once to the steps of a unit."""
    return oracle.rounded(value, oracle.DECIMALS[unit], mode)


def units_of(document: Document) -> dict[str, str]:
    if "units" in document:
        return dict(document["units"])
    return {item["metric"]: item["unit"] for item in document["items"]}


def with_part_of_targets(
    document: Document, data: Mapping[str, int | None], share: Fraction, ramp: Fraction
) -> dict[str, int | None]:
    """Take the targets and baselines that the document names by days, and by the ramp."""
    found = dict(data)
    by_days = document.get("proration", {}).get("targets", [])
    ramped = document.get("ramp", {}).get("metrics", [])
    for metric, unit in units_of(document).items():
        for part in ("target", "baseline"):
            steps = data.get(f"{metric}.{part}")
            if steps is None:
                continue
            factor = share if metric in by_days else Fraction(1)
            if metric in ramped and part == "target":
                factor *= ramp
            whole = Fraction(steps, 10 ** oracle.DECIMALS[unit])
            taken = rounded(whole * factor, unit, document["rounding"])
            assert taken is not None
            found[f"{metric}.{part}"] = int(taken * 10 ** oracle.DECIMALS[unit])
    return found


def with_part_of_thresholds(plan: Document, share: Fraction) -> Document:
    """Write the plan with the part of its tier ends and conditions, as exact fractions."""
    found = deepcopy(plan)
    for component in found["components"]:
        if component["id"] not in plan["proration"]["thresholds"]:
            continue
        for tier in component.get("tiers", ()):
            if "upTo" in tier:
                tier["upTo"] = Fraction(tier["upTo"]) * share
        for name in ("minimum", "condition"):
            condition = component.get(name)
            if condition and found["units"].get(condition["metric"]) not in {
                None,
                "RATIO",
                "POINT",
            }:
                condition["value"] = Fraction(condition["value"]) * share
    return found


def prorated_pay(
    plan: Document, data: Mapping[str, int | None], share: Fraction, ramp: Fraction = Fraction(1)
) -> Found:
    """Pay somebody who is there for a share of the period, component by component."""
    inputs = with_part_of_targets(plan, data, share, ramp)
    if "proration" not in plan:
        plain = pay_plan(plan, inputs, {})
        return {name: plain[name] for name in plain if name.endswith((".amount", "payout"))}
    taken, unit = with_part_of_thresholds(plan, share), plan["currency"]
    names = plan["proration"]["amounts"]
    amounts: Found = {}
    for place, component in enumerate(taken["components"]):
        base = {**taken, "components": taken["components"][: place + 1]}
        base.pop("cap", None)
        base.pop("floor", None)
        for name, paid in _one(base, component, inputs, amounts).items():
            taken_part = paid
            if component["id"] in names and paid is not None:
                taken_part = rounded(paid * share, unit, plan["rounding"])
            amounts[name] = taken_part
    found: Found = dict(amounts)
    total: Fraction | None
    total = None if None in amounts.values() else sum(filter(None, amounts.values()), Fraction(0))
    for name, choose in (("cap", min), ("floor", max)):
        if name in plan and total is not None:
            limit = Fraction(plan[name])
            if name in names:
                part = rounded(limit * share, unit, plan["rounding"])
                assert part is not None
                limit = part
            total = choose(total, limit)
    found["payout"] = total
    return found


def _one(
    plan: Document, component: Document, data: Mapping[str, int | None], amounts: Found
) -> Found:
    """Pay one component; what it leans on is paid as it came out by days."""
    if component["kind"] != "KICKER":
        alone = {**plan, "components": [component]}
        found = pay_plan(alone, dict(data), {})
        return {name: found[name] for name in found if name.startswith(f"{component['id']}.")}
    name, base = f"{component['id']}.amount", component["base"]
    parts = [
        value
        for line, value in amounts.items()
        if base == "TOTAL" or line.split(".", maxsplit=1)[0] in base
    ]
    holds = _holds(plan, component["condition"], data)
    if holds is None or (holds and None in parts):
        found = {name: Fraction(0) if component["missing"] == "ZERO" else None}
    else:
        total = sum((part for part in parts if part is not None), Fraction(0))
        paid = total * Fraction(component["percent"]) if holds else Fraction(0)
        found = {name: rounded(paid, plan["currency"], plan["rounding"])}
    own = limited(component, found[name], oracle.DECIMALS[plan["currency"]])
    changes = {f"{component['id']}.{which}.amount": change for which, change in own.items()}
    return {**found, **changes}


def _holds(plan: Document, condition: Document, data: Mapping[str, int | None]) -> bool | None:
    if condition["metric"] == "score":
        steps = data.get("score")
        value = None if steps is None else Fraction(steps, 10**4)
    else:
        unit = plan["units"][condition["metric"]]
        value = oracle.actual(condition["metric"], unit, dict(data))
    if value is None:
        return None
    return oracle.compares(value, condition["comparison"], Fraction(condition["value"]))


def paid_lines(plan: Document, found: Found, share: Fraction) -> list[Fraction | None]:
    """List what makes the payout: the amounts, and what cap and floor take or add."""
    lines = [value for name, value in found.items() if name.endswith(".amount")]
    known = [each for each in lines if each is not None]
    total = None if None in lines else sum(known, Fraction(0))
    for name, choose in (("cap", min), ("floor", max)):
        if name not in plan:
            continue
        limit = Fraction(plan[name])
        if name in plan.get("proration", {}).get("amounts", []):
            part = rounded(limit * share, plan["currency"], plan["rounding"])
            assert part is not None
            limit = part
        lines.append(None if total is None else choose(total, limit) - total)
        total = None if total is None else choose(total, limit)
    return lines


def weighted(
    values: Sequence[Fraction | None],
    weights: Sequence[Fraction],
    unit: str,
    mode: str,
    whole: Fraction,
) -> Fraction | None:
    """Put values together by weights, rounded once."""
    if None in values:
        return None
    total = sum((v * w for v, w in zip(values, weights, strict=True) if v is not None), Fraction(0))
    return rounded(total / whole, unit, mode)


def weights_of(days: Sequence[int], achieved: Sequence[Fraction | None] | None) -> list[Fraction]:
    """Weigh the segments: by days, or by what was achieved if anything was and none is negative."""
    by_days = [Fraction(each) for each in days]
    if achieved is None:
        return by_days
    known = [each or Fraction(0) for each in achieved]
    return known if sum(known) > 0 and min(known) >= 0 else by_days

"""An old system as a naive reading of a plan would have it, with known mistakes of known amounts.

It pays by `tests/support/oracle_pay.py`, which knows nothing of the core: the same plan on other
numbers, held against other goals, without caps, or with a sum typed in by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.support import oracle_pay

Document = Mapping[str, Any]
Person = Mapping[str, int | None]
PLAIN = frozenset(
    {
        "BONUS_WHEN_MET",
        "RATE_ON_EXCESS",
        "RATE",
        "KICKER",
        "TIERED",
        "SCORE_PAY",
        "PAY_CURVE",
        "MULTIPLIER",
        "GATE",
        "MATRIX",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """Where the old system is not ours."""

    actuals: Mapping[str, int] = field(default_factory=dict)  # what it counted, by metric
    goals: Mapping[str, int] = field(default_factory=dict)  # what it held against
    typed: Mapping[str, int] = field(default_factory=dict)  # cents too much, by component
    uncapped: frozenset[str] = frozenset()  # components whose cap and floor it forgot


def plain(document: Document) -> dict[str, Any]:
    """Leave out what compares people or looks at other days, and what builds on that."""
    kept: list[Any] = []
    for each in document["components"]:
        names = {
            name
            for part in each.values()
            if isinstance(part, list)
            for name in part
            if isinstance(name, str) and name.startswith("part_")
        }
        if each["kind"] in PLAIN and names <= {one["id"] for one in kept}:
            kept.append(each)
    return {**document, "components": kept}


def amounts(
    document: Document, person: Person, uncapped: frozenset[str] = frozenset()
) -> dict[str, int | None]:
    """Pay one person by component, in cents; the empty name is what the plan limits."""
    found = oracle_pay.pay_plan(document, person, {})
    paid: dict[str, int | None] = {}
    for each in document["components"]:
        name = each["id"]
        parts = [found[f"{name}.amount"]]
        if name not in uncapped:
            parts += [
                found[key] for key in (f"{name}.cap.amount", f"{name}.floor.amount") if key in found
            ]
        paid[name] = _cents(parts)
    whole = [found[key] for key in ("cap.amount", "floor.amount") if key in found]
    if whole:
        paid[""] = _cents(whole)
    return paid


def _cents(parts: list[Fraction | None]) -> int | None:
    there = [each for each in parts if each is not None]
    return int(sum(there) * 100) if there else None


def as_counted(person: Person, mistakes: Mistakes) -> dict[str, int | None]:
    """Give the numbers as the old system had them."""
    found = dict(person)
    for metric, steps in mistakes.actuals.items():
        if metric == "score":
            found["score"] = steps
        else:
            found |= {f"{metric}.num": steps, f"{metric}.den": 1}
    return found | {f"{metric}.target": steps for metric, steps in mistakes.goals.items()}

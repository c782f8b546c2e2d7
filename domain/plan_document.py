"""Writing a plan back as its one canonical document, and naming it by its hash."""

from __future__ import annotations

from domain.document import document_hash, without_absent
from domain.kinds.base import Component
from domain.plan import PLAN_FORMAT, Plan
from domain.plan_proration import write_plan_proration
from domain.proration import write_ramp
from domain.scorecard import optional_text
from domain.settlement_terms import write_settlement


def encode_plan(plan: Plan) -> dict[str, object]:
    """Write a plan as its canonical document; decoding it gives an equal plan."""
    return without_absent(
        {
            "format": PLAN_FORMAT,
            "key": plan.key,
            "name": dict(plan.name),
            "cadence": plan.cadence.value,
            "currency": plan.currency,
            "rounding": plan.rounding.value,
            "units": dict(plan.units),
            "components": [_write_component(each, plan) for each in plan.components],
            "cap": optional_text(plan.cap, plan.currency),
            "floor": optional_text(plan.floor, plan.currency),
            "proration": write_plan_proration(plan.proration),
            "ramp": write_ramp(plan.ramp),
            "settlement": write_settlement(plan.settlement, plan.currency),
        }
    )


def plan_hash(plan: Plan) -> str:
    """Give the SHA-256 of the canonical document: the identity of this version."""
    return document_hash(encode_plan(plan))


def _write_component(component: Component, plan: Plan) -> dict[str, object]:
    common: dict[str, object] = {
        "id": component.id,
        "kind": component.kind.value,
        "name": dict(component.name),
        "missing": component.missing.value,
        "cap": optional_text(component.cap, plan.currency),
        "floor": optional_text(component.floor, plan.currency),
    }
    return without_absent({**common, **component.write(plan)})

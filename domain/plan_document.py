"""Writing a plan back as its one canonical document, and naming it by its hash."""

from __future__ import annotations

from domain.component import (
    SCORE,
    BonusWhenMet,
    Component,
    Condition,
    Kicker,
    Kind,
    Rate,
    RateOnExcess,
    RewardAboveMedian,
    ScorePay,
    Tiered,
    TopShare,
)
from domain.document import decimal_text, document_hash, without_absent
from domain.plan import PLAN_FORMAT, TOTAL, Plan
from domain.plan_proration import write_plan_proration
from domain.proration import write_ramp
from domain.scorecard import optional_text


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
        }
    )


def plan_hash(plan: Plan) -> str:
    """Give the SHA-256 of the canonical document: the identity of this version."""
    return document_hash(encode_plan(plan))


def _write_component(component: Component, plan: Plan) -> dict[str, object]:
    own = _write_own(component, plan)
    common: dict[str, object] = {
        "id": component.id,
        "kind": kind_of(component).value,
        "name": dict(component.name),
        "missing": component.missing.value,
    }
    return without_absent({**common, **own})


def kind_of(component: Component) -> Kind:
    """Give the kind of a component."""
    match component:
        case BonusWhenMet():
            return Kind.BONUS_WHEN_MET
        case RateOnExcess():
            return Kind.RATE_ON_EXCESS
        case Rate():
            return Kind.RATE
        case Kicker():
            return Kind.KICKER
        case RewardAboveMedian():
            return Kind.REWARD_ABOVE_MEDIAN
        case TopShare():
            return Kind.TOP_SHARE
        case Tiered():
            return Kind.TIERED
        case ScorePay():
            return Kind.SCORE_PAY


def _write_own(component: Component, plan: Plan) -> dict[str, object]:
    money = plan.currency
    match component:
        case BonusWhenMet(metric=metric, comparison=comparison, amount=amount, minimum=minimum):
            return {
                "metric": metric,
                "comparison": comparison.value,
                "amount": decimal_text(amount, money),
                "minimum": _write_condition(minimum, plan),
            }
        case RateOnExcess(metric=metric, comparison=comparison, rate=rate, minimum=minimum):
            return {
                "metric": metric,
                "comparison": comparison.value,
                "rate": decimal_text(rate, "RATIO"),
                "minimum": _write_condition(minimum, plan),
            }
        case Rate(metric=metric, rate=rate, negative=negative, minimum=minimum):
            return {
                "metric": metric,
                "rate": decimal_text(rate, "RATIO"),
                "negative": negative.value,
                "minimum": _write_condition(minimum, plan),
            }
        case Kicker(percent=percent, base=base, condition=condition):
            return {
                "percent": decimal_text(percent, "RATIO"),
                "base": list(base) or TOTAL,
                "condition": _write_condition(condition, plan),
            }
        case RewardAboveMedian() | TopShare():
            return _write_compared(component, plan)
        case Tiered() | ScorePay():
            return _write_table(component, money)


def _write_compared(component: RewardAboveMedian | TopShare, plan: Plan) -> dict[str, object]:
    common: dict[str, object] = {
        "metric": component.metric,
        "peerGroup": component.peer_group.value,
        "minimumCohort": component.minimum_cohort,
        "fallback": component.fallback.value,
        "amount": optional_text(component.amount, plan.currency),
    }
    if isinstance(component, RewardAboveMedian):
        return {
            **common,
            "minimum": _write_condition(component.minimum, plan),
            "rate": optional_text(component.rate, "RATIO"),
        }
    return {
        **common,
        "share": decimal_text(component.share, "RATIO"),
        "rounding": component.rounding.value,
        "least": component.least,
        "tie": component.tie.value,
    }


def _write_table(component: Tiered | ScorePay, money: str) -> dict[str, object]:
    if isinstance(component, ScorePay):
        return {
            "amount": decimal_text(component.amount, money),
            "points": [
                {
                    "score": decimal_text(point.score, "POINT"),
                    "pays": decimal_text(point.pays, "RATIO"),
                }
                for point in component.points
            ],
            "below": component.below.value,
        }
    return {
        "metric": component.metric,
        "measure": component.measure.value,
        "mode": component.mode.value,
        "boundary": component.boundary.value,
        "negative": component.negative.value,
        "tiers": [
            without_absent(
                {"upTo": optional_text(tier.up_to, money), "rate": decimal_text(tier.rate, "RATIO")}
            )
            for tier in component.tiers
        ],
    }


def _write_condition(condition: Condition | None, plan: Plan) -> dict[str, object] | None:
    if condition is None:
        return None
    unit = "POINT" if condition.metric == SCORE else plan.units[condition.metric]
    return {
        "metric": condition.metric,
        "comparison": condition.comparison.value,
        "value": decimal_text(condition.value, unit),
    }

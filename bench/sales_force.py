"""The sales force, scorecard and plan that the calculation is measured on; made, never real."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.columns import Column

Whole = NDArray[np.int64]
NAME = {"zh-CN": "基准", "en": "bench"}
PEOPLE_PER_UNIT = 1_000


def item(
    metric: str, unit: str, weight: str, direction: str, curve: dict[str, Any]
) -> dict[str, Any]:
    """Write one KPI of the card."""
    return {
        "metric": metric,
        "unit": unit,
        "dimension": "RESULT",
        "direction": direction,
        "comparison": "AT_LEAST" if direction == "HIGHER" else "AT_MOST",
        "weight": weight,
        "curve": curve,
        "cap": "1.5",
        "floor": "0",
    }


def points(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Write the points of a table."""
    return [{"at": at, "gives": gives} for at, gives in pairs]


RATIO = {"form": "RATIO", "zeroTarget": "REFUSE"}
CURVE = {
    "form": "PIECEWISE",
    "axis": "ATTAINMENT",
    "zeroTarget": "REFUSE",
    "points": points(("0.5", "0"), ("0.8", "0.6"), ("1", "1"), ("1.2", "1.5")),
}
STEPS = {
    "form": "STEP",
    "axis": "ATTAINMENT",
    "zeroTarget": "REFUSE",
    "boundary": "UPPER_TIER",
    "below": "0",
    "points": points(("0.6", "0.5"), ("0.8", "0.8"), ("1", "1"), ("1.2", "1.2")),
}
KEPT = {
    "form": "PIECEWISE",
    "axis": "ACTUAL",
    "points": points(("0.5", "0"), ("0.75", "1"), ("0.9", "1.3")),
}

SCORECARD: dict[str, Any] = {
    "format": "attain.scorecard/1",
    "key": "bench",
    "name": NAME,
    "rounding": "HALF_UP",
    "weightTotal": "REJECT_UNLESS_100",
    "missing": "EXCLUDE_AND_RENORMALISE",
    "combine": "AVERAGE",
    "items": [
        item("sales", "CNY", "35", "HIGHER", RATIO),
        item("margin", "CNY", "15", "HIGHER", CURVE),
        item("kept", "RATIO", "15", "HIGHER", KEPT),
        item("fresh", "COUNT", "10", "HIGHER", CURVE),
        item("visits", "COUNT", "10", "HIGHER", STEPS),
        item("cycle", "DAY", "10", "LOWER", {"form": "BASELINE", "zeroTarget": "REFUSE"}),
        item(
            "complaints", "COUNT", "5", "LOWER", {"form": "LINEAR_ABS_INV", "zeroTarget": "REFUSE"}
        ),
        item("training", "COUNT", "0", "HIGHER", RATIO),
    ],
    "adjustments": [
        {
            "id": "ideas_bonus",
            "name": NAME,
            "kind": "BONUS",
            "form": "PER_UNIT",
            "metric": "training",
            "unit": "COUNT",
            "points": "0.5",
            "cap": "3",
            "missing": "ZERO",
        }
    ],
    "cap": "150",
    "floor": "0",
}

PLAN: dict[str, Any] = {
    "format": "attain.plan/1",
    "key": "bench",
    "name": NAME,
    "cadence": "MONTH",
    "currency": "CNY",
    "rounding": "HALF_UP",
    "units": {"sales": "CNY", "kept": "RATIO"},
    "components": [
        {
            "id": "base_pay",
            "kind": "SCORE_PAY",
            "name": NAME,
            "missing": "BLOCK",
            "amount": "5000",
            "points": [
                {"score": "60", "pays": "0.5"},
                {"score": "100", "pays": "1"},
                {"score": "150", "pays": "2"},
            ],
            "below": "NOTHING",
        },
        {
            "id": "excess_tiers",
            "kind": "TIERED",
            "name": NAME,
            "missing": "BLOCK",
            "metric": "sales",
            "measure": "EXCESS_OVER_TARGET",
            "mode": "MARGINAL",
            "boundary": "UPPER_TIER",
            "negative": "ZERO",
            "tiers": [
                {"upTo": "100000", "rate": "0.01"},
                {"upTo": "300000", "rate": "0.015"},
                {"rate": "0.02"},
            ],
        },
        {
            "id": "above_median",
            "kind": "REWARD_ABOVE_MEDIAN",
            "name": NAME,
            "missing": "BLOCK",
            "metric": "sales",
            "peerGroup": "UNIT",
            "minimum": {"metric": "sales", "comparison": "AT_LEAST", "value": "60000"},
            "rate": "0.005",
            "minimumCohort": 5,
            "fallback": "NO_REWARD",
        },
        {
            "id": "best_tenth",
            "kind": "TOP_SHARE",
            "name": NAME,
            "missing": "BLOCK",
            "metric": "score",
            "peerGroup": "UNIT",
            "share": "0.1",
            "rounding": "FLOOR",
            "least": 1,
            "tie": "INCLUDE_ALL",
            "amount": "1000",
            "minimumCohort": 5,
            "fallback": "NO_REWARD",
        },
        {
            "id": "kicker",
            "kind": "KICKER",
            "name": NAME,
            "missing": "BLOCK",
            "percent": "0.1",
            "base": "TOTAL",
            "condition": {"metric": "kept", "comparison": "MORE_THAN", "value": "0.75"},
        },
    ],
    "cap": "60000",
}


def sales_force(count: int, seed: int = 11) -> tuple[dict[str, Column | int | None], Whole]:
    """Make the inputs of so many people, some of them with more refunds than sales, and units."""
    rng = np.random.default_rng(seed)

    def whole(low: int, high: int) -> Whole:
        return rng.integers(low, high, count, dtype=np.int64)

    target = whole(40_000_00, 2_000_000_00)
    sales = target * whole(30, 160) // 100 + whole(-5_00, 5_00)
    margin = sales // 4 + whole(-10_000_00, 10_000_00)
    refunds = rng.random(count) < 0.03
    columns: dict[str, Whole | int] = {
        "sales.num": np.where(refunds, -sales // 10, sales),
        "sales.den": 1,
        "sales.target": target,
        "margin.num": np.where(refunds, -np.abs(margin), margin),
        "margin.den": 1,
        "margin.target": target // 4,
        "kept.num": whole(300, 1_000) * 1_000_000,
        "kept.den": whole(1_000, 1_300),
        "kept.target": 750_000,
        "fresh.num": whole(0, 40),
        "fresh.den": 1,
        "fresh.target": whole(10, 30),
        "visits.num": whole(0, 80),
        "visits.den": 1,
        "visits.target": whole(20, 60),
        "cycle.num": whole(20_00, 40_00),
        "cycle.den": 1,
        "cycle.target": 25_00,
        "cycle.baseline": 30_00,
        "complaints.num": whole(0, 6),
        "complaints.den": 1,
        "complaints.target": 2,
        "training.num": whole(0, 12),
        "training.den": 1,
        "training.target": 4,
    }
    table: dict[str, Column | int | None] = {
        name: values if isinstance(values, int) else Column(values)
        for name, values in columns.items()
    }
    units = whole(0, max(count // PEOPLE_PER_UNIT, 1))
    return table, units

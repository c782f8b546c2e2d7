"""Documents of a small company's rules: metrics, a scorecard, and the plan of the case."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Document = dict[str, Any]


def texts(text: str) -> dict[str, str]:
    """Say the same in both languages."""
    return {"zh-CN": text, "en": text}


def metric(key: str, unit: str, formula: Document, **more: Any) -> Document:
    """Build a metric document; higher is better and no fact means no data unless said."""
    return {
        "format": "attain.metric/1",
        "key": key,
        "name": texts(key),
        "explanation": texts(f"{key} explained"),
        "dimension": "RESULT",
        "direction": "HIGHER",
        "unit": unit,
        "empty": "NO_DATA",
        "refresh": "DAILY",
        "formula": formula,
    } | more


SALES = metric("sales", "CNY", {"kind": "SUM", "fact": "order", "unit": "CNY"}, empty="ZERO")
RETENTION = metric(
    "retention",
    "RATIO",
    {"kind": "RETURNING", "fact": "order", "baseMonths": 3, "returnMonths": 3},
)
VISITS = metric(
    "visits",
    "COUNT",
    {"kind": "RATE", "of": {"kind": "COUNT", "fact": "visit"}, "per": "WEEK"},
    dimension="PROCESS",
    empty="ZERO",
)
METRICS = (SALES, RETENTION, VISITS)


def item(key: str, unit: str, weight: str, dimension: str = "RESULT") -> Document:
    """Build a scorecard item: A/T, at least the target, between 0 and 150 %."""
    return {
        "metric": key,
        "unit": unit,
        "dimension": dimension,
        "direction": "HIGHER",
        "comparison": "AT_LEAST",
        "weight": weight,
        "curve": {"form": "RATIO", "zeroTarget": "REFUSE"},
        "cap": "1.5",
        "floor": "0",
    }


CARD: Document = {
    "format": "attain.scorecard/1",
    "key": "sales_card",
    "name": texts("Sales card"),
    "rounding": "HALF_UP",
    "weightTotal": "REJECT_UNLESS_100",
    "missing": "EXCLUDE_AND_RENORMALISE",
    "combine": "AVERAGE",
    "items": [
        item("sales", "CNY", "60"),
        item("retention", "RATIO", "30"),
        item("visits", "COUNT", "10", "PROCESS"),
    ],
}

PLAN: Document = {
    "format": "attain.plan/1",
    "cadence": "MONTH",
    "key": "sales_plan",
    "name": texts("Sales plan"),
    "currency": "CNY",
    "rounding": "HALF_UP",
    "units": {"sales": "CNY", "retention": "RATIO"},
    "components": [
        {
            "id": "base_bonus",
            "kind": "BONUS_WHEN_MET",
            "name": texts("Base bonus"),
            "missing": "ZERO",
            "metric": "sales",
            "comparison": "AT_LEAST",
            "amount": "5000.00",
        },
        {
            "id": "excess_share",
            "kind": "RATE_ON_EXCESS",
            "name": texts("Share of the excess"),
            "missing": "ZERO",
            "metric": "sales",
            "comparison": "AT_LEAST",
            "rate": "0.01",
        },
        {
            "id": "retention_kicker",
            "kind": "KICKER",
            "name": texts("Retention kicker"),
            "missing": "ZERO",
            "percent": "0.10",
            "base": "TOTAL",
            "condition": {"metric": "retention", "comparison": "MORE_THAN", "value": "0.75"},
        },
    ],
}


def changed(document: Document, **changes: Any) -> Document:
    """Copy a document with other fields."""
    return deepcopy(document) | changes


def goal(period: str, **targets: str) -> Document:
    """Build a goal document over the metrics above."""
    units = {each["key"]: each["unit"] for each in METRICS}
    return {
        "period": period,
        "name": f"Goal of {period}",
        "lines": [
            {"metric": key, "unit": units[key], "target": target} for key, target in targets.items()
        ],
    }

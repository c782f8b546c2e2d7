"""Every policy of what is missing and every minimum, one by one: chance does not meet them all."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from domain.evaluate import compile_pay, compile_score, explain
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.scorecard import decode_scorecard, encode_scorecard
from tests.support.rules import CARD, PLAN, changed, item, texts
from tests.support.verifier import load
from tests.verifier.test_agreement import assert_same_lines

V = load()
PERSON: dict[str, int | None] = {
    "sales.num": 123_456_789, "sales.den": 1, "sales.target": 100_000_000,
    "retention.num": 712_345, "retention.den": 1, "retention.target": 750_000,
    "visits.num": 7, "visits.den": 2, "visits.target": 4,
    "score": 1_052_345, "team.score": 900_000,
}  # fmt: skip
POLICIES = ["EXCLUDE_AND_RENORMALISE", "ZERO", "NEUTRAL", "BLOCK"]
PENALTY = {
    "id": "few", "name": texts("Few visits"), "kind": "PENALTY", "form": "PER_UNIT",
    "metric": "visits", "unit": "COUNT", "points": "1.5", "cap": "4",
}  # fmt: skip
PRAISE = {
    "id": "praise", "name": texts("Praise"), "kind": "BONUS", "form": "WHEN",
    "metric": "retention", "unit": "RATIO", "comparison": "AT_MOST", "value": "0.712345",
    "points": "3",
}  # fmt: skip


@pytest.mark.parametrize("combine", ["AVERAGE", "SUM", "PLAIN"])
def test_what_is_missing_in_a_card_is_read_alike(combine: str) -> None:
    for policy, extra, team, gone in product(
        POLICIES, ["ZERO", "BLOCK"], ["ZERO", "BLOCK"],
        [(), ("retention.num",), ("visits.num",), ("retention.num", "visits.num", "team.score")],
    ):  # fmt: skip
        document = changed(
            CARD,
            combine=combine,
            missing=policy,
            adjustments=[{**PENALTY, "missing": extra}, {**PRAISE, "missing": extra}],
            team={"individual": "70", "team": "30", "missing": team},
            cap="110",
            floor="0",
        )
        card, problems = decode_scorecard(document)
        assert card is not None, problems
        person = PERSON | dict.fromkeys(gone)
        sheet = V.score_sheet(encode_scorecard(card), person)
        assert_same_lines(explain(compile_score(card), person), sheet)


CURVES: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("HIGHER", "AT_LEAST", {"form": "STEP", "axis": axis, "boundary": boundary, "below": "0",
         "points": [{"at": at, "gives": "0.7"}], **zero})
        for axis, at, zero in (
            ("ACTUAL", "1234567.89", {}), ("ATTAINMENT", "1.234568", {"zeroTarget": "REFUSE"}),
        )
        for boundary in ("UPPER_TIER", "LOWER_TIER")
    ),
    *(
        (direction, comparison, {"form": form, "zeroTarget": zero})
        for direction, comparison, form in (
            ("HIGHER", "AT_LEAST", "RATIO"), ("HIGHER", "MORE_THAN", "LINEAR_ABS"),
            ("LOWER", "AT_MOST", "LINEAR_ABS_INV"), ("LOWER", "LESS_THAN", "RATIO_INV"),
            ("TARGET", "WITHIN", "TARGET_ABSOLUTE"), ("LOWER", "AT_MOST", "BASELINE"),
        )
        for zero in ("REFUSE", "FULL_WHEN_MET")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("direction", "comparison", "curve"), CURVES)
def test_every_curve_is_read_alike_at_its_edges(
    direction: str, comparison: str, curve: dict[str, Any]
) -> None:
    whole = item("sales", "CNY", "100") | {
        "direction": direction, "comparison": comparison, "curve": curve
    }  # fmt: skip
    card, problems = decode_scorecard(changed(CARD, items=[whole]))
    assert card is not None, problems
    for target, start, sold in product(
        [123_456_800, 0, -5, None], [None, 0, 200_000_000], [123_456_789, 123_456_788, 0, -7]
    ):
        person = PERSON | {"sales.num": sold, "sales.target": target, "sales.baseline": start}
        sheet = V.score_sheet(encode_scorecard(card), person)
        assert_same_lines(explain(compile_score(card), person), sheet)


MINIMUM = {"metric": "retention", "comparison": "MORE_THAN"}
PARTS: dict[str, dict[str, Any]] = {
    "BONUS_WHEN_MET": {"metric": "sales", "comparison": "AT_LEAST", "amount": "5000"},
    "RATE_ON_EXCESS": {"metric": "sales", "comparison": "AT_LEAST", "rate": "0.01"},
    "RATE": {"metric": "sales", "rate": "0.015", "negative": "KEEP"},
    "PAY_CURVE": {
        "metric": "sales", "amount": "10000", "boundary": "LOWER_TIER", "below": "FIRST_POINT",
        "points": [{"at": "0.8", "pays": "0.5"}, {"at": "1.1", "pays": "1"}],
        "beyond": "SLOPE", "slope": "3",
    },
    "POINTS": {"metric": "score", "amount": "30", "parts": "WHOLE_ONLY", "negative": "ZERO"},
}  # fmt: skip


@pytest.mark.parametrize("kind", PARTS)
def test_every_minimum_is_read_alike(kind: str) -> None:
    for missing, value, gone in product(
        ["ZERO", "BLOCK"], ["0.712344", "0.712345"], [(), ("retention.num",), ("sales.num",)]
    ):
        part = {
            "id": "part", "kind": kind, "name": texts("Part"), "missing": missing, **PARTS[kind],
            "minimum": {**MINIMUM, "value": value}, "cap": "4000", "floor": "10",
        }  # fmt: skip
        plan, problems = decode_plan(changed(PLAN, components=[part], rounding="UP"))
        assert plan is not None, problems
        person = PERSON | dict.fromkeys(gone)
        sheet = V.pay_sheet(encode_plan(plan), person)
        assert_same_lines(explain(compile_pay(plan), person), sheet)

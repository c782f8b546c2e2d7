"""Engine and verifier give the same lines for periods that were cut or taken by days."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain.day_lines import How
from domain.evaluate import explain
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard
from domain.segments import shaped_pay, shaped_score
from tests.actions.test_segments import BLOCK
from tests.actions.test_segments import card as september_card
from tests.actions.test_segments import plan as september_plan
from tests.support.cut_periods import (
    ADDITIVE,
    RAMP,
    alone_plans,
    card_choices,
    choices,
    small_people,
)
from tests.support.plans import scorecards
from tests.support.rules import texts
from tests.support.verifier import load
from tests.verifier.test_agreement import assert_same_lines

V = load()
CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
EXAMPLES = 2_000 if os.environ.get("ATTAIN_LONG") == "1" else 12
RUNS = settings(deadline=None, suppress_health_check=CHECKS, max_examples=EXAMPLES)
SPLITS = [None, "DAYS", "FULL", "ACTUALS"]
pytestmark = pytest.mark.timeout(1800)
days = st.none() | st.integers(1, 31)


def plan_of(document: dict[str, Any]) -> Plan:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    return plan


def card_of(document: dict[str, Any]) -> Scorecard:
    card, problems = decode_scorecard(document)
    assert card is not None, problems
    return card


@st.composite
def inputs(draw: st.DrawFn, count: int, part: str) -> dict[str, int | None]:
    """Draw what is known of the whole period and of each of its parts."""
    found: dict[str, int | None] = {}
    for prefix in ("", *(f"s{place + 1}." for place in range(count))):
        for name, value in draw(small_people()).items():
            if prefix and name == "score":
                continue
            found[prefix + name] = value
            metric, _, which = name.rpartition(".")
            if which in {"target", "baseline"}:
                found[f"{prefix}{metric}.full_{which}"] = value
            if which == "num":
                found[f"{prefix}{metric}.achieved"] = draw(st.none() | st.integers(-1, 10**6))
        for basis in ("calendar_days", "working_days"):
            found[f"{prefix}{basis}.present"] = draw(days)
            if not prefix:
                found[f"{basis}.period"] = draw(days)
        found[f"{prefix}ramp.{part}.share"] = draw(st.none() | st.integers(0, 1_000_000))
        found[f"{prefix}ramp.{part}.full"] = 1_000_000
    return found


def shape(data: st.DataObject, split: str | None, places: tuple[int, ...]) -> tuple[How, Any]:
    by_days, ramped = data.draw(st.booleans()), data.draw(st.booleans())
    how = How(places=places if split else (), by_days=by_days, ramped=ramped)
    return how, {"byDays": by_days, "ramped": ramped, "places": list(how.places)}


@RUNS
@given(data=st.data(), split=st.sampled_from(SPLITS))
def test_every_line_of_a_payout_that_was_cut_is_computed_alike(
    data: st.DataObject, split: str | None
) -> None:
    documents = [data.draw(alone_plans()) for _ in range(data.draw(st.integers(2, 3)))]
    block = data.draw(choices(documents[0], split=split))
    for document in documents:
        own = data.draw(choices(document, split=split))
        document["proration"] = own | {"basis": block["basis"]}
        document["ramp"] = {"metrics": ["sales.amount", "visits"], **RAMP}
    used = documents if split else documents[:1]
    how, sealed = shape(data, split, tuple(range(len(used))))
    person = data.draw(inputs(len(used), "pay"))
    plans = [plan_of(each) for each in used]
    held: list[Plan | None] = [*plans]
    if len(held) > 1 and data.draw(st.booleans()):
        held[data.draw(st.integers(0, len(held) - 1))] = None  # nobody paid by anything then
    program = shaped_pay(held, how)
    assert program is not None
    written = [None if each is None else encode_plan(each) for each in held]
    sheet = V.shaped_sheet("pay", written, sealed, person)
    assert_same_lines(explain(program, person), sheet)


@RUNS
@given(data=st.data(), split=st.sampled_from(SPLITS))
def test_every_line_of_a_score_that_was_cut_is_computed_alike(
    data: st.DataObject, split: str | None
) -> None:
    documents = [data.draw(scorecards()) for _ in range(2)]
    if split == "ACTUALS":  # which needs a metric that all can add up
        documents[1] = {**documents[0], "rounding": documents[1]["rounding"]}
        assume({item["metric"] for item in documents[0]["items"]} & {*ADDITIVE})
    block = data.draw(card_choices(documents[0], split=split))
    for document in documents:
        own = data.draw(card_choices(document, split=split))
        same = {name: block[name] for name in ("basis", "by") if name in block}
        document["proration"] = own | same
        metrics = [each["metric"] for each in document["items"] if each["metric"] in ADDITIVE]
        if metrics:
            document["ramp"] = {"metrics": metrics[:1], **RAMP}
    used = documents if split else documents[:1]
    how, sealed = shape(data, split, tuple(range(len(used))))
    person = data.draw(inputs(len(used), "score"))
    cards = [card_of(each) for each in used]
    program = shaped_score(cards, how)
    assert program is not None
    sheet = V.shaped_sheet("score", [encode_scorecard(each) for each in cards], sealed, person)
    assert_same_lines(explain(program, person), sheet)


THRESHOLDS = ["commission", "table"]
TABLE = {
    "id": "table", "kind": "TIERED", "name": texts("Table"), "missing": "ZERO",
    "metric": "sales", "measure": "ACTUAL", "mode": "WHOLE", "boundary": "UPPER_TIER",
    "negative": "KEEP", "tiers": [{"upTo": "1000", "rate": "0.01"}, {"rate": "0.02"}],
}  # fmt: skip


def full_plan(split: str) -> dict[str, Any]:
    """A plan of which everything is taken by days, with a ramp."""
    by = {"by": "sales"} if split == "ACTUALS" else {}
    block = BLOCK | {"split": split, "thresholds": THRESHOLDS, **by}
    block["amounts"] = ["bonus", "cap", "floor"]
    ramp = {**RAMP, "metrics": ["sales"]}
    found: dict[str, Any] = september_plan(
        "plan", "3000", "0.01", block, ramp=ramp, cap="100", floor="1"
    )
    found["components"][1]["minimum"] = {
        "metric": "sales", "comparison": "MORE_THAN", "value": "1000",
    }  # fmt: skip
    found["components"].append(TABLE)
    return found


@pytest.mark.parametrize(
    ("split", "ramped", "achieved", "expected"),
    [
        # a third of 1,000.00 is 333.333…: 333.33 is not more, and lies in the lower tier
        ("DAYS", True, (1, 1), {"s1.commission.minimum": 0, "s1.table.tier": 1}),
        # two thirds are 666.666…: 666.67 is more, though it is what the line shows
        ("DAYS", True, (1, 1), {"s2.commission.minimum": 1, "s2.table.tier": 2}),
        # days and ramp: 3,000.00 x 10/30 x 0.3; a part of the cap: 100.00 x 10/30
        ("DAYS", True, (1, 1), {"s1.sales.target": 30_000, "s1.cap.limit": 3_333}),
        # without a ramp 3,000.00 x 10/30
        ("DAYS", False, (1, 1), {"s1.sales.target": 100_000}),
        ("FULL", False, (1, 1), {"s1.percent": 333_333, "s2.percent": 666_667}),
        ("ACTUALS", False, (3, 1), {"s1.percent": 750_000, "s2.percent": 250_000}),
        # what is negative, or nothing, weighs by days
        ("ACTUALS", False, (3, -1), {"weight.known": 0, "s2.percent": 666_667}),
        ("ACTUALS", False, (None, 0), {"weight.known": 0, "s1.percent": 333_333}),
    ],
)
def test_each_rule_of_a_cut_period_gives_what_the_page_says(
    split: str, ramped: bool, achieved: tuple[int | None, int | None], expected: dict[str, int]
) -> None:
    person: dict[str, int | None] = {"calendar_days.period": 30, "calendar_days.present": 30}
    person |= {"sales.num": 33_333, "sales.den": 1, "score": None}
    for place, present in enumerate((10, 20)):
        head = f"s{place + 1}."
        person |= {f"{head}sales.num": (33_333, 66_667)[place], f"{head}sales.den": 1}
        person |= {f"{head}calendar_days.present": present, f"{head}sales.full_target": 300_000}
        person |= {f"{head}ramp.pay.share": 300_000, f"{head}ramp.pay.full": 1_000_000}
        person[f"{head}sales.achieved"] = achieved[place]
    plan = plan_of(full_plan(split))
    program = shaped_pay([plan, plan], How(places=(0, 1), by_days=True, ramped=ramped))
    assert program is not None
    sealed = {"byDays": True, "ramped": ramped, "places": [0, 1]}
    sheet = V.shaped_sheet("pay", [encode_plan(plan)] * 2, sealed, person)
    assert {name: sheet.value(name) for name in expected} == expected
    assert_same_lines(explain(program, person), sheet)


def test_the_days_of_a_part_without_a_plan_count_and_a_score_is_the_mean_by_days() -> None:
    plan = plan_of(full_plan("FULL"))
    person: dict[str, int | None] = {"calendar_days.period": 40, "calendar_days.present": 30}
    person |= {"s1.calendar_days.present": 10, "s2.calendar_days.present": 20}
    sealed = {"byDays": True, "ramped": False, "places": [0, 1]}
    sheet = V.shaped_sheet("pay", [encode_plan(plan), None], sealed, person)
    assert sheet.value("s1.percent") == 333_333
    program = shaped_pay([plan, None], How(places=(0, 1), by_days=True))
    assert program is not None
    assert_same_lines(explain(program, person), sheet)
    card = card_of(september_card("60", "40"))
    for place, sold in enumerate((10, 40)):
        head = f"s{place + 1}."
        for metric in ("sales", "visits"):
            person |= {f"{head}{metric}.num": sold, f"{head}{metric}.den": 1}
            person[f"{head}{metric}.full_target"] = 80
    cards = [encode_scorecard(card)] * 2
    sheet = V.shaped_sheet("score", cards, sealed, person)
    # 50 points on 10 days, 100 on 20
    assert (sheet.value("s1.score"), sheet.value("s2.score")) == (500_000, 1_000_000)
    assert sheet.value("score") == 833_333

"""Prorated, ramped and cut periods: the engine on both carriers against a naive second reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.columns import Column
from domain.day_lines import How
from domain.evaluate import explain, run
from domain.plan import Plan, decode_plan
from domain.program import Program
from domain.scorecard import Scorecard, decode_scorecard
from domain.segments import shaped_pay, shaped_score
from tests.support import oracle
from tests.support import oracle_segments as naive
from tests.support.cut_periods import (
    RAMP,
    alone_plans,
    card_choices,
    choices,
    small_people,
)
from tests.support.plans import UNITS, scorecards

CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
RUNS = settings(deadline=None, suppress_health_check=CHECKS, max_examples=25)
DAYS = {"CALENDAR_DAYS": "calendar_days", "WORKING_DAYS": "working_days"}
Person = dict[str, int | None]
pytestmark = pytest.mark.timeout(900)


def plan_of(document: Mapping[str, Any]) -> Plan:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    return plan


def card_of(document: Mapping[str, Any]) -> Scorecard:
    card, problems = decode_scorecard(document)
    assert card is not None, problems
    return card


def calculated(program: Program | None, person: Mapping[str, int | None]) -> Person:
    """Calculate one person alone and in a column; both must agree."""
    assert program is not None
    alone = {line.name: line.value for line in explain(program, person)}
    table = {
        name: Column(
            np.array([value or 0], dtype=np.int64), np.array([value is not None], dtype=np.bool_)
        )
        for name, value in person.items()
    }
    together = {name: column.at(0) for name, column in run(program, table).items()}
    assert together == alone
    return alone


def shown(value: int | None, unit: str) -> Fraction | None:
    return None if value is None else Fraction(value, 10 ** oracle.DECIMALS[unit])


def full_targets(data: Person, prefix: str = "") -> Person:
    """Give the goal's numbers as the full ones, which a block may take a part of."""
    found = {}
    for name, value in data.items():
        metric, _, part = name.rpartition(".")
        if part in {"target", "baseline"}:
            found[f"{prefix}{metric}.full_{part}"] = found[f"{prefix}{name}"] = value
    return found


def facts(data: Person, prefix: str = "") -> Person:
    return {f"{prefix}{name}": data[name] for name in data if name.endswith((".num", ".den"))}


days = st.integers(1, 31)


@RUNS
@given(plan=alone_plans(), person=small_people(), data=st.data(), present=days, more=days)
def test_a_joiner_is_paid_what_a_naive_reading_of_the_block_gives(
    plan: dict[str, Any], person: Person, data: st.DataObject, present: int, more: int
) -> None:
    plan["proration"] = data.draw(choices(plan, split=None))
    ramped = data.draw(st.booleans())
    plan["ramp"] = {"metrics": ["sales.amount", "visits"], **RAMP}
    how = How(by_days=True, ramped=ramped)
    basis, period = DAYS[plan["proration"]["basis"]], present + more
    inputs = person | full_targets(person)
    inputs |= {f"{basis}.present": present, f"{basis}.period": period}
    inputs |= {"ramp.pay.share": 300_000, "ramp.pay.full": 1_000_000}
    found = calculated(shaped_pay([plan_of(plan)], how), inputs)
    if not ramped:
        del plan["ramp"]
    share, ramp = Fraction(present, period), Fraction(3, 10) if ramped else Fraction(1)
    for name, wanted in naive.prorated_pay(plan, person, share, ramp).items():
        assert shown(found[name], "CNY") == wanted, name


@RUNS
@given(card=scorecards(), person=small_people(), data=st.data(), present=days, more=days)
def test_a_joiner_is_scored_what_a_naive_reading_of_the_block_gives(
    card: dict[str, Any], person: Person, data: st.DataObject, present: int, more: int
) -> None:
    card["proration"] = data.draw(card_choices(card, split=None))
    basis, period = DAYS[card["proration"]["basis"]], present + more
    inputs = person | full_targets(person)
    inputs |= {f"{basis}.present": present, f"{basis}.period": period}
    program = shaped_score([card_of(card)], How(by_days=True))
    found = calculated(program, inputs)
    part = naive.with_part_of_targets(card, person, Fraction(present, period), Fraction(1))
    assert shown(found["score"], "POINT") == oracle.score_card(card, part)["score"]


Cut = tuple[list[dict[str, Any]], list[Person], list[int], int]


@st.composite
def cuts(draw: st.DrawFn, split: str) -> Cut:
    """Two or three plans one after another, the numbers of each segment, the days."""
    count = draw(st.integers(2, 3))
    plans = [draw(alone_plans()) for _ in range(count)]
    block = draw(choices(plans[0], split=split))
    for plan in plans:
        own = draw(choices(plan, split=split))
        plan["proration"] = own | {"basis": block["basis"]}
    present = [draw(days) for _ in range(count)]
    return plans, [draw(small_people()) for _ in plans], present, sum(present) + draw(days)


@RUNS
@given(cut=cuts("DAYS"))
def test_segments_by_days_add_up_and_each_is_what_a_joiner_of_its_days_would_get(cut: Cut) -> None:
    plans, parts, present, period = cut
    basis = DAYS[plans[0]["proration"]["basis"]]
    inputs: Person = {f"{basis}.period": period, "score": parts[0]["score"]}
    for place, part in enumerate(parts):
        prefix = f"s{place + 1}."
        inputs |= facts(part, prefix) | full_targets(part, prefix)
        inputs[f"{prefix}{basis}.present"] = present[place]
        part["score"] = inputs["score"]
    how = How(places=tuple(range(len(plans))), by_days=True)
    program = shaped_pay([plan_of(plan) for plan in plans], how)
    found = calculated(program, inputs)
    paid = [
        naive.prorated_pay(plan, part, Fraction(of, period))["payout"]
        for plan, part, of in zip(plans, parts, present, strict=True)
    ]
    wanted = None if None in paid else sum((each or 0 for each in paid), Fraction(0))
    assert shown(found["payout"], "CNY") == wanted


@RUNS
@given(data=st.data(), split=st.sampled_from(["FULL", "ACTUALS"]), is_full=st.booleans())
def test_segments_of_a_whole_period_count_by_days_or_by_what_was_achieved(
    data: st.DataObject, split: str, is_full: bool
) -> None:
    plans, parts, present, period = data.draw(cuts(split))
    basis = DAYS[plans[0]["proration"]["basis"]]
    period = sum(present) if is_full else period
    facts_of_all = {**facts(parts[0]), "score": parts[0]["score"]}
    inputs: Person = {
        **facts_of_all,
        f"{basis}.period": period,
        f"{basis}.present": sum(present),
    }
    achieved: list[Fraction | None] = []
    for place, part in enumerate(parts):
        prefix = f"s{place + 1}."
        inputs |= full_targets(part, prefix)
        inputs[f"{prefix}{basis}.present"] = present[place]
        own = data.draw(st.none() | st.integers(-1, 5) | st.integers(0, 10**9))
        inputs[f"{prefix}sales.amount.achieved"] = own
        achieved.append(None if own is None else Fraction(own))
    how = How(places=tuple(range(len(plans))), by_days=not is_full)
    program = shaped_pay([plan_of(plan) for plan in plans], how)
    found = calculated(program, inputs)
    weights = naive.weights_of(present, achieved if split == "ACTUALS" else None)
    total: Fraction | None = Fraction(0)
    mode = plans[-1]["rounding"]
    for plan, part, weight in zip(plans, parts, weights, strict=True):
        document = plan
        if is_full:
            document = {name: plan[name] for name in plan if name != "proration"}
        share = Fraction(sum(present), period)
        whole = naive.prorated_pay(document, {**part, **facts_of_all}, share)
        for amount in naive.paid_lines(document, whole, share):
            paid = naive.weighted([amount], [weight], "CNY", mode, sum(weights, Fraction(0)))
            total = None if total is None or paid is None else total + paid
    assert shown(found["payout"], "CNY") == total


@RUNS
@given(data=st.data(), split=st.sampled_from(["DAYS", "FULL"]))
def test_the_score_of_a_cut_period_is_the_mean_of_its_segments_by_days(
    data: st.DataObject, split: str
) -> None:
    cards = [data.draw(scorecards()) for _ in range(2)]
    block = data.draw(card_choices(cards[0], split=split))
    for card in cards:
        own = data.draw(card_choices(card, split=split))
        card["proration"] = own | {"basis": block["basis"]}
    basis = DAYS[block["basis"]]
    parts = [data.draw(small_people()) for _ in cards]
    present, period = [data.draw(days) for _ in cards], 62
    inputs: Person = {f"{basis}.period": period}
    for place, part in enumerate(parts):
        prefix = f"s{place + 1}."
        inputs |= full_targets(part, prefix)
        inputs |= facts(part, prefix) if split == "DAYS" else facts(parts[0])
        inputs[f"{prefix}{basis}.present"] = present[place]
        inputs[f"{prefix}team.score"] = part["team.score"]
        if split != "DAYS":
            part.update(facts(parts[0]))
    how = How(places=(0, 1), by_days=split == "DAYS")
    found = calculated(shaped_score([card_of(card) for card in cards], how), inputs)
    scores = []
    for card, part, of in zip(cards, parts, present, strict=True):
        share = Fraction(of, period)
        taken = (
            naive.with_part_of_targets(card, part, share, Fraction(1)) if split == "DAYS" else part
        )
        scores.append(oracle.score_card(card, taken)["score"])
    weights = [Fraction(each) for each in present]
    wanted = naive.weighted(
        scores, weights, "POINT", cards[-1]["rounding"], sum(weights, Fraction(0))
    )
    assert shown(found["score"], "POINT") == wanted


@RUNS
@given(
    sold=st.lists(st.integers(0, 10**9), min_size=2, max_size=3),
    rate=st.integers(0, 300_000),
    data=st.data(),
)
def test_segments_with_the_same_linear_rules_pay_what_the_whole_pays(
    sold: Sequence[int], rate: int, data: st.DataObject
) -> None:
    split = data.draw(st.sampled_from(["DAYS", "FULL", "ACTUALS"]))
    plan = linear(rate, split)
    present = [data.draw(days) for _ in sold]
    inputs: Person = {"calendar_days.period": sum(present), "calendar_days.present": sum(present)}
    inputs |= {"sales.amount.num": sum(sold), "sales.amount.den": 1}
    for place, (amount, of) in enumerate(zip(sold, present, strict=True)):
        prefix = f"s{place + 1}."
        inputs |= {f"{prefix}sales.amount.num": amount, f"{prefix}sales.amount.den": 1}
        inputs |= {f"{prefix}sales.amount.achieved": amount, f"{prefix}calendar_days.present": of}
    how = How(places=tuple(range(len(sold))), by_days=split == "DAYS")
    found = calculated(shaped_pay([plan_of(plan)] * len(sold), how), inputs)
    whole = calculated(shaped_pay([plan_of(plan)], How()), inputs)
    paid, once = found["payout"], whole["payout"]
    assert paid is not None
    assert once is not None
    # each line is rounded once: never more than half a cent per line away from the whole
    assert abs(paid - once) <= len(sold)


def linear(rate: int, split: str) -> dict[str, Any]:
    """A plan that pays a rate and nothing else."""
    block: dict[str, Any] = {
        "basis": "CALENDAR_DAYS", "targets": [], "amounts": [], "thresholds": [],
        "changes": "SEGMENTS", "split": split, "peers": "NOT_COMPARED",
    }  # fmt: skip
    if split == "ACTUALS":
        block["by"] = "sales.amount"
    component = {
        "id": "rate", "kind": "RATE", "name": {"zh-CN": "提成", "en": "Rate"}, "missing": "BLOCK",
        "metric": "sales.amount", "rate": f"0.{rate:06d}", "negative": "KEEP",
    }  # fmt: skip
    return {
        "format": "attain.plan/1", "cadence": "MONTH", "key": "plan",
        "name": {"zh-CN": "方案", "en": "Plan"}, "currency": "CNY", "rounding": "HALF_UP",
        "units": {"sales.amount": UNITS["sales.amount"]}, "components": [component],
        "proration": block,
    }  # fmt: skip


MODES = ["WHOLE", "MARGINAL", "INTERPOLATED", "ADDITIVE_PRORATED"]
EDGES = (0, 99_999, 100_000, 100_001, 333_333, 333_334, 400_000, 1_234_567)


@pytest.mark.parametrize("measure", ["ACTUAL", "EXCESS_OVER_TARGET"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("boundary", ["UPPER_TIER", "LOWER_TIER"])
def test_tiers_and_minimums_are_held_against_the_exact_part_of_their_ends(
    mode: str, measure: str, boundary: str
) -> None:
    plan = stepped(mode, measure, boundary)
    how, days = How(by_days=True), {"calendar_days.present": 10, "calendar_days.period": 30}
    for sold in EDGES:
        person: Person = {"sales.amount.num": sold, "sales.amount.den": 1}
        person["sales.amount.target"] = 150_000
        inputs = person | full_targets(person) | days
        found = calculated(shaped_pay([plan_of(plan)], how), inputs)
        for name, wanted in naive.prorated_pay(plan, person, Fraction(1, 3)).items():
            assert shown(found[name], "CNY") == wanted, (sold, name)


def stepped(mode: str, measure: str, boundary: str) -> dict[str, Any]:
    """A rate table and a commission with a minimum, both taken by days."""
    common = {"name": {"zh-CN": "提成", "en": "Rate"}, "missing": "BLOCK", "metric": "sales.amount"}
    last = "0" if mode == "ADDITIVE_PRORATED" else "0.03"
    ends = [{"upTo": "3000", "rate": "0.01"}, {"upTo": "10000", "rate": "0.03"}]
    how = {"measure": measure, "mode": mode, "boundary": boundary, "negative": "ZERO"}
    minimum = {"metric": "sales.amount", "comparison": "AT_LEAST", "value": "10000"}
    plan = linear(10_000, "DAYS")
    plan["components"] = [
        {"id": "tiers", "kind": "TIERED", "tiers": [*ends, {"rate": last}], **common, **how},
        {"id": "rate", "kind": "RATE", "rate": "0.01", "negative": "KEEP", **common}
        | {"minimum": minimum},
    ]
    plan["proration"]["targets"] = ["sales.amount"]
    plan["proration"]["thresholds"] = ["tiers", "rate"]
    return plan

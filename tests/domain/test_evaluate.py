"""Both carriers against the naive reading, on random scorecards, plans and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.columns import Column
from domain.compare import CohortPolicy, Measure, compare_everyone
from domain.component import Fallback
from domain.evaluate import compile_pay, compile_score, explain, run
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan
from domain.program import TRUTH, LineKind, Program
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard
from tests.support import oracle, oracle_pay
from tests.support.plan_kinds import needed
from tests.support.plans import (
    NAME,
    UNITS,
    card_edges,
    numbers,
    people,
    people_at_the_edges,
    plan_edges,
    plans,
    scorecards,
    tiered,
)

DECIMALS = {**oracle.DECIMALS, TRUTH: 0, "NUMBER": 0}
# Large documents and rare cases are what is wanted here, slow and filtered as they are.
CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
RUNS = settings(deadline=None, suppress_health_check=CHECKS)
populations = st.lists(people(), min_size=1, max_size=6)
Person = dict[str, int | None]
RUBBISH = -(2**62)
pytestmark = pytest.mark.timeout(900)  # a long run generates thousands of plans


def scorecard_of(document: Mapping[str, Any]) -> Scorecard:
    scorecard, problems = decode_scorecard(document)
    assert scorecard is not None, problems
    return scorecard


def plan_of(document: Mapping[str, Any]) -> Plan:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    return plan


def column(values: Sequence[int | None]) -> Column:
    present = np.array([value is not None for value in values], dtype=np.bool_)
    # where nothing is present anything may stand, and nobody may look at it
    numbers = np.array([RUBBISH if value is None else value for value in values], dtype=np.int64)
    return Column(numbers, None if present.all() else present)


def table(crowd: Sequence[Person]) -> dict[str, Column]:
    return {name: column([person[name] for person in crowd]) for name in crowd[0]}


def explained(program: Program, person: Person) -> dict[str, int | None]:
    return {line.name: line.value for line in explain(program, person)}


def assert_carriers_agree(program: Program, crowd: Sequence[Person]) -> list[dict[str, int | None]]:
    everyone = run(program, table(crowd))
    rows = []
    for row, person in enumerate(crowd):
        alone = explained(program, person)
        together = {name: found.at(row) for name, found in everyone.items()}
        assert together == alone
        rows.append(alone)
    return rows


def assert_as_read(program: Program, found: Mapping[str, int | None], read: oracle.Found) -> None:
    units = {line.name: line.unit for line in program.lines}
    for name, value in read.items():
        mine = found[name]
        shown = None if mine is None else Fraction(mine, 10 ** DECIMALS[units[name]])
        assert shown == value, (name, shown, value)


@RUNS
@given(card=scorecards(), data=st.data())
def test_every_score_is_what_a_naive_reading_of_the_card_gives(
    card: dict[str, Any], data: st.DataObject
) -> None:
    crowd = data.draw(st.lists(people_at_the_edges(card_edges(card)), min_size=1, max_size=6))
    program = compile_score(scorecard_of(card))
    for person, found in zip(crowd, assert_carriers_agree(program, crowd), strict=True):
        assert_as_read(program, found, oracle.score_card(card, person))


def with_peers(
    document: Mapping[str, Any], plan: Plan, crowd: list[Person], groups: list[int]
) -> tuple[list[Person], list[dict[str, Any]]]:
    """Compare the crowd twice: with the core for its inputs, slowly for the oracle."""
    program = compile_pay(plan)
    inputs = [dict(person) for person in crowd]
    facts: list[dict[str, Any]] = [{} for _ in crowd]
    for cohort in program.cohorts:
        metric = cohort.measure
        if metric == "score":
            own = Measure(num=column([person["score"] for person in crowd]))
        else:
            nums = column([person[f"{metric}.num"] for person in crowd])
            own = Measure(num=nums, den=column([person[f"{metric}.den"] for person in crowd]))
        policy = CohortPolicy(minimum=cohort.minimum, fallback=cohort.fallback)
        compared = compare_everyone(own, np.array(groups), np.zeros(len(crowd), dtype=int), policy)
        for name, found in compared.inputs(cohort.id).items():
            for row, person in enumerate(inputs):
                person[name] = found.at(row)
        unit = UNITS.get(metric, "POINT")
        values = [
            oracle.actual(metric, unit, {**person, "score.num": person["score"], "score.den": 1})
            for person in crowd
        ]
        slow = oracle_pay.peer_facts(
            values,
            groups,
            [0] * len(crowd),
            minimum=cohort.minimum,
            widen=cohort.fallback is Fallback.WIDEN,
        )
        for row, fact in enumerate(slow):
            facts[row][cohort.id] = fact
    return inputs, facts


@RUNS
@given(document=plans(), data=st.data())
def test_every_payout_is_what_a_naive_reading_of_the_plan_gives(
    document: dict[str, Any], data: st.DataObject
) -> None:
    crowd = data.draw(st.lists(people_at_the_edges(plan_edges(document)), min_size=1, max_size=6))
    plan = plan_of(document)
    program = compile_pay(plan)
    crowd = [person | data.draw(needed(program, numbers)) for person in crowd]
    groups = [data.draw(st.integers(0, 1)) for _ in crowd]
    inputs, facts = with_peers(document, plan, crowd, groups)
    rows = assert_carriers_agree(program, inputs)
    for person, fact, found in zip(inputs, facts, rows, strict=True):
        assert_as_read(program, found, oracle_pay.pay_plan(document, person, fact))
        paid = [found[line.name] for line in program.lines if line.kind is LineKind.PAY]
        if found["payout"] is not None:
            assert sum(amount or 0 for amount in paid) == found["payout"]


@RUNS
@given(card=scorecards(), person=people())
def test_the_reasons_add_up_to_the_distance_from_the_full_score(
    card: dict[str, Any], person: Person
) -> None:
    program = compile_score(scorecard_of(card))
    lines = explain(program, person)
    values = {line.name: line.value for line in lines}
    own, full = values["own.score"], values["own.full"]
    if own is None or full is None:
        return
    extra = [line.value for line in lines if line.key in {"help", "innovation"}]
    reasons = [line.value for line in lines if line.kind is LineKind.REASON]
    assert sum(value or 0 for value in (*reasons, *extra)) == own - full


@RUNS
@given(card=scorecards(), crowd=populations, data=st.data())
def test_order_and_batching_of_people_change_nobodys_score(
    card: dict[str, Any], crowd: list[Person], data: st.DataObject
) -> None:
    program = compile_score(scorecard_of(card))
    order = data.draw(st.permutations(range(len(crowd))))
    straight = run(program, table(crowd), ["score"])["score"]
    turned = run(program, table([crowd[place] for place in order] * 2), ["score"])["score"]
    alone = [run(program, table([person]), ["score"])["score"].at(0) for person in crowd]
    assert [straight.at(row) for row in range(len(crowd))] == alone
    assert [turned.at(row) for row in range(len(order) * 2)] == [alone[at] for at in order] * 2


@RUNS
@given(card=scorecards(), plan=plans())
def test_a_document_that_is_read_and_written_again_is_the_same(
    card: dict[str, Any], plan: dict[str, Any]
) -> None:
    assert encode_scorecard(scorecard_of(card)) == card
    assert encode_plan(plan_of(plan)) == plan


def test_chunks_and_threads_change_nothing() -> None:
    card = {
        "format": "attain.scorecard/1",
        "key": "card",
        "name": {"zh-CN": "卡", "en": "card"},
        "rounding": "HALF_UP",
        "weightTotal": "REJECT_UNLESS_100",
        "missing": "EXCLUDE_AND_RENORMALISE",
        "combine": "AVERAGE",
        "items": [
            {
                "metric": metric,
                "unit": "CNY",
                "dimension": "RESULT",
                "direction": "HIGHER",
                "comparison": "AT_LEAST",
                "weight": "50",
                "curve": {"form": "RATIO", "zeroTarget": "REFUSE"},
            }
            for metric in ("a", "b")
        ],
    }
    program = compile_score(scorecard_of(card))
    rng = np.random.default_rng(7)
    count = 70_001
    columns: dict[str, Column | int | None] = {"a.den": 1, "b.den": 1}
    for name in ("a.num", "b.num", "a.target", "b.target"):
        present = rng.random(count) > 0.01
        values = np.where(present, rng.integers(-(10**9), 10**10, count), 0)
        columns[name] = Column(values, present)
    scores = run(program, columns, ["score"])["score"]
    for row in (0, 32_767, 32_768, 65_535, 65_536, count - 1):
        person = {
            name: each.at(row) if isinstance(each, Column) else each
            for name, each in columns.items()
        }
        assert scores.at(row) == explained(program, person)["score"]


@RUNS
@given(table_of=tiered(), low=st.integers(-300_000, 300_000), more=st.integers(0, 300_000))
def test_a_rate_table_without_a_warning_never_pays_less_for_more(
    table_of: dict[str, Any], low: int, more: int
) -> None:
    component = {"id": "tiers", "kind": "TIERED", "name": NAME, "missing": "BLOCK", **table_of}
    document = {
        "format": "attain.plan/1",
        "key": "plan",
        "name": NAME,
        "cadence": "MONTH",
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": [component],
    }
    plan, problems = decode_plan(document)
    assert plan is not None
    metric = table_of["metric"]
    given_: Person = {f"{metric}.den": 1, f"{metric}.target": 5_000}
    program = compile_pay(plan)
    less = explained(program, {**given_, f"{metric}.num": low})["payout"]
    greater = explained(program, {**given_, f"{metric}.num": low + more})["payout"]
    assert less is not None
    assert greater is not None
    assert problems or less <= greater

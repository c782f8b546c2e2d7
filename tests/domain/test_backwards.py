"""Questions from the other end are answered exactly: the same as trying every single input."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.backwards import (
    Best,
    GoalOutcome,
    curve,
    highest,
    pay_lines,
    reach,
    what_if,
)
from domain.exact import Ints, Words
from domain.pay_lines import check_together, compile_pay
from domain.plan import decode_plan
from domain.score_lines import compile_score
from domain.scorecard import decode_scorecard
from domain.stretch import Stretches
from domain.walk import Route, Walk, route_of
from tests.support.plans import UNITS, people, plans, scorecards

MOST = 2_500
IS_LONG = os.environ.get("ATTAIN_LONG") == "1"
NAME = {"zh-CN": "名", "en": "name"}


def route_for(plan_document: Mapping[str, Any], card_document: Mapping[str, Any] | None) -> Route:
    plan, _ = decode_plan(plan_document)
    assert plan is not None
    if card_document is None:
        return route_of(compile_pay(plan))
    card, _ = decode_scorecard(card_document)
    assert card is not None
    assert not check_together(plan, card)
    return route_of(compile_pay(plan, card), compile_score(card))


def payout(route: Route, inputs: Mapping[str, int | None]) -> int | None:
    return pay_lines(route, inputs)[-1].value


@st.composite
def small_worlds(draw: st.DrawFn) -> tuple[Route, dict[str, int | None], str]:
    """A plan, mostly with a scorecard, and a person whose numbers are small."""
    card = draw(scorecards()) if draw(st.booleans()) else None
    route = route_for(draw(plans()), card)
    person = draw(people())
    for name in route.inputs:
        if ".peers." in name:
            person[name] = draw(st.integers(1, 3) | st.none())
        if name.endswith(".den"):
            person[name] = draw(st.sampled_from([1, 2, 7]))
        elif name.endswith((".num", ".target", ".baseline")) and draw(st.integers(0, 3)):
            person[name] = draw(st.integers(-50, MOST))
    return route, person, f"{draw(st.sampled_from(sorted(UNITS)))}.num"


@settings(max_examples=2_000 if IS_LONG else 50)
@given(small_worlds(), st.data())
def test_the_solver_equals_trying_every_input(
    world: tuple[Route, dict[str, int | None], str], data: st.DataObject
) -> None:
    route, person, moved = world
    walk = Walk(route, person, moved)
    paid = walk.every(0, MOST)
    for place in data.draw(st.lists(st.integers(0, MOST), min_size=3, max_size=3)):
        assert paid[place] == payout(route, {**person, moved: place}) == walk.at(place)
    known = [each for each in paid if each is not None]
    best = highest(walk, 0, MOST)
    if not known:
        assert best is None
        assert reach(route, person, moved, 0, most=MOST).outcome is GoalOutcome.NOT_KNOWN
        return
    assert best == Best(at=paid.index(max(known)), pays=max(known), proven=True)
    goal = data.draw(st.sampled_from(known)) + data.draw(st.integers(-1, 1))
    wanted = [place for place, each in enumerate(paid) if each is not None and each >= goal]
    for less in (False, True):
        answer = reach(route, person, moved, goal, less_is_better=less, most=MOST)
        if not wanted:
            assert answer.outcome is GoalOutcome.UNREACHABLE
            assert (answer.most, answer.most_at) == (max(known), paid.index(max(known)))
            continue
        assert answer.outcome is GoalOutcome.REACHED
        assert answer.place is not None
        assert answer.place == (wanted[-1] if less else wanted[0])
        assert answer.pays == paid[answer.place]
        found = [
            place
            for piece in answer.ranges
            for place in range(piece.low, (MOST if piece.high is None else piece.high) + 1)
        ]
        if len(answer.ranges) < 4:
            assert sorted(found) == wanted


@settings(max_examples=20)
@given(small_worlds())
def test_the_corners_of_the_curve_are_points_of_it(
    world: tuple[Route, dict[str, int | None], str],
) -> None:
    route, person, moved = world
    points = curve(Walk(route, person, moved), 0, MOST, limit=40)
    assert points[0].at == 0
    assert points[-1].at == MOST
    assert len(points) <= 40
    for point in points[:: max(1, len(points) // 5)]:
        assert point.pays == payout(route, {**person, moved: point.at})


def test_every_word_of_a_rule_knows_stretches() -> None:
    """A new word that computes would be run on `Moving` as if it were a number."""
    computing = {name for name in vars(Words) if not name.startswith("_")}
    inherited = {"compare_ratio", "choose", "both", "denied", "present", "otherwise", "count"}
    assert computing - inherited <= vars(Stretches).keys()
    assert inherited <= vars(Ints).keys()


CASE: dict[str, Any] = {
    "format": "attain.plan/1",
    "key": "case",
    "name": NAME,
    "cadence": "MONTH",
    "currency": "CNY",
    "rounding": "HALF_UP",
    "units": {"sales": "CNY", "retention": "RATIO"},
    "components": [
        {
            "id": "base_bonus", "kind": "BONUS_WHEN_MET", "name": NAME, "missing": "ZERO",
            "metric": "sales", "comparison": "AT_LEAST", "amount": "5000",
        },
        {
            "id": "excess", "kind": "RATE_ON_EXCESS", "name": NAME, "missing": "ZERO",
            "metric": "sales", "comparison": "AT_LEAST", "rate": "0.01",
        },
        {
            "id": "kicker", "kind": "KICKER", "name": NAME, "missing": "ZERO",
            "percent": "0.1", "base": "TOTAL",
            "condition": {"metric": "retention", "comparison": "MORE_THAN", "value": "0.75"},
        },
    ],
    "cap": "20000",
}  # fmt: skip
LI_NA = {
    "sales.num": 120_000_000,
    "sales.den": 1,
    "sales.target": 100_000_000,
    "retention.num": 780_000,
    "retention.den": 1,
}


@pytest.mark.parametrize(
    ("goal", "needed", "pays", "beside"),
    [
        # 7,700 are paid for 1,200,000; half a yuan less of sales rounds to the same 7,700.00
        (770_000, 119_999_950, 770_000, 769_999),
        # anything up to the bonus and its kicker is earned at the target, a cent short of it: 0
        (1, 100_000_000, 550_000, 0),
        (550_000, 100_000_000, 550_000, 0),
        # the cap of 20,000 is reached where (5,000 + 1 % of the excess) x 1.1 rounds to it
        (2_000_000, 231_818_150, 2_000_000, 1_999_999),
        (0, 0, 0, None),
    ],
)
def test_the_case_is_solved_to_the_cent(
    goal: int, needed: int, pays: int, beside: int | None
) -> None:
    found = reach(route_for(CASE, None), LI_NA, "sales.num", goal)
    assert found.outcome is GoalOutcome.REACHED
    assert (found.place, found.pays, found.beside) == (needed, pays, beside)
    assert found.ranges[0].high is None


def test_beyond_the_cap_nothing_is_reached_and_the_cap_is_named() -> None:
    found = reach(route_for(CASE, None), LI_NA, "sales.num", 2_000_001)
    assert found.outcome is GoalOutcome.UNREACHABLE
    assert (found.most, found.most_at) == (2_000_000, 231_818_150)
    assert [line.name for line in found.limits] == ["cap.amount"]


def test_what_the_next_order_is_worth_names_the_lines_it_changes() -> None:
    found = what_if(route_for(CASE, None), LI_NA, {"sales.num": 125_000_000})
    assert (found.before, found.after, found.difference) == (770_000, 825_000, 55_000)
    amounts = {each.after.name for each in found.pay if each.after.name.endswith(".amount")}
    assert amounts == {"excess.amount", "kicker.amount"}


def test_every_range_is_found_when_pay_falls_again() -> None:
    """All of 2 % up to 1,000.00, all of 1 % from there: 15.00 is earned twice, with a hole."""
    tiers = {
        "id": "tiers", "kind": "TIERED", "name": NAME, "missing": "ZERO", "metric": "sales",
        "measure": "ACTUAL", "mode": "WHOLE", "boundary": "UPPER_TIER", "negative": "ZERO",
        "tiers": [{"upTo": "1000", "rate": "0.02"}, {"rate": "0.01"}],
    }  # fmt: skip
    route = route_for({**CASE, "components": [tiers], "cap": None}, None)
    found = reach(route, LI_NA, "sales.num", 1_500)
    assert found.place == 74_975
    assert [(each.low, each.high) for each in found.ranges] == [(74_975, 99_999), (149_950, None)]


def test_where_less_is_better_the_most_that_still_pays_is_the_answer() -> None:
    few = {
        "id": "few", "kind": "BONUS_WHEN_MET", "name": NAME, "missing": "ZERO",
        "metric": "complaints", "comparison": "AT_MOST", "amount": "300",
    }  # fmt: skip
    plan = {**CASE, "units": {"complaints": "COUNT"}, "components": [few], "cap": None}
    inputs = {"complaints.num": 5, "complaints.den": 1, "complaints.target": 2}
    found = reach(route_for(plan, None), inputs, "complaints.num", 30_000, less_is_better=True)
    assert (found.place, found.pays, found.beside) == (2, 30_000, 0)


def test_what_is_missing_is_not_zero() -> None:
    """The plan holds its payout back without a target: no input of sales gives any payout."""
    blocked = [{**each, "missing": "BLOCK"} for each in CASE["components"]]
    route = route_for({**CASE, "components": blocked}, None)
    found = reach(route, {**LI_NA, "sales.target": None}, "sales.num", 1)
    assert found.outcome is GoalOutcome.NOT_KNOWN


def test_the_peak_of_a_rate_that_falls_along_a_straight_line_is_found_exactly() -> None:
    """x times a falling rate is a parabola: 20 % at 10,000 runs down to 1 % at 90,000."""
    falling = {
        "id": "tiers", "kind": "TIERED", "name": NAME, "missing": "ZERO", "metric": "sales",
        "measure": "ACTUAL", "mode": "INTERPOLATED", "boundary": "UPPER_TIER", "negative": "ZERO",
        "tiers": [{"upTo": "10000", "rate": "0.2"}, {"upTo": "90000", "rate": "0.01"},
                  {"rate": "0.01"}],
    }  # fmt: skip
    route = route_for({**CASE, "components": [falling], "cap": None}, None)
    walk = Walk(route, LI_NA, "sales.num")
    best = highest(walk, 0, 9_000_000)
    assert best is not None
    assert best.proven
    assert walk.evaluations < 20
    around = walk.every(best.at - 50_000, best.at + 50_000)
    assert best.pays == max(each for each in around if each is not None)
    assert around.index(best.pays) == 50_000


def test_what_is_sold_today_counts_in_a_window_that_is_open_today() -> None:
    """1 % of the month and 50.00 for each whole 1,000 of a contest that began with 30,000 sold."""
    contest = {
        "id": "contest", "kind": "SPIFF", "name": NAME, "missing": "ZERO", "metric": "visits",
        "form": "PER_UNIT", "from": "2026-09-10", "to": "2026-09-30", "pays": "AT_THE_END",
        "amount": "50", "parts": "WHOLE_ONLY", "negative": "ZERO",
    }  # fmt: skip
    many = {
        "id": "many", "kind": "BONUS_WHEN_MET", "name": NAME, "missing": "ZERO",
        "metric": "visits", "comparison": "AT_LEAST", "amount": "300",
    }  # fmt: skip
    plan = {**CASE, "units": {"visits": "COUNT"}, "components": [many, contest], "cap": None}
    route = route_for(plan, None)
    inputs = {
        "visits.num": 8, "visits.den": 1, "visits.target": 10,
        "contest.window.num": 5, "contest.window.den": 1, "contest.due": 1,
    }  # fmt: skip
    alone = reach(route, inputs, "visits.num", 55_000)
    assert (alone.place, alone.pays) == (10, 55_000)  # 300 and five of the contest
    tied = {"contest.window.num": -3}
    both = reach(route, inputs, "visits.num", 60_000, tied=tied)
    assert (both.place, both.pays, both.beside) == (10, 65_000, 30_000)
    more = reach(route, inputs, "visits.num", 70_000, tied=tied)
    assert (more.place, more.pays, more.beside) == (11, 70_000, 65_000)

"""Random plans, and old systems that differ from them by known mistakes: each is named exactly.

What is expected is calculated by the naive reading of the plan, step by step; the core is asked
only for the lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from actions.our_rules import OurRules, follow, rules_of
from domain.evaluate import compile_pay
from domain.old_numbers import NumberKind, OldNumbers, walk_of
from domain.parallel_run import OldResult, explain_difference, is_rounding
from domain.period import period_named
from domain.plan import decode_plan
from domain.walk import route_of
from storage.statements import Way
from tests.support.old_systems import Mistakes, amounts, as_counted, plain
from tests.support.peer_inputs import column
from tests.support.plan_kinds import needed
from tests.support.plans import UNITS, numbers, people, plans

RUNS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    max_examples=settings().max_examples // 4,
)
LACKING = frozenset({"MISSING", "GOAL", "UNEXPLAINED"})
Found = list[tuple[str, int, str]]
Inputs = Mapping[str, int | None]


def rules(document: dict[str, Any]) -> OurRules:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    stored = SimpleNamespace(plan=plan, valid_from=period_named("2026-09").start)
    way = Way(route=route_of(compile_pay(plan)), scorecard=None, plan=cast("Any", stored))
    return rules_of(way, period_named("2026-09"), {}, is_cut=False)


def told(person: Inputs, counted: Inputs) -> OldNumbers:
    """Write every number of the old system into its sheet, as fine as a sheet can."""
    values: dict[str, tuple[int, int]] = {}
    goals: dict[str, int] = {}
    for metric in UNITS:
        num, den = counted[f"{metric}.num"], counted[f"{metric}.den"]
        if num is not None and den:
            values[metric] = ((2 * num + den) // (2 * den), 1)
            if (2 * num + den) % (2 * den) == 0 and num < 0:
                values[metric] = (values[metric][0] - 1, 1)  # halves away from zero
        target = counted[f"{metric}.target"]
        if target is not None:
            goals[metric] = target
    if counted["score"] is not None:
        values["score"] = (counted["score"], 1)
    return OldNumbers(values=values, goals=goals)


def lines_of(
    ours: OurRules,
    component: str,
    old: int | None,
    person: Inputs,
    sheet: OldNumbers,
) -> Found:
    table = {name: column([number]) for name, number in person.items()}
    mine = ours.pays(table, 1).of(component, 0)
    walk = walk_of(ours.numbers[component], person, sheet, unsure=component in ours.unsure)
    (paid,) = follow(ours, table, [(component, walk)])
    before = None if old is None else OldResult(amount=old)
    found = explain_difference(before, mine, walk, paid, is_limit=component == "")
    return [(line.cause.value, line.amount, line.subject) for line in found]


@st.composite
def mistakes_about(draw: st.DrawFn, document: dict[str, Any], person: Inputs) -> Mistakes:
    """Get what a plan looks at wrong: mostly by little, around what decides."""
    read = {each["metric"] for each in document["components"] if "metric" in each}
    metric = draw(st.sampled_from(sorted(read & UNITS.keys()) or sorted(UNITS)))
    target = person[f"{metric}.target"] or 0
    beside = st.integers(-200_000, 200_000)
    actual = min(max(target, -(10**9)), 10**9) + draw(beside)
    actuals, goals = {metric: actual}, {metric: actual + draw(beside)}
    if draw(st.booleans()):
        actuals["score"] = draw(st.integers(0, 1_500_000))
    return Mistakes(
        actuals=draw(st.sampled_from([actuals, actuals, {}])),
        goals=draw(st.sampled_from([goals, goals, {}])),
    )


@RUNS
@given(document=plans(), data=st.data())
def test_every_mistake_of_an_old_system_is_named_with_its_cause_and_amount(
    document: dict[str, Any], data: st.DataObject
) -> None:
    document = plain(document)
    assume(document["components"])
    ours = rules(document)
    person = data.draw(people())
    person |= data.draw(needed(ours.way.route.pay, numbers))
    if data.draw(st.booleans()):
        person = {name: 1 if number is None else number for name, number in person.items()}
    mistakes = data.draw(mistakes_about(document, person))
    counted = as_counted(person, mistakes)
    first, second, last = (
        amounts(document, counted),
        # then the goals are ours, then what was achieved
        amounts(document, as_counted(person, Mistakes(actuals=mistakes.actuals))),
        amounts(document, person),
    )
    typed = data.draw(st.sampled_from([0, 0, 1_234_567, -7_654_321]))
    sheet = told(person, counted)
    for component in first:
        steps = (first[component], second[component], last[component])
        if component == "" or None in steps:
            continue
        old, goal, mine = cast("tuple[int, int, int]", steps)
        expected = [("GOAL", goal - old), ("VALUE", mine - goal)]
        if len(mistakes.actuals) > 1:
            # of two numbers the first becomes ours before the second: together they are this
            expected = [("GOAL", goal - old), ("VALUE", 0)]
        if typed:
            old += typed
            if is_rounding(OldResult(amount=old), -typed):
                continue
            expected.insert(0, ("RATE", -typed))
        expected = [each for each in expected if each[1]]
        if mine == old:
            continue
        found = lines_of(ours, component, old, person, sheet)
        assert sum(amount for _, amount, _ in found) == mine - old
        named = [(cause, amount) for cause, amount, _ in found]
        if len(mistakes.actuals) > 1:
            values = sum(amount for cause, amount in named if cause == "VALUE")
            assert values == mine - goal
            named = [each for each in named if each[0] != "VALUE"]
        if (
            typed
            and None in person.values()
            and named
            and named[0][0] in {"MISSING", "GOAL", "UNEXPLAINED"}
        ):
            continue  # we have no number for it: that is said instead
        assert named == expected, (component, document)
        for cause, _, subject in found:
            if cause == "GOAL":
                assert subject in mistakes.goals
            if cause == "VALUE":
                assert subject in mistakes.actuals


@RUNS
@given(document=plans(), person=people(), data=st.data())
def test_a_cap_that_the_old_system_forgot_is_a_limit_to_the_cent(
    document: dict[str, Any], person: Inputs, data: st.DataObject
) -> None:
    document = plain(document)
    assume(document["components"])
    capped = {each["id"] for each in document["components"] if "cap" in each or "floor" in each}
    assume(capped)
    ours = rules(document)
    person = {**person, **data.draw(needed(ours.way.route.pay, numbers))}
    bare = amounts(document, person, frozenset(capped))
    mine = amounts(document, person)
    for component in sorted(capped):
        before, after = bare[component], mine[component]
        if before is None or after is None or before == after:
            continue
        found = lines_of(ours, component, before, person, told(person, person))
        assert [each[:2] for each in found] == [("LIMIT", after - before)]


def test_what_a_number_of_the_rules_is_is_known() -> None:
    bonus = {"id": "part_0", "kind": "BONUS_WHEN_MET", "metric": "visits", "amount": "100"}
    named = {"name": {"en": "n", "zh-CN": "n"}, "missing": "ZERO", "comparison": "AT_LEAST"}
    document = {
        "format": "attain.plan/1",
        "cadence": "MONTH",
        "key": "plan",
        "name": named["name"],
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": [bonus | named],
    }
    found = rules(document).numbers["part_0"]
    assert [(each.key, each.kind) for each in found] == [
        ("visits", NumberKind.MEASURE),
        ("visits", NumberKind.GOAL),
    ]

"""The causes of a change add up to it, whatever the rules and the numbers are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evaluate import compile_pay, explain
from domain.plan import decode_plan
from domain.statement import Statement, read_statement
from domain.statement_changes import Calculated, ChangeCause, changes_between
from tests.support.peer_inputs import Crowd, gathered
from tests.support.plans import people, plans


def calculated(document: dict[str, Any], inputs: dict[str, int | None]) -> Calculated:
    """Calculate one person alone by a plan."""
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    program = compile_pay(plan)
    (given_inputs,) = gathered(program, Crowd(people=[inputs]))
    lines = explain(program, given_inputs)
    statement: Statement = read_statement(
        (), lines, subject={"plan": str(document)}, currency="CNY"
    )
    return Calculated(statement=statement, inputs=given_inputs, score=None, pay=program)


@settings(max_examples=40, deadline=None)
@given(plans(), plans(), people(), people(), st.booleans())
def test_causes_add_up_to_components_and_components_to_the_difference(
    document: dict[str, Any],
    other: dict[str, Any],
    then: dict[str, int | None],
    now: dict[str, int | None],
    alike: bool,
) -> None:
    now["score"] = then["score"]  # a score comes from a scorecard, and none is here
    before, after = calculated(document, then), calculated(document if alike else other, now)
    change = changes_between(before, after)
    for each in change.components:
        told = sum(step.amount for step in each.causes)
        if each.difference is not None:
            assert told == each.difference
        else:
            assert not each.causes
        if alike:
            assert ChangeCause.RULES not in {step.cause for step in each.causes}
    paid = before.statement.payout, after.statement.payout
    if None not in paid:
        assert change.difference == paid[1] - paid[0]  # type: ignore[operator]
        if all(each.difference is not None for each in change.components):
            assert sum(each.difference or 0 for each in change.components) == change.difference
            assert sum(step.amount for step in change.causes) == change.difference


@settings(max_examples=25, deadline=None)
@given(plans(), people())
def test_a_statement_held_against_itself_has_changed_in_nothing(
    document: dict[str, Any], person: dict[str, int | None]
) -> None:
    made = calculated(document, person)
    change = changes_between(made, made)
    assert (change.causes, change.has_other_rules) == ((), False)
    assert all((each.moved, each.causes) == ((), ()) for each in change.components)
    assert all(each.difference in {0, None} for each in change.components)

"""Engine and verifier, written apart from each other, give the same lines on random rules."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.day_lines import How
from domain.evaluate import compile_pay, compile_score, explain
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan
from domain.program import Cohort, Line, Program
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard
from tests.docs import test_examples as examples
from tests.domain.test_peer_kinds import crowds
from tests.golden.printed import CASES, read_case
from tests.support.peer_inputs import Crowd, gathered
from tests.support.peer_plans import peer_plans
from tests.support.plan_kinds import needed
from tests.support.plans import (
    card_edges,
    numbers,
    people_at_the_edges,
    plan_edges,
    plans,
    scorecards,
)
from tests.support.verifier import load

V = load()
CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
EXAMPLES = 4_000 if os.environ.get("ATTAIN_LONG") == "1" else 15
RUNS = settings(deadline=None, suppress_health_check=CHECKS, max_examples=EXAMPLES)
pytestmark = pytest.mark.timeout(1800)


def assert_same_lines(lines: Sequence[Line], sheet: Any) -> None:
    found = {name: line[:2] for name, line in sheet.lines.items()}
    assert found == {line.name: (line.value, line.unit) for line in lines}
    statement = {
        "score": [],
        "pay": [
            {
                "name": line.name,
                "code": line.code,
                "unit": line.unit,
                "value": None if line.value is None else str(line.value),
                "inputs": [
                    [name, None if value is None else str(value), unit]
                    for name, value, unit in line.inputs
                ],
                "problems": [[problem.code, problem.path] for problem in line.problems],
            }
            for line in lines
        ],
    }
    report = V.Report()
    V._lines(statement, {"pay": sheet}, {}, report)  # raises on the first line that differs
    assert report.gaps == []


def test_every_golden_case_is_computed_alike() -> None:
    paths = sorted(CASES.glob("*.toml"))
    assert len(paths) > 80
    for path in paths:
        case = read_case(path)
        for rules, statement in zip(case.rules, case.statements, strict=True):
            lines = (*statement.score_lines, *statement.pay_lines)
            # A line names what it reads, so that a statement brings its inputs along.
            inputs = {name: value for line in lines for name, value, _ in line.inputs}
            inputs.setdefault("score", statement.score)
            cards = [each and encode_scorecard(each) for each in rules.cards]
            plans = [each and encode_plan(each) for each in rules.plans]
            if any(cards):
                sheet = _sheet("score", cards, rules.shape.score, inputs)
                assert_same_lines(statement.score_lines, sheet)
            if any(plans):
                sheet = _sheet("pay", plans, rules.shape.pay, inputs)
                assert_same_lines(statement.pay_lines, sheet)


def _sheet(part: str, documents: list[Any], how: How, inputs: dict[str, int | None]) -> Any:
    """Compute one document as it is, or several as they were put together."""
    if how == How():
        compute = V.score_sheet if part == "score" else V.pay_sheet
        return compute(documents[-1], inputs)
    used = documents if how.cut else documents[-1:]
    sealed = {"byDays": how.by_days, "ramped": how.ramped, "places": list(how.places)}
    return V.shaped_sheet(part, used, sealed, inputs)


def test_every_example_of_the_page_is_computed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the examples of the page calculate is computed again, and has to be the same."""
    reading: list[Any] = []
    compared: list[str] = []

    def score(card: Scorecard) -> Program:
        reading[:] = [lambda inputs: V.score_sheet(encode_scorecard(card), inputs)]
        return compile_score(card)

    def pay(plan: Plan, *more: Any) -> Program:
        reading[:] = [lambda inputs: V.pay_sheet(encode_plan(plan), inputs)]
        return compile_pay(plan, *more)

    def explained(program: Program, inputs: dict[str, int | None]) -> tuple[Line, ...]:
        lines = explain(program, inputs)
        assert_same_lines(lines, reading[0](inputs))
        compared.extend(line.name for line in lines)
        return lines

    monkeypatch.setattr(examples, "compile_score", score)
    monkeypatch.setattr(examples, "compile_pay", pay)
    monkeypatch.setattr(examples, "explain", explained)
    for example, given_values, result in examples.CASES:
        examples.test_every_example_gives_what_the_page_says(example, given_values, result)
    assert len(compared) > 500


@RUNS
@given(card=scorecards(), data=st.data())
def test_every_line_of_a_score_is_computed_alike(card: dict[str, Any], data: Any) -> None:
    person = data.draw(people_at_the_edges(card_edges(card)))
    scorecard, problems = decode_scorecard(card)
    assert scorecard is not None, problems
    sheet = V.score_sheet(encode_scorecard(scorecard), person)
    assert_same_lines(explain(compile_score(scorecard), person), sheet)


@RUNS
@given(document=plans(), data=st.data())
def test_every_line_of_a_payout_is_computed_alike(document: dict[str, Any], data: Any) -> None:
    person = data.draw(people_at_the_edges(plan_edges(document)))
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    program = compile_pay(plan)
    person |= data.draw(needed(program, numbers))
    for cohort in program.cohorts:
        person.update(data.draw(peers(cohort, person)))
    assert_same_lines(explain(program, person), V.pay_sheet(encode_plan(plan), person))


@RUNS
@given(document=peer_plans(), crowd=crowds())
def test_every_line_of_those_who_are_compared_is_computed_alike(
    document: dict[str, Any], crowd: Crowd
) -> None:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    program = compile_pay(plan)
    for person in gathered(program, crowd):
        assert_same_lines(explain(program, person), V.pay_sheet(encode_plan(plan), person))


@st.composite
def peers(draw: st.DrawFn, cohort: Cohort, person: dict[str, int | None]) -> dict[str, int | None]:
    """Draw the facts of a peer group: often too small, often with the own value in the middle."""
    head, size = f"{cohort.id}.peers.", draw(st.none() | st.integers(0, 6))
    enough = size is not None and size >= max(cohort.minimum, 1)
    names = ("score", None) if cohort.measure == "score" else (
        f"{cohort.measure}.num", f"{cohort.measure}.den"
    )  # fmt: skip
    top = person[names[0]]
    bottom = 1 if names[1] is None else person[names[1]]
    found: dict[str, int | None] = {f"{head}size": size}
    beside = top is not None and draw(st.booleans())
    for end in ("lo", "hi"):
        found[f"{head}{end}_num"] = (top if beside else draw(numbers)) if enough else None
        drawn = draw(st.sampled_from([1, 1, 2, 7]))
        found[f"{head}{end}_den"] = (bottom if beside else drawn) if enough else None
    ranked = enough and top is not None
    found[f"{head}rank"] = draw(st.integers(1, 6)) if ranked else None
    found[f"{head}tied"] = draw(st.integers(1, 3)) if ranked else None
    return found

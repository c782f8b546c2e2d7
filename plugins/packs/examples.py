"""Runs the worked examples of a pack with the one calculation, and compares every number named.

The people of an example are each other's peers, so a median or a rank is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.columns import Column
from domain.compare import CohortPolicy, Measure, compare_everyone
from domain.component import SCORE, PeerGroup
from domain.document import decimal_text
from domain.evaluate import compile_pay, compile_score, explain
from domain.metric import Direction, Metric, decode_metric
from domain.order import dense_codes
from domain.plan import Plan, decode_plan
from domain.problem import Problem
from domain.program import NUMBER, TRUTH, Cohort, NeedKind, Program
from domain.scorecard import Scorecard, decode_scorecard
from domain.unit import LARGEST_STEPS, to_steps
from plugins.packs.pack import Pack

NONE = "none"
_TRUTHS = {"yes": 1, "no": 0}

Numbers = dict[str, int | None]
Shown = dict[str, tuple[int | None, str]]  # value and unit by the name of the line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """The documents of a pack, read, by key."""

    metrics: Mapping[str, Metric]
    cards: Mapping[str, Scorecard]
    plans: Mapping[str, Plan]


def run_examples(pack: Pack) -> tuple[Problem, ...]:
    """Run every example of a pack that was read; what differs is a problem at the number's place.

    ``expect = { payout = "7700" }`` holds when the payout is 7,700.00 exactly.
    """
    rules = _Rules(
        metrics=_by_key(decode_metric(each)[0] for each in pack.metrics),
        cards=_by_key(decode_scorecard(each)[0] for each in pack.scorecards),
        plans=_by_key(decode_plan(each)[0] for each in pack.plans),
    )
    return tuple(
        problem
        for index, example in enumerate(pack.examples)
        for problem in _run(rules, example, f"{pack.file}/examples[{index}]")
    )


def _by_key(found: Iterator[Any]) -> dict[str, Any]:
    return {each.key: each for each in found if each is not None}


def _run(rules: _Rules, example: Mapping[str, Any], path: str) -> Iterator[Problem]:
    people: list[dict[str, Any]] = example["people"]
    given: list[Numbers] = []
    unread: list[Problem] = []
    for index, person in enumerate(people):
        numbers, problems = _given(rules, person["given"], f"{path}.people[{index}].given")
        given.append(numbers)
        unread += problems
    if unread:
        yield from unread
        return
    shown: list[Shown] = [{} for _ in people]
    if "scorecard" in example:
        _walk(compile_score(rules.cards[example["scorecard"]]), given, shown)
        for numbers, lines in zip(given, shown, strict=True):
            numbers[SCORE] = lines[SCORE][0]
    if "plan" in example:
        program = compile_pay(rules.plans[example["plan"]])
        units = [str(person.get("unit", "")) for person in people]
        for cohort in program.cohorts:
            _meet_peers(rules, cohort, units, given)
        _be_there(program, given)
        _walk(program, given, shown)
    for index, person in enumerate(people):
        place = f"{path}.people[{index}].expect"
        yield from _compare(example["id"], person["expect"], shown[index], place)


def _given(
    rules: _Rules, given: Mapping[str, Any], path: str
) -> tuple[Numbers, tuple[Problem, ...]]:
    """Read what one person reached into the names of the calculation."""
    numbers: Numbers = {}
    problems = []
    for key, values in given.items():
        unit = rules.metrics[key].unit
        for field, written in values.items():
            top, _, bottom = str(written).partition(" of ")
            steps = to_steps(top, unit)
            if steps is None:
                told = {"value": str(written), "unit": unit, "largest": str(LARGEST_STEPS)}
                where = f"{path}.{key}.{field}"
                problems.append(Problem(code="number_not_exact", path=where, values=told))
            elif field == "actual":
                numbers[f"{key}.num"], numbers[f"{key}.den"] = steps, int(bottom or "1")
            else:
                numbers[f"{key}.{field}"] = steps
    return numbers, tuple(problems)


def _walk(program: Program, given: Sequence[Numbers], shown: Sequence[Shown]) -> None:
    """Explain everyone; inputs can be expected as well as lines."""
    for numbers, lines in zip(given, shown, strict=True):
        lines.update({each.name: (numbers.get(each.name), each.unit) for each in program.inputs})
        lines.update({line.name: (line.value, line.unit) for line in explain(program, numbers)})


def _meet_peers(
    rules: _Rules, cohort: Cohort, units: Sequence[str], given: Sequence[Numbers]
) -> None:
    """Compare the people of an example; the next wider group than a unit is everybody."""
    score = cohort.measure == SCORE
    names = (SCORE, "") if score else (f"{cohort.measure}.num", f"{cohort.measure}.den")
    own = Measure(num=_column(given, names[0]), den=1 if score else _column(given, names[1]))
    everybody = np.zeros(len(units), dtype=np.int64)
    _, codes = np.unique(np.array(units), return_inverse=True)
    near = dense_codes(codes) if cohort.peer_group is PeerGroup.UNIT else everybody
    metric = rules.metrics.get(cohort.measure)
    policy = CohortPolicy(
        minimum=cohort.minimum,
        fallback=cohort.fallback,
        direction=Direction.HIGHER if metric is None else metric.direction,
        percentile=cohort.percentile,
    )
    compared = compare_everyone(own, near, everybody, policy)
    for name, column in compared.inputs(cohort.id).items():
        for row, numbers in enumerate(given):
            numbers[name] = column.at(row)


def _be_there(program: Program, given: Sequence[Numbers]) -> None:
    """Whoever is in an example was there on every day of its period, a month of 30."""
    present = {NeedKind.COUNTED: 1, NeedKind.DAYS: 30, NeedKind.PERIOD_DAYS: 30}
    for need in program.needs:
        if need.kind in present:
            for numbers in given:
                numbers[need.name] = present[need.kind]


def _column(given: Sequence[Numbers], name: str) -> Column:
    values = [numbers.get(name) for numbers in given]
    present = np.array([value is not None for value in values], dtype=np.bool_)
    steps = np.array([1 if value is None else value for value in values], dtype=np.int64)
    return Column(steps, None if present.all() else present)


def _compare(
    example: str, expected: Mapping[str, Any], shown: Shown, path: str
) -> Iterator[Problem]:
    for line, written in expected.items():
        place, wanted = f"{path}.{line}", str(written)
        if line not in shown:
            values = {"example": example, "line": line}
            yield Problem(code="pack_line_unknown", path=place, values=values)
            continue
        found = _text(*shown[line])
        if _steps(wanted, shown[line][1]) != _steps(found, shown[line][1]):
            values = {"example": example, "expected": wanted, "found": found}
            yield Problem(code="pack_example_differs", path=place, values=values)


def _text(value: int | None, unit: str) -> str:
    if value is None:
        return NONE
    if unit == TRUTH:
        return "yes" if value else "no"
    return str(value) if unit == NUMBER else decimal_text(value, unit)


def _steps(text: str, unit: str) -> int | str:
    """Read a number in the unit of its line; a text that is no such number equals only itself."""
    if text == NONE or unit == TRUTH:
        return _TRUTHS.get(text, text)
    steps = to_steps(text, "COUNT" if unit == NUMBER else unit)
    return text if steps is None else steps

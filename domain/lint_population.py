"""Findings over real people: who loses by a change, and what nobody ever reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.finding import Case, Finding, FindingCode, FindingWeight
from domain.lint_search import values_of
from domain.plan import Plan
from domain.plan_document import encode_plan
from domain.program import TRUTH
from domain.walk import Route

GATES = ("line_met_", "line_condition_", "line_minimum_")


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The plan that would be replaced, as it was calculated."""

    plan: Plan
    route: Route


def more_lose(
    plan: Plan, route: Route, in_force: InForce, people: Sequence[Mapping[str, int | None]]
) -> Iterator[Finding]:
    """Find that more of these people would lose by the new plan than win."""
    changes = []
    for inputs in people:
        now = values_of(in_force.route, inputs)["payout"]
        then = values_of(route, inputs)["payout"]
        if now is not None and then is not None:
            changes.append((then - now, now, then, inputs))
    lost = [each for each in changes if each[0] < 0]
    won = [each for each in changes if each[0] > 0]
    if len(lost) <= len(won):
        return
    change, now, then, inputs = min(changes, key=lambda each: each[0])
    document = encode_plan(in_force.plan)
    yield Finding(
        code=FindingCode.MORE_LOSE_THAN_WIN,
        weight=FindingWeight.WARNING,
        values={
            "lose": str(len(lost)),
            "win": str(len(won)),
            "people": str(len(changes)),
            "lost": (-change, plan.currency),
        },
        witness=(
            Case(inputs=dict(inputs), payout=now, document=document),
            Case(inputs=dict(inputs), payout=then),
        ),
    )


def nobody_reaches(
    plan: Plan, route: Route, people: Sequence[Mapping[str, int | None]]
) -> Iterator[Finding]:
    """Find targets and conditions that not one of these people passed."""
    values = [values_of(route, inputs) for inputs in people]
    for line in route.pay.lines:
        if line.unit != TRUTH or not line.code.startswith(GATES):
            continue
        seen = [(each.get(line.name), place) for place, each in enumerate(values)]
        known = [place for truth, place in seen if truth is not None]
        if not known or any(truth for truth, _ in seen):
            continue
        name = line.inputs[0]
        known.sort(key=lambda place: people[place].get(name) or 0)
        ends = (known[0], known[-1])
        yield Finding(
            code=FindingCode.NOBODY_REACHES,
            weight=FindingWeight.WARNING,
            component=line.key,
            values={"metric": name.removesuffix(".num"), "people": str(len(known))},
            witness=(
                Case(inputs=dict(people[ends[0]]), payout=values[ends[0]]["payout"]),
                Case(inputs=dict(people[ends[1]]), payout=values[ends[1]]["payout"]),
            ),
        )

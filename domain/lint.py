"""What is wrong with a plan, found before it pays anybody: by running it, each with its proof.

`lint` runs the compiled plan (with its scorecard, where the score pays) at and around every place
where it changes its mind. It is a search: along each number it is complete, between numbers it
tries the scenes of `domain/lint_search.py`. Every finding has two people who prove it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.finding import Case, Finding, FindingCode, FindingWeight
from domain.lint_lines import dead_conditions, dead_tiers, limits_at_target, unreachable
from domain.lint_moves import cliffs, falls, paid_twice, without_end
from domain.lint_population import InForce, more_lose, nobody_reaches
from domain.lint_rules import (
    busywork,
    medians,
    order_of_percents,
    outages,
    part_periods,
    route_for,
    search_ended,
)
from domain.lint_search import search, values_of
from domain.metric import Direction
from domain.pay_lines import check_together, compile_pay
from domain.plan import Plan
from domain.problem import Problem
from domain.score_lines import compile_score
from domain.scorecard import Scorecard
from domain.walk import Route, route_of

_ORDER = {FindingWeight.ERROR: 0, FindingWeight.WARNING: 1, FindingWeight.INFO: 2}
_NO_DIRECTIONS: Mapping[str, Direction] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a plan does not say itself and the linter can use where it is known."""

    directions: Mapping[str, Direction] = field(default_factory=lambda: _NO_DIRECTIONS)
    administrative: frozenset[str] = frozenset()
    targets: Mapping[str, int] = field(default_factory=dict)
    people: Sequence[Mapping[str, int | None]] = ()
    in_force: InForce | None = None


_ALONE = Surroundings()


def pay_route(plan: Plan, card: Scorecard | None = None) -> Route:
    """Compile a plan with its scorecard; the two must count in the same units."""
    return route_of(compile_pay(plan, card), None if card is None else compile_score(card))


def refused_together(plan: Plan, card: Scorecard) -> tuple[Problem, ...]:
    """Find why a plan cannot be paid by a scorecard; none when its pay reads no score."""
    return check_together(plan, card) if plan.uses_score else ()


def lint(
    plan: Plan, card: Scorecard | None = None, around: Surroundings = _ALONE
) -> tuple[Finding, ...]:
    """Find what a person should know before the plan is published, the worst first."""
    used = card if plan.uses_score else None
    route = pay_route(plan, used)
    tried = search(plan, route, used, around.directions, around.targets)
    found = [
        *falls(tried),
        *cliffs(tried),
        *unreachable(tried),
        *dead_tiers(tried),
        *dead_conditions(tried),
        *limits_at_target(tried),
        *without_end(tried),
        *paid_twice(tried),
        *order_of_percents(tried),
        *busywork(tried, around.administrative),
        *outages(tried),
        *medians(tried),
        *part_periods(tried),
        *search_ended(tried),
    ]
    if around.people:
        found.extend(nobody_reaches(plan, route, around.people))
        if around.in_force is not None:
            found.extend(more_lose(plan, route, around.in_force, around.people))
    return tuple(sorted(found, key=lambda each: _ORDER[each.weight]))


def holds(finding: Finding, route: Route) -> bool:
    """Run a finding's two people again: say whether the engine still pays what it says."""
    return all(_pays(case, route) == case.payout for case in finding.witness)


def _pays(case: Case, route: Route) -> int | None:
    used = route if case.document is None else route_for(case.document, route)
    if used is None:
        return None
    found: int | None = values_of(used, case.inputs)["payout"]
    return found


def blocks(findings: Sequence[Finding]) -> bool:
    """Say whether a plan with these findings may only be published with a reason."""
    return any(each.weight is FindingWeight.ERROR for each in findings)


__all__ = [
    "Finding",
    "FindingCode",
    "FindingWeight",
    "InForce",
    "Surroundings",
    "blocks",
    "holds",
    "lint",
    "pay_route",
    "refused_together",
]

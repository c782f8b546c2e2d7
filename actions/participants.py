"""Who takes part in a period, where they stand in it, and which rules are theirs.

A person belongs to the unit of the last day of the period on which they were assigned at all, so a
leaver is still compared with the last team. The rules are those that hold on the period's first
day: a scorecard or plan that begins later counts from the next period, never backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TypeVar

from actions.publish_plan import PUBLISHED
from domain.knowledge import Knowledge, as_knowledge
from domain.people import Assignment
from domain.period import Period
from domain.problem import Problem
from storage.definitions import (
    Scope,
    StoredPlan,
    StoredScorecard,
    plan_versions,
    scorecards,
)
from storage.engine import Connection
from storage.people import assignments, units_above

Ruled = TypeVar("Ruled", StoredScorecard, StoredPlan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One person of a period with the rules that apply; ``above`` starts with the own unit."""

    person_id: str
    unit_id: str
    platform_id: str | None
    position: str
    above: tuple[str, ...]
    scorecard: StoredScorecard | None
    plan: StoredPlan | None


def participants(
    connection: Connection, entity_id: str, period: Period, known_at: datetime | Knowledge
) -> tuple[tuple[Participant, ...], tuple[Problem, ...]]:
    """Return everyone with a scorecard or a plan in ``period``, by person id."""
    knowledge = as_knowledge(known_at)
    held = assignments(
        connection,
        entity_id,
        start=period.start,
        end=period.end,
        known_at=knowledge.organisation,
    )
    day = period.start
    cards = scorecards(
        connection, entity_id, start=day, end=day + timedelta(days=1), known_at=knowledge.rules
    )
    plans = plan_versions(
        connection,
        entity_id,
        known_at=knowledge.rules,
        start=day,
        end=day + timedelta(days=1),
        state=PUBLISHED,
    )
    plans = tuple(each for each in plans if each.plan.cadence is period.kind)
    above = _Above(connection, knowledge.organisation)
    problems: dict[tuple[str, str], Problem] = {}

    @cache  # people of one team, platform and position have the same rules
    def rules(
        units: tuple[str, ...], platform: str | None, position: str
    ) -> tuple[StoredScorecard | None, StoredPlan | None]:
        return (
            _chosen(cards, units, platform, position, "scorecard_scope_overlaps", problems),
            _chosen(plans, units, platform, position, "plan_scope_overlaps", problems),
        )

    found = []
    for person_id, assignment in _deciding(held, period).items():
        units = above.of(assignment.unit_id, _last_day(assignment, period))
        platform, position = assignment.platform_id, assignment.position
        card, plan = rules(units, platform, position)
        if card is None and plan is None:
            continue
        found.append(
            Participant(
                person_id=person_id,
                unit_id=assignment.unit_id,
                platform_id=platform,
                position=position,
                above=units,
                scorecard=card,
                plan=plan,
            )
        )
    found.sort(key=lambda participant: participant.person_id)
    return tuple(found), tuple(problems.values())


def _deciding(held: Sequence[Assignment], period: Period) -> dict[str, Assignment]:
    """Choose of each person the assignment that lasts longest into the period, then the newest."""
    chosen: dict[str, Assignment] = {}
    for each in held:
        before = chosen.get(each.person_id)
        if before is None or _lateness(each, period) > _lateness(before, period):
            chosen[each.person_id] = each
    return chosen


def _lateness(assignment: Assignment, period: Period) -> tuple[date, date, str]:
    return _last_day(assignment, period), assignment.valid_from, assignment.id


def _last_day(assignment: Assignment, period: Period) -> date:
    if assignment.valid_to is None or assignment.valid_to >= period.end:
        return period.last_day
    return assignment.valid_to - timedelta(days=1)


class _Above:
    """The ancestors of units on a day, read once per day."""

    def __init__(self, connection: Connection, known_at: datetime) -> None:
        self._connection = connection
        self._known_at = known_at
        self._by_day: dict[date, dict[str, tuple[str, ...]]] = {}

    def of(self, unit_id: str, day: date) -> tuple[str, ...]:
        """Return a unit and all above it on ``day``."""
        if day not in self._by_day:
            self._by_day[day] = units_above(self._connection, day, self._known_at)
        return self._by_day[day].get(unit_id, (unit_id,))


def _chosen(
    rules: Sequence[Ruled],
    units: tuple[str, ...],
    platform: str | None,
    position: str,
    code: str,
    problems: dict[tuple[str, str], Problem],
) -> Ruled | None:
    """Take the rule with the most limits; two equally narrow ones are a problem, not a choice."""
    fitting = [rule for rule in rules if rule.scope.covers(units, platform, position)]
    if not fitting:
        return None
    fitting.sort(key=lambda rule: _narrowness(rule.scope, units), reverse=True)
    if len(fitting) > 1 and _narrowness(fitting[0].scope, units) == _narrowness(
        fitting[1].scope, units
    ):
        first, second = fitting[0], fitting[1]
        values = {"plan": _key(first), "scorecard": _key(first), "other": _key(second)}
        problems[(first.id, second.id)] = Problem(code=code, values=values)
        return None
    return fitting[0]


def _narrowness(scope: Scope, units: tuple[str, ...]) -> tuple[int, int]:
    """Count the limits; a unit further down is narrower than one further up."""
    depth = min((units.index(unit) for unit in scope.units if unit in units), default=len(units))
    return scope.limits, -depth


def _key(rule: StoredScorecard | StoredPlan) -> str:
    return rule.scorecard.key if isinstance(rule, StoredScorecard) else rule.plan.key

"""Which scorecard and which plan are whose on a day: the narrowest that is meant for the person.

A rule that names people wins over one that does not. Among the others the one with more kinds of
limits wins, then the one for a unit further down. Two that are equally narrow are a problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from actions.segmenting import Ruled
from domain.people import Assignment
from domain.problem import Problem
from storage.definitions import Scope, StoredPlan, StoredScorecard
from storage.engine import Connection
from storage.people import units_above

ByDay = dict[date, dict[str, tuple[str, ...]]]


class Above:
    """The ancestors of units on a day, read once per day."""

    def __init__(
        self, connection: Connection, known_at: datetime, read: ByDay | None = None
    ) -> None:
        self._connection = connection
        self._known_at = known_at
        self._by_day: ByDay = {} if read is None else read

    def of(self, unit_id: str, day: date) -> tuple[str, ...]:
        """Return a unit and all above it on ``day``."""
        if day not in self._by_day:
            self._by_day[day] = units_above(self._connection, day, self._known_at)
        return self._by_day[day].get(unit_id, (unit_id,))


@dataclass(slots=True, kw_only=True)
class ChosenRules:
    """The rules of people by the day they hold on; people of one place have the same."""

    cards: Sequence[StoredScorecard]
    plans: Sequence[StoredPlan]
    above: Above
    problems: dict[tuple[str, str], Problem]
    named: frozenset[str] = frozenset()  # whom any of the rules names
    first: frozenset[str] = frozenset()  # rules that win over all others, because they are tried
    _found: dict[object, tuple[StoredScorecard | None, StoredPlan | None]] = field(
        default_factory=dict
    )
    _holding: dict[date, tuple[list[StoredScorecard], list[StoredPlan]]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        scopes = [card.scope for card in self.cards] + [plan.scope for plan in self.plans]
        self.named = frozenset(person for scope in scopes for person in scope.people)

    def rules(
        self,
        day: date,
        units: tuple[str, ...],
        platform: str | None,
        position: str,
        person_id: str,
    ) -> tuple[StoredScorecard | None, StoredPlan | None]:
        """Return the scorecard and the plan that hold on ``day`` for somebody in a place."""
        named = person_id if person_id in self.named else ""
        key = (day, units, platform, position, named)
        if key not in self._found:
            if day not in self._holding:
                self._holding[day] = (_on(self.cards, day), _on(self.plans, day))
            cards, plans = self._holding[day]
            place = (units, platform, position, named)
            self._found[key] = (
                self._chosen(cards, *place, "scorecard_scope_overlaps"),
                self._chosen(plans, *place, "plan_scope_overlaps"),
            )
        return self._found[key]

    def rules_of(
        self, day: date, assignment: Assignment
    ) -> tuple[StoredScorecard | None, StoredPlan | None]:
        """Return what holds on ``day`` for somebody who is assigned so."""
        units = self.above.of(assignment.unit_id, day)
        return self.rules(
            day, units, assignment.platform_id, assignment.position, assignment.person_id
        )

    def _chosen(
        self,
        rules: Sequence[Ruled],
        units: tuple[str, ...],
        platform: str | None,
        position: str,
        person_id: str,
        code: str,
    ) -> Ruled | None:
        """Take the rule with the most limits; two equally narrow are a problem, not a choice."""
        place = (units, platform, position, person_id)
        fitting = [rule for rule in rules if rule.scope.covers(*place)]
        if not fitting:
            return None
        fitting.sort(key=lambda rule: self._weight(rule, units), reverse=True)
        if len(fitting) > 1 and self._weight(fitting[0], units) == self._weight(fitting[1], units):
            first, second = fitting[0], fitting[1]
            values = {"plan": _key(first), "scorecard": _key(first), "other": _key(second)}
            self.problems[(first.id, second.id)] = Problem(code=code, values=values)
            return None
        return fitting[0]

    def _weight(
        self, rule: StoredScorecard | StoredPlan, units: tuple[str, ...]
    ) -> tuple[bool, tuple[bool, int, int]]:
        return rule.id in self.first, _narrowness(rule.scope, units)


def _on(rules: Sequence[Ruled], day: date) -> list[Ruled]:
    return [
        rule
        for rule in rules
        if rule.valid_from <= day and (rule.valid_to is None or rule.valid_to > day)
    ]


def _narrowness(scope: Scope, units: tuple[str, ...]) -> tuple[bool, int, int]:
    """Named people first, then the limits; a unit further down is narrower than one further up."""
    depth = min((units.index(unit) for unit in scope.units if unit in units), default=len(units))
    return bool(scope.people), scope.limits, -depth


def _key(rule: StoredScorecard | StoredPlan) -> str:
    return rule.scorecard.key if isinstance(rule, StoredScorecard) else rule.plan.key

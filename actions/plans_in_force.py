"""Which plan pays a person on a day: one for each kind of period, chosen as a calculation does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from actions.chosen_rules import Above, ChosenRules
from domain.people import Assignment
from domain.period import PeriodKind
from domain.problem import Problem
from storage.definitions import StoredPlan, plan_versions
from storage.engine import Connection
from storage.people import assignments

PUBLISHED = "PUBLISHED"


@dataclass(slots=True, kw_only=True)
class PlansInForce:
    """The plans of people on one day, and what stands in the way of choosing one."""

    by_person: Mapping[str, tuple[StoredPlan, ...]]
    problems: tuple[Problem, ...] = ()  # of two plans that are as narrow for somebody


def plans_in_force(
    connection: Connection,
    entity_id: str,
    day: date,
    known_at: datetime,
    person_ids: Sequence[str] | None = None,
) -> PlansInForce:
    """Choose for everybody who is assigned on ``day``, or for some; kinds of periods by name."""
    after = day + timedelta(days=1)
    held = assignments(
        connection, entity_id, start=day, end=after, known_at=known_at, person_ids=person_ids
    )
    plans = plan_versions(
        connection, entity_id, known_at=known_at, start=day, end=after, state=PUBLISHED
    )
    by_kind: dict[PeriodKind, list[StoredPlan]] = {}
    for each in plans:
        by_kind.setdefault(each.plan.cadence, []).append(each)
    above = Above(connection, known_at)
    deciding: dict[str, Assignment] = {}
    for each_held in held:  # oldest first: the newest decides
        deciding[each_held.person_id] = each_held
    found: dict[str, tuple[StoredPlan, ...]] = {}
    problems: dict[tuple[str, str], Problem] = {}
    for kind in sorted(by_kind):
        chosen = ChosenRules(cards=(), plans=by_kind[kind], above=above, problems=problems)
        for person_id, assignment in deciding.items():
            _, plan = chosen.rules_of(day, assignment)
            if plan is not None:
                found[person_id] = (*found.get(person_id, ()), plan)
    return PlansInForce(by_person=found, problems=tuple(problems.values()))

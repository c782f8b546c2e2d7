"""Goals are set for people, teams, units, platforms and the company, each under a parent."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.deed import demand
from actions.define_metric import refuse_unread
from actions.identifiers import new_id
from domain.access import Actor, Deed, Range, Resource, System, Viewer, reaches
from domain.goal import GoalLevel, GoalLine, GoalState, read_goal
from domain.period import period_named
from domain.problem import Refused
from storage import tables
from storage.definitions import metrics_by_key
from storage.engine import Writing
from storage.goals import add_lines, goals_asking
from storage.people import add_row, latest_row, people, units_below


def set_goal(
    writing: Writing,
    actor: Actor,
    document: object,
    *,
    level: GoalLevel,
    owner_id: str,
    parent_id: str | None,
    valid_from: date,
    goal_id: str | None = None,
    expected_version: int | None = None,
) -> str:
    """Set a goal, or change ``goal_id``, and return its id; a vague one is refused."""
    demand(actor, Resource.GOAL)
    metrics = metrics_by_key(
        writing.connection, writing.entity_id, valid_at=valid_from, known_at=writing.known_at
    )
    read, problems = read_goal(document, metrics)
    if read is None:
        raise refuse_unread("goal", problems)
    period, name, lines = read
    _check_owner(writing, actor, level, owner_id, period.last_day)
    before = _before(writing, actor, goal_id, expected_version)
    identifier = goal_id or new_id("goal", writing.known_at)
    _check_parent(writing, identifier, parent_id)
    _refuse_second(writing, identifier, owner_id, period.name, lines)
    fields = {
        "level": level.value,
        "owner_id": owner_id,
        "parent_goal_id": parent_id,
        "period": period.name,
        "name": name,
        "state": GoalState.ACTIVE.value,
        "valid_from": valid_from,
    }
    _add(writing, identifier, before.revision + 1 if before else 1, fields, lines)
    return identifier


def _refuse_second(
    writing: Writing, goal_id: str, owner_id: str, period: str, lines: tuple[GoalLine, ...]
) -> None:
    """Refuse a metric that another goal of the owner and period has: which one would be paid by?"""
    keys = [line.metric for line in lines]
    for other, metric in goals_asking(writing, owner_id, period, keys):
        if other != goal_id:
            raise Refused("goal_doubled", {"metric": metric, "goal": other, "period": period})


def _check_owner(
    writing: Writing, actor: Actor, level: GoalLevel, owner_id: str, day: date
) -> None:
    if level is not GoalLevel.PERSON:
        _check_wide(writing, actor, level, owner_id, day)
    elif isinstance(actor, Viewer) and owner_id in actor.persons:
        # A goal is agreed between two people: who leads a unit may be a member of it as well.
        raise Refused("goal_own")
    elif not _is_reached(writing, actor, owner_id, day):
        raise Refused("not_found", {"id": owner_id})


def _is_reached(writing: Writing, actor: Actor, person_id: str, day: date) -> bool:
    """Say whether the actor may set goals of the person on ``day``, the period's last."""
    seen = people(
        writing.connection,
        actor,
        valid_at=day,
        known_at=writing.known_at,
        ids=[person_id],
        resource=Resource.GOAL,
        deed=Deed.WRITE,
    )
    return any(person.entity_id == writing.entity_id for person in seen)


_OWNERS = {
    GoalLevel.UNIT: (tables.unit, "id"),
    GoalLevel.TEAM: (tables.unit, "id"),
    GoalLevel.PLATFORM: (tables.platform, "id"),
}


def _check_wide(writing: Writing, actor: Actor, level: GoalLevel, owner_id: str, day: date) -> None:
    if not isinstance(actor, System) and not any(
        reach.range >= Range.ENTITY
        or (
            reach.unit_id is not None
            and level in {GoalLevel.UNIT, GoalLevel.TEAM}
            and owner_id in units_below(writing.connection, reach.unit_id, day)
        )
        for reach in reaches(actor, Resource.GOAL, Deed.WRITE)
        if reach.entity_id == writing.entity_id
    ):
        raise Refused("forbidden", {"resource": "GOAL", "deed": Deed.WRITE.value})
    if level is GoalLevel.COMPANY:
        if owner_id != writing.entity_id:
            raise Refused("not_found", {"id": owner_id})
        return
    table, series = _OWNERS[level]
    found = latest_row(
        writing.connection, table, series, writing.known_at,
        id=owner_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if found is None:
        raise Refused("not_found", {"id": owner_id})


def _before(
    writing: Writing, actor: Actor, goal_id: str | None, expected_version: int | None
) -> Any:
    if goal_id is None:
        return None
    before = _row(writing, goal_id)
    if before is None:
        raise Refused("not_found", {"id": goal_id})
    # Whoever changes a goal must have been allowed to set it as it was: else a goal of somebody
    # else is taken over by naming it.
    level, day = GoalLevel(before.level), period_named(before.period).last_day
    if level is GoalLevel.PERSON and not _is_reached(writing, actor, before.owner_id, day):
        raise Refused("not_found", {"id": goal_id})
    _check_owner(writing, actor, level, before.owner_id, day)
    if expected_version is not None and before.revision != expected_version:
        raise Refused("version_conflict", {"current": str(before.revision)})
    return before


def _row(writing: Writing, goal_id: str) -> Any:
    return latest_row(
        writing.connection, tables.goal, "id", writing.known_at,
        id=goal_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip


def _check_parent(writing: Writing, goal_id: str, parent_id: str | None) -> None:
    seen = {goal_id}
    while parent_id is not None:
        if parent_id in seen:
            raise Refused("goal_parent_circle", {"goal": goal_id})
        seen.add(parent_id)
        parent = _row(writing, parent_id)
        if parent is None:
            raise Refused("goal_parent_unknown", {"goal": parent_id})
        parent_id = parent.parent_goal_id


def _add(
    writing: Writing,
    goal_id: str,
    revision: int,
    fields: dict[str, Any],
    lines: tuple[GoalLine, ...],
) -> None:
    add_row(
        writing,
        tables.goal,
        **fields,
        id=goal_id,
        revision=revision,
        voided=False,
        made_by=writing.actor,
    )
    add_lines(writing, goal_id, revision, lines)

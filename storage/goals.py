"""Goals and their lines: rule rows in, a goal tree out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Row,
    Select,
    and_,
    case,
    insert,
    literal,
    literal_column,
    or_,
    select,
)

from domain.access import Actor, Resource
from domain.goal import Goal, GoalLevel, GoalLine, GoalState
from domain.ids import EntityId, GoalId
from domain.period import Period, period_named
from storage import tables
from storage.asked import asked, asked_instant, asked_some
from storage.carrying import look_at
from storage.engine import Writing
from storage.rules import known
from storage.visibility import people_seen

_goal, _line = tables.goal, tables.goal_line
_ROWS_AT_A_TIME = 10_000


def goals(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    known_at: datetime,
    owner_ids: Sequence[str] | None = None,
    periods: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    parent_id: str | None = None,
) -> tuple[Goal, ...]:
    """Return the goals ``actor`` may see; goals of units and the company are open to all inside.

    A goal belongs to the last day of its period, whatever day is asked about.
    """
    day = _last_days(connection, entity_id, periods)
    # The second net knows no day of a row: one period is looked at on its day, many on any.
    look_at(
        connection, day=period_named(periods[0]).last_day if periods and len(periods) == 1 else None
    )
    seen = people_seen(actor, Resource.GOAL, _goal.c.owner_id, _goal.c.legal_entity_id, day)
    query = select(_goal).where(
        known(_goal, known_at, "id"),
        _goal.c.voided.is_(False),
        _goal.c.legal_entity_id == entity_id,
        or_(_goal.c.level != GoalLevel.PERSON.value, seen),
    )
    for column, values in (
        (_goal.c.owner_id, owner_ids),
        (_goal.c.period, periods),
        (_goal.c.id, ids),
    ):
        if values is not None:
            query = query.where(column.in_(list(values)))
    if parent_id is not None:
        query = query.where(_goal.c.parent_goal_id == parent_id)
    return _with_lines(connection, query.order_by(_goal.c.period, _goal.c.id))


def _last_days(
    connection: Connection, entity_id: str, periods: Sequence[str] | None
) -> ColumnElement[date]:
    """Give each goal the last day of its period, which the table knows by name only."""
    if periods is None:
        query = select(_goal.c.period).where(_goal.c.legal_entity_id == entity_id).distinct()
        periods = tuple(connection.execute(query).scalars())
    days = {name: period_named(name).last_day for name in periods}
    if not days:
        return literal(date.max, Date)
    return case(days, value=_goal.c.period, else_=literal(None, Date))


def targets(
    connection: Connection,
    entity_id: str,
    *,
    period: str,
    known_at: datetime,
    owner_ids: Sequence[str] | None = None,
) -> Iterator[Sequence[Any]]:
    """Give owner, metric, target, baseline, threshold and stretch of the active goals of a period.

    Plain rows, read as they come: a calculation reads a line per person and metric. Where two
    goals of an owner name the same metric, the one that begins later comes later.
    """
    values: dict[str, Any] = {"entity_id": entity_id, "period": period, "known_at": known_at}
    values |= {} if owner_ids is None else {"owner_ids": list(owner_ids)}
    yield from connection.execute(_targets(owner_ids is not None), values)


@cache
def _targets(are_named: bool) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            _goal.c.owner_id,
            _line.c.metric_key,
            _line.c.target,
            _line.c.baseline,
            _line.c.threshold,
            _line.c.stretch,
        )
        .join(_line, and_(_line.c.goal_id == _goal.c.id, _line.c.revision == _goal.c.revision))
        .where(
            known(_goal, asked_instant("known_at"), "id"),
            _goal.c.voided.is_(False),
            _goal.c.legal_entity_id == asked("entity_id"),
            _goal.c.period == asked("period"),
            _goal.c.state == GoalState.ACTIVE.value,
        )
        .order_by(_goal.c.valid_from, _goal.c.id)
    )
    if are_named:  # few: they come at once
        return query.where(_goal.c.owner_id.in_(asked_some("owner_ids")))
    return query.execution_options(yield_per=_ROWS_AT_A_TIME)


Asked = tuple[tuple[str, int, int | None, int | None, int | None], ...]


def goal_changes(
    connection: Connection,
    entity_id: str,
    *,
    period: Period,
    known_at: datetime,
    owner_ids: Sequence[str] | None = None,
) -> dict[str, dict[date, Asked]]:
    """Return what those people's goals asked for, by the day it began, whose goals were changed.

    Each is metric, target, baseline, threshold and stretch. Of the revisions that have begun on a
    day the newest speaks; before the first of them the first one does, under ``date.min``.
    """
    revised = select(_goal.c.id).where(
        _goal.c.legal_entity_id == entity_id,
        _goal.c.period == period.name,
        _goal.c.revision > literal_column("1"),
        _goal.c.known_at <= known_at,
    )
    if owner_ids is not None:
        revised = revised.where(_goal.c.owner_id.in_(list(owner_ids)))
    query = (
        select(
            _goal.c.owner_id,
            _goal.c.id,
            _goal.c.revision,
            _goal.c.valid_from,
            _goal.c.state,
            _line.c.metric_key,
            _line.c.target,
            _line.c.baseline,
            _line.c.threshold,
            _line.c.stretch,
        )
        .join(_line, and_(_line.c.goal_id == _goal.c.id, _line.c.revision == _goal.c.revision))
        .where(
            _goal.c.id.in_(revised),
            _goal.c.level == GoalLevel.PERSON.value,
            _goal.c.known_at <= known_at,
            _goal.c.voided.is_(False),
        )
        .order_by(_goal.c.owner_id, _goal.c.id, _goal.c.revision, _line.c.metric_key)
    )
    owners: dict[str, dict[tuple[str, int, date], list[Any]]] = {}
    for owner, goal, revision, begins, state, *line in connection.execute(query):
        lines = owners.setdefault(owner, {}).setdefault((goal, revision, begins), [])
        if state == GoalState.ACTIVE.value:
            lines.append(tuple(line))
    found = {owner: _timeline(revisions) for owner, revisions in owners.items()}
    return {owner: line for owner, line in found.items() if len(set(line.values())) > 1}


def _timeline(revisions: Mapping[tuple[str, int, date], list[Any]]) -> dict[date, Asked]:
    days = sorted({begins for _, _, begins in revisions})
    found = {}
    for day in (date.min, *days):
        speaking: dict[str, tuple[int, list[Any]]] = {}
        for (goal, revision, begins), lines in revisions.items():
            if begins <= max(day, days[0]) and speaking.get(goal, (0, []))[0] < revision:
                speaking[goal] = (revision, lines)
        every = [line for _, lines in speaking.values() for line in lines]
        found[day] = tuple(sorted(every, key=lambda line: str(line[0])))
    return found


def _with_lines(connection: Connection, query: Select[*tuple[Any, ...]]) -> tuple[Goal, ...]:
    rows = list(connection.execute(query))
    chosen = query.order_by(None).with_only_columns(_goal.c.id, _goal.c.revision).subquery()
    lines: dict[tuple[str, int], list[GoalLine]] = {}
    joined = (
        select(_line)
        .join(
            chosen,
            (chosen.c.id == _line.c.goal_id) & (chosen.c.revision == _line.c.revision),
        )
        .order_by(_line.c.goal_id, _line.c.metric_key)
    )
    for row in connection.execute(joined):
        lines.setdefault((row.goal_id, row.revision), []).append(_line_of(row))
    return tuple(_goal_of(row, lines.get((row.id, row.revision), [])) for row in rows)


def goals_asking(
    writing: Writing, owner_id: str, period: str, metrics: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Return the active goals of an owner in a period that ask for one of ``metrics``, with it."""
    query = (
        select(_goal.c.id, _line.c.metric_key)
        .join(_line, (_line.c.goal_id == _goal.c.id) & (_line.c.revision == _goal.c.revision))
        .where(
            known(_goal, writing.known_at, "id"),
            _goal.c.voided.is_(False),
            _goal.c.legal_entity_id == writing.entity_id,
            _goal.c.owner_id == owner_id,
            _goal.c.period == period,
            _goal.c.state == GoalState.ACTIVE.value,
            _line.c.metric_key.in_(list(metrics)),
        )
        .order_by(_goal.c.id, _line.c.metric_key)
    )
    return tuple((row.id, row.metric_key) for row in writing.connection.execute(query))


def add_lines(writing: Writing, goal_id: str, revision: int, lines: Sequence[GoalLine]) -> None:
    """Add what one revision of a goal asks for."""
    rows = [
        {
            "goal_id": goal_id,
            "revision": revision,
            "metric_key": line.metric,
            "legal_entity_id": writing.entity_id,
            "unit": line.unit,
            "baseline": line.baseline,
            "threshold": line.threshold,
            "target": line.target,
            "stretch": line.stretch,
            "weight": line.weight,
        }
        for line in lines
    ]
    writing.connection.execute(insert(_line), rows)


def _line_of(row: Row[Any]) -> GoalLine:
    return GoalLine(
        metric=row.metric_key,
        unit=row.unit,
        target=row.target,
        baseline=row.baseline,
        threshold=row.threshold,
        stretch=row.stretch,
        weight=row.weight,
    )


def _goal_of(row: Row[Any], lines: list[GoalLine]) -> Goal:
    return Goal(
        id=GoalId(row.id),
        entity_id=EntityId(row.legal_entity_id),
        level=GoalLevel(row.level),
        owner_id=row.owner_id,
        parent_id=GoalId(row.parent_goal_id) if row.parent_goal_id else None,
        period=period_named(row.period),
        name=row.name,
        state=GoalState(row.state),
        lines=tuple(lines),
        valid_from=row.valid_from,
        version=row.revision,
    )

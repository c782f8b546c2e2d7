"""Metrics, scorecards and plans: versioned documents with dates, read back as domain objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, insert, select

from domain.finding import Finding, read_finding
from domain.metric import Metric, decode_metric
from domain.plan import Plan, decode_plan
from domain.problem import Problem
from domain.scorecard import Scorecard, decode_scorecard
from storage import tables
from storage.engine import Writing
from storage.people import add_revision
from storage.rules import known, overlaps, valid

_metric, _scorecard, _version = tables.metric, tables.scorecard, tables.plan_version
_plan = tables.plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whom a scorecard or plan is for; an empty list is no limit.

    What names people (a pilot) wins over what does not; then the most limits win.
    """

    units: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    @property
    def limits(self) -> int:
        """How many kinds of limits it names, beside people."""
        return sum(1 for limit in (self.units, self.platforms, self.positions) if limit)

    def covers(
        self, units: tuple[str, ...], platform: str | None, position: str, person_id: str
    ) -> bool:
        """Say whether a person in one of ``units`` (own unit and above) is meant."""
        return (
            (not self.people or person_id in self.people)
            and (not self.units or any(unit in self.units for unit in units))
            and (not self.platforms or platform in self.platforms)
            and (not self.positions or position in self.positions)
        )

    def document(self) -> dict[str, list[str]]:
        """Write it as JSON."""
        named = {"people": list(self.people)} if self.people else {}
        return {
            "units": list(self.units),
            "platforms": list(self.platforms),
            "positions": list(self.positions),
            **named,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """The dates, the version and the origin that every stored definition has."""

    id: str
    version: int
    valid_from: date
    valid_to: date | None
    known_at: datetime
    hash: str
    pack_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMetric(Dated):
    """A metric as it is stored."""

    metric: Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScorecard(Dated):
    """A scorecard as it is stored, and whom it is for."""

    scorecard: Scorecard
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan(Dated):
    """A version of a plan in its latest known state, and whom it is for."""

    plan_id: str
    entity_id: str
    plan: Plan
    state: str
    scope: Scope
    findings: tuple[Finding, ...] | None  # None for what was never linted
    override_reason: str | None


def metrics(
    connection: Connection, entity_id: str, *, valid_at: date, known_at: datetime
) -> tuple[StoredMetric, ...]:
    """Return the metrics that hold on ``valid_at``, by key. Definitions are no secret inside."""
    query = _definitions(_metric, "series_id", entity_id, known_at).where(valid(_metric, valid_at))
    rows = connection.execute(query.order_by(_metric.c.key))
    return tuple(_stored_metric(row) for row in rows)


def metrics_by_key(
    connection: Connection, entity_id: str, *, valid_at: date, known_at: datetime
) -> dict[str, Metric]:
    """Return the metrics that hold on ``valid_at`` by their keys."""
    found = metrics(connection, entity_id, valid_at=valid_at, known_at=known_at)
    return {stored.metric.key: stored.metric for stored in found}


def metric_labels(
    connection: Connection, entity_id: str, *, valid_at: date, known_at: datetime
) -> dict[str, dict[str, str]]:
    """Return the names of the metrics that hold on ``valid_at``, by their keys."""
    found = metrics_by_key(connection, entity_id, valid_at=valid_at, known_at=known_at)
    return {key: dict(metric.name) for key, metric in found.items()}


def scorecards(
    connection: Connection, entity_id: str, *, start: date, end: date, known_at: datetime
) -> tuple[StoredScorecard, ...]:
    """Return the scorecards that hold on any day of ``[start, end)``, oldest first."""
    query = _definitions(_scorecard, "series_id", entity_id, known_at).where(
        overlaps(_scorecard, start, end)
    )
    rows = connection.execute(query.order_by(_scorecard.c.valid_from, _scorecard.c.series_id))
    return tuple(_stored_scorecard(row) for row in rows)


def scorecard_version(
    connection: Connection, series_id: str, revision: int
) -> StoredScorecard | None:
    """Return one version for ever: what a result was scored with."""
    query = select(_scorecard).where(
        _scorecard.c.series_id == series_id, _scorecard.c.revision == revision
    )
    row = connection.execute(query).one_or_none()
    return _stored_scorecard(row) if row else None


def plan_versions(
    connection: Connection,
    entity_id: str,
    *,
    known_at: datetime,
    start: date | None = None,
    end: date | None = None,
    state: str | None = None,
    version_id: str | None = None,
) -> tuple[StoredPlan, ...]:
    """Return plan versions in the state known at ``known_at``, oldest first."""
    query = _definitions(_version, "id", entity_id, known_at)
    if start is not None and end is not None:
        query = query.where(overlaps(_version, start, end))
    if state is not None:
        query = query.where(_version.c.state == state)
    if version_id is not None:
        query = query.where(_version.c.id == version_id)
    rows = connection.execute(query.order_by(_version.c.valid_from, _version.c.id))
    return tuple(_stored_plan(row) for row in rows)


def definition_row(
    writing: Writing, table: Table, key: str, valid_at: date
) -> Row[*tuple[Any, ...]] | None:
    """Return the row of the metric or scorecard ``key`` that holds on ``valid_at``."""
    query = _definitions(table, "series_id", writing.entity_id, writing.known_at)
    query = query.where(valid(table, valid_at), table.c.key == key)
    return writing.connection.execute(query).one_or_none()


def next_definition_day(writing: Writing, table: Table, key: str, after: date) -> date | None:
    """Return the day on which the next definition of ``key`` after that day begins, if any does."""
    query = _definitions(table, "series_id", writing.entity_id, writing.known_at)
    query = query.where(table.c.voided.is_(False), table.c.key == key, table.c.valid_from > after)
    found = writing.connection.execute(query.order_by(table.c.valid_from).limit(1)).one_or_none()
    return None if found is None else found.valid_from


def end_definition(writing: Writing, table: Table, key: str, day: date) -> None:
    """End what holds under ``key`` on ``day``; what would only begin then never holds."""
    row = definition_row(writing, table, key, day)
    if row is not None and row.valid_from < day:
        add_revision(writing, table, row, valid_to=day)
    elif row is not None:
        add_revision(writing, table, row, voided=True)


def plan_version_rows(
    writing: Writing, *, state: str, start: date, end: date
) -> tuple[Row[*tuple[Any, ...]], ...]:
    """Return the versions in ``state`` that hold on any day of ``[start, end)``, oldest first."""
    query = _definitions(_version, "id", writing.entity_id, writing.known_at)
    query = query.where(overlaps(_version, start, end), _version.c.state == state)
    rows = writing.connection.execute(query.order_by(_version.c.valid_from, _version.c.id))
    return tuple(rows.all())


def plan_called(connection: Connection, entity_id: str, key: str) -> str | None:
    """Return the id of the plan whose versions bear ``key``, or None."""
    query = select(_plan.c.id).where(_plan.c.legal_entity_id == entity_id, _plan.c.key == key)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else str(found)


def add_plan(writing: Writing, plan_id: str, key: str) -> None:
    """Add a plan; what it says is in its versions."""
    writing.connection.execute(
        insert(_plan).values(
            id=plan_id, legal_entity_id=writing.entity_id, key=key, known_at=writing.known_at
        )
    )


def _definitions(
    table: Any, series: str, entity_id: str, known_at: datetime
) -> Select[*tuple[Any, ...]]:
    return select(table).where(
        known(table, known_at, series),
        table.c.legal_entity_id == entity_id,
        table.c.voided.is_(False),
    )


# Rules are read for every goal, calculation and question, and hardly ever differ from last time.
@lru_cache(maxsize=1_000)
def _read_metric(text: str) -> tuple[Metric | None, tuple[Problem, ...]]:
    return decode_metric(json.loads(text))


@lru_cache(maxsize=200)
def _read_scorecard(text: str) -> tuple[Scorecard | None, tuple[Problem, ...]]:
    return decode_scorecard(json.loads(text))


@lru_cache(maxsize=200)
def _read_plan(text: str) -> tuple[Plan | None, tuple[Problem, ...]]:
    return decode_plan(json.loads(text))


def _stored_metric(row: Row[Any]) -> StoredMetric:
    metric, problems = _read_metric(json.dumps(row.document))
    if metric is None:
        raise ValueError(f"stored metric {row.series_id} cannot be read: {problems}")
    return StoredMetric(**_dated(row, row.series_id), metric=metric)


def _stored_scorecard(row: Row[Any]) -> StoredScorecard:
    card, problems = _read_scorecard(json.dumps(row.document))
    if card is None:
        raise ValueError(f"stored scorecard {row.series_id} cannot be read: {problems}")
    return StoredScorecard(
        **_dated(row, row.series_id), scorecard=card, scope=scope_from(row.scope)
    )


def _stored_plan(row: Row[Any]) -> StoredPlan:
    plan, problems = _read_plan(json.dumps(row.document))
    if plan is None:
        raise ValueError(f"stored plan version {row.id} cannot be read: {problems}")
    return StoredPlan(
        **_dated(row, row.id),
        plan=plan,
        plan_id=row.plan_id,
        entity_id=row.legal_entity_id,
        state=row.state,
        scope=scope_from(row.scope),
        findings=None if row.findings is None else tuple(map(read_finding, row.findings)),
        override_reason=row.override_reason,
    )


def _dated(row: Row[Any], identifier: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "version": row.revision,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "known_at": row.known_at,
        "hash": row.hash,
        "pack_id": row.pack_id,
    }


def scope_from(document: Mapping[str, Any]) -> Scope:
    """Read a stored scope."""
    return Scope(
        units=tuple(document.get("units", ())),
        platforms=tuple(document.get("platforms", ())),
        positions=tuple(document.get("positions", ())),
        people=tuple(document.get("people", ())),
    )

"""Sources as people see them: connections, runs, what is ready, what waits, what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, or_, select

from domain.access import Actor, Resource
from domain.fact import Fact
from domain.ids import FactId
from storage import tables
from storage.rules import known, valid
from storage.sealing import opened
from storage.syncs import shown_counts
from storage.visibility import entities_seen, people_seen, sources_seen

_connection, _mapping, _run = tables.connection, tables.mapping, tables.sync_run
_fact, _identity, _link = tables.fact, tables.identity, tables.identity_link


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConnection:
    """A connection as it is configured now."""

    id: str
    entity_id: str
    name: str
    connector: str
    config: Mapping[str, Any]
    paused: bool
    timetable: Mapping[str, Any] | None
    version: int
    mapping_version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRun:
    """One run of a connection; ``outcome`` is None while it runs."""

    id: str
    connection_id: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    counts: Mapping[str, int]
    problem_code: str | None
    problem_values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Up to which business date a stream is complete, and the kinds of facts it feeds."""

    connection_id: str
    stream: str
    complete_through: date
    fact_kinds: tuple[str, ...]
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row that could not be used, where it stood and why; it waits, it is not lost."""

    id: str
    connection_id: str
    stream: str
    position: Mapping[str, Any]
    code: str
    values: Mapping[str, str]
    payload: Mapping[str, Any] | None
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingIdentity:
    """A name of a source that is linked to nobody on some day, and what waits behind it."""

    id: str
    namespace: str
    value: str
    facts: int
    first_date: date
    last_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A record as the source wrote it; ``content`` is None when the source says it is gone."""

    id: str
    connection_id: str
    stream: str
    key: str
    revision: int
    content: Mapping[str, Any] | None
    position: Mapping[str, Any]
    seen_at: datetime


def connections(
    connection: Connection, actor: Actor, entity_id: str, *, known_at: datetime
) -> tuple[StoredConnection, ...]:
    """Return the connections of an entity, by name."""
    newest = (
        select(func.max(_mapping.c.version))
        .where(_mapping.c.connection_id == _connection.c.id, _mapping.c.known_at <= known_at)
        .correlate(_connection)
        .scalar_subquery()
    )
    query = select(_connection, newest.label("mapping_version")).where(
        known(_connection, known_at, "id"),
        _connection.c.legal_entity_id == entity_id,
        sources_seen(actor, _connection, _connection.c.id),
    )
    return tuple(
        StoredConnection(
            id=row.id,
            entity_id=row.legal_entity_id,
            name=row.name,
            connector=row.connector,
            config=opened(connection, _connection.c.config, row),
            paused=row.paused,
            timetable=row.timetable,
            version=row.revision,
            mapping_version=row.mapping_version,
        )
        for row in connection.execute(query.order_by(_connection.c.name, _connection.c.id)).all()
    )


def mapping_document(connection: Connection, connection_id: str) -> Mapping[str, Any] | None:
    """Return the newest mapping of a connection."""
    query = select(_mapping.c.document).where(_mapping.c.connection_id == connection_id)
    found = connection.execute(query.order_by(_mapping.c.version.desc()).limit(1)).scalar()
    return found if isinstance(found, Mapping) else None


def sync_runs(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    connection_ids: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    first: int = 20,
) -> tuple[SyncRun, ...]:
    """Return the newest runs first."""
    query = select(_run).where(
        _run.c.legal_entity_id == entity_id, sources_seen(actor, _run, _run.c.connection_id)
    )
    if connection_ids is not None:
        query = query.where(_run.c.connection_id.in_(list(connection_ids)))
    if ids is not None:
        query = query.where(_run.c.id.in_(list(ids)))
    rows = connection.execute(
        query.order_by(_run.c.started_at.desc(), _run.c.id.desc()).limit(first)
    )
    return tuple(
        SyncRun(
            id=row.id,
            connection_id=row.connection_id,
            started_at=row.started_at,
            finished_at=row.finished_at,
            outcome=row.outcome,
            counts=shown_counts(row.counts),
            problem_code=row.problem_code,
            problem_values=row.problem_values or {},
        )
        for row in rows
    )


def readiness(
    connection: Connection, entity_id: str, *, known_at: datetime
) -> tuple[Readiness, ...]:
    """Return what was known last of every stream."""
    table = tables.readiness
    query = (
        select(table)
        .where(table.c.legal_entity_id == entity_id, table.c.known_at <= known_at)
        .order_by(table.c.connection_id, table.c.stream, table.c.known_at)
    )
    newest = {(row.connection_id, row.stream): row for row in connection.execute(query)}
    return tuple(
        Readiness(
            connection_id=row.connection_id,
            stream=row.stream,
            complete_through=row.complete_through,
            fact_kinds=tuple(row.fact_kinds),
            known_at=row.known_at,
        )
        for row in newest.values()
    )


def not_ready(
    connection: Connection,
    entity_id: str,
    *,
    fact_kinds: frozenset[str],
    through: date,
    known_at: datetime,
) -> tuple[dict[str, str], ...]:
    """Return what a score that ends on ``through`` still waits for, one line per fact kind.

    A kind that no stream declares is not waited for but named, with no date: it never gets ready.
    """
    waiting = []
    states = readiness(connection, entity_id, known_at=known_at)
    for kind in sorted(fact_kinds):
        streams = [state for state in states if kind in state.fact_kinds]
        late = [state for state in streams if state.complete_through < through]
        if not streams:
            waiting.append({"fact": kind, "connection": "", "stream": "", "through": ""})
        waiting.extend(
            {
                "fact": kind,
                "connection": state.connection_id,
                "stream": state.stream,
                "through": state.complete_through.isoformat(),
            }
            for state in late
        )
    return tuple(waiting)


def quarantined(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    connection_ids: Sequence[str] | None = None,
    open_only: bool = True,
    first: int = 50,
    after: str | None = None,
) -> tuple[Quarantined, ...]:
    """Return the rows that wait for a repair, in the order they were first seen."""
    table = tables.quarantine
    query = select(table).where(
        table.c.legal_entity_id == entity_id, sources_seen(actor, table, table.c.connection_id)
    )
    if connection_ids is not None:
        query = query.where(table.c.connection_id.in_(list(connection_ids)))
    if open_only:
        query = query.where(table.c.resolved_at.is_(None))
    if after is not None:
        query = query.where(table.c.id > after)
    return tuple(
        Quarantined(
            id=row.id,
            connection_id=row.connection_id,
            stream=row.stream,
            position=row.position,
            code=row.code,
            values=opened(connection, table.c.code_values, row),
            payload=opened(connection, table.c.payload, row),
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            resolved_at=row.resolved_at,
        )
        for row in connection.execute(query.order_by(table.c.id).limit(first)).all()
    )


def waiting_identities(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    known_at: datetime,
    first: int = 50,
    after: str | None = None,
) -> tuple[WaitingIdentity, ...]:
    """Return the names of sources with facts on days on which nobody is linked to them."""
    linked = exists(
        select(1)
        .select_from(_link)
        .where(
            _link.c.identity_id == _fact.c.identity_id,
            known(_link, known_at, "series_id"),
            valid(_link, _fact.c.business_date),
        )
        .correlate(_fact)
    )
    query = (
        select(
            _identity.c.id,
            _identity.c.namespace,
            _identity.c.value,
            func.count().label("facts"),
            func.min(_fact.c.business_date).label("first_date"),
            func.max(_fact.c.business_date).label("last_date"),
        )
        .join(_fact, _fact.c.identity_id == _identity.c.id)
        .where(
            _identity.c.legal_entity_id == entity_id,
            entities_seen(actor, Resource.IDENTITY, _identity),
            known(_fact, known_at, "connection_id", "stream", "key"),
            _fact.c.deleted.is_(False),
            ~linked,
        )
        .group_by(_identity.c.id, _identity.c.namespace, _identity.c.value)
    )
    if after is not None:
        query = query.where(_identity.c.id > after)
    return tuple(
        WaitingIdentity(
            id=row.id,
            namespace=row.namespace,
            value=opened(connection, _identity.c.value, row),
            facts=row.facts,
            first_date=row.first_date,
            last_date=row.last_date,
        )
        for row in connection.execute(query.order_by(_identity.c.id).limit(first)).all()
    )


def fact_of(row: Row[Any]) -> Fact:
    """Build a fact from a row of the table."""
    return Fact(
        id=FactId(row.id),
        kind=row.kind,
        connection_id=row.connection_id,
        stream=row.stream,
        key=row.key,
        revision=row.revision,
        record_id=row.record_id,
        business_date=row.business_date,
        instant=row.instant,
        quantity=row.quantity,
        unit=row.unit,
        subject=row.subject,
        attributes=row.attributes,
        known_at=row.known_at,
        deleted=row.deleted,
    )


def records(connection: Connection, actor: Actor, ids: Sequence[str]) -> dict[str, SourceRecord]:
    """Return records whose facts the actor may see: the own ones, the team's, or all sources."""
    table = tables.record
    seen = exists(
        select(1)
        .select_from(_fact)
        .join(_link, _link.c.identity_id == _fact.c.identity_id)
        .where(
            _fact.c.record_id == table.c.id,
            people_seen(
                actor,
                Resource.PERFORMANCE,
                _link.c.person_id,
                _fact.c.legal_entity_id,
                _fact.c.business_date,
            ),
            _link.c.voided.is_(False),
            _link.c.valid_from <= _fact.c.business_date,
            or_(_link.c.valid_to.is_(None), _link.c.valid_to > _fact.c.business_date),
        )
        .correlate(table)
    )
    query = select(table).where(
        table.c.id.in_(list(ids)),
        or_(entities_seen(actor, Resource.SOURCE, table), seen),
    )
    return {
        row.id: SourceRecord(
            id=row.id,
            connection_id=row.connection_id,
            stream=row.stream,
            key=row.key,
            revision=row.revision,
            content=opened(connection, table.c.content, row),
            position=row.position,
            seen_at=row.seen_at,
        )
        for row in connection.execute(query).all()
    }

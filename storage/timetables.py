"""Connections that are read by themselves: their timetables, and when each was begun last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from storage import tables
from storage.jobs import JobState
from storage.rules import known

_connection, _run, _entity = tables.connection, tables.sync_run, tables.legal_entity
_job, _mapping = tables.job, tables.mapping
_SYNC = "SYNC"
# A sync that runs for longer has lost its worker: nobody would end it, and nothing be read again.
_LOST = timedelta(hours=12)
_ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A connection with a timetable and a mapping that does not pause."""

    entity_id: str
    connection_id: str
    timetable: Mapping[str, Any]
    zone: str
    last_began: datetime | None


def timed_connections(connection: Connection) -> tuple[Timed, ...]:
    """Return the connections of every legal entity that can be read by a timetable, by id."""
    began = (
        select(func.max(_run.c.started_at))
        .where(_run.c.connection_id == _connection.c.id)
        .correlate(_connection)
        .scalar_subquery()
    )
    is_mapped = (
        select(1)
        .where(_mapping.c.connection_id == _connection.c.id)
        .correlate(_connection)
        .exists()
    )
    query = (
        select(
            _connection.c.legal_entity_id,
            _connection.c.id,
            _connection.c.timetable,
            _entity.c.zone,
            began.label("last_began"),
        )
        .join(_entity, _entity.c.id == _connection.c.legal_entity_id)
        .where(
            known(_connection, _ALL_KNOWN, "id"),
            _connection.c.paused.is_(False),
            _connection.c.timetable.is_not(None),
            is_mapped,
        )
    )
    return tuple(
        Timed(
            entity_id=row.legal_entity_id,
            connection_id=row.id,
            timetable=row.timetable,
            zone=row.zone,
            last_began=row.last_began,
        )
        for row in connection.execute(query.order_by(_connection.c.id))
    )


def busy_connections(connection: Connection, now: datetime) -> frozenset[str]:
    """Name the connections of which a sync waits or runs."""
    is_queued = _job.c.state == JobState.QUEUED.value
    is_running = (_job.c.state == JobState.RUNNING.value) & (_job.c.started_at > now - _LOST)
    query = select(_job.c.arguments).where(_job.c.kind == _SYNC, or_(is_queued, is_running))
    return frozenset(found["connection"] for found in connection.execute(query).scalars())


def last_asked(connection: Connection, entity_id: str, connection_id: str) -> datetime | None:
    """Say when a sync was asked for last: one that was refused has left a job and no run."""
    query = select(func.max(_job.c.made_at)).where(
        _job.c.legal_entity_id == entity_id,
        _job.c.kind == _SYNC,
        _job.c.arguments["connection"].as_string() == connection_id,
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found

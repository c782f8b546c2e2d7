"""Connections that are read by themselves: their timetables, and when each was begun last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from storage import tables
from storage.jobs import JobState
from storage.rules import known

_connection, _run, _entity = tables.connection, tables.sync_run, tables.legal_entity
_job = tables.job
_ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A connection with a timetable that does not pause."""

    entity_id: str
    connection_id: str
    timetable: Mapping[str, Any]
    zone: str
    last_began: datetime | None


def timed_connections(connection: Connection) -> tuple[Timed, ...]:
    """Return the connections of every legal entity that have a timetable, by id."""
    began = (
        select(func.max(_run.c.started_at))
        .where(_run.c.connection_id == _connection.c.id)
        .correlate(_connection)
        .scalar_subquery()
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


def busy_connections(connection: Connection) -> frozenset[str]:
    """Name the connections of which a sync waits or runs."""
    states = [JobState.QUEUED.value, JobState.RUNNING.value]
    query = select(_job.c.arguments).where(_job.c.kind == "SYNC", _job.c.state.in_(states))
    return frozenset(found["connection"] for found in connection.execute(query).scalars())

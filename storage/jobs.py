"""The queue of jobs: put in, claimed by one worker, ended; nothing here knows what a job does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, insert, literal, or_, select, update

from storage.engine import Writing
from storage.tables import job
from storage.types import Instant


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)
_SYNC = "SYNC"
STOPPED = "job_cancelled"  # the code of a job that whoever asked for it called off
_LOOK = 200  # queued jobs that are looked at for one that may begin
_CHOOSING = 4_150_703  # any number that nobody else locks
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJob:
    """Work that was queued; ``result_id`` is the run it made."""

    id: str
    entity_id: str
    kind: str
    arguments: Mapping[str, Any]
    state: str
    made_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result_id: str | None
    problem_code: str | None
    problem_values: Mapping[str, str] | None
    steps_done: int | None = None
    steps: int | None = None
    made_by: str | None = None


def _job_of(row: Row[Any]) -> StoredJob:
    fields = {
        name: getattr(row, name) for name in StoredJob.__dataclass_fields__ if name != "entity_id"
    }
    return StoredJob(**fields, entity_id=row.legal_entity_id)


def jobs(
    connection: Connection, entity_id: str, *, ids: Sequence[str] | None = None, first: int = 20
) -> tuple[StoredJob, ...]:
    """Return the newest jobs of an entity; the caller has asked whether they may be seen."""
    query = select(job).where(job.c.legal_entity_id == entity_id)
    if ids is not None:
        query = query.where(job.c.id.in_(list(ids)))
    rows = connection.execute(query.order_by(job.c.made_at.desc(), job.c.id.desc()).limit(first))
    return tuple(_job_of(row) for row in rows)


def count_ahead(connection: Connection, of: StoredJob) -> int:
    """Count the jobs of the same entity that were asked for earlier and have not ended."""
    unfinished = job.c.state.in_([*_UNFINISHED])
    earlier = or_(job.c.made_at < of.made_at, and_(job.c.made_at == of.made_at, job.c.id < of.id))
    query = select(func.count()).where(job.c.legal_entity_id == of.entity_id, unfinished, earlier)
    return connection.execute(query).scalar_one()


def add_job(writing: Writing, job_id: str, kind: str, arguments: Mapping[str, Any]) -> None:
    """Queue a job; a worker sees it when the transaction commits."""
    writing.connection.execute(
        insert(job).values(
            id=job_id,
            legal_entity_id=writing.entity_id,
            kind=kind,
            arguments=dict(arguments),
            state=JobState.QUEUED.value,
            made_at=writing.known_at,
            made_by=writing.actor,
        )
    )


class Lane(StrEnum):
    """Which jobs a worker takes: reading sources may hang on others, so it has lanes of its own."""

    ANY = "ANY"
    SOURCES = "SOURCES"
    OTHERS = "OTHERS"


def next_job(connection: Connection, now: datetime, lane: Lane = Lane.ANY) -> str | None:
    """Return the oldest queued job of a lane that may begin."""
    queued = select(job).where(job.c.state == JobState.QUEUED.value)
    if lane is not Lane.ANY:
        is_sync = job.c.kind == _SYNC
        queued = queued.where(is_sync if lane is Lane.SOURCES else ~is_sync)
    rows = connection.execute(queued.order_by(job.c.made_at, job.c.id).limit(_LOOK)).all()
    if not rows:
        return None
    unfinished = job.c.state.in_([*_UNFINISHED])
    syncs = connection.execute(select(job).where(job.c.kind == _SYNC, unfinished)).all()
    return next((row.id for row in rows if _may_begin(row, syncs, now)), None)


def claim_job(connection: Connection, now: datetime, lane: Lane = Lane.ANY) -> StoredJob | None:
    """Take that job for the caller alone, or None when there is none to take."""
    if connection.dialect.name == "postgresql":
        # Two who choose at once would both find that nobody reads a connection yet.
        connection.execute(select(func.pg_advisory_xact_lock(_CHOOSING)))
    found = next_job(connection, now, lane)
    if found is None:
        return None
    row = connection.execute(
        update(job)
        .where(job.c.id == found, job.c.state == JobState.QUEUED.value)
        .values(state=JobState.RUNNING.value, started_at=now)
        .returning(*job.c)
    ).one_or_none()
    return _job_of(row) if row else None


def _may_begin(row: Row[Any], syncs: Sequence[Row[Any]], now: datetime) -> bool:
    """A connection is read by one sync at a time, and what was asked for after a sync sees it.

    But a source that hangs holds nobody up for longer than the patience.
    """
    alive = [s for s in syncs if (s.started_at or s.made_at) > now - PATIENCE]
    if row.kind == _SYNC:
        running = [s.arguments for s in alive if s.state == JobState.RUNNING.value]
        return all(own.get("connection") != row.arguments.get("connection") for own in running)
    return not any(
        s.legal_entity_id == row.legal_entity_id and (s.made_at, s.id) < (row.made_at, row.id)
        for s in alive
    )


def move_job(connection: Connection, job_id: str, *, done: int, total: int | None) -> bool:
    """Write down how far a job has come; return whether it is still wanted."""
    moved = update(job).where(job.c.id == job_id).values(steps_done=done, steps=total)
    return connection.execute(moved.returning(job.c.cancelled_at)).scalar_one_or_none() is None


def call_off(connection: Connection, job_id: str, now: datetime) -> None:
    """End a job that waits, and tell the worker of one that runs that it is not wanted."""
    waits = job.c.state == JobState.QUEUED.value
    connection.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state.in_([*_UNFINISHED]))
        .values(
            cancelled_at=now,
            state=case((waits, JobState.CANCELLED.value), else_=job.c.state),
            finished_at=case((waits, literal(now, Instant)), else_=job.c.finished_at),
        )
    )


def end_job(
    connection: Connection,
    job_id: str,
    *,
    result_id: str | None,
    code: str | None,
    values: Mapping[str, str],
    now: datetime,
) -> None:
    """Write down how a job ended: with a result, or with the code of why there is none."""
    state = JobState.DONE if code is None else JobState.FAILED
    if code == STOPPED:
        state, code = JobState.CANCELLED, None
    connection.execute(
        update(job)
        .where(job.c.id == job_id)
        .values(
            state=state.value,
            finished_at=now,
            result_id=result_id,
            problem_code=code,
            problem_values=dict(values),
        )
    )


def requeue_running(connection: Connection, *, started_before: datetime | None) -> int:
    """Queue running jobs again, all of them or those that began before; return how many."""
    running = job.c.state == JobState.RUNNING.value
    if started_before is not None:
        running &= job.c.started_at < started_before
    wanted = job.c.cancelled_at.is_(None)
    again = case((wanted, JobState.QUEUED.value), else_=JobState.CANCELLED.value)
    ended = case((wanted, None), else_=job.c.cancelled_at)
    done = connection.execute(update(job).where(running).values(state=again, finished_at=ended))
    return done.rowcount

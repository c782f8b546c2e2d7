"""Work that takes longer than a request: it is queued in the database and done by a worker.

Every kind of job may safely be done twice (a sync goes on from its cursor, a calculation gives the
same numbers), so a job whose worker died is simply queued again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select, update

from actions.calculate import Mode, calculate
from actions.deed import Runtime, demand_entity
from actions.identifiers import new_id
from actions.sync_source import sync_source
from domain.access import Actor, Resource, System
from domain.period import period_named
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import latest_row
from storage.sources import StoredJob, job_of

STALLED = timedelta(minutes=30)


class JobKind(StrEnum):
    """What a worker can do."""

    SYNC = "SYNC"
    CALCULATE = "CALCULATE"


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a job came to: the run it made, or the code of why it made none."""

    result_id: str | None
    code: str | None = None


def start_sync(writing: Writing, actor: Actor, connection_id: str, *, accept: bool = False) -> str:
    """Queue a sync of a connection; return the job's id."""
    demand_entity(actor, Resource.SOURCE, writing.entity_id)
    found = latest_row(
        writing.connection, tables.connection, "id", writing.known_at,
        id=connection_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if found is None:
        raise Refused("not_found", {"id": connection_id})
    if found.paused:
        raise Refused("connection_paused", {"connection": found.name})
    return _queue(writing, JobKind.SYNC, {"connection": connection_id, "accept": accept})


def start_calculation(
    writing: Writing, actor: Actor, period: str, mode: Mode, *, accept_provisional: bool = False
) -> str:
    """Queue a calculation of a period; return the job's id."""
    demand_entity(actor, Resource.CALCULATION, writing.entity_id)
    arguments = {
        "period": period_named(period).name,
        "mode": mode.value,
        "acceptProvisional": accept_provisional,
    }
    return _queue(writing, JobKind.CALCULATE, arguments)


def _queue(writing: Writing, kind: JobKind, arguments: Mapping[str, Any]) -> str:
    identifier = new_id("job", writing.known_at)
    writing.connection.execute(
        insert(tables.job).values(
            id=identifier,
            legal_entity_id=writing.entity_id,
            kind=kind.value,
            arguments=dict(arguments),
            state=JobState.QUEUED.value,
            made_at=writing.known_at,
            made_by=writing.actor,
        )
    )
    return identifier


def requeue_stalled(runtime: Runtime, *, everything: bool) -> int:
    """Queue jobs again whose worker seems dead; ``everything`` when no other worker can live."""
    table = tables.job
    now = runtime.clock()
    stalled = table.c.state == JobState.RUNNING.value
    if not everything:
        stalled = stalled & (table.c.started_at < now - STALLED)
    with _changing(runtime) as connection:
        return connection.execute(
            update(table).where(stalled).values(state=JobState.QUEUED.value)
        ).rowcount


def work_once(runtime: Runtime) -> bool:
    """Do the oldest queued job; return whether there was one."""
    job = _claim(runtime)
    if job is None:
        return False
    try:
        finished = _KINDS[JobKind(job.kind)](runtime, job)
    except Refused as refused:
        finished = Finished(result_id=None, code=refused.code)
    except Exception:
        # A fault: the job is marked, so that its asker hears of it, and the fault goes on.
        _end(runtime, job.id, Finished(result_id=None, code="fault"), runtime.clock())
        raise
    _end(runtime, job.id, finished, runtime.clock())
    return True


def _claim(runtime: Runtime) -> StoredJob | None:
    table = tables.job
    oldest = (
        select(table.c.id)
        .where(table.c.state == JobState.QUEUED.value)
        .order_by(table.c.made_at, table.c.id)
        .limit(1)
        .scalar_subquery()
    )
    with _changing(runtime) as connection:
        row = connection.execute(
            update(table)
            .where(table.c.id == oldest, table.c.state == JobState.QUEUED.value)
            .values(state=JobState.RUNNING.value, started_at=runtime.clock())
            .returning(*table.c)
        ).one_or_none()
        return job_of(row) if row else None


def _end(runtime: Runtime, job_id: str, finished: Finished, now: datetime) -> None:
    table = tables.job
    state = JobState.DONE if finished.code is None else JobState.FAILED
    with _changing(runtime) as connection:
        connection.execute(
            update(table)
            .where(table.c.id == job_id)
            .values(
                state=state.value,
                finished_at=now,
                result_id=finished.result_id,
                problem_code=finished.code,
            )
        )


@contextmanager
def _changing(runtime: Runtime) -> Iterator[Connection]:
    with runtime.engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def _sync(runtime: Runtime, job: StoredJob) -> Finished:
    synced = sync_source(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        str(job.arguments["connection"]),
        accept=bool(job.arguments.get("accept")),
    )
    return Finished(result_id=synced.run_id)


def _calculation(runtime: Runtime, job: StoredJob) -> Finished:
    done = calculate(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        str(job.arguments["period"]),
        Mode(job.arguments["mode"]),
        accept_provisional=bool(job.arguments.get("acceptProvisional")),
    )
    return Finished(result_id=done.id)


_KINDS: dict[JobKind, Callable[[Runtime, StoredJob], Finished]] = {
    JobKind.SYNC: _sync,
    JobKind.CALCULATE: _calculation,
}

"""Work that takes longer than a request: it is queued in the database and done by a worker.

Every kind of job may safely be done twice (a sync goes on from its cursor, a calculation gives the
same numbers), so a job whose worker died is simply queued again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from actions.ask_forecast import Asking
from actions.backtest import demand_backtest
from actions.breaker import BreakerState
from actions.calculate import ByTimetable, Mode, calculate
from actions.close_period import close_period, demand_close, refuse_unready
from actions.correct_period import correct_period, demand_correct, final_run
from actions.deed import Runtime, demand_entity, demand_source
from actions.identifiers import new_id
from actions.pack_jobs import Previewing, pack_arguments, run_pack_preview
from actions.parallel_jobs import parallel_arguments, run_parallel
from actions.periods import demand_open, demand_version
from actions.sync_days import days_of
from actions.sync_source import Outcome, sync_source
from actions.trial_jobs import (
    backtest_arguments,
    forecast_arguments,
    run_backtest,
    run_forecast,
)
from actions.try_plan import Trial
from actions.watch_connection import breaker_at, demand_closed
from domain.access import Actor, Resource, System
from domain.period import period_named
from domain.problem import Refused
from storage.engine import Writing, changing, reading
from storage.hooks import is_sync_queued
from storage.jobs import (
    PATIENCE,
    Lane,
    StoredJob,
    add_job,
    call_off,
    claim_job,
    end_job,
    jobs,
    move_job,
    next_job,
    requeue_running,
)
from storage.syncs import connection_row, newest_run

_QUEUE = System(name="jobs")
STALLED = PATIENCE


class JobKind(StrEnum):
    """What a worker can do."""

    SYNC = "SYNC"
    CALCULATE = "CALCULATE"
    CLOSE = "CLOSE"
    CORRECT = "CORRECT"
    BACKTEST = "BACKTEST"
    FORECAST = "FORECAST"
    PACK_PREVIEW = "PACK_PREVIEW"
    PARALLEL_RUN = "PARALLEL_RUN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a job came to: the run it made, or the code of why it made none."""

    result_id: str | None
    code: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


def start_sync(
    writing: Writing,
    actor: Actor,
    connection_id: str,
    *,
    accept: bool = False,
    accepted_run: str | None = None,
    days: tuple[date | None, date | None] = (None, None),
) -> str:
    """Queue a sync of a connection; return the job's id.

    ``days``, from the first one to the one behind the last, are read again instead of what is new.

    ``accepted_run`` is the suspicious run that a person has looked at: it must be the newest one,
    so that nobody accepts what they have not seen.
    """
    demand_source(actor, writing.entity_id, connection_id)
    found = connection_row(writing.connection, writing.entity_id, connection_id, writing.known_at)
    if found is None:
        raise Refused("not_found", {"id": connection_id})
    if found.paused:
        raise Refused("connection_paused", {"connection": found.name})
    demand_closed(writing.connection, actor, writing.entity_id, connection_id, writing.known_at)
    arguments: dict[str, Any] = {"connection": connection_id, "accept": accept}
    if accepted_run is not None:
        _demand_suspicious(writing, connection_id, accepted_run)
        arguments |= {"accept": True, "acceptedRun": accepted_run}
    if (again := days_of(*days)) is not None:
        arguments["days"] = [again.start.isoformat(), again.end.isoformat()]
    return _queue(writing, JobKind.SYNC, arguments)


def queue_hinted_sync(writing: Writing, connection_id: str) -> None:
    """Queue a sync because the source called back; not one more, nor of one left alone."""
    database, entity, now = writing.connection, writing.entity_id, writing.known_at
    breaker = breaker_at(database, _QUEUE, entity, connection_id, now)
    if breaker.state is not BreakerState.OPEN and not is_sync_queued(
        database, entity, connection_id
    ):
        _queue(writing, JobKind.SYNC, {"connection": connection_id, "accept": False})


def _demand_suspicious(writing: Writing, connection_id: str, run_id: str) -> None:
    newest = newest_run(writing.connection, connection_id)
    if newest is None or newest.id != run_id or newest.outcome != Outcome.SUSPICIOUS.value:
        raise Refused("run_not_to_accept", {"run": run_id})


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


def queue_timed_calculation(writing: Writing, period: str, *, shows_scores: bool) -> str:
    """Queue a trial because the legal entity's timetable says so; return the job's id."""
    arguments = {
        "period": period,
        "mode": Mode.TRIAL.value,
        "acceptProvisional": False,
        "byTimetable": {"showsScores": shows_scores},
    }
    return _queue(writing, JobKind.CALCULATE, arguments)


def start_close(
    writing: Writing,
    actor: Actor,
    period: str,
    *,
    accept_warnings: bool,
    expected_version: int,
) -> str:
    """Queue the close of a period; return the job's id. What stands in its way is said at once."""
    demand_close(actor, writing.entity_id)
    name = period_named(period)
    demand_version(writing, name, expected_version)
    refuse_unready(writing, name, accept_warnings=accept_warnings)
    arguments = {"period": name.name, "acceptWarnings": accept_warnings}
    return _queue(writing, JobKind.CLOSE, arguments)


def start_correction(writing: Writing, actor: Actor, period: str, *, into: str, mode: Mode) -> str:
    """Queue the correction of a closed period into an open one; return the job's id."""
    demand_correct(actor, writing.entity_id)
    closed, booked_in = period_named(period), period_named(into)
    final_run(writing, closed)
    demand_open(writing, booked_in)
    arguments = {"period": closed.name, "into": booked_in.name, "mode": mode.value}
    return _queue(writing, JobKind.CORRECT, arguments)


def start_backtest(writing: Writing, actor: Actor, trial: Trial) -> str:
    """Queue the trial of a plan on posted periods; return the job's id."""
    return _queue(writing, JobKind.BACKTEST, backtest_arguments(writing, actor, trial))


def start_forecast(writing: Writing, actor: Actor, asking: Asking) -> str:
    """Queue the forecast of what a plan will cost; return the job's id."""
    return _queue(writing, JobKind.FORECAST, forecast_arguments(writing, actor, asking))


def start_pack_preview(
    writing: Writing, actor: Actor, packs: Mapping[str, Any], asked: Previewing
) -> str:
    """Queue the trial of a pack on posted periods; return the job's id."""
    return _queue(writing, JobKind.PACK_PREVIEW, pack_arguments(writing, actor, packs, asked))


def start_parallel_run(
    runtime: Runtime, writing: Writing, actor: Actor, period: str, run_id: str | None
) -> str:
    """Queue the comparison of a period with its old results; return the job's id."""
    arguments = parallel_arguments(runtime, writing, actor, period, run_id)
    return _queue(writing, JobKind.PARALLEL_RUN, arguments)


def cancel_job(writing: Writing, actor: Actor, job_id: str) -> str:
    """Call off a trial that whoever asks had queued; what it has found by then is not kept."""
    demand_backtest(actor, writing.entity_id)
    found = jobs(writing.connection, writing.entity_id, ids=[job_id])
    if not found or found[0].made_by != writing.actor:
        raise Refused("not_found", {"id": job_id})
    if JobKind(found[0].kind) not in _TRIALS:
        raise Refused("job_not_cancellable", {})
    call_off(writing.connection, job_id, writing.known_at)
    return job_id


def _queue(writing: Writing, kind: JobKind, arguments: Mapping[str, Any]) -> str:
    identifier = new_id("job", writing.known_at)
    add_job(writing, identifier, kind.value, arguments)
    return identifier


def requeue_stalled(runtime: Runtime, *, everything: bool) -> int:
    """Queue jobs again whose worker seems dead; ``everything`` when no other worker can live."""
    long_ago = None if everything else runtime.clock() - STALLED
    with changing(runtime.engine, _QUEUE) as connection:
        return requeue_running(connection, started_before=long_ago)


def work_once(runtime: Runtime, lane: Lane = Lane.ANY) -> bool:
    """Do the oldest queued job of the lane that may begin; return whether there was one."""
    with reading(runtime.engine, _QUEUE) as connection:
        # An idle lane looks without taking the lock of whoever writes.
        if next_job(connection, runtime.clock(), lane) is None:
            return False
    with changing(runtime.engine, _QUEUE) as connection:
        job = claim_job(connection, runtime.clock(), lane)
    if job is None:
        return False
    try:
        finished = _KINDS[JobKind(job.kind)](runtime, job)
    except Refused as refused:
        finished = Finished(result_id=None, code=refused.code, values=refused.values)
    except Exception:
        # A fault: the job is marked, so that its asker hears of it, and the fault goes on.
        _end(runtime, job, Finished(result_id=None, code="job_fault"))
        raise
    _end(runtime, job, finished)
    return True


def _end(runtime: Runtime, job: StoredJob, finished: Finished) -> None:
    with changing(runtime.engine, _QUEUE) as connection:
        end_job(
            connection,
            job.id,
            result_id=finished.result_id,
            code=finished.code,
            values=finished.values,
            now=runtime.clock(),
        )


def _sync(runtime: Runtime, job: StoredJob) -> Finished:
    connection_id = str(job.arguments["connection"])
    with reading(runtime.engine, _QUEUE) as connection:
        demand_closed(connection, _QUEUE, job.entity_id, connection_id, runtime.clock())

    days = [date.fromisoformat(day) for day in job.arguments.get("days", ())]

    def told(writing: Writing, done: int, total: int | None) -> None:
        move_job(writing.connection, job.id, done=done, total=total)

    synced = sync_source(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        connection_id,
        accept=bool(job.arguments.get("accept")),
        accepted_run=job.arguments.get("acceptedRun"),
        days=days_of(*days) if days else None,
        told=told,
    )
    return Finished(result_id=synced.run_id)


def _calculation(runtime: Runtime, job: StoredJob) -> Finished:
    timed = job.arguments.get("byTimetable")
    done = calculate(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        str(job.arguments["period"]),
        Mode(job.arguments["mode"]),
        accept_provisional=bool(job.arguments.get("acceptProvisional")),
        by_timetable=None if timed is None else ByTimetable(shows_scores=timed["showsScores"]),
    )
    return Finished(result_id=done.id)


def _close(runtime: Runtime, job: StoredJob) -> Finished:
    done = close_period(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        str(job.arguments["period"]),
        accept_warnings=bool(job.arguments.get("acceptWarnings")),
    )
    return Finished(result_id=done.id)


def _correction(runtime: Runtime, job: StoredJob) -> Finished:
    done = correct_period(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        str(job.arguments["period"]),
        into=str(job.arguments["into"]),
        mode=Mode(job.arguments["mode"]),
    )
    return Finished(result_id=done.id)


def _backtest(runtime: Runtime, job: StoredJob) -> Finished:
    return Finished(result_id=run_backtest(runtime, job))


def _forecast(runtime: Runtime, job: StoredJob) -> Finished:
    return Finished(result_id=run_forecast(runtime, job))


def _pack_preview(runtime: Runtime, job: StoredJob) -> Finished:
    return Finished(result_id=run_pack_preview(runtime, job))


def _parallel_run(runtime: Runtime, job: StoredJob) -> Finished:
    return Finished(result_id=run_parallel(runtime, job))


_TRIALS = frozenset(
    {JobKind.BACKTEST, JobKind.FORECAST, JobKind.PACK_PREVIEW, JobKind.PARALLEL_RUN}
)
_KINDS: dict[JobKind, Callable[[Runtime, StoredJob], Finished]] = {
    JobKind.SYNC: _sync,
    JobKind.CALCULATE: _calculation,
    JobKind.CLOSE: _close,
    JobKind.CORRECT: _correction,
    JobKind.BACKTEST: _backtest,
    JobKind.FORECAST: _forecast,
    JobKind.PACK_PREVIEW: _pack_preview,
    JobKind.PARALLEL_RUN: _parallel_run,
}

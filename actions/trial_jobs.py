"""Trying a plan on many periods of a large company takes long: it is done as a job and kept.

The question is queued as it was asked, its rights are decided at once, and the answer is the very
one that asking while waiting gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import msgspec

from actions.ask_forecast import Asking, ask_forecast, read_asking
from actions.backtest import Backtest, Compared, Progress, demand_backtest
from actions.deed import Runtime
from actions.forecast import Forecast
from actions.identifiers import new_id
from actions.try_plan import Trial, check_trial, try_plan
from domain.access import Actor, System
from domain.plan import decode_plan
from domain.plan_document import plan_hash
from domain.problem import Refused
from storage.definitions import scope_from
from storage.engine import Writing, changing, reading
from storage.jobs import STOPPED, StoredJob, move_job
from storage.plan_trials import BACKTEST, FORECAST, StoredTrial, add_trial, trial_of_job

_QUEUE = System(name="jobs")


def backtest_arguments(writing: Writing, actor: Actor, trial: Trial) -> dict[str, Any]:
    """Write down a plan that is to be tried; what is wrong with it is said at once."""
    demand_backtest(actor, writing.entity_id)
    check_trial(trial)
    return {
        "document": trial.document,
        "periods": list(trial.periods),
        "scope": None if trial.scope is None else trial.scope.document(),
    }


def forecast_arguments(writing: Writing, actor: Actor, asking: Asking) -> dict[str, Any]:
    """Write down what is to be forecast; what is wrong with it is said at once."""
    demand_backtest(actor, writing.entity_id)
    read_asking(asking)
    written = msgspec.to_builtins(asking)
    scope = None if asking.scope is None else asking.scope.document()
    return {**written, "scope": scope}


def run_backtest(runtime: Runtime, job: StoredJob) -> str:
    """Try the plan of a job and keep the answer; return its id."""
    kept = kept_answer(runtime, job)
    if kept is not None:
        return kept
    scope = job.arguments.get("scope")
    trial = Trial(
        document=job.arguments["document"],
        periods=tuple(job.arguments["periods"]),
        scope=None if scope is None else scope_from(scope),
    )
    found = try_plan(
        runtime, System(name=f"job:{job.id}"), job.entity_id, trial, progress_of(runtime, job)
    )
    return keep_answer(runtime, job, BACKTEST, write_backtest(found))


def run_forecast(runtime: Runtime, job: StoredJob) -> str:
    """Make the forecast of a job and keep it; return its id."""
    kept = kept_answer(runtime, job)
    if kept is not None:
        return kept
    given = dict(job.arguments)
    scope = given.pop("scope", None)
    asking = msgspec.convert({**given, "scope": None}, Asking)
    if scope is not None:
        asking = replace(asking, scope=scope_from(scope))
    found = ask_forecast(
        runtime, System(name=f"job:{job.id}"), job.entity_id, asking, progress_of(runtime, job)
    )
    return keep_answer(runtime, job, FORECAST, msgspec.to_builtins(found))


def kept_answer(runtime: Runtime, job: StoredJob) -> str | None:
    """Find the answer of a job whose worker died after it had kept it."""
    with reading(runtime.engine, _QUEUE) as connection:
        found = trial_of_job(connection, job.entity_id, job.id)
    return None if found is None else found.id


def progress_of(runtime: Runtime, job: StoredJob) -> Progress:
    """Say how far a job has come; where it is no longer wanted, it stops there."""

    def progress(done: int, total: int) -> None:
        with changing(runtime.engine, _QUEUE) as connection:
            is_wanted = move_job(connection, job.id, done=done, total=total)
        if not is_wanted:
            raise Refused(STOPPED, {})

    return progress


def keep_answer(
    runtime: Runtime, job: StoredJob, kind: str, answer: Mapping[str, Any], key: str | None = None
) -> str:
    """Keep the answer of a job; return its id. It is found again by the plan's hash, or a key."""
    document = job.arguments.get("document")
    plan = None if document is None else decode_plan(document)[0]
    with runtime.writing(job.entity_id, System(name=f"job:{job.id}")) as writing:
        identifier = new_id("tri", writing.known_at)
        add_trial(
            writing,
            identifier,
            job_id=job.id,
            kind=kind,
            plan_hash=key if plan is None else plan_hash(plan),
            answer=answer,
        )
    return identifier


def write_backtest(found: Backtest) -> dict[str, Any]:
    """Write an answer as it is kept: everything that is shown, and nobody's pay beside it."""
    tried = [
        Compared(**{each.name: getattr(one, each.name) for each in fields(Compared)})
        for one in found.tried
    ]
    written: dict[str, Any] = msgspec.to_builtins(replace(found, tried=tuple(tried)))
    return written


def read_backtest(stored: StoredTrial) -> Backtest:
    """Read an answer that was kept."""
    return msgspec.convert(stored.answer, Backtest)


def read_forecast(stored: StoredTrial) -> Forecast:
    """Read a forecast that was kept."""
    return msgspec.convert(stored.answer, Forecast)

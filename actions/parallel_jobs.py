"""Comparing a large company with its old system takes long: it is done as a job and kept.

Afterwards every question about the same run and the same sheets is answered at once.
"""

from __future__ import annotations

from typing import Any

from actions.deed import Runtime
from actions.parallel_run import comparing_of
from actions.parallel_scan import scan_all, scan_key, write_scan
from actions.prepare_pay import demand_pay
from actions.trial_jobs import keep_answer, kept_answer, progress_of
from domain.access import Actor, System
from domain.period import period_named
from storage.engine import Writing, reading
from storage.jobs import StoredJob
from storage.plan_trials import PARALLEL_RUN


def parallel_arguments(
    runtime: Runtime, writing: Writing, actor: Actor, period_name: str, run_id: str | None
) -> dict[str, Any]:
    """Write down what is to be compared; a sheet or a run that is not there is said at once."""
    demand_pay(actor, writing.entity_id)
    period = period_named(period_name)
    found = comparing_of(writing.connection, runtime, writing.entity_id, period, run_id)
    return {"period": period.name, "run": found.run.id}


def run_parallel(runtime: Runtime, job: StoredJob) -> str:
    """Compare everybody and keep what came out; return its id."""
    kept = kept_answer(runtime, job)
    if kept is not None:
        return kept
    period, progress = period_named(job.arguments["period"]), progress_of(runtime, job)
    with reading(runtime.engine, System(name=f"job:{job.id}")) as connection:
        comparing = comparing_of(connection, runtime, job.entity_id, period, job.arguments["run"])
        scan, key = scan_all(comparing, progress), scan_key(comparing)
    return keep_answer(runtime, job, PARALLEL_RUN, write_scan(scan), key)

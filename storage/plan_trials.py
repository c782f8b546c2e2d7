"""Answers of jobs that tried a plan, and how far a job has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from storage import tables
from storage.engine import Writing
from storage.sealing import opened, sealed_values

_trial = tables.plan_trial
BACKTEST, FORECAST, PACK_PREVIEW = "BACKTEST", "FORECAST", "PACK_PREVIEW"
PARALLEL_RUN = "PARALLEL_RUN"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrial:
    """An answer as it was kept."""

    id: str
    job_id: str
    kind: str
    plan_hash: str | None
    made_at: datetime
    answer: Mapping[str, Any]


def add_trial(
    writing: Writing,
    trial_id: str,
    *,
    job_id: str,
    kind: str,
    plan_hash: str | None,
    answer: Mapping[str, Any],
) -> None:
    """Keep an answer."""
    values = {
        "id": trial_id,
        "legal_entity_id": writing.entity_id,
        "job_id": job_id,
        "kind": kind,
        "plan_hash": plan_hash,
        "made_at": writing.known_at,
        "answer": dict(answer),
    }
    sealed = sealed_values(writing.connection, _trial, values)
    writing.connection.execute(insert(_trial).values(**sealed))


def trial_of_job(connection: Connection, entity_id: str, job_id: str) -> StoredTrial | None:
    """Read the answer of a job, if it has one."""
    query = select(_trial).where(_trial.c.legal_entity_id == entity_id, _trial.c.job_id == job_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _trial_of(connection, row)


def latest_trial(
    connection: Connection, entity_id: str, *, kind: str, plan_hash: str, known_at: datetime
) -> StoredTrial | None:
    """Read the newest answer about a plan as it is written, if there is one."""
    query = (
        select(_trial)
        .where(
            _trial.c.legal_entity_id == entity_id,
            _trial.c.kind == kind,
            _trial.c.plan_hash == plan_hash,
            _trial.c.made_at <= known_at,
        )
        .order_by(_trial.c.made_at.desc(), _trial.c.id.desc())
    )
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _trial_of(connection, row)


def _trial_of(connection: Connection, row: Row[Any]) -> StoredTrial:
    return StoredTrial(
        id=row.id,
        job_id=row.job_id,
        kind=row.kind,
        plan_hash=row.plan_hash,
        made_at=row.made_at,
        answer=opened(connection, _trial.c.answer, row),
    )

"""Numbers about the database for whoever operates the server: connections and waiting jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.pool import QueuePool

from storage.jobs import JobState
from storage.tables import job


class PoolUse(NamedTuple):
    """How many connections of the pool are in use and how many lie ready."""

    in_use: int
    idle: int


def pool_use(engine: Engine) -> PoolUse:
    """Count the connections of this process; a pool that keeps none has none."""
    pool = engine.pool
    if isinstance(pool, QueuePool):
        return PoolUse(in_use=pool.checkedout(), idle=pool.checkedin())
    return PoolUse(in_use=0, idle=0)


def unfinished_jobs(connection: Connection) -> Mapping[str, int]:
    """Count the jobs that wait and those at work, of all legal entities together."""
    states = [JobState.QUEUED.value, JobState.RUNNING.value]
    found = dict.fromkeys(states, 0)
    for state, count in connection.execute(
        select(job.c.state, func.count()).where(job.c.state.in_(states)).group_by(job.c.state)
    ):
        found[state] = count
    return found

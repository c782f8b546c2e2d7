"""The state of runs, and the run that a later one may start from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, or_, select, true, update

from storage.asked import asked
from storage.engine import Writing
from storage.results import Run, run_by_id, run_of
from storage.tables import calculation_run as _run


class RunState(StrEnum):
    """How far a run has come. Only a final one feeds payment."""

    TRIAL = "TRIAL"
    POSTED = "POSTED"
    FINAL = "FINAL"  # its period was closed with it
    SUPERSEDED = "SUPERSEDED"  # a later run stands in its place


def posted_periods(connection: Connection, entity_id: str) -> tuple[str, ...]:
    """Name the periods for which something was posted."""
    posted = [RunState.POSTED.value, RunState.FINAL.value]
    query = select(_run.c.period).where(
        _run.c.legal_entity_id == entity_id,
        _run.c.base_run_id.is_(None),
        _run.c.state.in_(posted),
    )
    return tuple(connection.execute(query.distinct().order_by(_run.c.period)).scalars())


def last_run_of(writing: Writing, period: str, *, posted: bool = False) -> Run | None:
    """Return the last finished run of a period; a correction is none.

    ``posted`` leaves out trials, but for those whose scores are shown to whom they concern.
    """
    values = {"entity_id": writing.entity_id, "period": period}
    found = writing.connection.execute(_last_run(posted), values).one_or_none()
    return None if found is None else run_of(writing.connection, found)


@cache
def _last_run(posted: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(_run)
        .where(
            _run.c.legal_entity_id == asked("entity_id"),
            _run.c.period == asked("period"),
            _run.c.finished_at.is_not(None),
            _run.c.base_run_id.is_(None),
            or_(_run.c.mode == RunState.POSTED, _run.c.scores_shown.is_(True))
            if posted
            else true(),
        )
        .order_by(_run.c.known_at.desc(), _run.c.id.desc())
        .limit(1)
    )


def runs_in(
    connection: Connection, entity_id: str, period: str, states: Collection[RunState]
) -> tuple[Run, ...]:
    """Return the runs of a period in some states, the newest first; corrections are left out."""
    query = (
        select(_run.c.id)
        .where(
            _run.c.legal_entity_id == entity_id,
            _run.c.period == period,
            _run.c.base_run_id.is_(None),
            _run.c.state.in_([each.value for each in states]),
        )
        .order_by(_run.c.known_at.desc(), _run.c.id.desc())
    )
    found = (run_by_id(connection, entity_id, each) for each in connection.execute(query).scalars())
    return tuple(run for run in found if run is not None)


def set_state(writing: Writing, run_id: str, state: RunState) -> None:
    """Bring a run to a state."""
    mine = _run.c.legal_entity_id == writing.entity_id
    query = update(_run).where(mine, _run.c.id == run_id).values(state=state.value)
    writing.connection.execute(query)


def supersede(writing: Writing, period: str, but: str, states: Sequence[RunState]) -> None:
    """Mark the runs of a period in some states as replaced by the run ``but``."""
    writing.connection.execute(
        update(_run)
        .where(
            _run.c.legal_entity_id == writing.entity_id,
            _run.c.period == period,
            _run.c.base_run_id.is_(None),
            _run.c.id != but,
            _run.c.state.in_([each.value for each in states]),
        )
        .values(state=RunState.SUPERSEDED.value)
    )

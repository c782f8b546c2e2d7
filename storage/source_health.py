"""How connections fare: read from their runs, what was reset, what waits; a few statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from domain.access import Actor
from storage import tables
from storage.visibility import sources_seen

_run = tables.sync_run
GOOD = ("succeeded", "succeeded_empty_expected", "partial")
_WELL = (*GOOD, "suspicious")  # the source answered: a person has to look, nothing is broken
_BAD = ("failed", "paused", "quarantined")
_LONGEST_WAIT = timedelta(days=7)  # whatever a source, or a plug-in, asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the runs of a connection tell; all is absent before the first."""

    last_run_at: datetime | None = None
    last_outcome: str | None = None
    last_good_at: datetime | None = None  # when the newest good run began
    failures: int = 0  # in a row, since a run went well or a person reset the breaker
    last_failed_at: datetime | None = None
    waits_until: datetime | None = None  # as the source asked for in the newest run
    quarantined: int = 0
    last_delivery_at: datetime | None = None


def signs(
    connection: Connection, actor: Actor, entity_id: str, connection_id: str | None = None
) -> Mapping[str, Signs]:
    """Return the signs of the connections of an entity that the actor sees, or of one."""

    def asked(query: Any, table: Any) -> dict[str, Any]:
        seen = query.where(
            table.c.legal_entity_id == entity_id,
            sources_seen(actor, table, table.c.connection_id),
        ).group_by(table.c.connection_id)
        if connection_id is not None:
            seen = seen.where(table.c.connection_id == connection_id)
        return {row.connection_id: row for row in connection.execute(seen)}

    waits, came = tables.quarantine, tables.hook_delivery
    good = asked(_newest(GOOD), _run)
    last = asked(_newest((*_WELL, *_BAD)), _run)
    failed = asked(_failed(entity_id), _run)
    waiting = asked(
        select(waits.c.connection_id, func.count().label("many")).where(
            waits.c.resolved_at.is_(None)
        ),
        waits,
    )
    delivered = asked(select(came.c.connection_id, func.max(came.c.known_at).label("at")), came)
    outcomes = _outcomes(connection, [(name, row.at) for name, row in last.items()])
    return {
        name: Signs(
            last_run_at=last[name].at if name in last else None,
            last_outcome=outcomes[name].outcome if name in outcomes else None,
            last_good_at=good[name].at if name in good else None,
            failures=failed[name].many if name in failed else 0,
            last_failed_at=failed[name].at if name in failed else None,
            waits_until=_until(outcomes.get(name)),
            quarantined=waiting[name].many if name in waiting else 0,
            last_delivery_at=delivered[name].at if name in delivered else None,
        )
        for name in last.keys() | waiting.keys() | delivered.keys()
    }


def _newest(outcomes: tuple[str, ...]) -> Any:
    return select(_run.c.connection_id, func.max(_run.c.started_at).label("at")).where(
        _run.c.outcome.in_(outcomes)
    )


def _failed(entity_id: str) -> Any:
    """Count the runs that failed since one went well, and since a person reset the breaker."""
    reset = tables.breaker_reset
    well = (
        _newest(_WELL)
        .where(_run.c.legal_entity_id == entity_id)
        .group_by(_run.c.connection_id)
        .subquery()
    )
    again = (
        select(reset.c.connection_id, func.max(reset.c.known_at).label("at"))
        .where(reset.c.legal_entity_id == entity_id)
        .group_by(reset.c.connection_id)
        .subquery()
    )
    return (
        select(
            _run.c.connection_id,
            func.count().label("many"),
            func.max(_run.c.finished_at).label("at"),
        )
        .outerjoin(well, well.c.connection_id == _run.c.connection_id)
        .outerjoin(again, again.c.connection_id == _run.c.connection_id)
        .where(
            _run.c.outcome.in_(_BAD),
            or_(well.c.at.is_(None), _run.c.started_at > well.c.at),
            or_(again.c.at.is_(None), _run.c.started_at > again.c.at),
        )
    )


def _outcomes(connection: Connection, newest: list[tuple[str, datetime]]) -> dict[str, Any]:
    """Return how the run of each connection that began at an instant ended."""
    at = dict(newest)
    query = select(
        *(_run.c.connection_id, _run.c.started_at, _run.c.outcome, _run.c.problem_values)
    ).where(_run.c.connection_id.in_(list(at)), _run.c.started_at.in_(list(set(at.values()))))
    return {
        row.connection_id: row
        for row in connection.execute(query)
        if row.outcome is not None and at[row.connection_id] == row.started_at
    }


def _until(run: Any) -> datetime | None:
    """Return until when the source of a run asked to be left alone."""
    if run is None or run.outcome != "paused":
        return None
    try:
        found = datetime.fromisoformat((run.problem_values or {}).get("until", ""))
    except ValueError:
        return None
    return min(found, run.started_at + _LONGEST_WAIT) if found.tzinfo is not None else None

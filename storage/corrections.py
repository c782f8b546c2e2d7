"""Corrections of closed periods: runs that start from a final one, and their lines by cause."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from domain.access import Actor, Resource
from domain.ledger import Cause
from storage import tables
from storage.bulk import add_tuples
from storage.carrying import Purpose, look_at
from storage.engine import Writing
from storage.results import Run, run_by_id
from storage.runs import RunState
from storage.sealing import opened_row
from storage.visibility import people_seen

_run, _line, _ledger = tables.calculation_run, tables.correction_line, tables.ledger_entry
_COLUMNS = (
    "run_id",
    "legal_entity_id",
    "person_id",
    "component",
    "currency",
    "cause",
    "id",
    "amount",
    "booked",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """What one cause changed for a person and component, since the close and by one correction."""

    run_id: str
    person_id: str
    component: str
    currency: str
    cause: Cause
    amount: int
    booked: int


def corrections_of(
    connection: Connection,
    entity_id: str,
    *,
    period: str | None = None,
    booked_in: str | None = None,
    states: Collection[RunState] | None = None,
    known_at: datetime | None = None,
) -> tuple[Run, ...]:
    """Return the corrections of a closed period, the newest first."""
    query = select(_run.c.id).where(
        _run.c.legal_entity_id == entity_id,
        _run.c.base_run_id.is_not(None),
        _run.c.finished_at.is_not(None),
    )
    if period is not None:
        query = query.where(_run.c.period == period)
    if booked_in is not None:
        query = query.where(_run.c.booked_in == booked_in)
    if states is not None:
        query = query.where(_run.c.state.in_([each.value for each in states]))
    if known_at is not None:
        query = query.where(_run.c.finished_at <= known_at)
    found = connection.execute(query.order_by(_run.c.known_at.desc(), _run.c.id.desc())).scalars()
    runs = (run_by_id(connection, entity_id, each) for each in found.all())
    return tuple(run for run in runs if run is not None)


def last_corrected(connection: Connection, base: Run) -> Run:
    """Return the last posted correction that starts from a final run, or that run itself."""
    states = (RunState.POSTED,)
    for run in corrections_of(connection, base.entity_id, period=base.period, states=states):
        if run.base_run_id == base.id:
            return run
    return base


def supersede_trials(writing: Writing, period: str, but: str) -> None:
    """Mark earlier trial corrections of a period as replaced."""
    writing.connection.execute(
        update(_run)
        .where(
            _run.c.legal_entity_id == writing.entity_id,
            _run.c.period == period,
            _run.c.base_run_id.is_not(None),
            _run.c.id != but,
            _run.c.state == RunState.TRIAL.value,
        )
        .values(state=RunState.SUPERSEDED.value)
    )


def add_lines(writing: Writing, run_id: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep the lines of a correction: person, component, currency, cause, id, amount, booked."""
    whole = ((run_id, writing.entity_id, *row) for row in rows)
    add_tuples(writing.connection, _line, _COLUMNS, whole)


def correction_lines(
    connection: Connection, actor: Actor, run_ids: Sequence[str], *, day: date, person_id: str
) -> tuple[StoredLine, ...]:
    """Return the lines of one person whose pay the actor may see as of ``day``."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_line).where(
        _line.c.run_id.in_(list(run_ids)),
        _line.c.person_id == person_id,
        people_seen(actor, Resource.PAY, _line.c.person_id, _line.c.legal_entity_id, day),
    )
    rows = connection.execute(query.order_by(_line.c.component, _line.c.cause)).all()
    return tuple(_line_of(opened_row(connection, _line, row)) for row in rows)


def lines_of_run(connection: Connection, run_id: str) -> tuple[StoredLine, ...]:
    """Return every line of a correction: for who may see the pay of everybody."""
    look_at(connection, day=None, purpose=Purpose.PAY)
    rows = connection.execute(select(_line).where(_line.c.run_id == run_id)).all()
    return tuple(_line_of(opened_row(connection, _line, row)) for row in rows)


def _line_of(row: Any) -> StoredLine:
    fields = {name: getattr(row, name) for name in StoredLine.__dataclass_fields__}
    fields["cause"] = Cause(row.cause)
    return StoredLine(**fields)


def booked_by_cause(
    writing: Writing, origin_period: str, causes: Sequence[Cause]
) -> dict[tuple[tuple[str, str, str], Cause], int]:
    """Add up what stands in the ledger for the sales of a period, by person, component and cause.

    All entries count, whatever their kind and wherever they are booked.
    """
    query = select(_ledger).where(
        _ledger.c.legal_entity_id == writing.entity_id,
        _ledger.c.origin_period == origin_period,
        _ledger.c.cause.in_([each.value for each in causes]),
    )
    found: dict[tuple[tuple[str, str, str], Cause], int] = {}
    for row in writing.connection.execute(query).all():
        entry = opened_row(writing.connection, _ledger, row)
        key = (entry.person_id, entry.component, entry.currency), Cause(entry.cause)
        found[key] = found.get(key, 0) + entry.amount
    return {key: amount for key, amount in found.items() if amount}

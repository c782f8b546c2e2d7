"""Requests to open a closed period again, and what was decided: one revision per step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from storage.engine import Writing
from storage.rules import known
from storage.tables import period_reopening


class ReopeningState(StrEnum):
    """Where a request is."""

    REQUESTED = "REQUESTED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReopening:
    """One step of a request: who took it, in whose place, and why."""

    id: str
    revision: int
    period: str
    state: ReopeningState
    known_at: datetime
    made_by: str | None
    on_behalf_of: str | None
    reason: str


def reopening_steps(
    connection: Connection, entity_id: str, reopening_id: str
) -> tuple[StoredReopening, ...]:
    """Return every step of one request in order."""
    query = select(period_reopening).where(
        period_reopening.c.legal_entity_id == entity_id, period_reopening.c.id == reopening_id
    )
    rows = connection.execute(query.order_by(period_reopening.c.revision))
    return tuple(_step_of(row) for row in rows)


def reopenings(
    connection: Connection, entity_id: str, *, known_at: datetime, period: str | None = None
) -> tuple[StoredReopening, ...]:
    """Return the last step of each request, the newest first."""
    query = select(period_reopening).where(
        known(period_reopening, known_at, "id"), period_reopening.c.legal_entity_id == entity_id
    )
    if period is not None:
        query = query.where(period_reopening.c.period == period)
    rows = connection.execute(query.order_by(period_reopening.c.id.desc()))
    return tuple(_step_of(row) for row in rows)


def _step_of(row: Row[Any]) -> StoredReopening:
    fields = {name: getattr(row, name) for name in StoredReopening.__dataclass_fields__}
    fields["state"] = ReopeningState(row.state)
    return StoredReopening(**fields)


def add_step(
    writing: Writing,
    reopening_id: str,
    *,
    revision: int,
    period: str,
    state: ReopeningState,
    reason: str,
) -> None:
    """Write down a step of a request."""
    writing.connection.execute(
        insert(period_reopening).values(
            id=reopening_id,
            revision=revision,
            legal_entity_id=writing.entity_id,
            period=period,
            state=state.value,
            known_at=writing.known_at,
            made_by=writing.actor,
            on_behalf_of=writing.on_behalf_of,
            reason=reason,
        )
    )

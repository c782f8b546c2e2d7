"""The states of periods: what was decided, one revision per decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from domain.period_state import PeriodState
from storage.engine import Writing
from storage.rules import known
from storage.tables import period_state


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """What was decided about a period, and by whom."""

    period: str
    revision: int
    state: PeriodState
    run_id: str | None
    decision_id: str | None
    known_at: datetime
    made_by: str | None
    reason: str | None


def stored_states(
    connection: Connection, entity_id: str, *, known_at: datetime, period: str | None = None
) -> dict[str, StoredState]:
    """Return by period what was last decided at ``known_at``; who asks has been asked for a right.

    A period without an entry has the state that its dates give it (``domain/period_state.py``).
    """
    query = select(period_state).where(
        known(period_state, known_at, "legal_entity_id", "period"),
        period_state.c.legal_entity_id == entity_id,
    )
    if period is not None:
        query = query.where(period_state.c.period == period)
    rows = connection.execute(query.order_by(period_state.c.period))
    return {row.period: _state_of(row) for row in rows}


def _state_of(row: Row[Any]) -> StoredState:
    fields = {name: getattr(row, name) for name in StoredState.__dataclass_fields__}
    fields["state"] = PeriodState(row.state)
    return StoredState(**fields)


def add_state(
    writing: Writing,
    period: str,
    state: PeriodState,
    *,
    revision: int,
    run_id: str | None = None,
    decision_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Write down what was decided about a period."""
    writing.connection.execute(
        insert(period_state).values(
            legal_entity_id=writing.entity_id,
            period=period,
            revision=revision,
            state=state.value,
            run_id=run_id,
            decision_id=decision_id,
            known_at=writing.known_at,
            made_by=writing.actor,
            reason=reason,
        )
    )

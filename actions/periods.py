"""The state of a period in the transaction that wants to book in it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from domain.period import Period
from domain.period_state import BOOKABLE, PeriodState, state_of
from domain.problem import Refused
from storage.engine import Writing
from storage.people import legal_entity
from storage.periods import StoredState, stored_states


def business_day(writing: Writing) -> date:
    """Return the day it is for the legal entity, by its own zone."""
    entity = legal_entity(writing.connection, writing.entity_id)
    assert entity is not None
    return writing.known_at.astimezone(ZoneInfo(entity.zone)).date()


def state_now(writing: Writing, period: Period) -> tuple[PeriodState, StoredState | None]:
    """Return the state of a period and what was decided about it, if anything was."""
    stored = stored_states(
        writing.connection, writing.entity_id, known_at=writing.known_at, period=period.name
    ).get(period.name)
    return state_of(stored.state if stored else None, period, business_day(writing)), stored


def demand_open(writing: Writing, period: Period, *, posting: bool = False) -> None:
    """Refuse to book in a period that is closed or lies ahead, and say what to do instead.

    ``posting`` says that a whole run is to be posted: that needs a period that has begun.
    """
    state, _ = state_now(writing, period)
    if state is PeriodState.CLOSED:
        raise Refused("period_closed", {"period": period.name})
    if state not in BOOKABLE or (posting and state is not PeriodState.OPEN):
        raise Refused("period_not_open", {"period": period.name})


def demand_version(writing: Writing, period: Period, expected: int) -> None:
    """Refuse to decide about a period that has come further than the client last saw."""
    _, stored = state_now(writing, period)
    current = stored.revision if stored else 0
    if current != expected:
        raise Refused("version_conflict", {"current": str(current)})

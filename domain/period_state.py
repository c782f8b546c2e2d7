"""The states of a period in a legal entity, and which may follow which.

A period nobody has touched has a state by its dates alone: OPEN from its first day on, before that
NOT_OPENED. So a company that never heard of closing works as if every period stood open.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from domain.period import Period


class PeriodState(StrEnum):
    """How far a period has come."""

    NOT_OPENED = "NOT_OPENED"  # lies ahead: nothing is booked in it
    FUTURE_ENTRY = "FUTURE_ENTRY"  # lies ahead, and adjustments may already be entered
    OPEN = "OPEN"
    CLOSED = "CLOSED"  # never moves again, unless two people decide to reopen it


_NEXT: dict[PeriodState, frozenset[PeriodState]] = {
    PeriodState.NOT_OPENED: frozenset({PeriodState.FUTURE_ENTRY, PeriodState.OPEN}),
    PeriodState.FUTURE_ENTRY: frozenset({PeriodState.OPEN}),
    PeriodState.OPEN: frozenset({PeriodState.CLOSED}),
    PeriodState.CLOSED: frozenset({PeriodState.OPEN}),
}
# In these states amounts may be booked in a period.
BOOKABLE = frozenset({PeriodState.FUTURE_ENTRY, PeriodState.OPEN})


def state_of(stored: PeriodState | None, period: Period, today: date) -> PeriodState:
    """Return the state on ``today``: what was decided, or what the dates say where nothing was.

    What was opened for entry ahead of time is open as soon as the period begins.
    """
    if stored is PeriodState.FUTURE_ENTRY and today >= period.start:
        return PeriodState.OPEN
    if stored is not None:
        return stored
    return PeriodState.OPEN if today >= period.start else PeriodState.NOT_OPENED


def may_follow(before: PeriodState, after: PeriodState) -> bool:
    """Say whether a period in ``before`` may come to ``after`` in one step."""
    return after in _NEXT[before]

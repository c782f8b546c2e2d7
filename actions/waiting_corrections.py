"""Closed periods of which something was learned that no correction knows yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from actions.closing import Closing, comes_before
from domain.checklist import ChecklistItem, Weight
from domain.period import Period, period_named
from domain.period_state import PeriodState
from storage.corrections import last_corrected
from storage.engine import Connection
from storage.periods import stored_states
from storage.results import run_by_id


def waiting_corrections(
    connection: Connection, entity_id: str, into: Period, known_at: datetime
) -> tuple[tuple[Period, int], ...]:
    """Return the earlier closed periods with the number of people concerned, the oldest first."""
    found = []
    states = stored_states(connection, entity_id, known_at=known_at)
    for name, stored in states.items():
        period = period_named(name)
        if stored.state is not PeriodState.CLOSED or not comes_before(period, into):
            continue
        final = run_by_id(connection, entity_id, stored.run_id or "")
        if final is None:
            continue
        closing = Closing(
            connection=connection, entity_id=entity_id, period=period, known_at=known_at
        )
        touched = closing.touched_since(last_corrected(connection, final))
        if touched:
            found.append((period, touched))
    return tuple(sorted(found))


def corrections_are_booked(closing: Closing) -> Iterator[ChecklistItem]:
    """What was learned of earlier closed periods is booked; where not, the close does it."""
    waiting = waiting_corrections(
        closing.connection, closing.entity_id, closing.period, closing.known_at
    )
    if waiting:
        yield ChecklistItem(
            code="check_corrections",
            count=sum(count for _, count in waiting),
            weight=Weight.WARNING,
            values={"periods": ", ".join(period.name for period, _ in waiting)},
        )

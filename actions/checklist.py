"""The checklist of a period: what to look at before it is closed.

Each check is a function of what is to be closed. A part of the product that has something to say
before a close adds its function to ``CHECKS``; the query and the close itself ask them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from actions.accepted_plans import plans_are_accepted
from actions.closing import Closing, comes_before
from actions.disputes import disputes_are_decided
from actions.waiting_corrections import corrections_are_booked
from domain.checklist import ChecklistItem, Weight
from domain.period import period_named
from domain.period_state import PeriodState
from storage.periods import stored_states
from storage.runs import posted_periods
from storage.sources import not_ready
from storage.waiting import rows_in_quarantine, unlinked_names

Check = Callable[[Closing], Iterable[ChecklistItem]]


def is_over(closing: Closing) -> Iterator[ChecklistItem]:
    """A period is closed after its last day."""
    if closing.today <= closing.period.last_day:
        values = {"last": closing.period.last_day.isoformat()}
        yield ChecklistItem(code="check_not_over", count=1, weight=Weight.BLOCKING, values=values)


def earlier_are_closed(closing: Closing) -> Iterator[ChecklistItem]:
    """Periods of a kind are closed in their order."""
    states = stored_states(closing.connection, closing.entity_id, known_at=closing.known_at)
    closed = {name for name, each in states.items() if each.state is PeriodState.CLOSED}
    waiting = [
        name
        for name in posted_periods(closing.connection, closing.entity_id)
        if name not in closed and comes_before(period_named(name), closing.period)
    ]
    if waiting:
        yield ChecklistItem(
            code="check_earlier_open",
            count=len(waiting),
            weight=Weight.BLOCKING,
            values={"periods": ", ".join(sorted(waiting))},
        )


def sources_are_ready(closing: Closing) -> Iterator[ChecklistItem]:
    """Every source has said that it is complete up to the period's last day."""
    late = not_ready(
        closing.connection,
        closing.entity_id,
        fact_kinds=closing.fact_kinds,
        through=closing.period.last_day,
        known_at=closing.known_at,
    )
    if late:
        names = ", ".join(sorted({each["fact"] for each in late}))
        yield ChecklistItem(
            code="check_source_late",
            count=len(late),
            weight=Weight.WARNING,
            values={"facts": names},
        )


def nothing_waits(closing: Closing) -> Iterator[ChecklistItem]:
    """No row is in quarantine, and every name that sold in the period is somebody's."""
    bad = rows_in_quarantine(closing.connection, closing.entity_id)
    if bad:
        yield ChecklistItem(code="check_quarantine", count=bad, weight=Weight.WARNING)
    names = unlinked_names(
        closing.connection,
        closing.entity_id,
        closing.period.start,
        closing.period.end,
        closing.known_at,
    )
    if names:
        yield ChecklistItem(code="check_unlinked", count=names, weight=Weight.WARNING)


def run_is_new(closing: Closing) -> Iterator[ChecklistItem]:
    """The posted run knows everything; where it does not, the close calculates once more."""
    if closing.posted is None:
        yield ChecklistItem(code="check_run_missing", count=1, weight=Weight.WARNING)
        return
    touched = closing.touched_since(closing.posted)
    if touched:
        yield ChecklistItem(code="check_run_old", count=touched, weight=Weight.WARNING)


# Approvals and pay sheets add their checks here.
CHECKS: list[Check] = [
    is_over,
    earlier_are_closed,
    sources_are_ready,
    nothing_waits,
    run_is_new,
    corrections_are_booked,
    disputes_are_decided,
    plans_are_accepted,
]


def checklist(closing: Closing) -> tuple[ChecklistItem, ...]:
    """Ask every check; an empty answer means that nothing stands in the way."""
    return tuple(item for check in CHECKS for item in check(closing))

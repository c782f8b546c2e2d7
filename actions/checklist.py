"""The checklist of a period: what to look at before it is closed.

Each check is a function of what is to be closed. A part of the product that has something to say
before a close adds its function to ``CHECKS``; the query and the close itself ask them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from actions.participants import Participant, participants
from actions.scoring import Variant, metrics_needed, variants_of
from actions.touched import facts_read, since_run, touched_people
from domain.checklist import ChecklistItem, Weight
from domain.metric import Metric
from domain.period import Period, period_named
from domain.period_state import PeriodState
from storage.definitions import metrics_by_key
from storage.engine import Connection
from storage.people import legal_entity
from storage.periods import stored_states
from storage.results import Run
from storage.runs import RunState, posted_periods, runs_in
from storage.sources import not_ready
from storage.waiting import rows_in_quarantine, unlinked_names


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A period that is to be closed, and what is known of it; read once, for all checks."""

    connection: Connection
    entity_id: str
    period: Period
    known_at: datetime

    @cached_property
    def today(self) -> date:
        """The day it is for the legal entity."""
        entity = legal_entity(self.connection, self.entity_id)
        assert entity is not None
        return self.known_at.astimezone(ZoneInfo(entity.zone)).date()

    @cached_property
    def people(self) -> tuple[Participant, ...]:
        """Who takes part."""
        return participants(self.connection, self.entity_id, self.period, self.known_at)[0]

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The rules of those who take part."""
        return variants_of(self.people)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The metrics of the period."""
        return metrics_by_key(
            self.connection,
            self.entity_id,
            valid_at=self.period.start,
            known_at=self.known_at,
        )

    @cached_property
    def posted(self) -> Run | None:
        """The posted run that stands, if there is one."""
        found = runs_in(self.connection, self.entity_id, self.period.name, [RunState.POSTED])
        return found[0] if found else None

    def touched_since(self, run: Run, period: Period | None = None) -> int:
        """Count whom something touched that was learned after a run."""
        read = facts_read(self.metrics, self.variants, self.period)
        found = touched_people(
            self.connection, period or self.period, since_run(run, self.known_at), read
        )
        return len(self.people) if found is None else len(found & _ids(self.people))


def _ids(people: Iterable[Participant]) -> set[str]:
    return {person.person_id for person in people}


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


def comes_before(one: Period, other: Period) -> bool:
    """Say whether a period is an earlier one of the same kind and the same calendar."""
    return one.kind is other.kind and _shift(one) == _shift(other) and one.start < other.start


def _shift(period: Period) -> str:
    return period.name.partition("@")[2]


def sources_are_ready(closing: Closing) -> Iterator[ChecklistItem]:
    """Every source has said that it is complete up to the period's last day."""
    kinds: set[str] = set()
    for key in metrics_needed(closing.variants):
        if key in closing.metrics:
            kinds |= closing.metrics[key].fact_kinds
    late = not_ready(
        closing.connection,
        closing.entity_id,
        fact_kinds=frozenset(kinds),
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


# Disputes, approvals, pay sheets and signatures on plans add their checks here.
CHECKS: list[Check] = [
    is_over,
    earlier_are_closed,
    sources_are_ready,
    nothing_waits,
    run_is_new,
]


def checklist(closing: Closing) -> tuple[ChecklistItem, ...]:
    """Ask every check; an empty answer means that nothing stands in the way."""
    return tuple(item for check in CHECKS for item in check(closing))

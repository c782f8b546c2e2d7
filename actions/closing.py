"""A period that is to be closed, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from actions.participants import Participant, participants
from actions.scoring import Variant, metrics_needed, variants_of
from actions.touched import facts_read, since_run, touched_people
from domain.metric import Metric
from domain.period import Period
from domain.problem import Refused
from storage.definitions import metrics_by_key
from storage.engine import Connection
from storage.people import legal_entity
from storage.results import Run, people_in
from storage.runs import RunState, runs_in


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
        if entity is None:
            raise Refused("not_found", {"id": self.entity_id})
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

    @cached_property
    def fact_kinds(self) -> frozenset[str]:
        """The kinds of facts that the rules of the period read."""
        kinds: set[str] = set()
        for key in metrics_needed(self.variants):
            if key in self.metrics:
                kinds |= self.metrics[key].fact_kinds
        return frozenset(kinds)

    def touched_since(self, run: Run) -> int:
        """Count whom something touched that was learned after a run.

        Whoever takes part, also through the goal of the own unit, and whoever the run counted and
        who takes part no more.
        """
        read = facts_read(self.metrics, self.variants, self.period)
        found = touched_people(self.connection, self.period, since_run(run, self.known_at), read)
        if found is None:
            return len(self.people)
        part = {each.person_id for each in self.people}
        touched = {each.person_id for each in self.people if _units_of(each) & found}
        gone = people_in(self.connection, run.id, found - part)
        return len((found & part) | touched | gone)


def _units_of(person: Participant) -> set[str]:
    return {person.unit_id, *(each.assignment.unit_id for each in person.segments)}


def comes_before(one: Period, other: Period) -> bool:
    """Say whether a period is an earlier one of the same kind and the same calendar."""
    return one.kind is other.kind and _shift(one) == _shift(other) and one.start < other.start


def _shift(period: Period) -> str:
    return period.name.partition("@")[2]

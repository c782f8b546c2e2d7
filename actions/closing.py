"""A period that is to be closed, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from actions.participants import Participant, participants
from actions.scoring import Variant, variants_of
from actions.touched import facts_read, since_run, touched_people
from domain.metric import Metric
from domain.period import Period
from domain.problem import Refused
from storage.definitions import metrics_by_key
from storage.engine import Connection
from storage.people import legal_entity
from storage.results import Run
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

    def touched_since(self, run: Run, period: Period | None = None) -> int:
        """Count whom something touched that was learned after a run."""
        read = facts_read(self.metrics, self.variants, self.period)
        found = touched_people(
            self.connection, period or self.period, since_run(run, self.known_at), read
        )
        return len(self.people) if found is None else len(found & _ids(self.people))


def _ids(people: Iterable[Participant]) -> set[str]:
    return {person.person_id for person in people}


def comes_before(one: Period, other: Period) -> bool:
    """Say whether a period is an earlier one of the same kind and the same calendar."""
    return one.kind is other.kind and _shift(one) == _shift(other) and one.start < other.start


def _shift(period: Period) -> str:
    return period.name.partition("@")[2]

"""When a legal entity's open periods are calculated by themselves, and what came of a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.period import Period, PeriodKind, period_around


class LateSources(StrEnum):
    """What is done while a source has not said that it is complete up to yesterday."""

    CALCULATE = "CALCULATE"  # the run says what it waits for
    WAIT = "WAIT"


class LookOutcome(StrEnum):
    """What came of it when a period was due."""

    QUEUED = "QUEUED"
    NOTHING_NEW = "NOTHING_NEW"  # nothing was learned since the last run
    NOBODY = "NOBODY"  # no scorecard and no plan reaches anybody
    JOB_RUNS = "JOB_RUNS"  # something is queued or at work; it is looked at again
    SOURCES_LATE = "SOURCES_LATE"  # it waits for a source, and is looked at again
    LEFT_ALONE = "LEFT_ALONE"  # it kept failing


# After these the next look is when the timetable says so; after the others as soon as possible.
SETTLED = frozenset({LookOutcome.QUEUED, LookOutcome.NOTHING_NEW, LookOutcome.NOBODY})


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculationTimetable:
    """What a legal entity decided; without ``timetable`` somebody has to ask."""

    entity_id: str
    timetable: Mapping[str, object] | None
    kinds: tuple[PeriodKind, ...]
    months_begin_on: int  # 1: those of the calendar
    late_sources: LateSources
    shows_scores: bool  # whoever is concerned sees the score of these trials
    reason: str
    version: int
    known_at: datetime

    def periods(self, today: date) -> Iterator[Period]:
        """Name the period of today and the one before it, of each kind; the older one first."""
        for kind in self.kinds:
            now = period_around(today, kind, self.months_begin_on)
            yield now.earlier()
            yield now


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of the newest look at a period."""

    period: str
    outcome: LookOutcome
    values: Mapping[str, str]
    at: datetime  # since when it is so
    known_at: datetime  # what was known to it
    settled_at: datetime | None  # when it was last queued, or found to need nothing

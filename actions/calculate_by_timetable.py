"""Open periods that are due by the timetable of their legal entity are calculated as trials.

Nobody need be there, and nothing is posted. A period is calculated when something was learned since
its last run, and waits while other work is under way. What came of each look is kept, so that
whoever asks why there is no newer run is told, and so that a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from actions.breaker import BreakerState, breaker_of
from actions.calculate import Mode
from actions.closing import Closing
from actions.deed import Runtime
from actions.jobs import STALLED, queue_timed_calculation
from actions.periods import state_now
from actions.timetable import next_due, read_timetable
from domain.access import System
from domain.period import Period
from domain.period_state import PeriodState
from domain.statement import ENGINE_VERSION
from domain.timed_calculation import (
    SETTLED,
    CalculationTimetable,
    LateSources,
    Look,
    LookOutcome,
)
from storage.engine import Connection, Writing, changing, reading
from storage.live import last_learned
from storage.people import legal_entity
from storage.results import Run
from storage.runs import last_run_of
from storage.sources import not_ready
from storage.timed_calculation import (
    calculation_timetable,
    failures_in_row,
    job_at_work,
    keep_look,
    last_began,
    looks,
    timed_entities,
)

_CLOCK = System(name="timetable")
_ONE_DAY = timedelta(days=1)
_NOTHING: Mapping[str, str] = {}
# Found again at every look until it is over: kept once, with when it began.
_UNTIL_IT_ENDS = frozenset({LookOutcome.JOB_RUNS, LookOutcome.LEFT_ALONE})


def entities_with_timetable(runtime: Runtime) -> tuple[str, ...]:
    """Name the legal entities whose periods are calculated by themselves."""
    with reading(runtime.engine, _CLOCK) as database:
        return timed_entities(database)


def queue_due_calculations(runtime: Runtime, entity_id: str) -> tuple[str, ...]:
    """Queue a trial of every open period of an entity that is due; return which.

    Two workers that look at once queue one: writers of a legal entity take turns.
    """
    now = runtime.clock()
    with reading(runtime.engine, _CLOCK) as database:
        turn = _turn(database, entity_id)
        decided = calculation_timetable(database, entity_id)
        if decided is None or decided.timetable is None:
            return ()
        kept = looks(database, entity_id)
        seen = [
            look
            for period in _open_periods(turn, decided, now)
            if (look := _Clock(turn, decided, now).look(period, kept.get(period.name))) is not None
        ]
    return tuple(
        look.period for look in seen if _done(runtime, decided, look, kept.get(look.period))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """An open period: what came of the newest look, and when it is looked at next."""

    period: str
    look: Look | None  # none before the first
    next_at: datetime  # at once where that is not later than now


def watched_periods(
    connection: Connection, decided: CalculationTimetable, now: datetime
) -> tuple[Watched, ...]:
    """Say of every open period of a timetable what became of it; without a timetable of none."""
    if decided.timetable is None:
        return ()
    kept = looks(connection, decided.entity_id)
    found = []
    for period in _open_periods(_turn(connection, decided.entity_id), decided, now):
        look = kept.get(period.name)
        due = max(_due_at(connection, decided, period.name, look) or now, now)
        failed = failures_in_row(connection, decided.entity_id, period.name, decided.known_at)
        next_try = breaker_of(*failed, now).next_try
        found.append(Watched(period=period.name, look=look, next_at=max(due, next_try or due)))
    return tuple(found)


def _open_periods(
    turn: Writing, decided: CalculationTimetable, now: datetime
) -> tuple[Period, ...]:
    """Name the periods of a timetable: that of today, and the one before until it is closed."""
    entity = legal_entity(turn.connection, turn.entity_id)
    assert entity is not None
    today = now.astimezone(ZoneInfo(entity.zone)).date()
    at = replace(turn, known_at=max(turn.known_at, now))
    return tuple(
        period for period in decided.periods(today) if state_now(at, period)[0] is PeriodState.OPEN
    )


def _due_at(
    connection: Connection, decided: CalculationTimetable, period: str, look: Look | None
) -> datetime | None:
    """Say when a period is due; None: at once. A run that somebody asked for counts as well."""
    entity = legal_entity(connection, decided.entity_id)
    assert entity is not None
    assert decided.timetable is not None, "only where there is a timetable something is due"
    began = last_began(connection, decided.entity_id, period)
    settled = None if look is None else look.settled_at
    last = max((each for each in (began, settled) if each is not None), default=None)
    return next_due(read_timetable(decided.timetable), last, ZoneInfo(entity.zone))


def _turn(connection: Connection, entity_id: str) -> Writing:
    """Know what the entity's last write left; of a turn of writing only the connection is read."""
    learned = last_learned(connection, entity_id)
    assert learned is not None, "whoever decided on a timetable has written"
    return Writing(connection=connection, entity_id=entity_id, known_at=learned, actor=_CLOCK.name)


def _done(runtime: Runtime, decided: CalculationTimetable, look: Look, before: Look | None) -> bool:
    """Do what a look came to, and keep it; return whether a calculation was queued."""
    if look.outcome is LookOutcome.QUEUED:
        with runtime.writing(decided.entity_id, _CLOCK) as writing:
            if not _is_still_wanted(writing, decided, look):
                return False
            queue_timed_calculation(writing, look.period, shows_scores=decided.shows_scores)
            keep_look(writing.connection, decided.entity_id, look)
        return True
    if look.outcome not in _UNTIL_IT_ENDS or before is None or before.outcome != look.outcome:
        with changing(runtime.engine, _CLOCK) as connection:
            keep_look(connection, decided.entity_id, look)
    return False


def _is_still_wanted(writing: Writing, decided: CalculationTimetable, look: Look) -> bool:
    held = calculation_timetable(writing.connection, decided.entity_id)
    known = looks(writing.connection, decided.entity_id).get(look.period)
    return (
        held is not None
        and held.version == decided.version
        and (known is None or known.settled_at is None or known.settled_at < look.at)
        and not job_at_work(writing.connection, decided.entity_id, look.at, decisive=True)
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """Looks at the periods of one legal entity, at one instant."""

    turn: Writing
    decided: CalculationTimetable
    now: datetime

    def look(self, period: Period, before: Look | None) -> Look | None:
        """Say what is to be done about a period; None: it is not due."""
        connection = self.turn.connection
        due = _due_at(connection, self.decided, period.name, before)
        if due is not None and due > self.now:
            return None
        was_late = before is not None and before.outcome is LookOutcome.SOURCES_LATE
        if before is not None and was_late and self.turn.known_at == before.known_at:
            return None  # no source has said anything since
        has_waited = before is not None and before.outcome is LookOutcome.JOB_RUNS
        since = before.at if before is not None and has_waited else self.now
        outcome, values = self._outcome(period, since, before)
        settled = None if before is None else before.settled_at
        settled = self.now if outcome in SETTLED else settled
        return Look(
            period=period.name,
            outcome=outcome,
            values=values,
            at=self.now,
            known_at=self.turn.known_at,
            settled_at=settled,
        )

    def _outcome(
        self, period: Period, since: datetime, before: Look | None
    ) -> tuple[LookOutcome, Mapping[str, str]]:
        connection, entity_id = self.turn.connection, self.turn.entity_id
        # Whoever waits for ever for sources that are read all day never calculates: the queue has
        # the calculation begin after the reading that was asked for before it.
        is_patient = self.now - since < STALLED
        if job_at_work(connection, entity_id, self.now, decisive=not is_patient):
            return LookOutcome.JOB_RUNS, _NOTHING
        failed = failures_in_row(connection, entity_id, period.name, self.decided.known_at)
        breaker = breaker_of(*failed, self.now)
        if breaker.state is BreakerState.OPEN and breaker.next_try is not None:
            next_try = breaker.next_try.isoformat(timespec="minutes")
            return LookOutcome.LEFT_ALONE, {"failures": str(breaker.failures), "next": next_try}
        return self._of_news(period, last_run_of(self.turn, period.name), before)

    def _of_news(
        self, period: Period, last: Run | None, before: Look | None
    ) -> tuple[LookOutcome, Mapping[str, str]]:
        closing = Closing(
            connection=self.turn.connection,
            entity_id=self.turn.entity_id,
            period=period,
            known_at=self.turn.known_at,
        )
        is_seen = before is not None and before.known_at == closing.known_at
        had_nothing = before is not None and before.outcome is LookOutcome.NOTHING_NEW
        if last is not None and not self._is_old(closing, last, seen=is_seen and had_nothing):
            return LookOutcome.NOTHING_NEW, _NOTHING
        if last is None and not closing.people:
            return LookOutcome.NOBODY, _NOTHING
        late = self._late(closing)
        if late and self.decided.late_sources is LateSources.WAIT:
            return LookOutcome.SOURCES_LATE, {"facts": ", ".join(sorted(late))}
        return LookOutcome.QUEUED, _NOTHING

    def _is_old(self, closing: Closing, last: Run, *, seen: bool) -> bool:
        """Say whether a run would come to something else now; ``seen``: all was known last time."""
        is_hidden = last.mode == Mode.TRIAL.value and not last.scores_shown
        if last.engine_version != ENGINE_VERSION or (is_hidden and self.decided.shows_scores):
            return True  # a trial that somebody asked for is not shown to whom it concerns
        if not seen and closing.known_at > last.known_at and closing.touched_since(last):
            return True
        return not last.final and self._is_complete(closing, last)

    def _is_complete(self, closing: Closing, last: Run) -> bool:
        """Say whether the period is over, and what its last run waited for is there."""
        today = replace(closing, known_at=self.now).today
        return today > closing.period.last_day and not not_ready(
            closing.connection,
            closing.entity_id,
            fact_kinds=frozenset(each["fact"] for each in last.waiting_for),
            through=closing.period.last_day,
            known_at=closing.known_at,
        )

    def _late(self, closing: Closing) -> set[str]:
        """Name the kinds of facts whose source has not said that it is complete up to yesterday.

        What no source ever says anything of is not waited for.
        """
        today = replace(closing, known_at=self.now).today
        waiting = not_ready(
            closing.connection,
            closing.entity_id,
            fact_kinds=closing.fact_kinds,
            through=min(closing.period.last_day, today - _ONE_DAY),
            known_at=closing.known_at,
        )
        return {each["fact"] for each in waiting if each["stream"]}

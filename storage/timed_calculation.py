"""When periods are calculated by themselves: what was decided, what was seen, what failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, or_, select, update

from domain.period import PeriodKind
from domain.timed_calculation import CalculationTimetable, LateSources, Look, LookOutcome
from storage import tables
from storage.engine import Writing
from storage.jobs import JobState
from storage.rules import known

_timetable, _look, _job = tables.calculation_timetable, tables.calculation_look, tables.job
_ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)
_CALCULATE = "CALCULATE"
# What changes a period's runs; everything else only brings something to calculate with.
_DECISIVE = (_CALCULATE, "CLOSE", "CORRECT")
_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)
# A job that runs for longer has lost its worker: it must not keep the clock for ever.
_LOST = timedelta(hours=12)
_LOOKED_BACK = 50  # jobs of a period, to count how many failed in a row


def timed_entities(connection: Connection) -> tuple[str, ...]:
    """Name the legal entities that have a timetable, by id."""
    query = select(_timetable.c.legal_entity_id).where(
        known(_timetable, _ALL_KNOWN, "legal_entity_id"), _timetable.c.timetable.is_not(None)
    )
    return tuple(connection.execute(query.order_by(_timetable.c.legal_entity_id)).scalars())


def calculation_timetable(connection: Connection, entity_id: str) -> CalculationTimetable | None:
    """Return what a legal entity decided last; None where it never decided."""
    query = select(_timetable).where(
        _timetable.c.legal_entity_id == entity_id, known(_timetable, _ALL_KNOWN, "legal_entity_id")
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _timetable_of(row)


def _timetable_of(row: Row[Any]) -> CalculationTimetable:
    return CalculationTimetable(
        entity_id=row.legal_entity_id,
        timetable=row.timetable,
        kinds=tuple(PeriodKind(each) for each in row.kinds),
        months_begin_on=row.months_begin_on,
        late_sources=LateSources(row.late_sources),
        shows_scores=row.shows_scores,
        reason=row.reason,
        version=row.revision,
        known_at=row.known_at,
    )


def add_timetable(writing: Writing, decided: CalculationTimetable) -> None:
    """Add a revision of what a legal entity decided."""
    writing.connection.execute(
        insert(_timetable).values(
            legal_entity_id=writing.entity_id,
            revision=decided.version,
            timetable=decided.timetable,
            kinds=[each.value for each in decided.kinds],
            months_begin_on=decided.months_begin_on,
            late_sources=decided.late_sources.value,
            shows_scores=decided.shows_scores,
            reason=decided.reason,
            known_at=decided.known_at,
            made_by=writing.actor,
        )
    )


def looks(connection: Connection, entity_id: str) -> Mapping[str, Look]:
    """Return what came of the newest look at each period."""
    query = select(_look).where(_look.c.legal_entity_id == entity_id).order_by(_look.c.period)
    return {
        row.period: Look(
            period=row.period,
            outcome=LookOutcome(row.outcome),
            values=dict(row.outcome_values),
            at=row.seen_at,
            known_at=row.known_at,
            settled_at=row.settled_at,
        )
        for row in connection.execute(query)
    }


def keep_look(connection: Connection, entity_id: str, look: Look) -> None:
    """Keep what came of a look in the place of the one before."""
    values = {
        "outcome": look.outcome.value,
        "outcome_values": dict(look.values),
        "seen_at": look.at,
        "known_at": look.known_at,
        "settled_at": look.settled_at,
    }
    here = (_look.c.legal_entity_id == entity_id) & (_look.c.period == look.period)
    if connection.execute(update(_look).where(here).values(**values)).rowcount == 0:
        row = {"legal_entity_id": entity_id, "period": look.period, **values}
        connection.execute(insert(_look).values(**row))


def last_began(connection: Connection, entity_id: str, period: str) -> datetime | None:
    """Say when a period was calculated last, by whomever."""
    run = tables.calculation_run
    query = select(func.max(run.c.started_at)).where(
        run.c.legal_entity_id == entity_id, run.c.period == period, run.c.base_run_id.is_(None)
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def job_at_work(
    connection: Connection, entity_id: str, now: datetime, *, decisive: bool = False
) -> bool:
    """Say whether a job of the entity waits or runs; ``decisive``: one that makes a run."""
    is_queued = _job.c.state == JobState.QUEUED.value
    is_running = (_job.c.state == JobState.RUNNING.value) & (_job.c.started_at > now - _LOST)
    found = select(1).where(_job.c.legal_entity_id == entity_id, or_(is_queued, is_running))
    if decisive:
        found = found.where(_job.c.kind.in_(_DECISIVE))
    return bool(connection.execute(select(exists(found))).scalar_one())


def failures_in_row(
    connection: Connection, entity_id: str, period: str, since: datetime
) -> tuple[int, datetime | None]:
    """Count the calculations of a period that failed since one was made, and when the last did.

    A timetable that was decided anew (``since``) begins a new count.
    """
    query = (
        select(_job.c.state, _job.c.finished_at)
        .where(
            _job.c.legal_entity_id == entity_id,
            _job.c.kind == _CALCULATE,
            _job.c.arguments["period"].as_string() == period,
            _job.c.state.not_in(_UNFINISHED),
            _job.c.made_at > since,
        )
        .order_by(_job.c.made_at.desc(), _job.c.id.desc())
        .limit(_LOOKED_BACK)
    )
    count, last = 0, None
    for state, finished_at in connection.execute(query):
        if state == JobState.DONE.value:
            break
        if state == JobState.FAILED.value:
            count, last = count + 1, last or finished_at
    return count, last

"""Sources that are due by their timetables are queued to be read; nobody need be there."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from actions.breaker import BreakerState
from actions.deed import Runtime
from actions.jobs import queue_hinted_sync
from actions.timetable import next_due, read_timetable
from actions.watch_connection import breaker_at
from domain.access import System
from storage.engine import reading
from storage.timetables import Timed, busy_connections, last_asked, timed_connections

_CLOCK = System(name="timetable")


def queue_due_syncs(runtime: Runtime) -> tuple[str, ...]:
    """Queue a sync of every connection that is due; return which.

    One that waits or runs already is not queued again, nor one that keeps failing and is left
    alone. Two workers that look at once queue one: writers of a legal entity take turns.
    """
    with reading(runtime.engine, _CLOCK) as database:
        now = runtime.clock()
        busy = busy_connections(database, now)
        due = []
        for each in timed_connections(database):
            if each.connection_id in busy or not is_due(each, each.last_began, now):
                continue
            # One whose secret or plug-in is missing never begins: it too is tried by its timetable.
            if not is_due(each, last_asked(database, each.entity_id, each.connection_id), now):
                continue
            breaker = breaker_at(database, _CLOCK, each.entity_id, each.connection_id, now)
            if breaker.state is not BreakerState.OPEN:
                due.append(each)
    for each in due:
        with runtime.writing(each.entity_id, _CLOCK) as writing:
            queue_hinted_sync(writing, each.connection_id)
    return tuple(each.connection_id for each in due)


def is_due(timed: Timed, last: datetime | None, now: datetime) -> bool:
    """Say whether it is time to read a source that was read, or to be read, at ``last``."""
    due = next_due(read_timetable(timed.timetable), last, ZoneInfo(timed.zone))
    return due is None or due <= now

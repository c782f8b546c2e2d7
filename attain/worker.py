"""The worker: takes queued jobs one after another, in threads of the server or on its own.

Reading a source may hang on somebody else's server or program. So sources are read in lanes of
their own, and all other work goes on beside them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import structlog

from actions.calculate_by_timetable import entities_with_timetable, queue_due_calculations
from actions.deed import Runtime
from actions.jobs import requeue_stalled, work_once
from actions.sync_by_timetable import queue_due_syncs
from storage.jobs import Lane

_log = structlog.get_logger("attain.worker")
_LOOK_SECONDS = 15.0  # how often it looks which sources are due
_PAUSE_SECONDS = 0.5  # how long an idle lane waits before it looks again
SOURCES_AT_ONCE = 4
_FAREWELL_SECONDS = 20.0  # a sync that is cut off loses nothing: the next one goes on


class Worker:
    """Threads that work until they are told to stop; a job that fails ends none of them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop = threading.Event()
        self._others = [
            self._thread("timetable", partial(self._look, runtime)),
            self._thread("others", partial(self._work, Lane.OTHERS)),
        ]
        self._sources = [
            self._thread(f"sources-{number}", partial(self._work, Lane.SOURCES))
            for number in range(1, SOURCES_AT_ONCE + 1)
        ]

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, name=f"attain-worker-{name}", daemon=True)

    def start(self) -> None:
        """Begin. With an embedded database nobody else can be at work: all is queued again."""
        embedded = self._runtime.engine.dialect.name == "sqlite"
        requeue_stalled(self._runtime, everything=embedded)
        for thread in (*self._others, *self._sources):
            thread.start()

    def stop(self) -> None:
        """Finish the job in hand and end; a source that hangs is left behind."""
        self._stop.set()
        for thread in self._others:
            thread.join()
        for thread in self._sources:
            thread.join(_FAREWELL_SECONDS)

    def _work(self, lane: Lane) -> None:
        while not self._stop.is_set():
            try:
                busy = work_once(self._runtime, lane)
            except Exception as fault:  # noqa: BLE001 - the job is marked; the next one must go on
                _log.error("job_fault", fault=type(fault).__name__, exc_info=True)
                busy = False
            if not busy:
                self._stop.wait(_PAUSE_SECONDS)

    def _look(self, runtime: Runtime) -> None:
        """Queue what is due; a lane that is busy for hours must not keep the others from work."""
        while not self._stop.is_set():
            self._try(partial(queue_due_syncs, runtime))
            # Periods come after the sources that are due as well: they wait for them.
            for entity_id in self._try(partial(entities_with_timetable, runtime)):
                self._try(partial(queue_due_calculations, runtime, entity_id))
            self._stop.wait(_LOOK_SECONDS)

    def _try(self, look: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """Look; one legal entity whose rules are broken must not keep the others waiting."""
        try:
            return look()
        except Exception as fault:  # noqa: BLE001 - a database that is away comes back
            _log.error("timetable_fault", fault=type(fault).__name__, exc_info=True)
            return ()

"""The worker: takes queued jobs one after another, in threads of the server or on its own.

Reading a source may hang on somebody else's server or program. So sources are read in lanes of
their own, and all other work goes on beside them.
"""

from __future__ import annotations

import threading

import structlog

from actions.deed import Runtime
from actions.jobs import requeue_stalled, work_once
from storage.jobs import Lane

_log = structlog.get_logger("attain.worker")
_PAUSE_SECONDS = 0.5  # how long an idle lane waits before it looks again
SOURCES_AT_ONCE = 4
_FAREWELL_SECONDS = 20.0  # a sync that is cut off loses nothing: the next one goes on


class Worker:
    """Threads that work until they are told to stop; a job that fails ends none of them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop = threading.Event()
        self._others = self._thread(Lane.OTHERS)
        self._sources = [self._thread(Lane.SOURCES) for _ in range(SOURCES_AT_ONCE)]

    def _thread(self, lane: Lane) -> threading.Thread:
        name = f"attain-worker-{lane.value.lower()}"
        return threading.Thread(target=self._work, args=(lane,), name=name, daemon=True)

    def start(self) -> None:
        """Begin. With an embedded database nobody else can be at work: all is queued again."""
        embedded = self._runtime.engine.dialect.name == "sqlite"
        requeue_stalled(self._runtime, everything=embedded)
        for thread in (self._others, *self._sources):
            thread.start()

    def stop(self) -> None:
        """Finish the job in hand and end; a source that hangs is left behind."""
        self._stop.set()
        self._others.join()
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

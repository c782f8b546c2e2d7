"""The worker: takes queued jobs one after another, in a thread of the server or on its own."""

from __future__ import annotations

import threading
import time

import structlog

from actions.deed import Runtime
from actions.jobs import requeue_stalled, work_once
from actions.sync_by_timetable import queue_due_syncs

_log = structlog.get_logger("attain.worker")
_LOOK_SECONDS = 15.0  # how often it looks which sources are due
_PAUSE_SECONDS = 0.5  # how long an idle worker waits before it looks again


class Worker:
    """One thread that works until it is told to stop; a job that fails does not end it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="attain-worker", daemon=True)

    def start(self) -> None:
        """Begin. With an embedded database nobody else can be at work: all is queued again."""
        embedded = self._runtime.engine.dialect.name == "sqlite"
        requeue_stalled(self._runtime, everything=embedded)
        self._thread.start()

    def stop(self) -> None:
        """Finish the job in hand and end."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        looked = -_LOOK_SECONDS
        while not self._stop.is_set():
            try:
                if time.monotonic() - looked >= _LOOK_SECONDS:
                    looked = time.monotonic()
                    queue_due_syncs(self._runtime)
                busy = work_once(self._runtime)
            except Exception as fault:  # noqa: BLE001 - the job is marked; the next one must go on
                _log.error("job_fault", fault=type(fault).__name__, exc_info=True)
                busy = False
            if not busy:
                self._stop.wait(_PAUSE_SECONDS)

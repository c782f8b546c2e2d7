"""The sealer: puts the new rows of the trail under a checkpoint every so often, and anchors it."""

from __future__ import annotations

import threading

import structlog

from actions.anchor_trail import anchor_trail
from actions.deed import Runtime
from actions.seal_trail import seal_trail
from domain.access import System
from storage.engine import reading
from storage.people import legal_entities

SEALER = System(name="sealer")
_log = structlog.get_logger("attain.sealer")


def seal_everything(runtime: Runtime) -> int:
    """Seal and anchor the trail of every legal entity; return how many checkpoints were made.

    One entity that cannot be sealed is reported and does not keep the others from it.
    """
    with reading(runtime.engine, SEALER) as connection:
        entities = [entity.id for entity in legal_entities(connection)]
    made = 0
    for entity_id in entities:
        try:
            made += seal_trail(runtime, SEALER, entity_id) is not None
            for problem in anchor_trail(runtime, SEALER, entity_id):
                _log.warning("anchor_failed", **problem.values)
        except Exception as fault:  # noqa: BLE001 - said in the log; the next time may be better
            _log.error("seal_fault", fault=type(fault).__name__, exc_info=True)
    return made


class Sealer:
    """One thread that seals at a regular pace until it is told to stop; 0 seconds is never."""

    def __init__(self, runtime: Runtime, seconds: float) -> None:
        self._runtime = runtime
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="attain-sealer", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """Seal a last time and end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(self._seconds):
            self._seal()
        self._seal()

    def _seal(self) -> None:
        try:
            seal_everything(self._runtime)
        except Exception as fault:  # noqa: BLE001 - a database that is away may come back
            _log.error("seal_fault", fault=type(fault).__name__, exc_info=True)

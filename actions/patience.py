"""How long a source that stumbles is asked again: the same for its columns, its rows, its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from connectors.failures import RateLimited, Transient

TRIES = 4
_WAIT_SECONDS_MAX = 60.0
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Patience:
    """Counts the stumbles of one question in a row; ``wait`` sleeps."""

    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    _stumbles: int = 0

    def bear(self, failure: RateLimited | Transient, *, moved: bool = False) -> None:
        """Wait as long as the failure asks for, or raise it: too long, or once too often.

        ``moved`` says that something was read before it, which is no stumble in a row.
        """
        self._stumbles = (0 if moved else self._stumbles) + 1
        pause = float(2**self._stumbles)
        if isinstance(failure, RateLimited):
            self._stumbles -= moved  # a source that says when goes on with a clean sheet
            pause = max((failure.until - self.clock()).total_seconds(), 0.0)
        if pause > _WAIT_SECONDS_MAX or self._stumbles >= TRIES:
            raise failure
        self.wait(pause)


def patiently(patience: Patience, ask: Callable[[], T]) -> T:
    """Ask until there is an answer or the patience ends."""
    while True:
        try:
            return ask()
        except (RateLimited, Transient) as failure:
            patience.bear(failure)

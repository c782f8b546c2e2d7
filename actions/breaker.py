"""The circuit breaker of a connection: a source that keeps failing is left alone for a while.

It has no state of its own: what it says follows from the runs that failed in a row since one went
well or a person reset it. So it is the same after a restart, and for every worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES_MAX = 5
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_DOUBLINGS_MAX = 10


class BreakerState(StrEnum):
    """Whether a connection is run."""

    CLOSED = "CLOSED"  # it is
    OPEN = "OPEN"  # not before the next try
    HALF_OPEN = "HALF_OPEN"  # one run may try; how it goes decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state at an instant; ``next_try`` is when an open one lets a run try again.

    ``waits`` says that it is the source that named the time, and not a number of failures.
    """

    state: BreakerState
    failures: int
    next_try: datetime | None = None
    waits: bool = False


def breaker_of(
    failures: int, last_failed: datetime | None, now: datetime, waits_until: datetime | None = None
) -> Breaker:
    """Return the breaker after so many failures in a row, the last one at ``last_failed``.

    Five open it for five minutes; every further one doubles the pause, up to six hours. A source
    that asked to be left alone until a time is, from the first failure on.
    """
    counted = _counted(failures, last_failed, now)
    if not failures or waits_until is None or now >= waits_until:
        return counted
    if counted.state is BreakerState.OPEN and counted.next_try is not None:
        waits_until = max(waits_until, counted.next_try)
    return Breaker(state=BreakerState.OPEN, failures=failures, next_try=waits_until, waits=True)


def _counted(failures: int, last_failed: datetime | None, now: datetime) -> Breaker:
    if failures < FAILURES_MAX or last_failed is None:
        return Breaker(state=BreakerState.CLOSED, failures=failures)
    doublings = min(failures - FAILURES_MAX, _DOUBLINGS_MAX)
    next_try = last_failed + min(_FIRST_PAUSE * 2**doublings, _LONGEST_PAUSE)
    state = BreakerState.OPEN if now < next_try else BreakerState.HALF_OPEN
    return Breaker(state=state, failures=failures, next_try=next_try)

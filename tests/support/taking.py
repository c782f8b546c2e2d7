"""How much of a processor something took: unlike the time on the wall, nobody else's work."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def processor_seconds() -> Iterator[Callable[[], float]]:
    """Measure the processes that are started, and have ended, in the block."""
    before = _of_children()
    yield lambda: _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

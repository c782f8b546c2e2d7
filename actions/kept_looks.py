"""What looks at periods keep in this process for the looks after them: a few periods, bounded.

It may be dropped at any time: everything in it can be read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

PERIODS_KEPT = 8


@dataclass(slots=True, eq=False)
class Look:
    """One period of one legal entity; whoever holds its lock may use and replace what is kept."""

    lock: Lock = field(default_factory=Lock)
    kept: Any = None


@dataclass(slots=True, eq=False)
class KeptLooks:
    """The periods that were looked at last."""

    _looks: OrderedDict[tuple[str, str], Look] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def at(self, entity_id: str, period: str) -> Iterator[Look]:
        """Hold what is kept of a period; one look at a time, for the next one starts from it."""
        with self._lock:
            look = self._looks.setdefault((entity_id, period), Look())
            self._looks.move_to_end((entity_id, period))
            while len(self._looks) > PERIODS_KEPT:
                self._looks.popitem(last=False)
        with look.lock:
            yield look

"""How far a read by time of change reaches, in milliseconds, and what its cursors remember of it.

A read covers what had changed when it began: the latest change that the source knew then is the
``top``. What changes meanwhile is younger and comes with the next read, which begins some time
before what is ``seen``. While a read is under way, its cursor says where to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Cursor, Json
from connectors.epoch_millis import millis_of, whole_millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the read before has seen, and what this one will have; ``goes_on``: it broke off."""

    seen: int | None
    top: int | None
    goes_on: bool

    def since(self, again: timedelta) -> int | None:
        """Return from when on to ask; None: from the beginning."""
        return None if self.seen is None else self.seen - again // timedelta(milliseconds=1)

    def under_way(self, where: Mapping[str, Json]) -> dict[str, Json]:
        """Write the cursor of a read that has come as far as ``where``."""
        return _known({"seen": self.seen, "top": self.top, **where})

    def done(self) -> dict[str, Json]:
        """Write the cursor of a read that is over."""
        moments = [moment for moment in (self.seen, self.top) if moment is not None]
        return _known({"seen": max(moments, default=None)})


def reach_of(cursor: Cursor, latest: Callable[[], int | None]) -> Reach:
    """Read a cursor; ``latest`` asks the source, unless a former run of the read did."""
    seen, top = whole_millis(cursor.get("seen")), whole_millis(cursor.get("top"))
    if top is None:
        return Reach(seen=seen, top=latest(), goes_on=False)
    return Reach(seen=seen, top=top, goes_on=True)


def youngest(rows: Iterable[Any], column: str, now: datetime) -> int | None:
    """Return the latest change of some rows.

    A stamp from the future (an import) would hide everything until then: it counts as now.
    """
    moments = [whole_millis(row.get(column)) for row in rows if isinstance(row, Mapping)]
    latest = max((moment for moment in moments if moment is not None), default=None)
    return None if latest is None else min(latest, millis_of(now))


def _known(cursor: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in cursor.items() if value is not None}

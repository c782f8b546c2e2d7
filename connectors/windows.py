"""Reading by time: windows of days, and how far back a source is read again.

Attendance, behaviour and order data arrive late and are corrected: a window that was read once is
not trusted. The cursor names the last day that was read; a read begins ``again_days`` before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days from ``first`` to ``last``, both of them included."""

    first: date
    last: date

    def seconds(self, zone: ZoneInfo) -> tuple[int, int]:
        """Return the epoch seconds of its first and of its last second in the zone."""
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=zone)
        after = self.last + timedelta(days=1)
        end = datetime(after.year, after.month, after.day, tzinfo=zone)
        return int(start.timestamp()), int(end.timestamp()) - 1


def windows(first: date, last: date, days: int) -> Iterator[Window]:
    """Cut the days from ``first`` to ``last`` into windows of at most ``days``, oldest first."""
    while first <= last:
        end = min(last, first + timedelta(days=days - 1))
        yield Window(first=first, last=end)
        first = end + timedelta(days=1)


def first_day(
    *, cursor: date | None, begin: date, again_days: int, today: date, kept_days: int | None
) -> date:
    """Return the day a read begins at.

    ``begin`` is what the settings say for the first read; ``kept_days`` is how long the source
    keeps its rows (None: for ever), today included.
    """
    start = begin if cursor is None else cursor - timedelta(days=again_days)
    start = max(start, begin)
    if kept_days is not None:
        start = max(start, today - timedelta(days=kept_days - 1))
    return start

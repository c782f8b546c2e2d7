"""When a source is read by itself: every so many minutes, or once a day at a time of the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from domain.problem import Refused

SHORTEST, LONGEST = 5, 10_080  # minutes: five, and a week
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Either ``every`` so many minutes, or daily ``at`` a time of the legal entity's clock."""

    every: int | None = None
    at: time | None = None

    def document(self) -> dict[str, object]:
        """Write it as it is kept."""
        if self.every is not None:
            return {"everyMinutes": self.every}
        assert self.at is not None
        return {"dailyAt": self.at.strftime("%H:%M")}


def timetable_of(every: int | None, at: str | None) -> Timetable:
    """Read a timetable, or refuse it."""
    if (every is None) == (at is None):
        raise Refused("timetable_unclear", path="timetable")
    if every is not None:
        if not SHORTEST <= every <= LONGEST:
            values = {"field": "everyMinutes", "low": str(SHORTEST), "high": str(LONGEST)}
            raise Refused("number_out_of_range", values, path="timetable.everyMinutes")
        return Timetable(every=every)
    try:
        return Timetable(at=datetime.strptime(at or "", "%H:%M").time())  # noqa: DTZ007 - a time
    except ValueError as fault:
        values = {"value": (at or "")[:20]}
        raise Refused("timetable_time_invalid", values, path="timetable.dailyAt") from fault


def read_timetable(document: Mapping[str, object]) -> Timetable:
    """Read one that was kept."""
    every, at = document.get("everyMinutes"), document.get("dailyAt")
    return timetable_of(
        every if isinstance(every, int) else None, at if isinstance(at, str) else None
    )


def next_due(timetable: Timetable, last_began: datetime | None, zone: tzinfo) -> datetime | None:
    """Say when the source is to be read after a run that began then; None: now.

    A time of the clock that a change of the clocks leaves out comes as much later; one that comes
    twice counts once.
    """
    if last_began is None:
        return None
    if timetable.every is not None:
        return last_began + timedelta(minutes=timetable.every)
    assert timetable.at is not None
    local = last_began.astimezone(zone)
    due = datetime.combine(local.date(), timetable.at, zone)
    if due <= local:
        due = datetime.combine(local.date() + _ONE_DAY, timetable.at, zone)
    return due.astimezone(UTC)

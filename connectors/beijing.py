"""The day in China: sources write instants, companies count days of Beijing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.row_cells import Unreadable, whole_in

ZONE = "Asia/Shanghai"
BEIJING = ZoneInfo(ZONE)


def second_in(row: Mapping[str, Any], column: str) -> datetime:
    """Read an instant in epoch seconds that must be there."""
    return _at(whole_in(row, column), column)


def milli_in(row: Mapping[str, Any], column: str) -> datetime:
    """Read an instant in epoch milliseconds that must be there."""
    millis = whole_in(row, column)
    return _at(millis // 1000, column) + timedelta(milliseconds=millis % 1000)


def milli_or_none(row: Mapping[str, Any], column: str) -> datetime | None:
    """Read an instant in epoch milliseconds, if there is a readable one."""
    try:
        return milli_in(row, column)
    except Unreadable:
        return None


def midnight(day: date) -> datetime:
    """Return 0:00 of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)


def written(moment: datetime | None) -> str | None:
    """Write an instant with its offset, to the second."""
    return None if moment is None else moment.isoformat(timespec="seconds")


def _at(seconds: int, column: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, BEIJING)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(column) from None

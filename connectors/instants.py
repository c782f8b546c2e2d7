"""Instants as ISO 8601 writes them, and the days that they fall on in a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def moment_of(value: object) -> datetime | None:
    """Read an instant as ISO 8601 has it, with an offset in any of its forms; None for others."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def iso(moment: datetime) -> str:
    """Write an instant in UTC to the millisecond: ``2026-01-05T08:12:33.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a day begins in a zone."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_in(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """Return the day of an instant in a zone, as text."""
    return None if moment is None else moment.astimezone(zone).date().isoformat()

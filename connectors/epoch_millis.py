"""Instants as milliseconds since 1970, as CRM systems in China write them, text or number.

A date is midnight in the company's zone, so beside such a field stand ``<field>.time``, the instant
in UTC, and ``<field>.day``, the day in that zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Scalar
from connectors.instants import day_in, iso, midnight

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI = timedelta(milliseconds=1)


def whole_millis(value: object) -> int | None:
    """Read milliseconds, which come as a number or as its text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and 0 <= value < 10**14 else None


def millis_of(moment: datetime) -> int:
    """Write an instant."""
    return (moment - EPOCH) // _MILLI


def midnight_millis(day: date, zone: ZoneInfo) -> int:
    """Write the beginning of a day in a zone."""
    return millis_of(midnight(day, zone))


def time_cells(row: Mapping[str, Any], fields: Iterable[str], zone: ZoneInfo) -> dict[str, Scalar]:
    """Return ``.time`` and ``.day`` of each field; both are empty where there is no instant."""
    found: dict[str, Scalar] = {}
    for name in fields:
        whole = whole_millis(row.get(name))
        moment = None if whole is None else EPOCH + whole * _MILLI
        found[f"{name}.time"] = None if moment is None else iso(moment)
        found[f"{name}.day"] = day_in(moment, zone)
    return found

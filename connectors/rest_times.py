"""Times of change as interfaces write them: ISO 8601, epochs, or a mark of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from connectors.rest_settings import Changes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS_MAX = 40
_CREDIBLE = timedelta(days=1)
_UNITS = {"EPOCH_SECONDS": 1, "EPOCH_MILLISECONDS": 1000}


Instant: TypeAlias = Decimal | str


def later(one: Instant | None, other: Instant | None) -> Instant | None:
    """Return the later of two; numbers come before marks that are none."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=_order)


def earlier_than(one: Instant, other: Instant) -> bool:
    """Tell whether the first comes strictly before the second."""
    return _order(one) < _order(other)


def _order(instant: Instant) -> tuple[int, Decimal, str]:
    if isinstance(instant, str):
        return (1, Decimal(0), instant)
    return (0, instant, "")


def written(instant: Instant | None) -> str:
    """Write an instant into a cursor: ``read_back`` reads it."""
    if instant is None:
        return ""
    return instant if isinstance(instant, str) else format(instant, "f")


def read_back(text: str) -> Instant | None:
    """Read what ``written`` wrote."""
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def sorts_as(changes: Changes, zone: ZoneInfo, value: Any) -> Instant | None:
    """Return something by which two values of the column compare; None for no value.

    Instants compare as milliseconds since 1970, marks as numbers if they are numbers.
    """
    if value is None or value == "":
        return None
    if changes.form == "ISO":
        moment = _iso(str(value), zone)
        # Whole milliseconds, cut: a bound that is a little early only reads more.
        return None if moment is None else Decimal((moment - _EPOCH) // timedelta(milliseconds=1))
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
        return str(value) if changes.form == "AS_TOLD" else None
    if changes.form == "AS_TOLD":
        return number
    return number * 1000 / _UNITS[changes.form]


def _iso(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def began(changes: Changes, now: datetime, date: str) -> Instant | None:
    """Return when a read began, by the clock that runs behind: ours or the source's (``date``).

    None for marks of the source's own, which are no times. A clock that is days off is none.
    """
    if changes.form == "AS_TOLD":
        return None
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        theirs = now
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    moment = theirs if timedelta(0) <= now - theirs <= _CREDIBLE else now
    return Decimal((moment - _EPOCH) // timedelta(milliseconds=1))


def bound(changes: Changes, zone: ZoneInfo, seen: Instant, now: datetime) -> str:
    """Write from when to read: ``again_minutes`` before the latest change, never after now.

    A source whose clock runs ahead of ours would else hide what it writes until then.
    """
    if isinstance(seen, str) or changes.form == "AS_TOLD":
        return written(seen)
    again = timedelta(minutes=changes.again_minutes)
    present = Decimal(int(now.timestamp() * 1000))
    moment = _EPOCH + timedelta(milliseconds=int(min(seen, present))) - again
    if changes.form == "ISO":
        here = moment.astimezone(zone)
        # Text is compared letter by letter: "09-01 08:00" comes before "09-01T07:00+00:00".
        if changes.written:
            return here.strftime(changes.written)
        return here.isoformat(timespec="seconds")
    unit = timedelta(seconds=1) / _UNITS[changes.form]
    return str((moment - _EPOCH) // unit)

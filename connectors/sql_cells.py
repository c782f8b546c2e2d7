"""Cells of a database as exact values, and times of change that can be stepped back from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from connectors.contract import Scalar
from connectors.databases import Column, Holds, Raw

# What is written otherwise (infinity, years before Christ) stays as it was written.
_TIME = re.compile(r"\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
_DIGITS_OF_A_FLOAT = 15  # so many survive the way into a floating number and back


class CellUnusable(Exception):  # noqa: N818 - named by what it is, like the failures
    """A cell that cannot be kept exactly; ``code`` and ``values`` make the sentence."""

    def __init__(self, code: str, values: Mapping[str, str]) -> None:
        self.code = code
        self.values = values
        super().__init__(code)


def cell_of(column: Column, raw: Raw, floats: Mapping[str, int | str]) -> Scalar:
    """Return what a record may hold of a cell.

    Times come as ISO 8601, with an offset where the database knows the instant; bytes as their
    SHA-256, so that a change shows; floats by the declared rule or not at all.
    """
    if isinstance(raw, str):
        return _text(column, raw)
    if isinstance(raw, float):
        return _exact(column, raw, floats)
    if isinstance(raw, Decimal) and not raw.is_finite():
        raise CellUnusable("sql_number_not_finite", {"column": column.name})
    if isinstance(raw, bytes):
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return raw


def _text(column: Column, raw: str) -> str:
    if "\0" in raw or any("\ud800" <= sign <= "\udfff" for sign in raw):
        raise CellUnusable("sql_text_broken", {"column": column.name})
    if column.holds in (Holds.LOCAL, Holds.INSTANT) and _TIME.fullmatch(raw):
        offset = "+00:00" if column.holds is Holds.INSTANT else ""
        return f"{raw.replace(' ', 'T')}{offset}"
    return raw


def _exact(column: Column, raw: float, floats: Mapping[str, int | str]) -> Decimal:
    rule = floats.get(column.name)
    try:
        shortest = Decimal(repr(raw))
        if rule is None and not column.declared_exact:
            raise CellUnusable("sql_float_undeclared", {"column": column.name})
        if isinstance(rule, int):
            return shortest.quantize(Decimal(1).scaleb(-rule), ROUND_HALF_EVEN)
        if not shortest.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise CellUnusable("sql_number_not_finite", {"column": column.name}) from None
    if rule is None and len(shortest.normalize().as_tuple().digits) > _DIGITS_OF_A_FLOAT:
        # SQLite keeps exact numbers as floats: one with more digits is not what was written.
        raise CellUnusable("sql_number_spoilt", {"column": column.name})
    return shortest


def key_text(raw: Raw) -> str:
    """Write a column of a key."""
    return format(raw, "f") if isinstance(raw, Decimal) else str(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The times of one stream: the zone of those that name none, and the present.

    ``ahead`` is an hour where clocks go back once a year: a time that names no zone is then told
    twice, and what was written in the second hour sorts among the first.
    """

    zone: ZoneInfo
    now: datetime
    holds: Holds

    @property
    def ahead(self) -> timedelta:
        """How much more must be read again because clocks change."""
        return timedelta(hours=1) if self._changes() else timedelta(0)

    def read(self, raw: Raw) -> datetime | None:
        """Read a time of change; None for none, for infinity, and for what is no time."""
        if not isinstance(raw, str):
            return None
        try:
            moment = datetime.fromisoformat(raw)
        except ValueError:
            return None
        if moment.tzinfo:
            return moment
        return moment.replace(tzinfo=UTC if self.holds is Holds.INSTANT else self.zone)

    def earlier(self, seen: str, by: timedelta) -> str:
        """Return where a read begins: so much before the latest change, never after now.

        Written as the database writes it: a form of another kind would sort elsewhere.
        """
        moment = self.read(seen)
        if moment is None:
            return seen
        own = moment.tzinfo
        start = min(moment, self.now.astimezone(own)) - by - self.ahead
        if len(seen) == len("2026-09-01"):
            return start.date().isoformat()
        text = start.isoformat(sep=seen[10], timespec="seconds")
        has_offset = seen.endswith("Z") or datetime.fromisoformat(seen).tzinfo is not None
        if seen.endswith("Z"):
            return text.removesuffix("+00:00") + "Z"
        return text if has_offset else text[:19]

    def no_later(self, seen: str) -> str:
        """Return a time of change that is not in the future, written as the database writes it."""
        moment = self.read(seen)
        ahead = moment is not None and moment > self.now
        return self.earlier(seen, timedelta(0)) if ahead else seen

    def begin_of(self, day: date) -> str:
        """Write the first moment of a day for comparing with a column of days or times."""
        if self.holds is not Holds.INSTANT:
            return day.isoformat()
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return midnight.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def version(self, raw: Raw) -> str:
        """Write a time so that later ones sort behind; nothing where clocks tell an hour twice."""
        moment = self.read(raw)
        if moment is None or self._changes():
            return ""
        return moment.astimezone(UTC).isoformat(timespec="microseconds")

    def _changes(self) -> bool:
        if self.holds in (Holds.INSTANT, Holds.DAY):
            return False
        january = datetime(self.now.year, 1, 1, tzinfo=self.zone)
        july = datetime(self.now.year, 7, 1, tzinfo=self.zone)
        return january.utcoffset() != july.utcoffset()

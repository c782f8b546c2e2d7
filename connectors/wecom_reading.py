"""What the streams of WeCom share: who we are, Beijing's days, rows that cannot be trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from connectors.contract import (
    Backfill,
    Cursor,
    Json,
    Message,
    Notice,
    Rejected,
    Scalar,
    StreamInfo,
)
from connectors.emitting import Emitting
from connectors.failures import ConfigurationRefused, Transient
from connectors.json_rows import flat_row
from connectors.wecom_api import WeComApi
from connectors.wecom_settings import SourceSettings
from connectors.windows import first_day

BEIJING = ZoneInfo("Asia/Shanghai")
ZONE = "Asia/Shanghai"
# The figures of a day are there on the next one; before this hour they may still be zeros.
PUBLISHED_HOUR = 8
KEPT_DAYS = 180
_SHOWN = 500


class Unreadable(Exception):  # noqa: N818 - becomes a rejected row
    """A row lacks something that it cannot be understood without."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days a read covers; ``last`` before ``first``: none."""

    first: date
    last: date


@dataclass(slots=True, kw_only=True)
class Reading:
    """One run: calls, settings, numbering."""

    api: WeComApi
    contacts: WeComApi
    settings: SourceSettings
    now: datetime
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by callbacks
    emitting: Emitting = field(default_factory=Emitting)

    @property
    def here(self) -> datetime:
        """The instant the run began, in Beijing."""
        return self.now.astimezone(BEIJING)

    @property
    def published(self) -> date:
        """The last day whose figures are there."""
        days = 1 if self.here.hour >= PUBLISHED_HOUR else 2
        return self.here.date() - timedelta(days=days)

    def span(
        self,
        stream: str,
        cursor: Cursor,
        backfill: Backfill | None,
        last: date,
        kept_days: int | None = None,
    ) -> Span:
        """Return what to read: since the cursor with the days before it, or the range asked for."""
        today = self.here.date()
        if backfill is not None:
            first = backfill.start
            if kept_days is not None:
                first = max(first, today - timedelta(days=kept_days - 1))
            return Span(first=first, last=min(last, backfill.end - timedelta(days=1)))
        first = first_day(
            cursor=day_of(cursor.get("through")),
            begin=self.settings.begin,
            again_days=self.settings.again[stream],
            today=today,
            kept_days=kept_days,
        )
        return Span(first=first, last=last)


class Stream(Protocol):
    """One kind of row."""

    @property
    def info(self) -> StreamInfo:
        """Say what its rows are."""
        ...

    def probe(self, reading: Reading) -> None:
        """Ask for as little as shows whether it may be read."""
        ...

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit what is new."""
        ...


def day_of(text: Json) -> date | None:
    """Read a day of a cursor."""
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise ConfigurationRefused("source_setting_invalid", {"field": "cursor"}) from None


def midnight(day: date) -> int:
    """Return the epoch seconds of 0:00 in Beijing."""
    return int(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp())


def moment(seconds: int) -> datetime:
    """Return an instant in Beijing."""
    try:
        return datetime.fromtimestamp(seconds, BEIJING)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(str(seconds)) from None


def text_in(row: Mapping[str, Any], column: str) -> str:
    """Return a text that must be there; numbers are taken as they are written."""
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise Unreadable(column)
    return str(value).strip()


def whole_in(row: Mapping[str, Any], column: str) -> int:
    """Return a whole number that must be there; WeCom writes some of them as text."""
    value = row.get(column)
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    raise Unreadable(column)


def member_in(row: Mapping[str, Any], column: str = "userid") -> str:
    """Return a userid in lower case: WeCom compares them so, and writes them either way."""
    return text_in(row, column).lower()


def rows_in(said: Mapping[str, Any], column: str, path: str) -> list[Any]:
    """Return the list of an answer; null is an empty one."""
    rows = said.get(column)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise Transient("source_not_json", {"status": path})
    return rows


def cells(row: Any, info: StreamInfo) -> dict[str, Scalar]:
    """Flatten a row; a column that the stream declares and the row lacks is there, empty."""
    if not isinstance(row, Mapping):
        raise Unreadable("row")
    return dict.fromkeys(info.columns) | flat_row(row)


def rejected(stream: str, position: str, row: Any, unreadable: Unreadable) -> Rejected:
    """Say which row cannot be trusted, and show it."""
    payload = {}
    if isinstance(row, Mapping):
        payload = {str(name): str(value)[:_SHOWN] for name, value in row.items()}
    return Rejected(
        stream=stream,
        position=position,
        reason="wecom_row_unreadable",
        values={"column": unreadable.column},
        payload=payload or {"row": str(row)[:_SHOWN]},
    )


def notice(stream: str, position: str, reason: str, **values: str) -> Notice:
    """Tell a person something."""
    return Notice(stream=stream, position=position, code=reason, values=values)


def following(said: Mapping[str, Any], name: str, before: str) -> str:
    """Return the mark of the next page, "" at the end; one that does not move is a circle."""
    mark = said.get(name)
    found = "" if mark is None else str(mark)
    if found and found == before:
        raise ConfigurationRefused("source_pages_circle")
    return found

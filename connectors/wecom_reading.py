"""What the streams of WeCom share: who we are, Beijing's days, rows that cannot be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors import row_cells
from connectors.contract import Backfill, Cursor, Rejected
from connectors.day_reads import Span, span_of
from connectors.emitting import Emitting
from connectors.row_cells import Unreadable, text_in
from connectors.wecom_api import WeComApi
from connectors.wecom_settings import SourceSettings

BEIJING = ZoneInfo("Asia/Shanghai")
ZONE = "Asia/Shanghai"
# The figures of a day are there on the next one; before this hour they may still be zeros.
PUBLISHED_HOUR = 8
KEPT_DAYS = 180
ROW_UNREADABLE = "wecom_row_unreadable"


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
        return span_of(
            cursor,
            backfill,
            begin=self.settings.begin,
            again_days=self.settings.again[stream],
            today=self.here.date(),
            last=last,
            kept_days=kept_days,
        )


def midnight(day: date) -> int:
    """Return the epoch seconds of 0:00 in Beijing."""
    return int(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp())


def moment(seconds: int) -> datetime:
    """Return an instant in Beijing."""
    try:
        return datetime.fromtimestamp(seconds, BEIJING)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(str(seconds)) from None


def member_in(row: Mapping[str, Any], column: str = "userid") -> str:
    """Return a userid in lower case: WeCom compares them so, and writes them either way."""
    return text_in(row, column).lower()


def rejected(stream: str, position: str, row: Any, unreadable: Unreadable) -> Rejected:
    """Say which row cannot be trusted, and show it."""
    return row_cells.rejected(stream, position, row, unreadable, ROW_UNREADABLE)

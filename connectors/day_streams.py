"""Streams by days of sources that are asked for some people in a window (DingTalk, Feishu)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from connectors.beijing import BEIJING
from connectors.contract import Backfill, Cursor, Message, Notice, Rejected, StreamInfo, join_key
from connectors.day_reads import (
    Arrange,
    Chunk,
    Dated,
    DayStream,
    read_days,
    read_named_days,
    span_of,
)
from connectors.emitting import Emitting
from connectors.row_cells import Unreadable, rejected
from connectors.windows import Window


class DaySettings(Protocol):
    """What a stream by days needs of the settings."""

    @property
    def streams(self) -> Sequence[str]:
        """The streams of the connection."""
        ...

    @property
    def begin(self) -> date:
        """The first day that is read at all."""
        ...

    @property
    def again(self) -> Mapping[str, int]:
        """How many days each stream is read again."""
        ...


A = TypeVar("A")
S = TypeVar("S", bound=DaySettings)
D = TypeVar("D", int, str)


@dataclass(slots=True, kw_only=True)
class DayRun(Generic[A, S, D]):
    """One run: calls, settings, numbering, and what of the directory was read already.

    ``refused`` are departments that the application may not see, with the error that said so.
    """

    api: A
    settings: S
    now: datetime
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by callbacks
    emitting: Emitting = field(default_factory=Emitting)
    departments: list[Any] | None = None
    refused: list[tuple[D, int]] = field(default_factory=list)
    people: frozenset[str] | None = None

    @property
    def here(self) -> datetime:
        """The instant the run began, in Beijing, where the days are counted."""
        return self.now.astimezone(BEIJING)


R = TypeVar("R", bound=DayRun[Any, Any, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDays(Generic[R]):
    """A stream by days: how its rows are fetched, read and put in order.

    ``first`` gives somebody for a check. ``fetch`` gives the rows of some people in a window, all
    of somebody's at once. ``goes_on``
    says that today's rows count already. ``named_by`` are the columns by which a person finds a row
    that cannot be read.
    """

    source: str
    info: StreamInfo
    window_days: int
    goes_on: bool
    kept_days: int | None
    first: Callable[[R], Sequence[str]]
    people: Callable[[R, Cursor], Sequence[str]]
    fetch: Callable[[R, Window, Sequence[str]], Iterator[list[Any | Notice]]]
    read_row: Callable[[Any], Dated]
    arrange: Arrange
    named_by: tuple[str, ...]

    def probe(self, run: R) -> None:
        """Ask for one person's day."""
        today = run.here.date()
        for _ in self.fetch(run, Window(first=today, last=today), self.first(run)):
            return

    def read(self, run: R, cursor: Cursor, backfill: Backfill | None) -> Iterator[Message]:
        """Emit the rows of each window; then what of the days read again is gone."""
        name, today = self.info.name, run.here.date()
        yesterday = today - timedelta(days=1)
        span = span_of(
            cursor,
            backfill,
            begin=run.settings.begin,
            again_days=run.settings.again[name],
            today=today,
            last=today if self.goes_on else yesterday,
            kept_days=self.kept_days,
        )
        stream = DayStream(
            name=name,
            place=f"{self.source}:{name}",
            window_days=self.window_days,
            again_days=run.settings.again[name],
            people=self.people(run, cursor),
            listed=run.people,
            ask=lambda window, some: self._chunks(run, window, some),
            arrange=self.arrange,
        )
        if backfill is None:
            named = run.named.get(name, ())
            yield from read_named_days(stream, named, span.first, cursor, run.emitting)
        yield from read_days(
            stream, span, cursor, run.emitting, live=backfill is None, ready=yesterday
        )

    def _chunks(self, run: R, window: Window, some: Sequence[str]) -> Iterator[Chunk]:
        for rows in self.fetch(run, window, some):
            told: list[Dated | Rejected | Notice] = []
            for row in rows:
                if isinstance(row, Notice):
                    told.append(row)
                    continue
                try:
                    told.append(self.read_row(row))
                except Unreadable as unreadable:
                    told.append(rejected(self.info.name, self._place(row), row, unreadable))
            yield told

    def _place(self, row: Any) -> str:
        own = row if isinstance(row, Mapping) else {}
        parts = [str(own.get(column) or "?") for column in self.named_by]
        return f"{self.source}:{self.info.name}/{'/'.join(parts)}"[:200]


def batches(some: Sequence[str], size: int) -> Iterator[list[str]]:
    """Cut people into groups that a call may name."""
    for start in range(0, len(some), size):
        yield list(some[start : start + size])


def named_day(member: str, day: date) -> str:
    """Write how a callback names a day of somebody."""
    return join_key([member, day.isoformat()])

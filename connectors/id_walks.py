"""Reading what changed by walking over ids: pages that no change can shift.

An offset shifts when a row changes, and a page by time ends in the middle of rows that share one.
An id never changes, so a read asks for the rows changed since the last one **in the order of their
ids**, each page behind the last id of the one before. How far such a walk covers is the latest
change that the source knew before the walk began: what changes meanwhile is younger and comes with
the next read, which begins some time earlier besides.

The cursor: ``seen`` (all changes until then are known), and while a walk is under way ``top`` (what
it will cover) and ``after`` (the last id that was kept).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from connectors.contract import Checkpoint, Cursor, Json, Message
from connectors.failures import ConfigurationRefused, Transient

_BETWEEN = 500  # messages between two checkpoints, and never more than the host takes at once
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
_NARROWEST = timedelta(minutes=1)


class TooWide(Transient):
    """The source cannot answer about so long a time at once: a smaller question may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows in the order of their ids; ``last`` says that no more follow."""

    rows: Sequence[Any]
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Changes from ``since`` on (None: from the beginning) up to ``until`` (None: no end)."""

    since: datetime | None = None
    until: datetime | None = None


class Walkable(Protocol):
    """One stream that can be walked over."""

    def latest(self) -> datetime | None:
        """Return the time of the latest change that the source knows."""
        ...

    def page(self, span: Span, after: str) -> Page:
        """Return the next rows behind an id, both ends of the span included."""
        ...

    def key(self, row: Any) -> str:
        """Return the id of a row, "" when it has none."""
        ...

    def messages(self, row: Any) -> Iterable[Message]:
        """Say what a row is."""
        ...


def walk_changes(
    stream: str, source: Walkable, cursor: Cursor, again: timedelta, now: datetime
) -> Iterator[Message]:
    """Emit what changed since the cursor, and how far that goes."""
    seen, end, after = moment_of(cursor.get("seen")), moment_of(cursor.get("top")), ""
    if end is None:
        latest = source.latest()
        # A stamp from the future would hide everything until then: it counts as now.
        end = None if latest is None else min(latest, now)
    else:
        after = str(cursor.get("after") or "")
    top, narrow = end, False
    since = None if seen is None else seen - again
    while True:
        span = Span(since=since, until=end if narrow else None)
        known = {"seen": _told(seen), "top": _told(end)}
        try:
            yield from _walked(stream, source, partial(source.page, span), after, known)
        except TooWide as failure:
            end, after, narrow = _middle(since, end or now, failure), "", True
            continue
        seen = max((each for each in (seen, end) if each is not None), default=None)
        if end is None or end == top:
            break
        yield Checkpoint(stream=stream, cursor=_known({"seen": _told(seen)}))
        # What was answered in time once is tried with twice as much.
        wider = end + 2 * (end - (since or _BEGIN))
        since, end, after = end, min(wider, top or wider), ""
    yield Checkpoint(stream=stream, cursor=_known({"seen": _told(seen)}))


def walk_again(
    stream: str, source: Walkable, page: Callable[[str], Page], cursor: Cursor
) -> Iterator[Message]:
    """Emit the rows of pages that are asked for again; every checkpoint is the cursor, unmoved."""
    yield from _walked(stream, source, page, "", None, cursor)
    yield Checkpoint(stream=stream, cursor=cursor)


def keys_behind(source: Walkable, page: Callable[[str], Page]) -> Iterator[tuple[Any, str]]:
    """Emit every row with its id ("" for a row without one), page after page."""
    for rows, _ in _pages(source, page, ""):
        for row in rows:
            yield row, source.key(row)


def _walked(
    stream: str,
    source: Walkable,
    page: Callable[[str], Page],
    after: str,
    known: Mapping[str, Json] | None,
    unmoved: Cursor | None = None,
) -> Iterator[Message]:
    told = 0
    for rows, before in _pages(source, page, after):
        place = before
        for row in rows:
            for message in source.messages(row):
                yield message
                told += 1
            place = source.key(row) or place
            if told >= _BETWEEN:
                yield _covered(stream, known, place, unmoved)
                told = 0
        if told:
            yield _covered(stream, known, place, unmoved)
            told = 0


def _covered(
    stream: str, known: Mapping[str, Json] | None, place: str, unmoved: Cursor | None
) -> Checkpoint:
    if known is None:
        return Checkpoint(stream=stream, cursor=unmoved or {})
    if known.get("top") is None:  # nothing says yet how far this goes: begin anew
        return Checkpoint(stream=stream, cursor=_known({"seen": known.get("seen")}))
    return Checkpoint(stream=stream, cursor=_known({**known, "after": place}))


def _pages(
    source: Walkable, page: Callable[[str], Page], after: str
) -> Iterator[tuple[Sequence[Any], str]]:
    while True:
        found = page(after)
        named = [key for key in map(source.key, found.rows) if key]
        if found.rows and not named:
            raise ConfigurationRefused("source_key_missing", {"column": "id"})
        if (after and after in named) or len(set(named)) < len(named):
            raise ConfigurationRefused("source_pages_circle")
        if found.rows:
            yield found.rows, after
        if found.last or not named:
            return
        after = named[-1]


def _middle(since: datetime | None, end: datetime, failure: TooWide) -> datetime:
    begin = since or _BEGIN
    if end - begin < _NARROWEST:
        raise failure
    return begin + (end - begin) / 2


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


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _known(cursor: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in cursor.items() if value is not None}

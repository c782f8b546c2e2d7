"""Rows by days that a source corrects without telling: read again, and taken back when gone.

Attendance comes late and is repaired: a window that was read once is not trusted. The cursor names
the last day and the keys of the days that the next read will read again, so that a row which is no
longer there is missed. What is missed is asked for once more, person by person, before it is taken
back: pages shift while they are turned, and one name that is unknown can empty a whole answer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeAlias

from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Json,
    Message,
    Notice,
    Ready,
    Record,
    Rejected,
    Scalar,
    canonical_content,
    join_key,
)
from connectors.emitting import Emitting, with_checkpoints
from connectors.failures import ConfigurationRefused, Suspicious
from connectors.row_cells import notice
from connectors.windows import Window, first_day, windows

_SEEN_BYTES_MAX = 600_000
_GONE_MIN = 5
_GONE_SHARE = 5  # more than a fifth of what was seen: a person is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days a read covers; ``last`` before ``first``: none."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A row of somebody on a day; ``day`` is the one that the source is asked by.

    The first part of ``key`` is who it is about.
    """

    key: str
    day: date
    content: dict[str, Scalar]


# What belongs together: all rows of some people in a window.
Chunk: TypeAlias = Sequence[Dated | Rejected | Notice]
Arrange: TypeAlias = Callable[[Sequence[Dated]], Iterable[Dated]]


def as_they_come(rows: Sequence[Dated]) -> Iterable[Dated]:
    """Leave the rows as they are."""
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStream:
    """How one stream is asked for.

    ``ask`` gives the rows of some people in a window, in chunks. ``people`` are those who are
    asked for: what others did is never taken back. Of who is not among those ``listed`` (None: all
    are) and has no row left at all nothing is concluded: he may only be hidden. ``twice`` and
    ``unseen`` are the codes of the notices that two different rows have one key, and that there are
    too many to miss one.
    """

    name: str
    place: str
    window_days: int
    again_days: int
    people: Sequence[str]
    ask: Callable[[Window, Sequence[str]], Iterator[Chunk]]
    arrange: Arrange = as_they_come
    listed: Collection[str] | None = None
    twice: str = "source_row_twice"
    unseen: str = "source_removals_unseen"


def day_of(text: Json) -> date | None:
    """Read a day of a cursor."""
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise ConfigurationRefused("source_setting_invalid", {"field": "cursor"}) from None


def span_of(
    cursor: Cursor,
    backfill: Backfill | None,
    *,
    begin: date,
    again_days: int,
    today: date,
    last: date,
    kept_days: int | None = None,
) -> Span:
    """Return what to read: since the cursor with the days before it, or the range asked for."""
    if backfill is not None:
        first = backfill.start
        if kept_days is not None:
            first = max(first, today - timedelta(days=kept_days - 1))
        return Span(first=first, last=min(last, backfill.end - timedelta(days=1)))
    first = first_day(
        cursor=day_of(cursor.get("through")),
        begin=begin,
        again_days=again_days,
        today=today,
        kept_days=kept_days,
    )
    return Span(first=first, last=last)


def read_days(
    stream: DayStream,
    span: Span,
    cursor: Cursor,
    emitting: Emitting,
    *,
    live: bool,
    ready: date | None = None,
) -> Iterator[Message]:
    """Emit the rows of each window; then what of the days read again is gone.

    A range that was asked for (not ``live``) takes nothing back and moves nothing.
    """
    now, gone = cursor, _Gone(stream, span, cursor)
    for window in windows(span.first, span.last, stream.window_days):
        reading = _WindowReading(stream, window, emitting)
        told = reading.messages(now if live else None)
        yield from with_checkpoints(stream.name, told, now)
        after = cursor
        if live:
            gone.keys += reading.gone
            gone.found |= reading.found
            after = reading.after(now)
            if after["seen"] is None:
                yield notice(stream.name, f"{stream.place}/{window.last}", stream.unseen)
        yield Checkpoint(stream=stream.name, cursor=after)
        now = after
    if not live or span.last < span.first:
        yield Checkpoint(stream=stream.name, cursor=now)
        return
    try:
        keys = gone.believed(cursor.get("accepted"))
    except Suspicious as odd:
        held = {name: value for name, value in odd.cursor.items() if name != "accepted"}
        yield Checkpoint(stream=stream.name, cursor=held)
        raise
    told = (emitting.tombstone(stream.name, key, f"{stream.place}/{key}") for key in keys)
    yield from with_checkpoints(stream.name, told, now)
    if ready is not None:
        yield Ready(stream=stream.name, through=ready)
    yield Checkpoint(stream=stream.name, cursor=gone.without(now))


@dataclass(slots=True)
class _Gone:
    """What is no longer there in the days read again: all of it is known before any of it goes."""

    stream: DayStream
    span: Span
    before: Cursor
    keys: list[str] = field(default_factory=list)
    found: dict[str, date] = field(default_factory=dict)

    def believed(self, accepted: Json) -> list[str]:
        """Return the keys; when they are many, a person is asked, who accepts so many a day."""
        self.keys = [key for key in self.keys if self._is_certain(who_of(key))]
        first, last = self.span.first, self.span.last
        seen = {key: day for key, day in _seen(self.before).items() if first <= day <= last}
        days = Counter(seen[key].isoformat() for key in self.keys)
        told = accepted if isinstance(accepted, Mapping) else {}
        allowed = {day: count for day, count in told.items() if isinstance(count, int)}
        much = len(self.keys) > _GONE_MIN and len(self.keys) * _GONE_SHARE > len(seen)
        if much and not all(count <= allowed.get(day, 0) for day, count in days.items()):
            # Until somebody has looked, these very days are read again.
            kept = _kept(str(self.before["through"]), _seen(self.before) | self.found)
            counts = {"gone": str(len(self.keys)), "known": str(len(seen))}
            raise Suspicious(
                "sweep_too_large",
                {"stream": self.stream.name, **counts},
                stream=self.stream.name,
                cursor={**kept, "accepted": dict(days)},
                again=True,
            )
        return self.keys

    def _is_certain(self, who: str) -> bool:
        listed = self.stream.listed
        return listed is None or who in listed or who in {who_of(key) for key in self.found}

    def without(self, now: Cursor) -> Cursor:
        """Return a cursor that has forgotten them."""
        if not self.keys or now["seen"] is None:
            return now
        left, out = _seen(now), set(self.keys)
        return {**now, "seen": _by_day({k: day for k, day in left.items() if k not in out})}


class _WindowReading:
    """One window of one stream while it is read."""

    def __init__(self, stream: DayStream, window: Window, emitting: Emitting) -> None:
        self._stream = stream
        self._window = window
        self._emitting = emitting
        self.found: dict[str, date] = {}
        self.gone: list[str] = []
        self._unread: set[str] = set()

    def messages(self, before: Cursor | None) -> Iterator[Message]:
        """Emit the rows; ``gone`` is what ``before`` (None: nothing) names and is not there."""
        stream = self._stream
        for chunk in stream.ask(self._window, stream.people):
            yield from (each for each in chunk if not isinstance(each, Dated))
            self._note_unread(chunk)
            yield from self._rows(chunk)
        if before is None:
            return
        missed = self._missed(before)
        for who in sorted({who_of(key) for key in missed}):
            readable = True
            for chunk in stream.ask(self._window, [who]):
                readable = readable and all(map(_is_known, chunk))
                self._note_unread(chunk)
                yield from self._rows(chunk)
            # A row that cannot be read may be the one that seems to be gone, unless it says its
            # key; and of somebody who may not be asked for any more nothing is known.
            if readable:
                self.gone += [key for key in self._missed(before) if who_of(key) == who]

    def _note_unread(self, chunk: Chunk) -> None:
        """Remember which rows are there although they cannot be read."""
        self._unread |= {each.key for each in chunk if isinstance(each, Rejected)}

    def _rows(self, chunk: Chunk) -> Iterator[Message]:
        first, last = self._window.first, self._window.last
        rows = [row for row in chunk if isinstance(row, Dated) and first <= row.day <= last]
        kept: dict[str, Dated] = {}
        for row in sorted(rows, key=lambda each: each.key):
            known = kept.setdefault(row.key, row)
            if known.content != row.content:
                # What they say decides which one counts, not the order of an answer.
                kept[row.key] = min(known, row, key=lambda each: canonical_content(each.content))
                yield notice(self._stream.name, self._position(row.key), self._stream.twice)
        for row in self._stream.arrange(list(kept.values())):
            if row.key not in self.found:
                self.found[row.key] = row.day
                yield self._record(row)

    def _record(self, row: Dated) -> Record:
        return self._emitting.record(
            self._stream.name, row.key, row.content, self._position(row.key)
        )

    def _position(self, key: str) -> str:
        return f"{self._stream.place}/{key}"

    def _missed(self, before: Cursor) -> list[str]:
        """Name what an earlier read saw in these days and this one does not."""
        asked = set(self._stream.people)
        return sorted(
            key
            for key, day in _seen(before).items()
            if self._window.first <= day <= self._window.last
            and key not in self.found
            and key not in self._unread
            and who_of(key) in asked
        )

    def after(self, before: Cursor) -> Cursor:
        """Remember what the next read will read again, if it is not too much."""
        through = self._window.last
        oldest = through - timedelta(days=self._stream.again_days)
        kept = _seen(before) | self.found
        return _kept(through.isoformat(), {k: day for k, day in kept.items() if day >= oldest})


def _is_known(row: Dated | Rejected | Notice) -> bool:
    """Say whether we know which row it is."""
    return isinstance(row, Dated) or (isinstance(row, Rejected) and bool(row.key))


def who_of(key: str) -> str:
    r"""Return the first part of a key: ``A\|1|2`` gives ``A|1``."""
    found, letters = [], iter(key)
    for letter in letters:
        if letter == "|":
            break
        found.append(next(letters, "") if letter == "\\" else letter)
    return "".join(found)


def _seen(cursor: Cursor) -> dict[str, date]:
    seen = cursor.get("seen")
    found: dict[str, date] = {}
    for text, keys in seen.items() if isinstance(seen, Mapping) else ():
        day = day_of(text)
        if day is not None and isinstance(keys, Sequence):
            found.update({str(key): day for key in keys})
    return found


def _kept(through: str, keys: Mapping[str, date]) -> dict[str, Json]:
    """Write a cursor, without the keys if they are too much for one."""
    cursor: dict[str, Json] = {"through": through, "seen": _by_day(keys)}
    if len(json.dumps(cursor)) > _SEEN_BYTES_MAX:
        cursor["seen"] = None
    return cursor


def _by_day(keys: Mapping[str, date]) -> dict[str, list[str]]:
    days: dict[str, list[str]] = {}
    for key in sorted(keys):
        days.setdefault(keys[key].isoformat(), []).append(key)
    return days


def people_seen(cursor: Cursor) -> set[str]:
    """Name those who have rows in the days read again: some of them may have left since."""
    return {who_of(key) for key in _seen(cursor)}


def read_named_days(
    stream: DayStream, names: Iterable[str], before: date, cursor: Cursor, emitting: Emitting
) -> Iterator[Message]:
    """Read the days that callbacks named (``who|2026-09-01|…``) and the read itself does not reach.

    A correction can be older than what is read again; it brings the row anew and moves nothing.
    """
    asked: set[tuple[str, date]] = set()
    for name in names:
        who, day = who_of(name), _named_day(name)
        if day is not None and day < before and who in stream.people:
            asked.add((who, day))
    for who, day in sorted(asked):
        one = replace(stream, people=[who])
        reading = _WindowReading(one, Window(first=day, last=day), emitting)
        yield from with_checkpoints(stream.name, reading.messages(None), cursor)
        yield Checkpoint(stream=stream.name, cursor=cursor)


def _named_day(name: str) -> date | None:
    try:
        return date.fromisoformat(name[len(join_key([who_of(name)])) + 1 :][:10])
    except ValueError:
        return None

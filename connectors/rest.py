"""Any interface that hands out JSON lists over HTTP, described by data instead of by code.

The description says how to go in, where the rows are, how pages are turned, how changes are asked
for and how deletions show (``connectors/rest_settings.py``). What nobody can guess is a required
choice: what happens to counted pages when rows move, how instants are written, how far back to
read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import (
    API_VERSION,
    CHECKPOINT_RECORDS_MAX,
    Catalog,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Message,
    ReadRequest,
    Rejected,
    Scalar,
    StreamInfo,
    content_hash,
    join_key,
)
from connectors.emitting import Emitting, checked
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    KeysIncomplete,
    Transient,
)
from connectors.json_rows import flat_row
from connectors.rest_access import Access
from connectors.rest_pages import Ask, at, key_texts, pages
from connectors.rest_settings import (
    CONFIG_SCHEMA,
    Offsets,
    PageNumbers,
    RestSettings,
    StreamSettings,
    read_settings,
)
from connectors.rest_times import (
    Instant,
    began,
    bound,
    earlier_than,
    later,
    read_back,
    sorts_as,
    written,
)
from connectors.web import WebAnswer

_SAMPLE = 20
_LONGEST = 2_000


class RestConnector:
    """The built-in connector ``rest``."""

    info = ConnectorInfo(
        id="rest",
        title={"zh-CN": "通用 REST 接口", "en": "Any REST interface"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "live": 1},
        allowed_hosts=("{address}", "{access.address}"),
    )

    def check(self, context: Context) -> CheckReport:
        """Read the first page of every stream."""

        def look() -> Iterator[CheckFinding]:
            source = _Source(context)
            for name, stream in source.settings.streams.items():
                reading = _Reading(source, name, stream, Emitting())
                next(source.pages(stream, {}, reading.hear))
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Return the described streams with the columns of their first rows."""
        source = _Source(context)
        found = []
        for name, stream in source.settings.streams.items():
            columns: dict[str, None] = {}
            for row in next(source.pages(stream, {}))[:_SAMPLE]:
                if isinstance(row, Mapping):
                    columns |= dict.fromkeys(flat_row(row))
            found.append(
                StreamInfo(
                    name=name,
                    entity=name,
                    key=stream.key,
                    deletes=StreamSettings.kinds[stream.deletes],
                    zone=stream.zone,
                    personal_fields=stream.personal_fields,
                    columns=tuple(columns),
                )
            )
        return Catalog(streams=tuple(found))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what changed since the cursors, or everything of a stream without changes."""
        if request.backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        source = _Source(context)
        emitting = Emitting()
        for name in request.streams:
            stream = source.settings.stream(name)
            cursor = request.cursors.get(name, {})
            yield from _Reading(source, name, stream, emitting).run(cursor)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit every key of the whole list; a row without one makes the list incomplete.

        A row that says it is gone is not there, though it is listed.
        """
        source = _Source(context)
        wanted = source.settings.stream(stream)
        seen: set[str] = set()
        for rows in source.pages(wanted, {}):
            for row in rows:
                try:
                    key = join_key(key_texts(wanted, row))
                except ConnectorFailure as failure:
                    raise KeysIncomplete("keys_incomplete", {"place": stream}) from failure
                if key not in seen and not is_gone(wanted, flat_row(row)):
                    seen.add(key)
                    yield key


def is_gone(stream: StreamSettings, content: Mapping[str, Scalar]) -> bool:
    """Tell whether a row says that it is gone."""
    gone = stream.tombstones
    return gone is not None and as_text(content.get(gone.column)) in gone.values


def as_text(word: object) -> str:
    """Write a value as JSON people do: ``true``, ``false``, nothing for null."""
    if word is None or isinstance(word, bool):
        return "" if word is None else str(word).lower()
    return str(word)


class _Source:
    """The interface in one run: access, envelope, pages."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.settings: RestSettings = read_settings(context.config)
        self._access = Access(context.web, self.settings)

    def pages(
        self,
        stream: StreamSettings,
        said: Mapping[str, str],
        hear: Callable[[WebAnswer], None] = lambda _: None,
    ) -> Iterator[list[Any]]:
        """Turn the pages of a stream; ``hear`` gets every answer before its rows are told."""
        address = self.settings.address.rstrip("/") + "/" + stream.path.lstrip("/")
        first = Ask(address=address, said=said)

        def send(ask: Ask) -> tuple[WebAnswer, Any]:
            answer, found = self._send(stream, ask)
            hear(answer)
            return answer, found

        return pages(stream, first, send)

    def _send(self, stream: StreamSettings, ask: Ask) -> tuple[WebAnswer, Any]:
        try:
            return self._once(stream, ask)
        except AuthExpired:
            if not self._access.renewed():
                raise
            return self._once(stream, ask)

    def _once(self, stream: StreamSettings, ask: Ask) -> tuple[WebAnswer, Any]:
        headers, query = self._access.carried()
        headers = {**self.settings.headers, **headers}
        web = self.context.web
        if stream.method == "POST":
            body = {**stream.body, **ask.said}
            all_of_it = query if ask.whole else {**stream.query, **query}
            answer = web.post(ask.address, json=body, query=all_of_it, headers=headers, reads=True)
        else:
            own = {} if ask.whole else {**stream.query, **ask.said}
            answer = web.get(ask.address, {**own, **query}, headers)
        said = answer.demand_ok().json()
        self._demand_good(said)
        return answer, said

    def _demand_good(self, said: Any) -> None:
        envelope = self.settings.envelope
        if envelope is None:
            return
        word = at(said, envelope.place)
        text = as_text(word)
        if text in envelope.good:
            return
        values = {"status": text[:50]}
        if text in envelope.denied:
            raise AuthExpired("source_access_refused", values)
        if text in envelope.busy:
            raise Transient("source_status", {"host": text[:50]})
        raise ConfigurationRefused("source_answer_refused", values)


class _Reading:
    """The read of one stream."""

    def __init__(
        self, source: _Source, name: str, stream: StreamSettings, emitting: Emitting
    ) -> None:
        self._source = source
        self._name = name
        self._stream = stream
        self._emitting = emitting
        self._zone = ZoneInfo(stream.zone)
        paging = stream.paging
        several = isinstance(paging, PageNumbers | Offsets) and paging.drift == "REPEAT"
        # A list that is read several times tells its rows several times.
        self._told: set[tuple[str, str]] | None = set() if several else None
        self._seen: Instant | None = None
        self._last: Instant | None = None
        self._mark: Instant | None = None
        self._began: Instant | None = None

    def run(self, cursor: Cursor) -> Iterator[Message]:
        """Emit the rows; a long read moves its cursor only when the rows come in order."""
        changes = self._stream.changes
        before = self._seen = read_back(str(cursor.get("seen") or ""))
        said: dict[str, str] = {}
        if changes is not None and before is not None:
            now = self._source.context.now
            said[changes.parameter] = bound(changes, self._zone, before, now)
        ordered = changes is not None and changes.ordered
        since = 0
        for rows in self._source.pages(self._stream, said, self.hear):
            for row in rows:
                if since == CHECKPOINT_RECORDS_MAX:
                    yield self._checkpoint(self._so_far(before) if ordered else before)
                    since = 0
                changed = self._changed(row)
                message = self._message(row, changed)
                if message is not None:
                    yield message
                    since += 1
        reached = self._no_later(self._seen) if self._mark is None else self._mark
        yield self._checkpoint(reached)

    def hear(self, answer: WebAnswer) -> None:
        """Read how far the source was when the read began, if it says so, and its time."""
        changes = self._stream.changes
        if changes is not None and self._began is None:
            self._began = began(changes, self._source.context.now, answer.headers.get("date", ""))
        if changes is None or not changes.mark_header or self._mark is not None:
            return
        text = answer.headers.get(changes.mark_header.lower(), "")
        self._mark = sorts_as(changes, self._zone, text.removeprefix("W/").strip('"'))
        if self._mark is None:
            raise ConfigurationRefused("source_mark_missing", {"header": changes.mark_header})

    def _so_far(self, before: Instant | None) -> Instant | None:
        """Return how far rows in order have come, never past where the source was at first."""
        reached = later(before, self._last)
        past = self._mark is not None and reached is not None and earlier_than(self._mark, reached)
        return self._mark if past else self._no_later(reached)

    def _no_later(self, reached: Instant | None) -> Instant | None:
        """Go no further than the time at which the read began.

        A row behind which the read was already may have changed before one that it came to later,
        and a stamp from the future would hide what comes until then.
        """
        if self._began is None or reached is None or not earlier_than(self._began, reached):
            return reached
        return self._began

    def _checkpoint(self, seen: Instant | None) -> Checkpoint:
        text = written(seen)
        return Checkpoint(stream=self._name, cursor={"seen": text} if text else {})

    def _changed(self, row: Any) -> Instant | None:
        """Read when the row changed, and hold the source to the order that it promised."""
        changes = self._stream.changes
        if changes is None:
            return None
        own = sorts_as(changes, self._zone, at(row, changes.column))
        if own is not None:
            if changes.ordered and self._last is not None and earlier_than(own, self._last):
                raise ConfigurationRefused("source_not_ordered", {"column": changes.column})
            self._last = own
            self._seen = later(self._seen, own)
        return own

    def _message(self, row: Any, changed: Instant | None) -> Message | None:
        where = f"rest:{self._stream.path}"
        try:
            key = join_key(key_texts(self._stream, row))
        except ConfigurationRefused as refused:
            return Rejected(
                stream=self._name,
                position=where,
                reason=refused.code,
                values=refused.values,
                payload={"row": self._source.context.redact(repr(row))[:_LONGEST]},
            )
        content = flat_row(row)
        if self._told is not None:
            mark = (key, content_hash(content))
            if mark in self._told:
                return None
            self._told.add(mark)
        place = f"{where}/{key}"
        version = changed if isinstance(changed, str) else ""
        if isinstance(changed, Decimal):
            version = f"{changed:030.6f}"
        if is_gone(self._stream, content):
            return self._emitting.tombstone(self._name, key, place, version)
        return self._emitting.record(self._name, key, content, place, version)

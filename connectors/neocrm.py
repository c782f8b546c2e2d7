"""Neocrm (销售易): opportunities, orders, receipts, activities and what the company made itself.

What matters here and is easily got wrong:

- A read is one scroll. How far it covers is the latest change that Neocrm knew when the scroll
  began: what changes meanwhile is younger and comes with the next read, which begins
  ``again_minutes`` earlier besides.
- A read that broke off goes on with the mark of its scroll. A mark does not live for ever: when it
  is refused the scroll begins anew, which costs calls and loses nothing.
- Fields are asked for by name, and their names differ by company: ``discover`` asks for them.
- Money is text, instants and dates are milliseconds as text (a date is midnight in the company's
  zone). They stay as they are; beside dates stand ``.time`` and ``.day``.
- Neocrm does not tell deletions: who wants them found has all ids compared (``sweep``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from connectors.change_reach import reach_of, youngest
from connectors.contract import (
    API_VERSION,
    CallLimit,
    Catalog,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Message,
    ReadRequest,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
)
from connectors.emitting import Emitting, checked
from connectors.epoch_millis import midnight_millis, time_cells, whole_millis
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.json_rows import flat_row
from connectors.kept_tokens import Tokens
from connectors.neocrm_api import ENTRY, Neocrm, xoql
from connectors.neocrm_settings import CONFIG_SCHEMA, NeocrmSettings, NeocrmStream, settings_of
from connectors.row_cells import rejected_row

PAGE = 500
_CHANGED = "updatedAt"
_ALWAYS_TIMES = frozenset({"createdAt", _CHANGED})


class NeocrmConnector:
    """The built-in connector ``neocrm``; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="neocrm",
        title={"zh-CN": "销售易", "en": "Neocrm"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "backfill": 1},
        # The hosts of the settings; those of the first pool where the settings name none.
        allowed_hosts=(
            "api.xiaoshouyi.com",
            "login.xiaoshouyi.com",
            "{address}",
            "{login_address}",
        ),
        # Neocrm states none that we know: these are ours, so that nobody is locked out.
        limits=(CallLimit(calls=10, seconds=1), CallLimit(calls=10, seconds=60, path=ENTRY)),
    )

    def __init__(self) -> None:
        self._tokens = Tokens()

    def check(self, context: Context) -> CheckReport:
        """Read one row of every stream."""

        def look() -> Iterator[CheckFinding]:
            settings = settings_of(context.config)
            neocrm = self._open(context, settings)
            for stream in settings.streams:
                neocrm.rows(xoql(["id"], stream.api_name, "limit 0,1"))
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Ask every object for its fields; the company's own (``__c``) come along."""
        settings = settings_of(context.config)
        neocrm = self._open(context, settings)
        found = []
        for stream in settings.streams:
            types = neocrm.fields(stream.api_name)
            columns = _columns(types, _times(types, stream, settings))
            found.append(
                StreamInfo(
                    name=stream.name,
                    entity=stream.entity,
                    key=("id",),
                    deletes=Deletes.SWEEP if settings.sweep else Deletes.NONE,
                    personal_fields=tuple(name for name in stream.personal if name in types),
                    columns=tuple(columns),
                )
            )
        return Catalog(streams=tuple(found))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what was changed since the cursors, or what lies in a range of business dates."""
        settings = settings_of(context.config)
        neocrm = self._open(context, settings)
        emitting = Emitting()
        for name in request.streams:
            stream = settings.stream(name)
            reading = _Reading(neocrm, stream, emitting, settings, context.now)
            cursor = request.cursors.get(name, {})
            if request.backfill is not None:
                yield from reading.backfill(cursor, request.backfill.start, request.backfill.end)
            else:
                yield from reading.run(cursor)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the id of every row."""
        settings = settings_of(context.config)
        wanted = settings.stream(stream)
        neocrm = self._open(context, settings)
        seen: set[str] = set()
        mark, more = "", True
        while more:
            rows, mark = neocrm.page(xoql(["id"], wanted.api_name), mark, PAGE)
            for row in rows:
                key = _key(row)
                if not key:
                    raise KeysIncomplete("keys_incomplete", {"place": wanted.api_name})
                if key not in seen:
                    seen.add(key)
                    yield key
            more = bool(mark)

    def _open(self, context: Context, settings: NeocrmSettings) -> Neocrm:
        return Neocrm(context.web, settings.access, self._tokens, context.now, context.redact)


class _Reading:
    """The read of one stream."""

    def __init__(
        self,
        neocrm: Neocrm,
        stream: NeocrmStream,
        emitting: Emitting,
        settings: NeocrmSettings,
        now: datetime,
    ) -> None:
        self._neocrm = neocrm
        self._stream = stream
        self._emitting = emitting
        self._zone = settings.zone
        self._again = settings.again
        self._now = now
        self._types = neocrm.fields(stream.api_name)
        self._times = _times(self._types, stream, settings)

    def run(self, cursor: Cursor) -> Iterator[Message]:
        name = self._stream.name
        reach = reach_of(cursor, self._latest)
        mark = cursor.get("mark") if reach.goes_on else ""
        since = reach.since(self._again)
        query = self._query() if since is None else self._query(f"where {_CHANGED} >= {since}")
        for rows, following in self._scroll(query, mark if isinstance(mark, str) else ""):
            yield from map(self._message, rows)
            if following:
                yield Checkpoint(stream=name, cursor=reach.under_way({"mark": following}))
        yield Checkpoint(stream=name, cursor=reach.done())

    def backfill(self, cursor: Cursor, start: date, end: date) -> Iterator[Message]:
        """Read the rows of some business dates; every checkpoint is the live cursor, unmoved."""
        day = self._stream.day
        if day not in self._types:
            raise ConfigurationRefused("source_backfill_unsupported")
        first, after = midnight_millis(start, self._zone), midnight_millis(end, self._zone)
        unmoved = Checkpoint(stream=self._stream.name, cursor=cursor)
        query = self._query(f"where {day} >= {first} and {day} < {after}")
        for rows, _ in self._scroll(query, ""):
            yield from map(self._message, rows)
            yield unmoved
        yield unmoved

    def _query(self, *rest: str) -> str:
        return xoql(sorted(self._types), self._stream.api_name, *rest)

    def _scroll(self, query: str, mark: str) -> Iterator[tuple[list[Any], str]]:
        try:
            page = self._neocrm.page(query, mark, PAGE)
        except ConfigurationRefused:
            if not mark:
                raise
            page = self._neocrm.page(query, "", PAGE)  # the mark of a former run has died
        while True:
            yield page
            if not page[1]:
                return
            page = self._neocrm.page(query, page[1], PAGE)

    def _latest(self) -> int | None:
        """Ask for the time of the latest change, before the scroll begins."""
        last = f"order by {_CHANGED} desc limit 0,1"
        rows = self._neocrm.rows(xoql([_CHANGED], self._stream.api_name, last))
        return youngest(rows, _CHANGED, self._now)

    def _message(self, row: Any) -> Record | Rejected:
        name, place, key = self._stream.name, f"neocrm:{self._stream.api_name}", _key(row)
        if not key:
            return rejected_row(name, row, place, "source_key_missing", {"column": "id"})
        position = f"{place}/{key}"
        version = whole_millis(row.get(_CHANGED))
        if version is None:
            values = {"column": _CHANGED, "value": str(row.get(_CHANGED))}
            return rejected_row(name, row, position, "date_unreadable", values, key)
        content: dict[str, Scalar] = dict.fromkeys(_columns(self._types, self._times))
        content.update(flat_row(row))
        content.update(time_cells(row, self._times, self._zone))
        content["id"] = key
        stamp = f"{version:015d}"
        return self._emitting.record(name, key, content, position, stamp)


def _key(row: Any) -> str:
    """Return the id of a row, which is a number or its text."""
    value = row.get("id") if isinstance(row, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return "" if "\0" in text else text


def _times(
    types: Mapping[str, str], stream: NeocrmStream, settings: NeocrmSettings
) -> tuple[str, ...]:
    """Name the fields that hold instants: by their type, or because somebody says so."""
    said = {*_ALWAYS_TIMES, stream.day, *settings.dates}
    return tuple(name for name, kind in types.items() if "date" in kind or name in said)


def _columns(types: Mapping[str, str], times: Sequence[str]) -> list[str]:
    found = []
    for name in types:
        found.append(name)
        if name in times:
            found += [f"{name}.time", f"{name}.day"]
    return found

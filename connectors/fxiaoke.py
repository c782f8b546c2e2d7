"""Fxiaoke (纷享销客): opportunities, orders, receipts, visits and what the company made itself.

What matters here and is easily got wrong:

- An offset ends at 10,000 and shifts when rows change, so a read is a pass over ``_id``. How far
  it covers is the latest change that Fxiaoke knew when the pass began: what changes meanwhile is
  younger and comes with the next read, which begins ``again_minutes`` earlier besides.
- Money is text, instants and dates are milliseconds (a date is midnight in the company's zone),
  owners are lists. They stay as they are; beside them stand ``.time``, ``.day`` and ``.first``.
- A field without a value is left out of a row: it comes as an empty column.
- A row is deleted in two steps: ``life_status`` ``invalid`` takes it back. Who deletes for good
  between two reads is found by ``keys`` only (``sweep``), a call for each hundred rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from connectors.change_reach import reach_of, youngest
from connectors.contract import (
    API_VERSION,
    CallLimit,
    Checkpoint,
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
    Tombstone,
)
from connectors.epoch_millis import midnight_millis, time_cells, whole_millis
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.fxiaoke_api import ENTRY_PATH, LIMIT_MAX, Fxiaoke
from connectors.fxiaoke_settings import (
    CONFIG_SCHEMA,
    PEOPLE,
    FxiaokeSettings,
    FxiaokeStream,
    settings_of,
)
from connectors.json_rows import flat_row
from connectors.kept_tokens import Tokens
from connectors.object_sources import Asking, ObjectSource
from connectors.row_cells import rejected_row

PAGE = LIMIT_MAX
_CHANGED = "last_modified_time"
_TIMES = frozenset({"date", "date_time"})
_Asking: TypeAlias = Asking[FxiaokeSettings, Fxiaoke]


class FxiaokeConnector(ObjectSource[FxiaokeSettings, Fxiaoke, FxiaokeStream]):
    """The built-in connector ``fxiaoke``; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="fxiaoke",
        title={"zh-CN": "纷享销客", "en": "Fxiaoke"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "backfill": 1, "live": 1},
        allowed_hosts=("{address}",),
        limits=(
            CallLimit(calls=10, seconds=60, path=ENTRY_PATH),
            CallLimit(calls=100, seconds=20, path="/data/query"),
            CallLimit(calls=100, seconds=20, path="/object/describe"),
        ),
    )

    def __init__(self) -> None:
        self._tokens = Tokens()

    def begin(self, context: Context) -> _Asking:
        """Read the settings."""
        settings = settings_of(context.config)
        fxiaoke = Fxiaoke(context.web, settings.access, self._tokens, context.now, context.redact)
        return Asking(context=context, settings=settings, source=fxiaoke)

    def probe(self, asking: _Asking, stream: FxiaokeStream) -> None:
        """Read one row."""
        asking.source.rows(stream.api_name, _query((), "_id", limit=1))

    def describe(self, asking: _Asking, stream: FxiaokeStream) -> StreamInfo:
        """Ask an object for its fields; the company's own (``__c``) come along."""
        columns = _columns(asking.source.fields(stream.api_name))
        return StreamInfo(
            name=stream.name,
            entity=stream.entity,
            key=("_id",),
            deletes=Deletes.SWEEP if asking.settings.sweep else Deletes.TOMBSTONE,
            personal_fields=_personal(columns, stream),
            columns=tuple(columns),
        )

    def read_stream(
        self, asking: _Asking, stream: FxiaokeStream, cursor: Cursor, request: ReadRequest
    ) -> Iterator[Message]:
        """Emit what was changed since the cursor, or what lies in a range of business dates."""
        reading = _Reading(asking, stream)
        if request.backfill is None:
            return reading.run(cursor)
        return reading.backfill(cursor, request.backfill.start, request.backfill.end)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the ``_id`` of every row that is valid."""
        asking = self.begin(context)
        wanted = asking.settings.stream(stream)
        passing = _Pass(asking.source, wanted.api_name, ())
        for page in passing.pages(""):
            for row in page:
                if not passing.has_key(row):
                    raise KeysIncomplete("keys_incomplete", {"place": wanted.api_name})
                if row.get("life_status") != "invalid":
                    yield str(row["_id"])


class _Pass:
    """A walk over the rows that fit some filters, by ``_id``."""

    def __init__(self, fxiaoke: Fxiaoke, api_name: str, filters: Sequence[Any]) -> None:
        self._fxiaoke = fxiaoke
        self._api_name = api_name
        self._filters = filters
        self._seen: set[str] = set()
        self.last = ""

    def pages(self, after: str) -> Iterator[list[Any]]:
        """Emit pages until one is empty: a short page is not always the last one."""
        self.last = after
        while True:
            bounds = (
                [*self._filters, _filter("_id", "GT", self.last)] if self.last else self._filters
            )
            page = self._fxiaoke.rows(self._api_name, _query(bounds, "_id"))
            if not page:
                return
            named = [row["_id"] for row in page if self.has_key(row)]
            if not named:
                raise self.without_key()
            if not self._seen.isdisjoint(named) or len(set(named)) < len(named):
                raise ConfigurationRefused("source_pages_circle")
            self._seen.update(named)
            self.last = named[-1]
            yield page

    @staticmethod
    def has_key(row: object) -> bool:
        """Say whether it is a row and has its ``_id``."""
        key = row.get("_id") if isinstance(row, Mapping) else None
        return isinstance(key, str) and bool(key.strip()) and "\0" not in key

    @staticmethod
    def without_key() -> Exception:
        """Make the failure of rows that cannot be walked over."""
        return ConfigurationRefused("source_key_missing", {"column": "_id"})


class _Reading:
    """The read of one stream."""

    def __init__(self, asking: _Asking, stream: FxiaokeStream) -> None:
        self._fxiaoke = asking.source
        self._stream = stream
        self._emitting = asking.emitting
        self._zone = asking.settings.zone
        self._again = asking.settings.again
        self._now = asking.context.now
        self._types = asking.source.fields(stream.api_name)

    def run(self, cursor: Cursor) -> Iterator[Message]:
        name = self._stream.name
        reach = reach_of(cursor, self._latest)
        since = reach.since(self._again)
        filters = [] if since is None else [_filter(_CHANGED, "GTE", str(since))]
        passing = _Pass(self._fxiaoke, self._stream.api_name, filters)
        after = cursor.get("after")
        for page in passing.pages(after if isinstance(after, str) else ""):
            yield from map(self._message, page)
            yield Checkpoint(stream=name, cursor=reach.under_way({"after": passing.last}))
        yield Checkpoint(stream=name, cursor=reach.done())

    def backfill(self, cursor: Cursor, start: date, end: date) -> Iterator[Message]:
        """Read the rows of some business dates; every checkpoint is the live cursor, unmoved."""
        day = self._stream.day
        if day not in self._types:
            raise ConfigurationRefused("source_backfill_unsupported")
        bounds = [
            _filter(day, "GTE", str(midnight_millis(start, self._zone))),
            _filter(day, "LT", str(midnight_millis(end, self._zone))),
        ]
        unmoved = Checkpoint(stream=self._stream.name, cursor=cursor)
        for page in _Pass(self._fxiaoke, self._stream.api_name, bounds).pages(""):
            yield from map(self._message, page)
            yield unmoved
        yield unmoved

    def _latest(self) -> int | None:
        """Ask for the time of the latest change, before the pass begins."""
        query = _query((), _CHANGED, limit=1, rising=False)
        rows = self._fxiaoke.rows(self._stream.api_name, query)
        return youngest(rows, _CHANGED, self._now)

    def _message(self, row: Any) -> Record | Tombstone | Rejected:
        name, place = self._stream.name, f"fxiaoke:{self._stream.api_name}"
        if not _Pass.has_key(row):
            return rejected_row(name, row, place, "source_key_missing", {"column": "_id"})
        key = row["_id"]
        position = f"{place}/{key}"
        version = whole_millis(row.get(_CHANGED))
        if version is None:
            values = {"column": _CHANGED, "value": str(row.get(_CHANGED))}
            return rejected_row(name, row, position, "date_unreadable", values, key)
        stamp = f"{version:015d}"
        if row.get("life_status") == "invalid":
            return self._emitting.tombstone(name, key, position, stamp)
        return self._emitting.record(name, key, self._content(row), position, stamp)

    def _content(self, row: Mapping[str, Any]) -> dict[str, Scalar]:
        content: dict[str, Scalar] = dict.fromkeys(_columns(self._types))
        content.update(flat_row(row))
        times = [name for name, kind in self._types.items() if kind in _TIMES]
        content.update(time_cells(row, times, self._zone))
        if "owner" in self._types:
            value = row.get("owner")
            first = value[0] if isinstance(value, list) and value else value
            content["owner.first"] = str(first) if isinstance(first, str | int) else None
        return content


def _columns(types: Mapping[str, str]) -> list[str]:
    found = []
    for name, kind in types.items():
        found.append(name)
        if kind in _TIMES:
            found += [f"{name}.time", f"{name}.day"]
        elif name == "owner":
            found.append("owner.first")
    return found


def _personal(columns: Sequence[str], stream: FxiaokeStream) -> tuple[str, ...]:
    """Name the columns of people, with the labels that come beside them."""
    found = []
    for name in stream.personal:
        if name in columns:
            labels = (f"{name}.first", f"{name}__r", f"{name}__r.name")
            found += [name, *(labels if name in PEOPLE else ())]
    return tuple(found)


def _filter(field: str, operator: str, value: str) -> dict[str, Any]:
    return {"field_name": field, "operator": operator, "field_values": [value]}


def _query(
    filters: Sequence[Any], order: str, *, limit: int | None = None, rising: bool = True
) -> dict[str, Any]:
    return {
        "limit": PAGE if limit is None else limit,
        "offset": 0,
        "filters": list(filters),
        "orders": [{"fieldName": order, "isAsc": rising}],
    }

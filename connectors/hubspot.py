"""HubSpot: deals, contacts, companies, meetings, calls, tickets and the company's own objects.

What matters here and is easily got wrong:

- Everything is text, also numbers and truths; null is "no value". Beside an instant stands its day
  in the portal's zone, because people there mean that day: a deal closed at midnight in Shanghai is
  of the day before in UTC.
- What is archived is in no search: the list of archived rows is read with every sync. Of rows that
  were merged the survivor names the others, and they are taken back.
- A callback names rows, and those are read by id besides: the search may not know them yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import (
    API_VERSION,
    CallLimit,
    Catalog,
    CheckFinding,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    HookAnswer,
    HookRequest,
    Message,
    ReadRequest,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
    Tombstone,
)
from connectors.emitting import Emitting, checked, with_checkpoints
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.hubspot_api import LIST_MAX, SEARCH_MAX, TOKEN_PATH, HubSpot
from connectors.hubspot_events import answer_callback
from connectors.hubspot_settings import (
    CONFIG_SCHEMA,
    HubSpotSettings,
    HubSpotStream,
    settings_of,
)
from connectors.id_walks import (
    Page,
    Span,
    day_in,
    iso,
    midnight,
    moment_of,
    walk_again,
    walk_changes,
)
from connectors.kept_tokens import Tokens
from connectors.own_objects import people_in
from connectors.row_cells import rejected_row

PAGE = SEARCH_MAX
_ID = "hs_object_id"
_INSTANTS = frozenset({"datetime", "date"})
_UTC = ZoneInfo("UTC")
_PEOPLE = frozenset({"phone_number", "email"})


class HubSpotConnector:
    """The built-in connector ``hubspot``; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="hubspot",
        title={"zh-CN": "HubSpot", "en": "HubSpot"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "backfill": 1, "hook": 1},
        allowed_hosts=("api.hubapi.com", "{address}"),
        limits=(
            CallLimit(calls=10, seconds=60, path=TOKEN_PATH),
            CallLimit(calls=4, seconds=1, path="/search"),
            CallLimit(calls=90, seconds=10),
        ),
    )

    def __init__(self) -> None:
        self._tokens = Tokens()

    def check(self, context: Context) -> CheckReport:
        """Ask for one row of every stream."""

        def look() -> Iterator[CheckFinding]:
            settings = settings_of(context.config)
            hubspot = self._open(context, settings)
            for stream in settings.streams:
                hubspot.search(stream.object, _question([], stream.stamp, ["createdate"], 1))
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Ask every kind for its properties; the company's own come along."""
        settings = settings_of(context.config)
        hubspot = self._open(context, settings)
        found = []
        for stream in settings.streams:
            reading = _Reading(hubspot, stream, Emitting(), settings, context.now)
            found.append(
                StreamInfo(
                    name=stream.name,
                    entity=stream.entity,
                    key=("id",),
                    deletes=Deletes.SWEEP if settings.sweep else Deletes.TOMBSTONE,
                    personal_fields=reading.personal(),
                    columns=reading.columns,
                )
            )
        return Catalog(streams=tuple(found))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what changed since the cursors, or what lies in a range of business dates."""
        settings = settings_of(context.config)
        hubspot = self._open(context, settings)
        emitting = Emitting()
        for name in request.streams:
            reading = _Reading(hubspot, settings.stream(name), emitting, settings, context.now)
            cursor = request.cursors.get(name, {})
            if request.backfill is not None:
                bounds = reading.of_days(request.backfill.start, request.backfill.end)
                yield from walk_again(name, reading, partial(reading.asked, bounds), cursor)
                continue
            named = reading.named(request.reread.get(name, ()))
            yield from with_checkpoints(name, named, cursor)
            yield from with_checkpoints(name, reading.archived(cursor), cursor)
            yield from walk_changes(name, reading, cursor, settings.again, context.now)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the id of every row that is not archived."""
        settings = settings_of(context.config)
        kind = settings.stream(stream).object
        hubspot = self._open(context, settings)
        after = ""
        while True:
            rows, after = hubspot.listed(kind, after, archived=False)
            for row in rows:
                key = _key(row)
                if not key:
                    raise KeysIncomplete("keys_incomplete", {"place": f"hubspot:{kind}"})
                yield key
            if not after:
                return

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a callback and say which rows it is about."""
        return answer_callback(settings_of(context.config), request, context.now)

    def _open(self, context: Context, settings: HubSpotSettings) -> HubSpot:
        return HubSpot(context.web, settings.access, self._tokens, context.now)


class _Reading:
    """The read of one stream."""

    def __init__(
        self,
        hubspot: HubSpot,
        stream: HubSpotStream,
        emitting: Emitting,
        settings: HubSpotSettings,
        now: datetime,
    ) -> None:
        self._hubspot = hubspot
        self._stream = stream
        self._emitting = emitting
        self._settings = settings
        self._now = now
        self._place = f"hubspot:{stream.object}"
        self._types = _wanted(hubspot.properties(stream.object), stream, settings.own_properties)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name all columns of a row."""
        days = [f"{name}.day" for name, kind in self._types.items() if kind in _INSTANTS]
        return ("id", *self._types, *days, "createdAt", "updatedAt", "currency")

    def personal(self) -> tuple[str, ...]:
        """Name the columns of people: ours, and those of the company that say so by their type."""
        return people_in(self._types, self._stream.personal, _PEOPLE)

    # ------------------------------------------------------------------- what is asked

    def latest(self) -> datetime | None:
        """Ask for the youngest change."""
        stamp = self._stream.stamp
        question = _question([], stamp, [stamp], 1, falling=True)
        rows, _ = self._hubspot.search(self._stream.object, question)
        moments = [_changed(row, stamp) for row in rows]
        return max((moment for moment in moments if moment is not None), default=None)

    def page(self, span: Span, after: str) -> Page:
        """Ask for the next rows that changed in a span."""
        stamp, bounds = self._stream.stamp, []
        if span.since is not None:
            bounds.append(_filter(stamp, "GTE", _milliseconds(span.since)))
        if span.until is not None:
            bounds.append(_filter(stamp, "LTE", _milliseconds(span.until)))
        return self.asked(bounds, after)

    def of_days(self, start: date, end: date) -> list[dict[str, str]]:
        """Write the filters of a range of business dates."""
        day = self._stream.day
        kind = self._types.get(day)
        if kind not in _INSTANTS:
            raise ConfigurationRefused("source_backfill_unsupported")
        # A date is kept as its midnight in UTC, whatever the zone of the portal.
        zone = _UTC if kind == "date" else self._settings.zone
        return [
            _filter(day, "GTE", _milliseconds(midnight(start, zone))),
            _filter(day, "LT", _milliseconds(midnight(end, zone))),
        ]

    def asked(self, bounds: Sequence[Mapping[str, str]], after: str) -> Page:
        """Ask for the rows behind an id that fit some filters."""
        filters = [*bounds, *([_filter(_ID, "GT", after)] if after else [])]
        question = _question(filters, _ID, list(self._types), PAGE)
        rows, more = self._hubspot.search(self._stream.object, question)
        return Page(rows=rows, last=not more)

    def named(self, keys: Sequence[str]) -> Iterator[Message]:
        """Read the rows that callbacks named, by id."""
        wanted = [key for key in dict.fromkeys(keys) if key.isascii() and key.isdigit()]
        for begin in range(0, len(wanted), LIST_MAX):
            ids = wanted[begin : begin + LIST_MAX]
            found = self._hubspot.batch(self._stream.object, ids, list(self._types))
            for row in found.rows:
                yield from self.messages(row)
            for key in found.missing:
                yield self._gone(key, iso(self._now))

    def archived(self, cursor: Cursor) -> Iterator[Message]:
        """Take back what was archived since the last read; before the first there is nothing."""
        seen = moment_of(cursor.get("seen"))
        after = ""
        while seen is not None:
            rows, after = self._hubspot.listed(self._stream.object, after, archived=True)
            for row in rows:
                at = moment_of(row.get("archivedAt")) if isinstance(row, Mapping) else None
                key = _key(row)
                if key and (at is None or at >= seen - self._settings.again):
                    changed = _changed(row, self._stream.stamp)
                    yield self._gone(key, iso(max(at or self._now, changed or self._now)))
            if not after:
                return

    # ------------------------------------------------------------------- what is told

    def key(self, row: Any) -> str:
        """Return the id of a row."""
        return _key(row)

    def messages(self, row: Any) -> Iterator[Record | Tombstone | Rejected]:
        """Say what a row is, and which rows were merged into it."""
        name, key = self._stream.name, _key(row)
        properties = row.get("properties") if isinstance(row, Mapping) else None
        if not key or not isinstance(properties, Mapping):
            values = {"column": "properties" if key else "id"}
            yield rejected_row(name, row, self._place, "source_key_missing", values, key)
            return
        changed = _changed(row, self._stream.stamp)
        position = f"{self._place}/{key}"
        if changed is None:
            values = {
                "column": self._stream.stamp,
                "value": str(properties.get(self._stream.stamp)),
            }
            yield rejected_row(name, row, position, "date_unreadable", values, key)
            return
        if row.get("archived") is True:
            yield self._gone(key, iso(changed))
            return
        content = self._content(row, properties)
        yield self._emitting.record(name, key, content, position, iso(changed))
        for merged in str(properties.get("hs_merged_object_ids") or "").split(";"):
            if merged.strip().isdigit() and merged.strip() != key:
                yield self._gone(merged.strip(), iso(changed))

    def _gone(self, key: str, version: str) -> Tombstone:
        return self._emitting.tombstone(self._stream.name, key, f"{self._place}/{key}", version)

    def _content(self, row: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Scalar]:
        content: dict[str, Scalar] = {"id": _key(row)}
        for name, kind in self._types.items():
            value = told.get(name)
            content[name] = value if value is None or isinstance(value, str) else str(value)
            if kind in _INSTANTS:
                content[f"{name}.day"] = _day(content[name], kind, self._settings)
        for name in ("createdAt", "updatedAt"):
            content[name] = str(row[name]) if row.get(name) is not None else None
        content["currency"] = content.get("deal_currency_code") or self._settings.currency
        return content


def _wanted(
    known: Mapping[str, Mapping[str, Any]], stream: HubSpotStream, own: frozenset[str] | None
) -> dict[str, str]:
    """Choose properties: ours as far as they are there, and those that the company made."""
    company = [
        name
        for name, about in sorted(known.items())
        if about.get("hubspotDefined") is not True and (own is None or name in own)
    ]
    wanted = dict.fromkeys((*stream.wanted, *company))
    return {name: str(known[name].get("type")) for name in wanted if name in known}


def _key(row: Any) -> str:
    key = row.get("id") if isinstance(row, Mapping) else None
    return key if isinstance(key, str) and key.isascii() and key.isdigit() else ""


def _changed(row: Any, stamp: str) -> datetime | None:
    """Return when a row changed: its own property, or what HubSpot says beside it."""
    told = row.get("properties") if isinstance(row, Mapping) else None
    own = moment_of(told.get(stamp)) if isinstance(told, Mapping) else None
    return own or (moment_of(row.get("updatedAt")) if isinstance(row, Mapping) else None)


def _day(value: Scalar, kind: str, settings: HubSpotSettings) -> str | None:
    """Return the day: of an instant in the zone of the portal, of a date as it stands there."""
    if kind == "date" and isinstance(value, str) and len(value) == 10:
        return value
    return day_in(moment_of(value), settings.zone)


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp()) * 1_000 + moment.microsecond // 1_000)


def _question(
    filters: Sequence[Mapping[str, str]],
    order: str,
    properties: Sequence[str],
    limit: int,
    *,
    falling: bool = False,
) -> dict[str, Any]:
    return {
        "filterGroups": [{"filters": list(filters)}] if filters else [],
        "sorts": [{"propertyName": order, "direction": "DESCENDING" if falling else "ASCENDING"}],
        "properties": list(properties),
        "limit": limit,
    }

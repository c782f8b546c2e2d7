"""Salesforce: won opportunities, who shares them, leads, tasks, visits and the company's objects.

What matters here and is easily got wrong:

- ``queryAll`` alone shows what was deleted and what Salesforce archived by itself (tasks after a
  year). ``IsDeleted`` takes a row back; after some fifteen days it is gone without a word, and only
  ``keys`` (``sweep``) finds that.
- An opportunity that is changed moves its splits without moving their stamp: what hangs on another
  row is read again when either of them changed.
- Which fields there are depends on the company *and* on the rights of our user: ``describe`` is
  asked first, and a field that it does not name is not asked for (``INVALID_FIELD``).
- An event of a whole day has midnight in UTC for its times, wherever the company is: its day is
  that of UTC, and not the one before in a zone west of it.
- Amounts without ``CurrencyIsoCode`` are in the company's only currency: ``currency`` says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from connectors.contract import (
    API_VERSION,
    CallLimit,
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
from connectors.failures import ConfigurationRefused, KeysIncomplete, Transient
from connectors.id_walks import Page, Span, keys_behind, walk_again, walk_changes
from connectors.instants import day_in, iso, midnight, moment_of
from connectors.json_rows import flat_row
from connectors.kept_tokens import Tokens
from connectors.object_sources import Asking, ObjectSource
from connectors.own_objects import people_in
from connectors.row_cells import rejected_row
from connectors.salesforce_api import TOKEN_PATH, LocatorGone, Salesforce
from connectors.salesforce_settings import (
    CONFIG_SCHEMA,
    SalesforceSettings,
    SalesforceStream,
    settings_of,
)

PAGE = 2_000
_STAMP = "SystemModstamp"
_NO_CELLS = frozenset({"base64", "complexvalue", "location", "address"})
_TRIES = 3
_UTC = ZoneInfo("UTC")
_OF_WHOLE_DAYS = frozenset({"StartDateTime", "EndDateTime"})
_Asking: TypeAlias = Asking[SalesforceSettings, Salesforce]


class SalesforceConnector(ObjectSource[SalesforceSettings, Salesforce, SalesforceStream]):
    """The built-in connector ``salesforce``; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="salesforce",
        title={"zh-CN": "Salesforce", "en": "Salesforce"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "backfill": 1},
        allowed_hosts=("{address}",),
        limits=(
            CallLimit(calls=10, seconds=60, path=TOKEN_PATH),
            CallLimit(calls=25, seconds=5),
        ),
    )

    def __init__(self) -> None:
        self._tokens = Tokens()

    def begin(self, context: Context) -> _Asking:
        """Read the settings."""
        settings = settings_of(context.config)
        salesforce = Salesforce(context.web, settings.access, self._tokens, context.now)
        return Asking(context=context, settings=settings, source=salesforce)

    def probe(self, asking: _Asking, stream: SalesforceStream) -> None:
        """Ask for one row."""
        asking.source.rows(_select("Id", stream.object, limit=1), stream.object)

    def describe(self, asking: _Asking, stream: SalesforceStream) -> StreamInfo:
        """Ask an object for its fields; the company's own (``__c``) come along."""
        reading = _Reading(asking, stream)
        deletes = Deletes.TOMBSTONE if reading.tells_deletions else Deletes.NONE
        return StreamInfo(
            name=stream.name,
            entity=stream.entity,
            key=("Id",),
            deletes=Deletes.SWEEP if asking.settings.sweep else deletes,
            personal_fields=reading.personal(),
            columns=reading.columns,
        )

    def read_stream(
        self, asking: _Asking, stream: SalesforceStream, cursor: Cursor, request: ReadRequest
    ) -> Iterator[Message]:
        """Emit what changed since the cursor, or what lies in a range of business dates."""
        name, reading = stream.name, _Reading(asking, stream)
        if request.backfill is None:
            again, now = asking.settings.again, asking.context.now
            return walk_changes(name, reading, cursor, again, now)
        days = reading.of_days(request.backfill.start, request.backfill.end)
        return walk_again(name, reading, partial(reading.asked, days), cursor)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the Id of every row that is not deleted, the archived ones too."""
        asking = self.begin(context)
        reading = _Reading(asking, asking.settings.stream(stream))
        for _, key in keys_behind(reading, reading.living):
            if not key:
                raise KeysIncomplete("keys_incomplete", {"place": reading.place})
            yield key


class _Reading:
    """The read of one stream."""

    def __init__(self, asking: _Asking, stream: SalesforceStream) -> None:
        salesforce, settings = asking.source, asking.settings
        self._salesforce = salesforce
        self._stream = stream
        self._emitting = asking.emitting
        self._currency = settings.currency
        self._zone = settings.zone
        self._types = _wanted(salesforce.fields(stream.object), stream, settings.own_fields)
        self._plain = (*self._types, *(f"{stream.parent}.{name}" for name in stream.parent_fields))
        self._stamps = (_STAMP, *((f"{stream.parent}.{_STAMP}",) if stream.parent else ()))
        self.place = f"salesforce:{stream.object}"
        self.tells_deletions = "IsDeleted" in self._types

    @property
    def columns(self) -> tuple[str, ...]:
        """Name all columns of a row."""
        days = [f"{name}.day" for name, kind in self._types.items() if kind == "datetime"]
        return (*self._plain, *days, *self._stamps[1:], "currency")

    def personal(self) -> tuple[str, ...]:
        """Name the columns of people: ours, and those of the company that say so by their type."""
        return people_in(self._types, self._stream.personal, ("email", "phone"))

    # ------------------------------------------------------------------- what is asked

    def latest(self) -> datetime | None:
        """Ask for the youngest stamp, of the rows and of what they hang on."""
        moments = []
        for stamp in self._stamps:
            name = self._stream.object
            query = _select(stamp, name, f"{stamp} != null", f"{stamp} DESC", 1)
            rows = self._salesforce.rows(query, name)
            moments += [moment_of(_flat(row).get(stamp)) for row in rows]
        return max((moment for moment in moments if moment is not None), default=None)

    def page(self, span: Span, after: str) -> Page:
        """Ask for the next rows that changed in a span."""
        bounds = []
        for stamp in self._stamps:
            own = []
            if span.since is not None:
                own.append(f"{stamp} >= {_soql(span.since)}")
            if span.until is not None:
                own.append(f"{stamp} <= {_soql(span.until)}")
            bounds.append(" AND ".join(own))
        condition = " OR ".join(f"({each})" for each in bounds) if bounds[0] else ""
        return self.asked(condition, after)

    def of_days(self, start: date, end: date) -> str:
        """Write the condition of a range of business dates."""
        day = self._stream.day
        kind = "date" if day.startswith(f"{self._stream.parent}.") else self._types.get(day)
        if kind == "date":
            return f"{day} >= {start.isoformat()} AND {day} < {end.isoformat()}"
        if kind == "datetime":
            first, last = (_soql(midnight(each, self._zone)) for each in (start, end))
            return f"{day} >= {first} AND {day} < {last}"
        raise ConfigurationRefused("source_backfill_unsupported")

    def asked(self, condition: str, after: str) -> Page:
        """Ask for the rows behind an id that fit a condition."""
        fields = ", ".join(dict.fromkeys((*self._plain, *self._stamps)))
        return self._pages(fields, condition, after)

    def living(self, after: str) -> Page:
        """Ask for the ids of rows that are not deleted."""
        return self._pages("Id", "IsDeleted = false" if self.tells_deletions else "", after)

    def _pages(self, fields: str, condition: str, after: str) -> Page:
        parts = [f"({condition})"] if condition else []
        if after:
            parts.append(f"Id > '{_literal(after)}'")
        name = self._stream.object
        query = _select(fields, name, " AND ".join(parts), "Id", PAGE)
        for _ in range(_TRIES):
            with suppress(LocatorGone):  # nothing of it was told yet: the same question again
                rows = self._salesforce.rows(query, name)
                return Page(rows=rows, last=len(rows) < PAGE)
        raise Transient("source_unsteady")

    # ------------------------------------------------------------------- what is told

    def key(self, row: Any) -> str:
        """Return the Id of a row."""
        found = row.get("Id") if isinstance(row, Mapping) else None
        return found if isinstance(found, str) and found.isalnum() else ""

    def messages(self, row: Any) -> Iterator[Record | Tombstone | Rejected]:
        """Say what a row is."""
        name, key = self._stream.name, self.key(row)
        if not key:
            yield rejected_row(name, row, self.place, "source_key_missing", {"column": "Id"})
            return
        position = f"{self.place}/{key}"
        flat = _flat(row)
        stamps = [moment_of(flat.get(stamp)) for stamp in self._stamps]
        known = [stamp for stamp in stamps if stamp is not None]
        if not known and flat.get(_STAMP) is not None:
            values = {"column": _STAMP, "value": str(flat[_STAMP])}
            yield rejected_row(name, row, position, "date_unreadable", values, key)
            return
        version = iso(max(known)) if known else ""
        if row.get("IsDeleted") is True:
            yield self._emitting.tombstone(name, key, position, version)
        else:
            yield self._emitting.record(name, key, self._content(flat), position, version)

    def _content(self, flat: Mapping[str, Scalar]) -> dict[str, Scalar]:
        content = {**dict.fromkeys(self._plain), **flat}
        whole = _OF_WHOLE_DAYS if content.get("IsAllDayEvent") is True else frozenset()
        for name, kind in self._types.items():
            if kind == "datetime":
                zone = _UTC if name in whole else self._zone
                content[f"{name}.day"] = day_in(moment_of(content[name]), zone)
        content["currency"] = content.get("CurrencyIsoCode") or self._currency
        return content


def _wanted(
    fields: Mapping[str, Mapping[str, Any]], stream: SalesforceStream, own: frozenset[str] | None
) -> dict[str, str]:
    """Choose fields: ours as far as our user sees them, and the company's own."""
    company = [
        name
        for name, about in sorted(fields.items())
        if name.endswith("__c")
        and about.get("type") not in _NO_CELLS
        and (own is None or name in own)
    ]
    wanted = ("Id", _STAMP, "IsDeleted", *stream.fields, stream.day, *company)
    found = {name: str(fields[name].get("type")) for name in wanted if name in fields}
    for name in ("Id", _STAMP):
        if name not in found:
            raise ConfigurationRefused("column_missing", {"column": f"{stream.object}.{name}"})
    return found


def _flat(row: Any) -> dict[str, Scalar]:
    """Flatten a row; what Salesforce says about it (``attributes``) is no data."""
    return flat_row(_bare(row)) if isinstance(row, Mapping) else {}


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _bare(value) if isinstance(value, Mapping) else value
        for name, value in row.items()
        if name != "attributes"
    }


def _select(fields: str, table: str, where: str = "", order: str = "", limit: int = 1) -> str:
    """Write a question in SOQL; all its parts are names of the source or literals made here."""
    parts = ["SELECT", fields, "FROM", table]
    parts += ["WHERE", where] if where else []
    parts += ["ORDER BY", order] if order else []
    return " ".join([*parts, "LIMIT", str(limit)])


def _soql(moment: datetime) -> str:
    """Write an instant as SOQL reads it: whole seconds, like the stamps."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")

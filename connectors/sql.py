"""Tables, views and SELECTs of PostgreSQL, MySQL or MariaDB, and SQLite, described by data.

What matters here and is easily got wrong:

- Pages begin at a place in the order of (time of change, key), never at a count of rows; each page
  begins with the last row of the one before, so that a key that is none is noticed.
- A transaction that is committed late brings rows whose time of change lies before what was read:
  each read begins earlier than the latest change, by as much as the settings say.
- A row without a time of change compares with nothing, so such rows are read each time.
- A time of change in the future does not move the cursor past the present.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from connectors.contract import (
    API_VERSION,
    Backfill,
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
    StreamInfo,
    join_key,
)
from connectors.databases import Holds, Raw
from connectors.emitting import Emitting, checked, with_checkpoints
from connectors.failures import ConfigurationRefused
from connectors.sql_cells import CellUnusable, Clock, cell_of, key_text
from connectors.sql_query import Wording
from connectors.sql_settings import (
    CHECK_SECONDS,
    CONFIG_SCHEMA,
    Marked,
    NumberChanges,
    read_settings,
)
from connectors.sql_table import PAGE, Row, Table

_LONGEST = 2_000


class SqlConnector:
    """The built-in connector ``sql``."""

    info = ConnectorInfo(
        id="sql",
        title={"zh-CN": "数据库（SQL）", "en": "SQL database"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "backfill": 1, "live": 1},
        allowed_hosts=("{database.host}",),
    )

    def check(self, context: Context) -> CheckReport:
        """Ask every stream for its columns and hold them to the settings."""

        def look() -> Iterator[CheckFinding]:
            self.discover(context)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Return the described streams with their columns."""
        settings = read_settings(context.config)
        found = []
        with context.databases.open(settings.place(CHECK_SECONDS)) as database:
            for name, stream in settings.streams.items():
                table = Table(settings, name, database)
                found.append(
                    StreamInfo(
                        name=name,
                        entity=name,
                        key=stream.key,
                        deletes=stream.kind_of_deletes,
                        zone=settings.zone_of(stream),
                        personal_fields=stream.personal_fields,
                        columns=tuple(column.name for column in table.columns),
                    )
                )
        return Catalog(streams=tuple(found))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what changed since the cursors, or everything of a stream without changes."""
        settings = read_settings(context.config)
        streams = [(name, settings.stream(name)) for name in request.streams]
        if request.backfill is not None and not all(stream.day for _, stream in streams):
            raise ConfigurationRefused("source_backfill_unsupported")
        emitting = Emitting()
        with context.databases.open(settings.place(settings.seconds)) as database:
            for name, _ in streams:
                table = Table(settings, name, database)
                cursor = request.cursors.get(name, {})
                reading = _Reading(table, context, emitting, cursor)
                if request.backfill is None:
                    yield from reading.run()
                else:
                    yield from reading.again(request.backfill)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit every key; a row without one was never taken, and is not missed."""
        settings = read_settings(context.config)
        key = settings.stream(stream).key
        with context.databases.open(settings.place(settings.seconds)) as database:
            table = Table(settings, stream, database)
            for row in table.rows(key, table.named, only=key):
                texts = [key_text(raw) for raw in row]
                if any(text.strip() for text in texts):
                    yield join_key(texts)


class _Reading:
    """The read of one stream."""

    def __init__(self, table: Table, context: Context, emitting: Emitting, cursor: Cursor) -> None:
        self._table = table
        self._stream = table.stream
        self._name = table.name
        self._context = context
        self._emitting = emitting
        self._before = cursor
        self._changes = table.stream.changes
        self._seen = str(cursor.get("seen") or "")
        self._form = self._seen[10:11]
        changes = self._changes
        holds = table.column(changes.column).holds if changes else Holds.OTHER
        self._clock = Clock(zone=table.zone, now=context.now, holds=holds)

    def run(self) -> Iterator[Message]:
        """Emit what has no key, then what has no time of change, then all else in its order."""
        changes = self._changes
        yield from with_checkpoints(self._name, self._nameless(), self._before)
        if changes is None:
            rows = self._table.rows(self._stream.key, self._table.named)
            yield from with_checkpoints(self._name, map(self._message, rows), {})
            yield Checkpoint(stream=self._name, cursor={})
            return
        yield Checkpoint(stream=self._name, cursor=self._before)
        undated = self._table.rows(
            self._stream.key,
            lambda words: (
                self._table.named(words).text(" AND ").name(changes.column).text(" IS NULL")
            ),
        )
        yield from with_checkpoints(self._name, map(self._message, undated), self._before)
        yield Checkpoint(stream=self._name, cursor=self._before)
        bound = self._bound()
        dated = self._table.rows(
            (changes.column, *self._stream.key),
            lambda words: self._changed(self._table.named(words).text(" AND "), bound),
        )
        since = 0
        for row in dated:
            if since == PAGE:
                yield self._checkpoint()
                since = 0
            yield self._message(row)
            self._see(row[self._table.places[changes.column]])
            since += 1
        yield self._checkpoint()

    def again(self, days: Backfill) -> Iterator[Message]:
        """Emit the rows of a range of days, whenever they changed; the cursor stays."""
        day = self._stream.day
        holds = self._table.column(day).holds
        clock = Clock(zone=self._table.zone, now=self._context.now, holds=holds)

        def within(words: Wording) -> Wording:
            self._table.named(words).text(" AND ")
            words.compared(day, ">=", clock.begin_of(days.start)).text(" AND ")
            return words.compared(day, "<", clock.begin_of(days.end))

        rows = self._table.rows(self._stream.key, within)
        yield from with_checkpoints(self._name, map(self._message, rows), self._before)
        yield Checkpoint(stream=self._name, cursor=self._before)

    def _bound(self) -> Raw:
        """Return where this read begins; None for the very beginning."""
        if not self._seen:
            return None
        if isinstance(self._changes, NumberChanges):
            number = Decimal(self._seen) - self._changes.again
            return int(number) if number == number.to_integral_value() else number
        assert self._changes is not None
        again = timedelta(minutes=self._changes.again_minutes)
        return self._clock.earlier(self._seen, again)

    def _changed(self, words: Wording, bound: Raw) -> Wording:
        assert self._changes is not None
        if bound is None:
            return words.name(self._changes.column).text(" IS NOT NULL")
        return words.compared(self._changes.column, ">=", bound)

    def _nameless(self) -> Iterator[Message]:
        """Emit the rows without a key; where there are more than a page the key is none."""
        changes = self._changes

        def condition(words: Wording) -> Wording:
            self._table.nameless(words)
            if changes is not None and self._seen:
                words.text(" AND (").name(changes.column).text(" IS NULL OR ")
                self._changed(words, self._bound()).text(")")
            return words

        rows = self._table.few(condition).rows
        if len(rows) > PAGE:
            self._table.refuse("sql_key_unusable", ",".join(self._stream.key))
        for row in rows:
            yield self._rejected(row, "sql_key_missing", {"column": ",".join(self._stream.key)})

    def _checkpoint(self) -> Checkpoint:
        seen = self._seen
        if seen and not isinstance(self._changes, NumberChanges):
            # A time in the future counts as the present of the read that saw it: what is changed
            # until the next one has an earlier time.
            seen = self._clock.no_later(seen)
        return Checkpoint(stream=self._name, cursor={"seen": seen} if seen else {})

    def _see(self, raw: Raw) -> None:
        """Remember the latest change; infinity and what is no time do not count."""
        if isinstance(self._changes, NumberChanges):
            own = _number(raw)
            if own is not None and (not self._seen or own > Decimal(self._seen)):
                self._seen = format(own, "f")
            return
        moment = self._clock.read(raw)
        if moment is None or not self._is_in_form(raw):
            return
        before = self._clock.read(self._seen)
        if before is None or moment > before:
            self._seen = str(raw)
            self._form = self._form or self._seen[10:11]

    def _is_in_form(self, raw: Raw) -> bool:
        """Whether a time in a file is written as the others: texts of two forms do not compare."""
        return not self._form or str(raw)[10:11] == self._form

    def _message(self, row: Row) -> Message:
        table = self._table
        raws = [row[table.places[name]] for name in self._stream.key]
        texts = [key_text(raw) for raw in raws]
        missing = {"column": ",".join(self._stream.key)}
        if not any(text.strip() for text in texts):
            return self._rejected(row, "sql_key_missing", missing)
        if any("\0" in text for text in texts):
            return self._rejected(row, "sql_text_broken", missing)
        key = join_key(texts)
        changed = row[table.places[self._changes.column]] if self._changes else None
        try:
            self._demand_change(changed)
            content = {
                column.name: cell_of(column, raw, self._stream.floats)
                for column, raw in zip(table.columns, row, strict=True)
            }
        except CellUnusable as bad:
            return self._rejected(row, bad.code, bad.values, key)
        place, version = f"sql:{self._name}/{key}", self._version(changed)
        if self._is_gone(row):
            return self._emitting.tombstone(self._name, key, place, version)
        return self._emitting.record(self._name, key, content, place, version)

    def _demand_change(self, raw: Raw) -> None:
        """A file's column may hold anything; what cannot be compared would never be read again."""
        if not self._table.is_file or self._changes is None or raw is None:
            return
        if isinstance(self._changes, NumberChanges):
            usable = _number(raw) is not None
        else:
            usable = self._clock.read(raw) is not None and self._is_in_form(raw)
        if not usable:
            raise CellUnusable("sql_time_form", {"column": self._changes.column})

    def _version(self, raw: Raw) -> str:
        if isinstance(self._changes, NumberChanges):
            own = _number(raw)
            return "" if own is None or own < 0 else f"{own:030.6f}"
        return self._clock.version(raw) if self._changes else ""

    def _is_gone(self, row: Row) -> bool:
        gone = self._stream.deletes
        if not isinstance(gone, Marked):
            return False
        raw = row[self._table.places[gone.column]]
        if not gone.values:
            return raw not in (None, "", 0, False)
        return raw is not None and _as_text(raw) in gone.values

    def _rejected(self, row: Row, code: str, values: Mapping[str, str], key: str = "") -> Rejected:
        told = {
            column.name: self._context.redact(str(raw))[:_LONGEST]
            for column, raw in zip(self._table.columns, row, strict=True)
            if raw is not None and not isinstance(raw, bytes)
        }
        payload = {name: text.encode("utf-8", "replace").decode() for name, text in told.items()}
        return Rejected(
            stream=self._name,
            position=f"sql:{self._name}/{key or '-'}",
            reason=code,
            values=values,
            payload={name: text.replace("\0", "?") for name, text in payload.items()},
            key=key,
        )


def _as_text(raw: Raw) -> str:
    return str(raw).lower() if isinstance(raw, bool) else key_text(raw)


def _number(raw: Raw) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        return None
    try:
        found = Decimal(raw)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None

"""Any Singer tap that the operator has installed, run by the process host.

The state of a tap is kept word for word and moves only when the tap has ended well: what a tap
said before it broke is kept, and read again. Rows arrive by their key, so nothing doubles. A tap
cannot say that a row is gone; a stream that must know it is swept (``deletes`` SWEEP).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.contract import (
    API_VERSION,
    CHECKPOINT_RECORDS_MAX,
    CURSOR_BYTES_MAX,
    Catalog,
    CheckCode,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Message,
    Notice,
    ReadRequest,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
    join_key,
)
from connectors.emitting import Emitting, checked
from connectors.failures import (
    ConfigurationRefused,
    ConnectorFailure,
    KeysIncomplete,
    ProgramFailed,
    Suspicious,
)
from connectors.json_rows import flat_row
from connectors.process_host import Program, running
from connectors.singer_catalog import Entry, chosen, read_catalog
from connectors.singer_lines import Broken, Line, Row, Schema, State, Stray, read_line
from connectors.singer_settings import CONFIG_SCHEMA, demand_required, read_settings
from connectors.taps import read_tap

_CHECK_SECONDS = 9.0  # the host gives a check ten
_DISCOVER_SECONDS = 120.0
_CATALOG_BYTES = 64 << 20
_STRAYS_MAX = 10_000
_SHRUNK_ROWS_MIN = 20
# Columns that a tap adds about its own work: they change although the row has not.
_OF_THE_TAP = "_sdc_"
# What a program that fails writes, in whatever words; read for a check only.
_MEANINGS = (
    (
        CheckCode.AUTHENTICATION,
        r"\b401\b|unauthori[sz]ed|invalid.{0,12}(grant|token|credential|key)",
    ),
    (CheckCode.PERMISSION, r"\b403\b|forbidden|permission denied|access denied"),
    (CheckCode.UNREACHABLE, r"tim(ed|e) ?out|connection (refused|reset|error)|unreachable"),
    (CheckCode.UNREACHABLE, r"name or service|name resolution|no such file|not found"),
)


class SingerConnector:
    """The built-in connector ``singer``; without a folder of taps it runs nothing."""

    info = ConnectorInfo(
        id="singer",
        title={"zh-CN": "Singer 数据抽取程序", "en": "Singer tap"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1},
    )

    def __init__(self, taps: Path | None = None) -> None:
        self._taps = taps

    def check(self, context: Context) -> CheckReport:
        """Look at the settings and ask the tap what it can read."""

        def look() -> Iterator[CheckFinding]:
            source = _Source(context, self._taps)
            demand_required(source.settings, source.tap.required)
            found = source.entries(_CHECK_SECONDS)
            for name in source.settings.streams:
                if name not in found:
                    raise ConfigurationRefused("stream_unknown", {"stream": name})
            return iter(())

        try:
            return checked(look)
        except ProgramFailed as failure:
            finding = CheckFinding(code=failure.code, values=failure.values)
            return CheckReport(code=_meaning(failure), findings=(finding,))

    def discover(self, context: Context) -> Catalog:
        """Return the streams of the tap; one without a key is there, but cannot be read."""
        source = _Source(context, self._taps)
        return Catalog(streams=tuple(source.stream(e) for e in source.entries().values()))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Run the tap for each stream on its own, from its state."""
        if request.backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        source = _Source(context, self._taps)
        entries = source.entries()
        emitting = Emitting()
        for name in request.streams:
            reading = _Reading(source, entries, name, emitting)
            yield from reading.run(request.cursors.get(name, {}))

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Run the tap from the beginning and emit the keys; one amiss makes them incomplete."""
        try:
            source = _Source(context, self._taps)
            reading = _Reading(source, source.entries(), stream, Emitting())
            seen: set[str] = set()
            for message in reading.rows(None):
                if isinstance(message, Rejected):
                    raise KeysIncomplete("keys_incomplete", {"place": message.position})
                if isinstance(message, Record) and message.key not in seen:
                    seen.add(message.key)
                    yield message.key
        except ProgramFailed as failure:
            raise KeysIncomplete("keys_incomplete", {"place": stream}) from failure


def _meaning(failure: ProgramFailed) -> CheckCode:
    """Guess from the words of a program whose turn it is; what says nothing is the settings."""
    if failure.code in {"program_silent", "program_too_long"}:
        return CheckCode.UNREACHABLE
    said = failure.values.get("said", "")
    for code, pattern in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return code
    return CheckCode.CONFIGURATION


class _Source:
    """A tap with the settings of one connection."""

    def __init__(self, context: Context, taps: Path | None) -> None:
        self.context = context
        self.settings = read_settings(context.config)
        self.tap = read_tap(taps, self.settings.tap)

    def lines(
        self, program: Program, arguments: tuple[str, ...], files: Mapping[str, str]
    ) -> Generator[bytes, None, None]:
        """Run the tap with its settings in a file and give what it says."""
        given = {"config.json": json.dumps(self.settings.settings), **files}
        arguments = ("--config", "config.json", *arguments)
        with running(program, arguments, given, self.context.redact) as started:
            yield from started.lines()

    def entries(self, seconds: float = _DISCOVER_SECONDS) -> dict[str, Entry]:
        """Ask the tap what it offers."""
        limits = self.tap.program.limits
        short = replace(
            limits,
            total_seconds=min(seconds, limits.total_seconds),
            output_bytes=min(_CATALOG_BYTES, limits.output_bytes),
            line_bytes=_CATALOG_BYTES,
        )
        program = replace(self.tap.program, limits=short)
        said = b"\n".join(self.lines(program, ("--discover",), {}))
        return read_catalog(self.context.redact(said.decode("utf-8", "replace")), self.tap.name)

    def stream(self, entry: Entry) -> StreamInfo:
        """Describe a stream by what the tap and the settings say."""
        choice = self.settings.choice(entry.name)
        return StreamInfo(
            name=entry.name,
            entity=entry.name,
            key=choice.key or entry.key,
            deletes=Deletes.SWEEP if choice.deletes == "SWEEP" else Deletes.NONE,
            zone=choice.zone,
            personal_fields=choice.personal_fields,
            columns=tuple(c for c in entry.columns if not c.startswith(_OF_THE_TAP)),
        )


class _Reading:
    """One run of a tap for one stream."""

    def __init__(
        self, source: _Source, entries: Mapping[str, Entry], name: str, emitting: Emitting
    ) -> None:
        if name not in entries:
            raise ConfigurationRefused("stream_unknown", {"stream": name})
        self._source = source
        self._entries = entries
        self._entry = entries[name]
        self._name = name
        self._emitting = emitting
        self._choice = source.settings.choice(name)
        self._own = {name, self._entry.alias}
        self._known = {each.alias for each in entries.values()} | set(entries)
        self._schema: Schema | None = None
        self._state: str | None = None
        self._first_stray = ""
        self._seen: Counter[str] = Counter()

    # -- the whole read --------------------------------------------------------------------------

    def run(self, before: Cursor) -> Iterator[Message]:
        """Emit the rows and, when the tap has ended well, move the cursor to its state."""
        anew = self._is_due(before)
        state = None if anew else before.get("state")
        since = 0
        with closing(self.rows(state if isinstance(state, str) else None)) as messages:
            for message in messages:
                if since == CHECKPOINT_RECORDS_MAX:
                    yield Checkpoint(stream=self._name, cursor=before)
                    since = 0
                yield message
                since += 1
        yield from self._ending(before, whole=not isinstance(state, str) or self._reads_all())

    def _is_due(self, before: Cursor) -> bool:
        """Say whether everything is to be read anew, because that was long ago."""
        last = before.get("whole")
        if not self._choice.full_days or not isinstance(last, str):
            return False
        today = self._source.context.now.date()
        return date.fromisoformat(last) + timedelta(days=self._choice.full_days) <= today

    def _reads_all(self) -> bool:
        if self._choice.method:
            return self._choice.method == "FULL_TABLE"
        return self._entry.reads_all

    def _ending(self, before: Cursor, *, whole: bool) -> Iterator[Message]:
        if self._seen["strays"]:
            told = {"count": str(self._seen["strays"]), "first": self._first_stray[:200]}
            yield Notice(stream=self._name, position=self._place(), code="tap_printed", values=told)
        cursor = dict(before)
        if self._state is not None:
            cursor["state"] = self._state
        rows = self._seen["rows"]
        if whole:
            cursor |= {"rows": rows, "whole": self._source.context.now.date().isoformat()}
            odd = self._oddity(before.get("rows"), rows)
            if odd is not None:
                yield Checkpoint(stream=self._name, cursor=before)
                code, values = odd
                raise Suspicious(code, values, stream=self._name, cursor=cursor)
        yield Checkpoint(stream=self._name, cursor=cursor)

    def _oddity(self, before: object, rows: int) -> tuple[str, Mapping[str, str]] | None:
        """Doubt a whole read that brought nothing, or less than half of the one before."""
        values = {"stream": self._name, "tap": self._source.tap.name, "rows": str(rows)}
        if rows == 0 and before != 0 and not self._seen["rejected"]:
            return "tap_told_nothing", values
        known = before if isinstance(before, int) else 0
        if known >= _SHRUNK_ROWS_MIN and rows * 2 < known:
            return "tap_told_less", {**values, "before": str(known)}
        return None

    # -- the program -----------------------------------------------------------------------------

    def rows(self, state: str | None) -> Generator[Message, None, None]:
        """Run the tap and emit what it says of the stream; no checkpoints."""
        source = self._source
        files = {"catalog.json": chosen(self._entries, self._name, self._choice.method)}
        arguments: tuple[str, ...] = (source.tap.file.catalog, "catalog.json")
        if state is not None:
            files["state.json"] = state
            arguments += ("--state", "state.json")
        with closing(source.lines(source.tap.program, arguments, files)) as lines:
            for line in lines:
                message = self._take(read_line(line, source.context.redact))
                if message is not None:
                    yield message

    def _take(self, line: Line) -> Message | None:
        if isinstance(line, Row):
            return self._row(line)
        if isinstance(line, State):
            self._note_state(line)
        elif isinstance(line, Schema):
            return self._note_schema(line)
        elif isinstance(line, Broken):
            return self._rejected("tap_line_broken", {}, line.text)
        elif isinstance(line, Stray):
            self._note_stray(line.text)
        elif line.kind == "BATCH":
            raise self._failed("tap_batch_refused")
        return None

    def _row(self, line: Row) -> Message | None:
        if line.stream not in self._own:
            if line.stream not in self._known:
                raise self._failed("tap_stream_unknown", line.stream)
            return None  # older taps read what was not chosen
        if self._schema is None:
            raise self._failed("tap_record_without_schema", line.stream)
        self._seen["read"] += 1
        parts = []
        for column in self._choice.key or self._schema.key:
            cell = line.row.get(column)
            if cell is None or isinstance(cell, dict | list) or cell == "":
                text = json.dumps(line.row, ensure_ascii=False, default=str)
                return self._rejected("source_key_missing", {"column": column}, text)
            parts.append(_text(cell))
        content: dict[str, Scalar] = flat_row(
            {name: cell for name, cell in line.row.items() if not name.startswith(_OF_THE_TAP)}
        )
        self._seen["rows"] += 1
        return self._emitting.record(self._name, join_key(parts), content, self._place())

    def _note_state(self, line: State) -> None:
        if line.tells_secret:
            raise self._failed("tap_state_tells_secret")
        if len(line.text) > CURSOR_BYTES_MAX // 2:  # it is written once more as JSON
            raise self._failed("tap_state_too_large", str(len(line.text)))
        self._state = line.text

    def _note_schema(self, line: Schema) -> Message | None:
        if line.stream not in self._own:
            return None
        before, self._schema = self._schema, line
        if not (self._choice.key or line.key):
            raise ConfigurationRefused("tap_stream_without_key", {"stream": self._name})
        if before is None:
            return None
        if before.key != line.key and not self._choice.key:
            raise self._failed("tap_key_changed", ", ".join(line.key))
        if set(before.columns) == set(line.columns):
            return None
        names = sorted(set(before.columns) ^ set(line.columns))
        values = {"columns": ", ".join(names)[:300]}
        return Notice(
            stream=self._name, position=self._place(), code="tap_columns_changed", values=values
        )

    def _note_stray(self, text: str) -> None:
        self._seen["strays"] += 1
        self._first_stray = self._first_stray or text
        if self._seen["strays"] > _STRAYS_MAX:
            raise self._failed("tap_prints_too_much", str(_STRAYS_MAX))

    def _rejected(self, reason: str, values: Mapping[str, str], text: str) -> Rejected:
        self._seen["rejected"] += 1
        return Rejected(
            stream=self._name,
            position=self._place(),
            reason=reason,
            values=values,
            payload={"row": text[:2_000]},
        )

    def _place(self) -> str:
        return f"{self._source.tap.name}:{self._name}/record:{self._seen['read']}"

    def _failed(self, code: str, detail: str = "") -> ConnectorFailure:
        values = {"program": self._source.tap.name, "detail": self._source.context.redact(detail)}
        return ProgramFailed(code, values)


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)

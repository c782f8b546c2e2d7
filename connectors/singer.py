"""Any Singer tap that the operator has installed, run by the process host.

The state of a tap is kept word for word and moves only when the tap has ended well: what a tap
said before it broke is kept, and read again. Rows arrive by their key, so nothing doubles. A tap
cannot say that a row is gone; a stream that must know it is swept (``deletes`` SWEEP).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.contract import (
    API_VERSION,
    CheckFinding,
    ConnectorInfo,
    Context,
    Message,
)
from connectors.emitting import Emitting
from connectors.failures import ConfigurationRefused
from connectors.program_lines import Broken, Row, State, Stray
from connectors.program_reading import ProgramReading
from connectors.program_settings import demand_required, read_settings
from connectors.program_sources import CHECK_SECONDS, ProgramConnector, ProgramSource
from connectors.singer_catalog import Entry, chosen, read_catalog
from connectors.singer_lines import Schema, singer_line
from connectors.singer_settings import CONFIG_SCHEMA, SingerSettings


class _Source(ProgramSource[SingerSettings, Entry]):
    """A tap with the settings of one connection."""

    protocol = "singer"
    of_the_program = ("_sdc_",)

    def read_settings(self, context: Context) -> SingerSettings:
        return read_settings(context.config, SingerSettings)

    def ask_catalog(self, seconds: float) -> Mapping[str, Entry]:
        said = b"\n".join(self.answer(("--config", "config.json", "--discover"), seconds))
        return read_catalog(self.redact(said.decode("utf-8", "replace")), self.tap.name)


class _Reading(ProgramReading):
    """One run of a tap for one stream."""

    def __init__(
        self, source: _Source, entries: Mapping[str, Entry], name: str, emitting: Emitting
    ) -> None:
        super().__init__(source, entries, name, emitting)
        self._own = {name, self.entry.alias}
        self._known = {each.alias for each in entries.values()} | set(entries)
        self._schema: Schema | None = None

    @property
    def reads_all(self) -> bool:
        if self.choice.method:
            return self.choice.method == "FULL_TABLE"
        entry: Entry = self.entry
        return entry.reads_all

    def asked(self, state: str | None) -> tuple[tuple[str, ...], Mapping[str, str]]:
        files = {"catalog.json": chosen(self.entries, self.name, self.choice.method)}
        words = ("--config", "config.json", self.source.tap.file.catalog, "catalog.json")
        if state is not None:
            return (*words, "--state", "state.json"), {**files, "state.json": state}
        return words, files

    def take(self, line: bytes) -> Iterator[Message]:
        said = singer_line(line, self.source.redact)
        if isinstance(said, Row):
            yield from self._row(said)
        elif isinstance(said, State):
            self.note_state(said)
        elif isinstance(said, Schema):
            yield from self._note_schema(said)
        elif isinstance(said, Broken):
            yield self.rejected("tap_line_broken", {}, said.text)
        elif isinstance(said, Stray):
            self.note_stray(said.text)
        elif said.kind == "BATCH":
            raise self.failed("tap_batch_refused")

    def _row(self, line: Row) -> Iterator[Message]:
        if line.stream not in self._own:
            if line.stream not in self._known:
                raise self.failed("tap_stream_unknown", line.stream)
            return  # older taps read what was not chosen
        if self._schema is None:
            raise self.failed("tap_record_without_schema", line.stream)
        yield self.row(line, self.choice.key or self._schema.key)

    def _note_schema(self, line: Schema) -> Iterator[Message]:
        if line.stream not in self._own:
            return
        before, self._schema = self._schema, line
        if not (self.choice.key or line.key):
            raise ConfigurationRefused("tap_stream_without_key", {"stream": self.name})
        if before is None:
            return
        if before.key != line.key and not self.choice.key:
            raise self.failed("tap_key_changed", ", ".join(line.key))
        if set(before.columns) != set(line.columns):
            names = sorted(set(before.columns) ^ set(line.columns))
            yield self.notice("tap_columns_changed", {"columns": ", ".join(names)[:300]})


class SingerConnector(ProgramConnector):
    """The built-in connector ``singer``; without a folder of taps it runs nothing."""

    info = ConnectorInfo(
        id="singer",
        title={"zh-CN": "Singer 数据抽取程序", "en": "Singer tap"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1},
    )
    source = _Source
    reading = _Reading

    def look(self, context: Context) -> Iterator[CheckFinding]:
        """Look at the settings and ask the tap what it can read."""
        source = self.open(context)
        demand_required(source.settings, source.tap.required)
        source.entries(CHECK_SECONDS)
        return iter(())

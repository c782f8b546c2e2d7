"""Any Airbyte source that the operator has installed, run by the process host.

Most are manifests, which Airbyte's own kit reads in an environment of its own; some are Python
packages. A state of the source becomes our cursor behind the records that it covers, when it counts
them as we do. A stream of which the source says that it is incomplete has failed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import msgspec

from connectors.airbyte_catalog import Entry, chosen, read_catalog
from connectors.airbyte_faults import Told
from connectors.airbyte_lines import Estimate, Line, Other, Status, airbyte_line, as_file
from connectors.airbyte_settings import (
    CONFIG_SCHEMA,
    AirbyteChoice,
    AirbyteSettings,
    read_airbyte,
)
from connectors.contract import (
    API_VERSION,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Message,
    Progress,
)
from connectors.emitting import Emitting
from connectors.failures import ConfigurationRefused, ProgramFailed, Transient
from connectors.program_lines import Broken, Row, State, Stray
from connectors.program_reading import ProgramReading
from connectors.program_settings import demand_required
from connectors.program_sources import (
    CHECK_SECONDS,
    ProgramConnector,
    ProgramSource,
    meaning_of,
)

_CONFIG = ("--config", "config.json")
_BESIDE_MAX = 200_000  # logs, traces and whatever else is no record


class _Source(ProgramSource[AirbyteSettings, Entry]):
    """A source with the settings of one connection."""

    protocol = "airbyte"

    def read_settings(self, context: Context) -> AirbyteSettings:
        return read_airbyte(context.config)

    def ask_catalog(self, seconds: float) -> Mapping[str, Entry]:
        return read_catalog(self.body("discover", "CATALOG", seconds), self.tap.name)

    def body(self, verb: str, kind: str, seconds: float) -> str:
        """Run the source for the one message of a kind; what it says last counts."""
        told, found = Told(self.tap.name), ""
        ended: ProgramFailed | None = None
        try:
            for line in self.answer((verb, *_CONFIG, *self.tap.options), seconds):
                said = airbyte_line(line, self.redact)
                told.note(said)
                if isinstance(said, Other) and said.kind == kind:
                    found = said.body
        except ProgramFailed as failure:
            ended = failure
        failed = None if found and ended is None else told.failure(ended)
        if failed is not None:
            raise failed
        return found


class _Connected(msgspec.Struct):
    status: str
    message: str = ""


class _Reading(ProgramReading):
    """One run of a source for one stream."""

    def __init__(
        self, source: _Source, entries: Mapping[str, Entry], name: str, emitting: Emitting
    ) -> None:
        super().__init__(source, entries, name, emitting)
        own: Entry = self.entry
        given = source.settings.streams.get(name) or AirbyteChoice()
        self._key = given.key or own.key
        if not self._key:
            raise ConfigurationRefused("tap_stream_without_key", {"stream": name})
        self._goes_on = own.goes_on(given)
        self._catalog = chosen(own, given)
        self._told = Told(source.tap.name)
        self._status: Status | None = None

    @property
    def reads_all(self) -> bool:
        return not self._goes_on

    def asked(self, state: str | None) -> tuple[tuple[str, ...], Mapping[str, str]]:
        files = {"catalog.json": self._catalog}
        words: tuple[str, ...] = ("read", *_CONFIG, "--catalog", "catalog.json")
        if state is not None and self._goes_on:
            words += ("--state", "state.json")
            files["state.json"] = as_file(state)
        return (*words, *self.source.tap.options), files

    def rows(self, state: str | None) -> Generator[Message, None, None]:
        """Run the source; what it says of itself goes before the status that it ends with."""
        ended: ProgramFailed | None = None
        try:
            yield from super().rows(state)
        except ProgramFailed as failure:
            ended = failure
        failed = self._told.failure(ended)
        if failed is not None:
            raise failed
        if self._status is not None and self._status.status != "COMPLETE":
            values = {"program": self.source.tap.name, "stream": self.name}
            kind = Transient if self._status.waits else ProgramFailed
            raise kind("airbyte_incomplete", values)

    def take(self, line: bytes) -> Iterator[Message]:
        said: Line = airbyte_line(line, self.source.redact)
        if isinstance(said, Row):
            if self._is_own(said.stream):
                self.seen["since_state"] += 1
                yield self.row(said, self._key)
        elif isinstance(said, State):
            yield from self._note_own_state(said)
        elif isinstance(said, Broken):
            self.seen["broken_since_state"] += 1
            yield self.rejected("tap_line_broken", {}, said.text)
        elif isinstance(said, Stray):
            self.note_stray(said.text)
        else:
            self.seen["beside"] += 1
            if self.seen["beside"] > _BESIDE_MAX:
                raise self.failed("tap_prints_too_much", str(_BESIDE_MAX))
            if not self._told.note(said):
                yield from self._beside(said)

    def _beside(self, said: Any) -> Iterator[Message]:
        """Take in what is said beside the records."""
        if isinstance(said, Status):
            if self._is_own(said.stream):
                self._status = said
        elif isinstance(said, Estimate):
            if self._is_own(said.stream):
                yield Progress(stream=self.name, done=self.seen["rows"], total=said.rows)
        elif said.kind == "CONTROL" and not self.seen["control"]:
            self.seen["control"] += 1
            yield self.notice("airbyte_settings_changed", {"program": self.source.tap.name})

    def _is_own(self, stream: str) -> bool:
        """Say whether a message is about what was asked for; of what was never offered, none is."""
        if stream not in self.entries:
            raise self.failed("tap_stream_unknown", stream)
        return stream == self.name

    def _note_own_state(self, said: State) -> Iterator[Message]:
        """Take a state for ours behind the records that it counts, while nothing has failed."""
        if said.stream and not self._is_own(said.stream):
            return
        got, broken = self.seen.pop("since_state", 0), self.seen.pop("broken_since_state", 0)
        if said.count is not None and not got <= said.count <= got + broken:
            told = f"{said.count.normalize():f} / {got}"
            raise self.failed("airbyte_count_differs", told)
        if self._goes_on and self._told.fault is None:
            self.note_state(said)
            yield Checkpoint(stream=self.name, cursor={})


class AirbyteConnector(ProgramConnector):
    """The built-in connector ``airbyte``; without a folder of taps it runs nothing."""

    info = ConnectorInfo(
        id="airbyte",
        title={"zh-CN": "Airbyte 数据源程序", "en": "Airbyte source"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1},
    )
    source = _Source
    reading = _Reading

    def check(self, context: Context) -> CheckReport:
        """Ask the source; what it gives for a reason says whose turn it is."""
        report = super().check(context)
        (finding, *_) = report.findings or (None,)
        if finding is None or finding.code != "airbyte_check_failed":
            return report
        return CheckReport(code=meaning_of(finding.values["said"]), findings=report.findings)

    def look(self, context: Context) -> Iterator[CheckFinding]:
        """Have the source check the settings: that is its own verb."""
        source = self.open(context)
        demand_required(source.settings, source.tap.required)
        body = source.body("check", "CONNECTION_STATUS", CHECK_SECONDS)
        values = {"program": source.tap.name}
        try:
            told = msgspec.json.decode(body, type=_Connected)
        except ValueError:
            raise ProgramFailed("airbyte_without_answer", values) from None
        if told.status != "SUCCEEDED":
            said = {**values, "said": told.message[:600]}
            raise ConfigurationRefused("airbyte_check_failed", said)
        return iter(())

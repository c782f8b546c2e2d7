"""Connectors that run a program of others: which program, with what, and what its failures mean."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from connectors.contract import (
    Catalog,
    CheckCode,
    CheckFinding,
    CheckReport,
    ConnectorInfo,
    Context,
    Deletes,
    Message,
    ReadRequest,
    Record,
    Rejected,
    StreamInfo,
)
from connectors.emitting import Emitting, checked
from connectors.failures import (
    ConfigurationRefused,
    KeysIncomplete,
    ProgramFailed,
)
from connectors.process_host import Program, running
from connectors.program_secrets import also_blanking
from connectors.program_settings import ProgramSettings, StreamChoice
from connectors.taps import Protocols, read_tap

if TYPE_CHECKING:
    from connectors.program_reading import ProgramReading

CHECK_SECONDS = 9.0  # the host gives a check ten
_DISCOVER_SECONDS = 120.0
_CATALOG_BYTES = 64 << 20
# What a program that fails writes, in whatever words.
_MEANINGS = (
    (
        CheckCode.AUTHENTICATION,
        r"\b401\b|unauthori[sz]ed|invalid.{0,12}(grant|token|credential|key)",
    ),
    (CheckCode.PERMISSION, r"\b403\b|forbidden|permission denied|access denied"),
    (CheckCode.UNREACHABLE, r"tim(ed|e) ?out|connection ?(refused|reset|error)|unreachable"),
    (CheckCode.UNREACHABLE, r"name or service|name resolution|no such file|not found"),
)


class Offered(Protocol):
    """One stream that a program offers."""

    @property
    def name(self) -> str:
        """The name under which connections know it."""
        ...

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that the program says identify a row."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns."""
        ...


S = TypeVar("S", bound=ProgramSettings)
E = TypeVar("E", bound=Offered)


def meaning_of(said: str) -> CheckCode:
    """Guess from the words of a program whose turn it is; what says nothing is the settings."""
    for code, pattern in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return code
    return CheckCode.CONFIGURATION


def _meaning(failure: ProgramFailed) -> CheckCode:
    if failure.code in {"program_silent", "program_too_long"}:
        return CheckCode.UNREACHABLE
    return meaning_of(failure.values.get("said", ""))


class ProgramSource(ABC, Generic[S, E]):
    """An installed program with the settings of one connection."""

    protocol: Protocols
    # Columns that a program adds about its own work: they change although the row has not.
    of_the_program: tuple[str, ...] = ()

    def __init__(self, context: Context, taps: Path | None) -> None:
        self.context = context
        self.settings = self.read_settings(context)
        self.tap = read_tap(taps, self.settings.program, self.protocol)
        form = self.tap.about.get("settings")
        self.redact = also_blanking(context.redact, self.settings.settings, form)

    @abstractmethod
    def read_settings(self, context: Context) -> S:
        """Read the configuration, or refuse it."""

    @abstractmethod
    def ask_catalog(self, seconds: float) -> Mapping[str, E]:
        """Ask the program what it offers, by name."""

    def lines(
        self, program: Program, arguments: tuple[str, ...], files: Mapping[str, str]
    ) -> Generator[bytes, None, None]:
        """Run the program with its settings in a file and give what it says."""
        given = {"config.json": json.dumps(self.settings.settings), **files}
        with running(program, arguments, given, self.redact) as started:
            yield from started.lines()

    def answer(self, arguments: tuple[str, ...], seconds: float) -> Iterator[bytes]:
        """Run the program for a short answer, such as its catalogue."""
        limits = self.tap.program.limits
        short = replace(
            limits,
            total_seconds=min(seconds, limits.total_seconds),
            output_bytes=min(_CATALOG_BYTES, limits.output_bytes),
            line_bytes=_CATALOG_BYTES,
        )
        return self.lines(replace(self.tap.program, limits=short), arguments, {})

    def entries(self, seconds: float = _DISCOVER_SECONDS) -> Mapping[str, E]:
        """Ask the program what it offers; a stream of the settings that it has not is refused."""
        found = self.ask_catalog(seconds)
        for name in self.settings.streams:
            if name not in found:
                raise ConfigurationRefused("stream_unknown", {"stream": name})
        return found

    def stream(self, entry: E) -> StreamInfo:
        """Describe a stream by what the program and the settings say."""
        choice = self.settings.streams.get(entry.name) or StreamChoice()
        return StreamInfo(
            name=entry.name,
            entity=entry.name,
            key=choice.key or entry.key,
            deletes=Deletes.SWEEP if choice.deletes == "SWEEP" else Deletes.NONE,
            zone=choice.zone,
            personal_fields=choice.personal_fields,
            columns=tuple(c for c in entry.columns if not c.startswith(self.of_the_program)),
        )


class ProgramConnector(ABC):
    """A connector that runs what the operator has installed; without a folder it runs nothing."""

    info: ConnectorInfo
    source: type[ProgramSource[Any, Any]]
    reading: type[ProgramReading]

    def __init__(self, taps: Path | None = None) -> None:
        self.taps = taps

    def open(self, context: Context) -> Any:
        """Read the settings and find the program."""
        return self.source(context, self.taps)

    @abstractmethod
    def look(self, context: Context) -> Iterator[CheckFinding]:
        """Ask the program for as little as shows whether it can read."""

    def check(self, context: Context) -> CheckReport:
        """Look at the settings and ask the program."""
        try:
            return checked(lambda: self.look(context))
        except ProgramFailed as failure:
            finding = CheckFinding(code=failure.code, values=failure.values)
            return CheckReport(code=_meaning(failure), findings=(finding,))

    def discover(self, context: Context) -> Catalog:
        """Return the streams; one without a key is there, but cannot be read."""
        source = self.open(context)
        return Catalog(streams=tuple(source.stream(e) for e in source.entries().values()))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Run the program for each stream on its own, from its state."""
        if request.backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        source = self.open(context)
        entries, emitting = source.entries(), Emitting()
        for name in request.streams:
            reading = self.reading(source, entries, name, emitting)
            yield from reading.run(request.cursors.get(name, {}))

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Read from the beginning and emit the keys; one amiss makes them incomplete."""
        try:
            seen: set[str] = set()
            source = self.open(context)
            reading = self.reading(source, source.entries(), stream, Emitting())
            for message in reading.rows(None):
                if isinstance(message, Rejected):
                    raise KeysIncomplete("keys_incomplete", {"place": message.position})
                if isinstance(message, Record) and message.key not in seen:
                    seen.add(message.key)
                    yield message.key
        except ProgramFailed as failure:
            raise KeysIncomplete("keys_incomplete", {"place": stream}) from failure

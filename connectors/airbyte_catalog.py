"""The catalogue of an Airbyte source, and the choice of one stream of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.airbyte_lines import whole_name
from connectors.airbyte_settings import AirbyteChoice
from connectors.failures import ConfigurationRefused, ProgramFailed


class _Stream(msgspec.Struct):
    name: str
    namespace: str | None = None
    json_schema: dict[str, Any] = {}
    supported_sync_modes: list[str] | None = None
    source_defined_cursor: bool | None = None
    default_cursor_field: list[str] | None = None
    source_defined_primary_key: list[list[str]] | None = None


class _Catalog(msgspec.Struct):
    streams: list[msgspec.Raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stream that a source offers; ``text`` is the catalogue's own about it."""

    stream: _Stream
    text: str

    @property
    def name(self) -> str:
        """Return the name under which connections know it."""
        return whole_name(self.stream.name, self.stream.namespace)

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns that identify a row; a way into an object is written with dots."""
        return tuple(".".join(path) for path in self.stream.source_defined_primary_key or ())

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns."""
        properties = self.stream.json_schema.get("properties")
        return tuple(properties) if isinstance(properties, dict) else ()

    def cursor(self, choice: AirbyteChoice) -> list[str]:
        """Return the way to the column by which the stream goes on; empty where there is none."""
        own = self.stream.default_cursor_field or []
        return own if self.stream.source_defined_cursor else list(choice.cursor) or own

    def goes_on(self, choice: AirbyteChoice) -> bool:
        """Say whether the stream is read from where it was, as asked and as it can."""
        can = "incremental" in (self.stream.supported_sync_modes or ())
        knows = bool(self.stream.source_defined_cursor or self.cursor(choice))
        if choice.method == "INCREMENTAL" and not (can and knows):
            raise ConfigurationRefused("airbyte_cannot_go_on", {"stream": self.name})
        return can and knows and choice.method != "FULL_TABLE"


def read_catalog(body: str, source: str) -> dict[str, Entry]:
    """Read a catalogue; two streams of one name would be taken for one."""
    try:
        raw = msgspec.json.decode(body, type=_Catalog).streams
        found = [
            Entry(stream=msgspec.json.decode(each, type=_Stream), text=bytes(each).decode())
            for each in raw
        ]
    except ValueError:
        raise ProgramFailed("tap_without_catalog", {"program": source}) from None
    streams = {entry.name: entry for entry in found}
    if len(streams) < len(found):
        raise ProgramFailed("tap_without_catalog", {"program": source})
    return streams


def chosen(entry: Entry, choice: AirbyteChoice) -> str:
    """Write the catalogue that asks for one stream."""
    goes_on = entry.goes_on(choice)
    asked: Mapping[str, Any] = {
        "sync_mode": "incremental" if goes_on else "full_refresh",
        "destination_sync_mode": "append_dedup" if goes_on else "overwrite",
        "cursor_field": entry.cursor(choice),
        "primary_key": [key.split(".") for key in choice.key]
        or entry.stream.source_defined_primary_key
        or [],
        # What the newer protocol asks for: the generation of the rows, and which of them stay.
        "generation_id": 1,
        "minimum_generation_id": 0,
        "sync_id": 1,
    }
    rest = json.dumps(asked)[1:]
    return f'{{"streams": [{{"stream": {entry.text}, {rest}]}}'

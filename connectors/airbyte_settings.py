"""What a connection to an Airbyte source is told: which source, its settings, what is read how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.contract import Json
from connectors.failures import ConfigurationRefused
from connectors.program_settings import (
    StreamChoice,
    Text,
    read_settings,
    settings_schema,
)

# Settings by which Airbyte's own kit takes a manifest, Python or commands out of a configuration.
_RESERVED = "__"


class AirbyteChoice(StreamChoice, kw_only=True, forbid_unknown_fields=True):
    """How one stream is read; ``cursor`` is the way to the column by which it goes on.

    Only a stream whose source leaves the choice needs it.
    """

    cursor: tuple[Text, ...] = ()


class AirbyteSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    source: Text
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    streams: dict[str, AirbyteChoice] = msgspec.field(default_factory=dict)

    @property
    def program(self) -> str:
        """Return the source."""
        return self.source


CONFIG_SCHEMA = settings_schema(AirbyteSettings)


def read_airbyte(config: Mapping[str, Json]) -> AirbyteSettings:
    """Read the configuration; one that would bring a program of its own is refused."""
    found = read_settings(config, AirbyteSettings)
    for name in found.settings:
        if name.startswith(_RESERVED):
            raise ConfigurationRefused(
                "airbyte_setting_reserved", {"source": found.source, "field": name[:64]}
            )
    return found

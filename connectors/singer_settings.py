"""What a connection to a Singer tap is told: which tap, its own settings, what is read how."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.program_settings import StreamChoice, Text, settings_schema


class SingerSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    tap: Text
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    streams: dict[str, StreamChoice] = msgspec.field(default_factory=dict)

    @property
    def program(self) -> str:
        """Return the tap."""
        return self.tap


CONFIG_SCHEMA = settings_schema(SingerSettings)

"""What a connection to a Singer tap is told: which tap, the tap's own settings, what is read how.

The tap's settings are its own business, so that nobody tells us which of them are secret: those
whose names say so are held to be, however deep they lie. A reference to a secret always is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from connectors.contract import Json
from connectors.failures import ConfigurationRefused
from connectors.form import wrong
from connectors.secret_forms import TELLING_NAMES

Text: TypeAlias = str
_DAYS_MOST = 366


class StreamChoice(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How one stream is read.

    ``key`` names the columns that identify a row when the tap names none, or others. ``deletes``
    SWEEP reads the whole stream after each read to see which keys are gone. ``method`` is what the
    tap is asked to do (empty: what it offers). ``full_days``: after so many days the whole is read
    anew, without the tap's state (0: never). ``zone`` is where instants without an offset were
    written.
    """

    key: tuple[Text, ...] = ()
    deletes: Literal["NONE", "SWEEP"] = "NONE"
    method: Literal["", "INCREMENTAL", "FULL_TABLE"] = ""
    full_days: int = 0
    zone: Text = ""
    personal_fields: tuple[Text, ...] = ()


class SingerSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    tap: Text
    settings: dict[str, Any] = {}
    streams: dict[str, StreamChoice] = {}

    def choice(self, name: str) -> StreamChoice:
        """Return how a stream is read: as the tap says unless a person says otherwise."""
        return self.streams.get(name) or StreamChoice()


def read_settings(config: Mapping[str, Json]) -> SingerSettings:
    """Read the configuration, or raise ConfigurationRefused naming the place that is wrong."""
    try:
        found = msgspec.convert(dict(config), SingerSettings)
    except msgspec.ValidationError as fault:
        raise wrong(str(fault).rpartition("`")[0].rpartition("`")[2] or "$") from None
    for name, choice in found.streams.items():
        try:
            ZoneInfo(choice.zone or "UTC")
        except (OSError, ValueError, KeyError):
            raise wrong(f"$.streams.{name}.zone") from None
        if not 0 <= choice.full_days <= _DAYS_MOST:
            raise wrong(f"$.streams.{name}.full_days")
    return found


def demand_required(given: SingerSettings, required: tuple[str, ...]) -> None:
    """Refuse when the tap's own settings lack one that it cannot do without."""
    for name in required:
        if given.settings.get(name) in (None, ""):
            raise ConfigurationRefused(
                "tap_setting_missing", {"tap": given.tap, "field": f"settings.{name}"}
            )


def _schema() -> Mapping[str, Json]:
    made = msgspec.json.schema(SingerSettings)
    own = made["$defs"]["SingerSettings"]
    inside: Json = {"$ref": "#/$defs/Inside"}
    own["properties"]["settings"] = inside
    any_depth: Json = {
        "patternProperties": {TELLING_NAMES: {"secret": True}},
        "additionalProperties": inside,
        "items": inside,
    }
    found: Mapping[str, Json] = {**own, "$defs": {**made["$defs"], "Inside": any_depth}}
    return found


CONFIG_SCHEMA = _schema()

"""What a connection to a program of others is told: which one, its own settings, what is read how.

The program's settings are its own business, so that nobody tells us which of them are secret: those
whose names say so are held to be, however deep they lie. A reference to a secret always is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias, TypeVar
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

    ``key`` names the columns that identify a row when the program names none, or others.
    ``deletes`` SWEEP reads the whole stream after each read to see which keys are gone. ``method``
    is what the program is asked to do (empty: what it offers). ``full_days``: after so many days
    the whole is read anew, without the program's state (0: never). ``zone`` is where instants
    without an offset were written.
    """

    key: tuple[Text, ...] = ()
    deletes: Literal["NONE", "SWEEP"] = "NONE"
    method: Literal["", "INCREMENTAL", "FULL_TABLE"] = ""
    full_days: int = 0
    zone: Text = ""
    personal_fields: tuple[Text, ...] = ()


class ProgramSettings(Protocol):
    """What the settings of every kind of program say."""

    @property
    def program(self) -> str:
        """The name under which the operator has installed it."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """The program's own settings."""
        ...

    @property
    def streams(self) -> Mapping[str, StreamChoice]:
        """What was said of streams, by name."""
        ...


S = TypeVar("S", bound=ProgramSettings)


def read_settings(config: Mapping[str, Json], kind: type[S]) -> S:
    """Read the configuration, or raise ConfigurationRefused naming the place that is wrong."""
    try:
        found = msgspec.convert(dict(config), kind)
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


def demand_required(given: ProgramSettings, required: tuple[str, ...]) -> None:
    """Refuse when the program's own settings lack one that it cannot do without."""
    for name in required:
        if given.settings.get(name) in (None, ""):
            raise ConfigurationRefused(
                "tap_setting_missing", {"tap": given.program, "field": f"settings.{name}"}
            )


def settings_schema(kind: type[msgspec.Struct]) -> Mapping[str, Json]:
    """Write the form of the settings, with what is secret by its name at any depth."""
    made = msgspec.json.schema(kind)
    own = made["$defs"][kind.__name__]
    inside: Json = {"$ref": "#/$defs/Inside"}
    own["properties"]["settings"] = inside
    any_depth: Json = {
        "patternProperties": {TELLING_NAMES: {"secret": True}},
        "additionalProperties": inside,
        "items": inside,
    }
    found: Mapping[str, Json] = {**own, "$defs": {**made["$defs"], "Inside": any_depth}}
    return found

"""How deep the streams of a connection are read again: one number of days for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from connectors.contract import Json
from connectors.form import text_of, wrong

_MOST = 30


def again_days_schema(defaults: Mapping[str, int]) -> Mapping[str, Json]:
    """Describe the setting ``again_days``."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"type": "integer", "minimum": 0, "maximum": _MOST, "default": days}
            for name, days in defaults.items()
        },
    }


def again_days_of(config: Mapping[str, Json], defaults: Mapping[str, int]) -> dict[str, int]:
    """Read the setting ``again_days``; streams that it does not name keep their default."""
    said = config.get("again_days") or {}
    if not isinstance(said, Mapping) or not said.keys() <= defaults.keys():
        raise wrong("again_days")
    found = dict(defaults)
    for name, days in said.items():
        if type(days) is not int or not 0 <= days <= _MOST:
            raise wrong("again_days")
        found[name] = days
    return found


def begin_of(config: Mapping[str, Json]) -> date:
    """Read the setting ``begin``: the first day that is read at all."""
    try:
        return date.fromisoformat(text_of(config, "begin"))
    except ValueError:
        raise wrong("begin") from None

"""What the connector ``files`` is told: its configuration, read with every fault named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.contract import Context, Deletes, Json
from connectors.delimited import ENCODINGS
from connectors.failures import ConfigurationRefused

_TEXT: dict[str, Json] = {"type": "string"}
_STREAM: dict[str, Json] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pattern", "key"],
    "properties": {
        "pattern": {"type": "string", "description": "file names, with * and ?"},
        "key": {"type": "array", "items": _TEXT, "minItems": 1},
        "sheet": {"type": "string", "description": "of a spreadsheet; the first when left out"},
        "encoding": {"enum": list(ENCODINGS)},
        "delimiter": {"type": "string", "minLength": 1, "maxLength": 1},
        "header_row": {"type": "integer", "minimum": 1},
        "deletes": {"enum": ["none", "sweep"]},
        "personal_fields": {"type": "array", "items": _TEXT},
        "complete_through": {
            "type": "string",
            "description": "regular expression on file names; group 1 is 2026-09-30 or 2026-09",
        },
    },
}
CONFIG_SCHEMA: dict[str, Json] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["path", "streams"],
    "properties": {
        "path": {"type": "string", "description": "a folder or one file, under the data folder"},
        "streams": {"type": "object", "minProperties": 1, "additionalProperties": _STREAM},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """How the files of one stream look; "" and None mean: find out."""

    name: str
    pattern: str
    key: tuple[str, ...]
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    header_row: int | None = None
    deletes: Deletes = Deletes.NONE
    personal_fields: tuple[str, ...] = ()
    complete_through: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the files are and which streams they make."""

    path: Path
    streams: tuple[StreamSettings, ...]

    def stream(self, name: str) -> StreamSettings:
        """Return the named stream; an unknown one is a refusal."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        raise ConfigurationRefused("stream_unknown", {"stream": name})


def read_settings(context: Context) -> Settings:
    """Read the configuration, or raise ConfigurationRefused naming the faulty setting."""
    unknown = sorted(set(context.config) - {"path", "streams"})
    if unknown:
        raise _refusal(unknown[0])
    streams = context.config.get("streams")
    if not isinstance(streams, Mapping) or not streams:
        raise _refusal("streams")
    read = tuple(_stream(name, value) for name, value in sorted(streams.items()))
    return Settings(path=_path(context), streams=read)


def _path(context: Context) -> Path:
    given = context.config.get("path")
    if not isinstance(given, str) or not given or "\0" in given:
        raise _refusal("path")
    root = context.folder.resolve()
    path = (root / given).resolve()
    if path != root and root not in path.parents:
        raise ConfigurationRefused("source_path_outside", {"path": given})
    if not path.exists():
        raise ConfigurationRefused("source_path_missing", {"path": given})
    return path


def _stream(name: str, value: Json) -> StreamSettings:
    at = f"streams.{name}"
    if not isinstance(value, Mapping):
        raise _refusal(at)
    allowed = {"pattern", "key", "sheet", "encoding", "delimiter", "header_row", "deletes"}
    unknown = sorted(set(value) - allowed - {"complete_through", "personal_fields"})
    if unknown:
        raise _refusal(f"{at}.{unknown[0]}")
    texts = {
        field: _text(value, field, at)
        for field in ("pattern", "sheet", "encoding", "delimiter", "deletes", "complete_through")
    }
    key = _names(value, "key", at)
    if not key:
        raise _refusal(f"{at}.key")
    header_row = value.get("header_row")
    checks = {
        "pattern": bool(texts["pattern"]) and "/" not in texts["pattern"],
        "encoding": texts["encoding"] in ("", *ENCODINGS),
        "delimiter": len(texts["delimiter"]) <= 1,
        "deletes": texts["deletes"] in ("", "none", "sweep"),
        "header_row": header_row is None or (type(header_row) is int and header_row >= 1),
    }
    for field, good in checks.items():
        if not good:
            raise _refusal(f"{at}.{field}")
    return StreamSettings(
        name=name,
        pattern=texts["pattern"],
        key=key,
        sheet=texts["sheet"],
        encoding=texts["encoding"],
        delimiter=texts["delimiter"],
        header_row=header_row if isinstance(header_row, int) else None,
        deletes=Deletes(texts["deletes"] or "none"),
        personal_fields=_names(value, "personal_fields", at),
        complete_through=_expression(texts["complete_through"], at),
    )


def _text(value: Mapping[str, Json], field: str, at: str) -> str:
    text = value.get(field, "")
    if not isinstance(text, str):
        raise _refusal(f"{at}.{field}")
    return text


def _names(value: Mapping[str, Json], field: str, at: str) -> tuple[str, ...]:
    names = value.get(field, ())
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise _refusal(f"{at}.{field}")
    return tuple(str(name) for name in names)


def _expression(text: str, at: str) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        expression = re.compile(text)
    except re.error as error:
        raise _refusal(f"{at}.complete_through") from error
    if expression.groups < 1:
        raise _refusal(f"{at}.complete_through")
    return expression


def _refusal(field: str) -> ConfigurationRefused:
    return ConfigurationRefused("source_setting_invalid", {"field": field})

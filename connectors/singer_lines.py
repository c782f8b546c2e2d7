"""One line of a Singer tap, read exactly: numbers as they stand, the state word for word."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

_SHOWN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Which columns a stream has, and which of them are its key."""

    stream: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record, with numbers as int or Decimal."""

    stream: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far the tap is: a JSON text that means something to the tap alone."""

    text: str
    tells_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A line that was to be a message and is none: it may have held a record."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Something printed beside the messages."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A message without rows: ACTIVATE_VERSION, BATCH, and kinds that we do not know."""

    kind: str


Line = Schema | Row | State | Broken | Stray | Other


class _Message(msgspec.Struct):
    type: str = ""
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    value: msgspec.Raw = msgspec.Raw(b"")
    schema: msgspec.Raw = msgspec.Raw(b"")
    key_properties: Any = None


_decode = msgspec.json.Decoder(_Message).decode


def read_line(line: bytes, redact: Callable[[str], str]) -> Line:
    """Read one line; a secret in it is blanked before anything is made of it."""
    said = line.decode("utf-8", "replace")
    text = redact(said)
    if not text.lstrip().startswith("{"):
        return Stray(text=text[:_SHOWN])
    if "\ufffd" in text and "\ufffd".encode() not in line:
        return Broken(text=text[:_SHOWN])
    try:
        message = _decode(text)
        return _read(message, tells_secret=text != said)
    except (ValueError, RecursionError):
        return Broken(text=text[:_SHOWN])


def _read(message: _Message, *, tells_secret: bool) -> Line:
    kind = message.type
    if kind == "RECORD":
        return Row(stream=message.stream, row=_object(message.record))
    if kind == "STATE":
        text = bytes(message.value).decode()
        if not text:
            raise ValueError("a state without a value")
        return State(text=text, tells_secret=tells_secret)
    if kind == "SCHEMA":
        names = message.key_properties or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("a key that is no list of names")
        columns = _object(message.schema).get("properties")
        return Schema(
            stream=message.stream,
            key=tuple(names),
            columns=tuple(columns) if isinstance(columns, dict) else (),
        )
    return Other(kind=kind) if kind else Stray(text="{…}")


def _object(raw: msgspec.Raw) -> dict[str, Any]:
    found = json.loads(bytes(raw), parse_float=Decimal)
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - one error for whatever is no message
    return found

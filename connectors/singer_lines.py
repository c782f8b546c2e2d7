"""One line of a Singer tap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.program_lines import Broken, Row, State, Stray, exact_object, read_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Which columns a stream has, and which of them are its key."""

    stream: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


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


def singer_line(line: bytes, redact: Callable[[str], str]) -> Line:
    """Read one line of a tap."""
    return read_line(line, redact, _decode, _understood)


def _understood(message: _Message) -> Line:
    kind = message.type
    if kind == "RECORD":
        return Row(stream=message.stream, row=exact_object(message.record))
    if kind == "STATE":
        text = bytes(message.value).decode()
        if not text:
            raise ValueError("a state without a value")
        return State(text=text)
    if kind == "SCHEMA":
        names = message.key_properties or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("a key that is no list of names")
        columns = exact_object(message.schema).get("properties")
        return Schema(
            stream=message.stream,
            key=tuple(names),
            columns=tuple(columns) if isinstance(columns, dict) else (),
        )
    return Other(kind=kind) if kind else Stray(text="{…}")

"""The messages of a read as lines of text and back: one form wherever a connector runs.

A line is a JSON object whose first field ``is`` names the kind. A record holds its content as
``canonical_content`` writes it, with exact numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.contract import (
    Checkpoint,
    Message,
    Notice,
    Progress,
    Ready,
    Record,
    Rejected,
    Tombstone,
    canonical_content,
)
from connectors.plain_values import read_exact, read_plain, write_plain

KINDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (Record, Tombstone, Rejected, Checkpoint, Progress, Notice, Ready)
}
_CELLS = frozenset({str, int, bool, Decimal, type(None)})
_write = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def write_message(message: Message) -> str:
    """Write a message; what is none, or holds what no message may, is a TypeError."""
    kind = type(message)
    if isinstance(message, Record):
        head = {
            "is": "Record",
            "stream": message.stream,
            "key": message.key,
            "position": message.position,
            "order": message.order,
            "version": message.version,
        }
        return f'{_write(head)[:-1]}, "content": {canonical_content(message.content)}}}'
    if KINDS.get(kind.__name__) is not kind:
        raise TypeError(f"read gave {kind.__name__}")
    try:
        return _write({"is": kind.__name__, **write_plain(message)})
    except (ValueError, AttributeError) as fault:
        raise TypeError(f"{kind.__name__}: {fault}") from None


def read_message(line: str) -> Message:
    """Read a message, or raise ValueError whatever the line is."""
    found = parse(line)
    return message_of(found.pop("is"), found)


def parse(line: str) -> dict[str, Any]:
    """Read an object that says what it is."""
    try:
        found = read_exact(line)
    except RecursionError:
        raise ValueError("a line without end") from None
    if type(found) is not dict or type(found.get("is")) is not str:
        raise ValueError("a line that does not say what it is")
    return found


def message_of(name: str, plain: dict[str, Any]) -> Message:
    """Make a message of what was read."""
    if name == "Record":
        return _record(plain)
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"{name[:40]} is no message")
    message: Message = read_plain(kind, plain)
    return message


def _record(plain: dict[str, Any]) -> Record:
    content, order = plain.get("content"), plain.get("order")
    texts = [plain.get(name) for name in ("stream", "key", "position", "version")]
    if len(plain) != 6 or {*map(type, texts)} != {str} or type(order) is not int:
        raise ValueError("a record that is none")
    if type(content) is not dict or not _CELLS.issuperset(map(type, content.values())):
        raise ValueError("a record that is no row")
    return Record(
        stream=plain["stream"],
        key=plain["key"],
        content=content,
        position=plain["position"],
        order=order,
        version=plain["version"],
    )

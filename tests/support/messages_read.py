"""What tests of connectors ask of the messages of a read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connectors.contract import Checkpoint, Message, Notice, Ready, Record, Rejected, Tombstone


def records(messages: list[Message]) -> dict[str, Mapping[str, Any]]:
    """Return the contents by key."""
    return {m.key: m.content for m in messages if isinstance(m, Record)}


def keys_of(messages: list[Message]) -> list[str]:
    """Name the rows that came, in their order."""
    return [m.key for m in messages if isinstance(m, Record)]


def gone(messages: list[Message]) -> list[str]:
    """Return the keys that were taken back."""
    return [m.key for m in messages if isinstance(m, Tombstone)]


def rejected(messages: list[Message]) -> list[tuple[str, str]]:
    """Return where a row could not be read, and what it lacks; without the mark of the row."""
    return [
        (m.position.partition("#")[0], m.values.get("column", ""))
        for m in messages
        if isinstance(m, Rejected)
    ]


def rejected_in(messages: list[Message]) -> list[tuple[str, str]]:
    """Return the key and the reason of each row that was not taken."""
    return [(m.key, m.reason) for m in messages if isinstance(m, Rejected)]


def notices(messages: list[Message]) -> list[str]:
    """Return the codes of what a person should know."""
    return [m.code for m in messages if isinstance(m, Notice)]


def last_cursor(messages: list[Message]) -> Any:
    """Return where the next read begins."""
    return [m.cursor for m in messages if isinstance(m, Checkpoint)][-1]


def cursors_of(messages: list[Message]) -> dict[str, Any]:
    """Return the last cursor of each stream."""
    return {m.stream: m.cursor for m in messages if isinstance(m, Checkpoint)}


def ready(messages: list[Message]) -> list[date]:
    """Return the days through which the stream is said to be complete."""
    return [m.through for m in messages if isinstance(m, Ready)]

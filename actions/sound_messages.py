"""What a connector says is held to the contract before anything is done with it.

A connector of a vendor may be wrong in any way. What breaks its run must be told as its own
mistake, so that the run ends, its author is named, and nobody else notices.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from connectors.contract import (
    CURSOR_BYTES_MAX,
    Catalog,
    Checkpoint,
    Message,
    Notice,
    Progress,
    Ready,
    Record,
    Rejected,
    StreamInfo,
    Tombstone,
)

UNCOVERED_MAX = 20_000  # a connector that sends so many without a checkpoint is broken
QUIET_MAX = 20_000  # and so is one that says so much without a row
ROWS_MAX = 100_000_000  # in one read of a stream: no source of ours has so many
_KEY_MAX = 300
KEYS_MAX = 1_000_000_000
# How the host asks a connector, and how it blames it.
Ask: TypeAlias = Callable[[Callable[[], Any]], Any]
Bug: TypeAlias = Callable[[str], Exception]
_ROWS = (Record, Tombstone, Rejected)
_KINDS = (Record, Tombstone, Rejected, Checkpoint, Progress, Notice, Ready)


def sound(
    messages: Iterator[Any],
    stream: str,
    ask: Ask,
    bug: Bug,
) -> Generator[Message, None, None]:
    """Pass on what a connector says; the first thing that is not sound is its bug."""
    uncovered = quiet = rows = 0
    following = partial(next, messages)
    try:
        while True:
            try:
                message = ask(following)
            except StopIteration:
                break
            fault = fault_of(message, stream)
            row = is_row(message)
            rows, quiet = rows + row, 0 if row else quiet + 1
            covers = isinstance(message, Checkpoint)
            uncovered = 0 if covers else uncovered + (not isinstance(message, Progress))
            if uncovered > UNCOVERED_MAX or quiet > QUIET_MAX or rows > ROWS_MAX:
                fault = fault or "it goes on for ever"
            if fault:
                raise bug(fault)
            yield message
        if uncovered:
            raise bug("messages behind the last checkpoint")
    finally:
        close = getattr(messages, "close", None)
        if close is not None:
            ask(close)


def is_row(message: object) -> bool:
    """Say whether a message is about a row of the source."""
    return isinstance(message, _ROWS)


def without_secrets(message: Message, redact: Callable[[str], str]) -> Message:
    """Blank secrets in what is shown of a row that was refused, and in what is told by a code."""
    if isinstance(message, Notice):
        return replace(message, code=redact(message.code))
    if not isinstance(message, Rejected):
        return message
    return replace(
        message,
        position=redact(message.position),
        reason=redact(message.reason),
        values={name: redact(value) for name, value in message.values.items()},
        payload={name: redact(value) for name, value in message.payload.items()},
    )


def streams_of(found: object, bug: Bug) -> tuple[StreamInfo, ...]:
    """Return the streams of what ``discover`` gave."""
    if not isinstance(found, Catalog) or not all(isinstance(s, StreamInfo) for s in found.streams):
        raise bug(f"discover gave {type(found).__name__}")
    return tuple(found.streams)


def keys_of(begin: Callable[[], Iterable[Any]], ask: Ask, bug: Bug) -> set[str]:
    """Return every key that ``keys`` emits; what is no key would take all rows for gone."""
    keys = ask(lambda: iter(begin()))
    found: set[str] = set()
    for _ in range(KEYS_MAX):
        try:
            key = ask(lambda: next(keys))
        except StopIteration:
            return found
        if type(key) is not str:
            raise bug(f"keys gave {type(key).__name__}")
        found.add(key)
    raise bug("its keys have no end")


def fault_of(message: Any, stream: str) -> str:
    """Say what is wrong with a message of the read of ``stream``, or nothing."""
    if not isinstance(message, _KINDS):
        return f"read gave {type(message).__name__}"
    if message.stream != stream:
        return "a message of another stream"
    if isinstance(message, Record):
        return "" if _is_row(message) else "a record that is no row"
    if isinstance(message, Tombstone):
        return "" if _is_gone(message) else "a tombstone without a key"
    if isinstance(message, Checkpoint):
        return _fault_of_cursor(message.cursor)
    if isinstance(message, Rejected | Notice):
        told = message.reason if isinstance(message, Rejected) else message.code
        return "" if _is_told(told, message) else "a reason that is no text"
    return ""


def _is_row(message: Any) -> bool:
    # Exactly text: what only pretends to be one runs code of its own in the middle of a batch.
    return (
        type(message.key) is str
        and type(message.position) is str
        and type(message.version) is str
        and (type(message.content) is dict or isinstance(message.content, Mapping))
    )


def _is_gone(message: Any) -> bool:
    key = message.key
    return type(key) is str and 0 < len(key) <= _KEY_MAX and type(message.position) is str


def _is_told(code: Any, message: Any) -> bool:
    values = message.values
    texts = isinstance(values, Mapping) and all(isinstance(v, str) for v in values.values())
    return texts and type(code) is str and type(message.position) is str


def _fault_of_cursor(cursor: Any) -> str:
    try:
        size = len(json.dumps(cursor)) if isinstance(cursor, Mapping) else -1
    except (TypeError, ValueError, RecursionError):
        size = -1
    if size < 0:
        return "a cursor that is no JSON object"
    return f"a cursor of {size} bytes" if size > CURSOR_BYTES_MAX else ""

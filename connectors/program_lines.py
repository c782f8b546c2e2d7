"""One line of a program of others, read exactly: numbers as they stand, the state word for word.

What is alike in every protocol of JSON lines. Each protocol says itself what its messages mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

_SHOWN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record, with numbers as int or Decimal; ``changed`` are cells that are not the source's."""

    stream: str
    row: Mapping[str, Any]
    changed: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class State:
    """How far the program is: a JSON text that means something to the program alone.

    ``stream`` is whose it is ("" where it is everybody's); ``count`` is how many records the
    program says it has written since its state before (None: it does not say).
    """

    text: str
    tells_secret: bool = False
    stream: str = ""
    count: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A line that was to be a message and is none: it may have held a record."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Something printed beside the messages."""

    text: str


M = TypeVar("M")
L = TypeVar("L")


def read_line(
    line: bytes,
    redact: Callable[[str], str],
    decode: Callable[[str], M],
    understand: Callable[[M], L],
) -> L | Broken | Stray:
    """Read one line; a secret in it is blanked before anything is made of it."""
    said = line.decode("utf-8", "replace")
    text = redact(said)
    if not text.lstrip().startswith("{"):
        return Stray(text=text[:_SHOWN])
    if "\ufffd" in text and "\ufffd".encode() not in line:
        return Broken(text=text[:_SHOWN])
    try:
        found = understand(decode(text))
    except (ValueError, RecursionError):
        return Broken(text=text[:_SHOWN])
    if isinstance(found, State) and text != said:
        found.tells_secret = True
    return found


def exact_object(raw: msgspec.Raw) -> dict[str, Any]:
    """Read a JSON object with exact numbers."""
    found = json.loads(bytes(raw), parse_float=Decimal)
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - one error for whatever is no message
    return found

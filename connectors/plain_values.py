"""What the contract consists of, as plain JSON values and back, field by field.

A process of its own gets and gives nothing else. Reading trusts nobody: what has another field, or
a value of another kind, is a ValueError. Settings, cursors and documents travel as the JSON text
that they are, so that their numbers stay what they were.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from connectors.contract import (
    Backfill,
    CallLimit,
    CheckCode,
    CheckFinding,
    Deletes,
    StreamInfo,
)

Kind = TypeVar("Kind")
_DIGITS_MAX = 1_000  # of the size of a number: 1e999999999 is short, and long when written out


class _Way(NamedTuple):
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def write_plain(thing: Any) -> dict[str, Any]:
    """Turn an object of the contract into plain values, without what it left as it was."""
    kind = type(thing)
    plain: dict[str, Any] = {}
    for name, way, usual in _ways(kind):
        value = getattr(thing, name)
        if usual is MISSING or value != usual:
            plain[name] = way.write(value)
    return plain


def read_plain(kind: type[Kind], plain: object) -> Kind:
    """Make an object of the contract out of plain values, or raise ValueError."""
    if type(plain) is not dict:
        raise ValueError(f"{kind.__name__} is no object")
    ways = _ways(kind)
    left = plain.keys() - {name for name, _, _ in ways}
    if left:
        raise ValueError(f"{kind.__name__} has no {min(left)}")
    try:
        return kind(**{name: way.read(plain[name]) for name, way, _ in ways if name in plain})
    except (TypeError, OverflowError) as fault:
        raise ValueError(f"{kind.__name__}: {fault}") from None


def write_json(value: object) -> str:
    """Write settings, a cursor or a document."""
    return json.dumps(value, ensure_ascii=False, default=_plain_of)


def read_json(text: object) -> Any:
    """Read what ``write_json`` wrote."""
    return json.loads(_exactly(str, text), parse_constant=_refuse)


def read_exact(text: str) -> Any:
    """Read JSON with exact numbers of a size that can be written out."""
    return json.loads(text, parse_float=_decimal, parse_constant=_refuse)


def _plain_of(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _DIGITS_MAX or len(text) > _DIGITS_MAX:
        raise ValueError("a number without end")
    return number


def _exactly(kind: type[Kind], value: object) -> Kind:
    if type(value) is not kind:
        raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _same(value: Any) -> Any:
    return value


def _plain(kind: type) -> _Way:
    return _Way(_same, lambda value: _exactly(kind, value))


def _listed(way: _Way) -> _Way:
    return _Way(
        lambda values: [way.write(each) for each in values],
        lambda values: tuple(way.read(each) for each in _exactly(list, values)),
    )


def _named(way: _Way) -> _Way:
    return _Way(
        lambda values: {name: way.write(each) for name, each in values.items()},
        lambda values: {name: way.read(each) for name, each in _exactly(dict, values).items()},
    )


def _or_none(way: _Way) -> _Way:
    return _Way(
        lambda value: None if value is None else way.write(value),
        lambda value: None if value is None else way.read(value),
    )


def _of(kind: type) -> _Way:
    return _Way(write_plain, lambda value: read_plain(kind, value))


def _choice(kind: type[StrEnum]) -> _Way:
    return _Way(lambda value: kind(value).value, lambda value: kind(_exactly(str, value)))


def _number(value: object) -> float:
    if type(value) not in {int, float, Decimal}:
        raise ValueError(f"{type(value).__name__} instead of a number")
    return float(value)  # type: ignore[arg-type]


_TEXT, _WHOLE, _JSON = _plain(str), _plain(int), _Way(write_json, read_json)
_DAY = _Way(date.isoformat, lambda value: date.fromisoformat(_exactly(str, value)))
_TEXTS = _listed(_TEXT)
# How a field is written and read, by what the contract says that it holds.
_WAYS: Mapping[str, _Way] = {
    "str": _TEXT,
    "int": _WHOLE,
    "bool": _plain(bool),
    "float": _Way(_same, _number),
    "Path": _Way(str, lambda value: Path(_exactly(str, value))),
    "int | None": _or_none(_WHOLE),
    "bytes": _Way(
        lambda value: base64.b64encode(value).decode(),
        lambda value: base64.b64decode(_exactly(str, value), validate=True),
    ),
    "date": _DAY,
    "datetime": _Way(
        datetime.isoformat, lambda value: datetime.fromisoformat(_exactly(str, value))
    ),
    "tuple[date, ...]": _listed(_DAY),
    "tuple[str, ...]": _TEXTS,
    "Mapping[str, str]": _named(_TEXT),
    "Mapping[str, int]": _named(_WHOLE),
    "Mapping[str, tuple[str, ...]]": _named(_TEXTS),
    "Cursor": _JSON,
    "Cursor | None": _or_none(_JSON),
    "Mapping[str, Any]": _JSON,
    "Mapping[str, Cursor]": _JSON,
    "Mapping[str, Json]": _JSON,
    "Mapping[str, object]": _JSON,
    "Mapping[str, Json] | None": _or_none(_JSON),
    "Deletes": _choice(Deletes),
    "CheckCode": _choice(CheckCode),
    "Backfill | None": _or_none(_of(Backfill)),
    "tuple[CallLimit, ...]": _listed(_of(CallLimit)),
    "tuple[CheckFinding, ...]": _listed(_of(CheckFinding)),
    "tuple[StreamInfo, ...]": _listed(_of(StreamInfo)),
}


_KNOWN: dict[type, tuple[tuple[str, _Way, object], ...]] = {}


def _ways(kind: type) -> tuple[tuple[str, _Way, object], ...]:
    """List the fields of a kind, how each one travels, and what it is when nothing is said."""
    if kind not in _KNOWN:
        named = ((each.name, str(each.type), each.default) for each in fields(kind))
        _KNOWN[kind] = tuple((name, _WAYS[holds], usual) for name, holds, usual in named)
    return _KNOWN[kind]

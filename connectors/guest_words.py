"""What a guest and its host say to each other besides messages; both sides read it here.

A guest is a connector of a vendor in a process of its own, which has no way out: what it would ask
the web or a database, it asks the host. Every line is a JSON object with its kind in ``is``. Only
an answer of the web has bytes behind its line, as many as ``size`` says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors import failures
from connectors.contract import (
    Catalog,
    CheckReport,
    Context,
    Cursor,
    HookAnswer,
    HookRequest,
    Json,
    ReadRequest,
)
from connectors.failures import ConnectorFailure, RateLimited, Suspicious
from connectors.message_lines import parse
from connectors.plain_values import read_plain, write_json, write_plain
from connectors.web import Pairs

_FAILURES: Mapping[str, type[ConnectorFailure]] = {
    name: kind
    for name, kind in vars(failures).items()
    if isinstance(kind, type) and issubclass(kind, ConnectorFailure)
}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}\Z")
_VALUES_MAX, _NAME_MAX, _VALUE_MAX = 20, 60, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the host wants of the guest; ``places`` are modules that lie off the usual path."""

    verb: str
    module: str
    places: Mapping[str, str]
    connector: str = ""
    config: Mapping[str, Json] = field(default_factory=dict)
    now: str = ""
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """The guest asks to read from the web."""

    address: str
    query: Mapping[str, Any]  # {"pairs": [[name, value], ...]}, for names may come twice
    headers: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The guest asks to send over the web; ``sort`` says what ``content`` is: json, form, body."""

    address: str
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    sort: str
    content: bytes
    reads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Redact:
    """The guest asks for a text without the secrets of its connection."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """The text without them."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHead:
    """The host's answer of the web; so many bytes of a body follow the line."""

    status: int
    headers: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that exists."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The guest raised something that is no failure of the contract."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The guest hands over a noun; ``noun`` is its plain form, ``verbs`` what it can besides."""

    hook: str
    noun: Mapping[str, Any]
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amiss:
    """Something is wrong with the plug-in as such."""

    code: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The guest has done what it was asked."""


WORDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        *(Call, Get, Post, Redact, Redacted, WebHead, Key, Fault, Offered, Amiss, End),
        *(Catalog, CheckReport, HookAnswer, HookRequest, ReadRequest),
    )
}


def write_word(thing: Any) -> bytes:
    """Write one thing of ``WORDS``, or a failure, as a line."""
    if isinstance(thing, ConnectorFailure):
        return _line({"is": "Failure", **_failure(thing)})
    return _line({"is": type(thing).__name__, **write_plain(thing)})


def _line(plain: Mapping[str, Any]) -> bytes:
    return f"{write_json(plain)}\n".encode("utf-8", "surrogatepass")


def read_word(line: str) -> Any:
    """Read a thing of ``WORDS`` or a failure; anything else is a ValueError."""
    found = parse(line)
    return word_of(found.pop("is"), found)


def word_of(name: str, plain: dict[str, Any]) -> Any:
    """Make a thing of ``WORDS``, or a failure, of what was read."""
    if name == "Failure":
        return _failure_of(plain)
    kind = WORDS.get(name)
    if kind is None:
        raise ValueError(f"{name[:40]} is not known here")
    return read_plain(kind, plain)


def call_of(verb: str, context: Context, **more: Any) -> Call:
    """Make a call of a verb in a context."""
    return Call(verb=verb, config=context.config, now=context.now.isoformat(), **more)


def pairs(given: Pairs) -> dict[str, list[list[str]]]:
    """Write a query or headers."""
    found = given.items() if isinstance(given, Mapping) else given
    return {"pairs": [[str(name), str(value)] for name, value in found]}


def pairs_of(plain: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Read a query or headers."""
    found = plain.get("pairs")
    if type(found) is not list:
        raise ValueError("pairs that are none")
    for pair in found:
        if type(pair) is not list or [*map(type, pair)] != [str, str]:
            raise ValueError("pairs that are none")
    return [(name, value) for name, value in found]


# ------------------------------------------------------------------------------------- failures


def _failure(failure: ConnectorFailure) -> dict[str, Any]:
    """Write a failure; one of a vendor's own kind is told as the kind that it is a case of."""
    kind = next(k for k in type(failure).__mro__ if _FAILURES.get(k.__name__) is k)
    plain: dict[str, Any] = {
        "kind": kind.__name__,
        "code": str(failure.code),
        "values": {str(name): str(value) for name, value in failure.values.items()},
    }
    if isinstance(failure, RateLimited):
        plain["until"] = failure.until.isoformat()
    if isinstance(failure, Suspicious):
        plain |= {"stream": failure.stream, "cursor": write_json(failure.cursor)}
        plain |= {"again": True} if failure.again else {}
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The fields of a failure."""

    kind: str
    code: str
    values: Mapping[str, str]
    until: str = ""
    stream: str = ""
    cursor: Cursor | None = None
    again: bool = False


def _failure_of(plain: dict[str, Any]) -> ConnectorFailure:
    told = read_plain(_Told, plain)
    kind = _FAILURES.get(told.kind)
    if kind is None or not _CODE.match(told.code):
        raise ValueError("a failure of no kind")
    if len(told.values) > _VALUES_MAX or any(len(name) > _NAME_MAX for name in told.values):
        raise ValueError("a failure with too many words")
    values = {name: value[:_VALUE_MAX] for name, value in told.values.items()}
    if kind is RateLimited:
        until = datetime.fromisoformat(told.until)
        if until.tzinfo is None:
            raise ValueError("an instant without a zone")
        return RateLimited(until, values)
    if kind is Suspicious:
        if type(told.cursor) is not dict:
            raise ValueError("a cursor that is no object")
        again = told.again
        return Suspicious(told.code, values, stream=told.stream, cursor=told.cursor, again=again)
    return kind(told.code, values)

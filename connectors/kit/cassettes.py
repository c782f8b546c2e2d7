"""Cassettes: what a source was asked once and what it answered, as small JSON that people can read.

One file holds one deed of a connector: ``check.json``, ``discover.json``, ``read.<stream>.json``.
Numbers are kept to the digit. Headers that carry an access are never kept, only their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from connectors.web import Pairs, WebAnswer

FORMAT = "attain.cassette/1"
ALLOWED = "allowed.json"  # beside the cassettes: what may look like a secret, and why
LINE = 100
ASKED_HEADERS = frozenset({"accept", "accept-language", "content-type", "prefer", "range"})
ANSWERED_HEADERS = frozenset(
    {"content-type", "last-modified", "link", "next-page", "retry-after", "x-total-count"}
)
# A value that is another one each time, and that nobody looks at when it is replayed.
IGNORED = ("sign", "signature", "sig", "nonce")
Field: TypeAlias = "str | list[str]"


class CassetteRefused(BaseException):
    """There is no such cassette, or it must not be; no ``except Exception`` may hold this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was sent or came back: of which kind (json, form, text, or none) and what it says."""

    kind: str = ""
    says: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: ``withheld`` are the headers that it had and that are not kept."""

    method: str
    address: str
    query: Mapping[str, Field] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    body: Body = field(default_factory=Body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer."""

    asked: Asked
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=Body)

    def answer(self) -> WebAnswer:
        """Give the answer again."""
        says = self.body.says
        raw = written(says, 0) if self.body.kind == "json" else str(says or "")
        return WebAnswer(status=self.status, headers=self.headers, body=raw.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cassette:
    """A deed (check, discover, read) of a connector with everything that it asked.

    ``records``: the read was ended at the first checkpoint after so many. ``told`` counts what the
    connector said, by kind. ``kept`` are the headers that are kept besides the usual ones,
    ``ignored`` the names of what is not compared.
    """

    connector: str
    recorded: datetime
    deed: str
    config: Mapping[str, Any]
    streams: tuple[str, ...] = ()
    records: int = 0
    told: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    ignored: tuple[str, ...] = IGNORED
    exchanges: tuple[Exchange, ...] = ()


# ------------------------------------------------------------------------------- exact JSON


def exact_json(text: str | bytes) -> Any:
    """Read JSON with exact numbers; a name that comes twice would be lost, so it is refused."""
    return json.loads(
        text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_each_once
    )


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def written(value: Any, indent: int | None = None) -> str:
    """Write JSON to the digit: in one line if that is short or ``indent`` is 0, else spread."""
    spread = indent is None
    return _written(value, 0, spread=spread)


def _written(value: Any, depth: int, *, spread: bool) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if not isinstance(value, dict | list | tuple | Mapping):
        return json.dumps(value, ensure_ascii=False)
    line = _parts(value, [_written(each, depth, spread=False) for each in _inside(value)])
    opened, closed = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
    flat = f"{opened}{', '.join(line)}{closed}"
    if not spread or len(flat) + 2 * depth <= LINE:
        return flat
    lines = _parts(value, [_written(each, depth + 1, spread=True) for each in _inside(value)])
    begin = "\n" + "  " * (depth + 1)
    return f"{opened}{begin}{f',{begin}'.join(lines)}\n{'  ' * depth}{closed}"


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value


def _parts(value: Any, parts: list[str]) -> list[str]:
    if not isinstance(value, Mapping):
        return parts
    names = [json.dumps(str(name), ensure_ascii=False) for name in value]
    return [f"{name}: {part}" for name, part in zip(names, parts, strict=True)]


# ---------------------------------------------------------------------- requests and answers


def asked_of(
    method: str,
    address: str,
    query: Pairs,
    headers: Pairs,
    body: Body,
    kept: Iterable[str] = (),
) -> Asked:
    """Write down a request in the one form in which it is kept and compared."""
    parts = urlsplit(address)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *_listed(query)]
    chosen = ASKED_HEADERS | {name.lower() for name in kept}
    named = {name.lower(): value for name, value in _listed(headers)}
    return Asked(
        method=method,
        address=f"{parts.scheme}://{parts.netloc}{parts.path}",
        query=fields_of(pairs),
        headers={name: value for name, value in sorted(named.items()) if name in chosen},
        withheld=tuple(sorted(set(named) - chosen)),
        body=body,
    )


def fields_of(pairs: Pairs) -> dict[str, Field]:
    """Put pairs under their names; a name that comes several times has a list."""
    found: dict[str, list[str]] = {}
    for name, value in _listed(pairs):
        found.setdefault(name, []).append(str(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def sent_body(json_: object, form: Pairs | None, body: bytes | None) -> Body:
    """Read what a connector hands to ``post``."""
    if form is not None:
        return Body(kind="form", says=fields_of(form))
    if body is not None:
        return read_body(body)
    return Body(kind="json", says=exact_json(json.dumps(json_, ensure_ascii=False)))


def read_body(raw: bytes) -> Body:
    """Read bytes as JSON or as text; what is neither cannot be kept readable, so it is not kept."""
    if not raw:
        return Body()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise CassetteRefused("a body is no text: cassettes keep JSON and UTF-8 text") from None
    try:
        return Body(kind="json", says=exact_json(text))
    except (ValueError, RecursionError):
        return Body(kind="text", says=text)


def _listed(pairs: Pairs) -> list[tuple[str, str]]:
    return list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)


# ------------------------------------------------------------------------------- the document


def document_of(cassette: Cassette) -> dict[str, Any]:
    """Write a cassette as a document."""
    return {
        "format": FORMAT,
        "connector": cassette.connector,
        "recorded": cassette.recorded.isoformat(timespec="seconds"),
        "deed": cassette.deed,
        "streams": list(cassette.streams),
        "records": cassette.records,
        "told": dict(cassette.told),
        "kept": list(cassette.kept),
        "ignored": list(cassette.ignored),
        "config": dict(cassette.config),
        "exchanges": [
            {"asked": _asked_document(each.asked), "answered": _answered_document(each)}
            for each in cassette.exchanges
        ],
    }


def _asked_document(asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {"method": asked.method, "address": asked.address}
    besides = {
        "query": dict(asked.query),
        "headers": dict(asked.headers),
        "withheld": list(asked.withheld),
    }
    return found | {name: each for name, each in besides.items() if each} | _said(asked.body)


def _answered_document(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = {"status": exchange.status}
    if exchange.headers:
        found["headers"] = dict(exchange.headers)
    return found | _said(exchange.body)


def _said(body: Body) -> dict[str, Any]:
    return {body.kind: body.says} if body.kind else {}


def cassette_of(document: Mapping[str, Any]) -> Cassette:
    """Read a document back; what is none is refused."""
    try:
        if document["format"] != FORMAT:
            raise ValueError(document["format"])
        recorded = datetime.fromisoformat(document["recorded"])
        if recorded.tzinfo is None:
            raise ValueError(recorded)
        return Cassette(
            connector=str(document["connector"]),
            recorded=recorded,
            deed=str(document["deed"]),
            config=dict(document["config"]),
            streams=tuple(document["streams"]),
            records=int(document["records"]),
            told=dict(document["told"]),
            kept=tuple(document["kept"]),
            ignored=tuple(document["ignored"]),
            exchanges=tuple(_exchange_of(each) for each in document["exchanges"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise CassetteRefused(f"it is no {FORMAT}: {type(wrong).__name__} {wrong}") from None


def _exchange_of(document: Mapping[str, Any]) -> Exchange:
    asked, answered = document["asked"], document["answered"]
    return Exchange(
        asked=Asked(
            method=str(asked["method"]),
            address=str(asked["address"]),
            query=dict(asked.get("query", {})),
            headers=dict(asked.get("headers", {})),
            withheld=tuple(asked.get("withheld", ())),
            body=_body_of(asked),
        ),
        status=int(answered["status"]),
        headers=dict(answered.get("headers", {})),
        body=_body_of(answered),
    )


def _body_of(document: Mapping[str, Any]) -> Body:
    for kind in ("json", "form", "text"):
        if kind in document:
            return Body(kind=kind, says=document[kind])
    return Body()


def documents_in(folder: Path) -> dict[str, Any]:
    """Read every cassette of a folder, by the name of its file."""
    return {
        path.name: read_document(path)
        for path in sorted(folder.glob("*.json"))
        if path.name != ALLOWED
    }


def read_document(path: Path) -> Any:
    """Read one file."""
    try:
        return exact_json(path.read_text("utf-8"))
    except FileNotFoundError:
        there = sorted(each.stem for each in path.parent.glob("*.json") if each.name != ALLOWED)
        raise CassetteRefused(
            f"there is no cassette {path.name} in {path.parent}; there are {', '.join(there)}"
        ) from None
    except (ValueError, OSError) as wrong:
        raise CassetteRefused(f"{path.name} cannot be read: {wrong}") from None

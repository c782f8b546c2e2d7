"""The pages of a list, whichever of the six ways the source has of turning them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from connectors.failures import ConfigurationRefused, ConnectorFailure, Transient
from connectors.rest_settings import (
    CursorInBody,
    NextAddress,
    NextHeader,
    Offsets,
    OnePage,
    PageNumbers,
    StreamSettings,
)
from connectors.web import WebAnswer

_LINK = re.compile(r"<([^>]*)>([^,<]*)")
_NEXT = re.compile(r"""rel\s*=\s*"?[^";]*\bnext\b""")
_NO_PAGE = frozenset({"source_answer_refused", "source_rows_missing"})
_TIMES = 5  # so often a list that does not hold still is read before we give up

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request of a stream: an address and what its query or body says beside the settings."""

    address: str
    said: Mapping[str, str]
    whole: bool = False  # the address already holds the query


Send = Callable[[Ask], tuple[WebAnswer, Any]]


def pages(stream: StreamSettings, first: Ask, send: Send) -> Iterator[Rows]:
    """Turn the pages from the first; the rows of each come as the source said them."""
    paging = stream.paging
    if isinstance(paging, OnePage):
        yield _rows(stream, send(first)[1])
    elif isinstance(paging, PageNumbers | Offsets):
        if paging.drift == "REPEAT":
            yield from _until_it_holds_still(lambda: _counted(stream, paging, first, send), stream)
        else:
            yield from _counted(stream, paging, first, send)
    else:
        yield from _followed(stream, paging, first, send)


def _counted(
    stream: StreamSettings, paging: PageNumbers | Offsets, first: Ask, send: Send
) -> Iterator[Rows]:
    """Turn numbered pages up to an empty one: a source may give fewer rows than it is asked for."""
    place = paging.first if isinstance(paging, PageNumbers) else 0
    again = isinstance(paging, Offsets) and paging.drift == "OVERLAP"
    before: list[tuple[str, ...]] = []
    same = 0
    while True:
        said = {paging.parameter: str(place), paging.size_parameter: str(paging.size)}
        ask = Ask(address=first.address, said={**first.said, **said})
        try:
            rows = _rows(stream, send(ask)[1])
        except ConfigurationRefused as refused:
            # Some sources refuse a page behind the last one, or leave the list away in it.
            if 0 < len(before) < paging.size and refused.code in _NO_PAGE:
                return
            raise
        named = [_key(stream, row) for row in rows]
        if again and before:
            if not rows or named[0] != before[-1]:
                raise Transient("source_unsteady")
            rows = rows[1:]
        elif rows:
            # Where rows move, those of a page may stand in the next one too; but not for ever.
            same = same + 1 if named == before else 0
            if same >= (_TIMES if paging.drift == "REPEAT" else 1):
                raise ConfigurationRefused("source_pages_circle")
        yield rows
        if not rows:
            return
        before = named
        place += 1 if isinstance(paging, PageNumbers) else len(named) - again


def _until_it_holds_still(
    read: Callable[[], Iterator[Rows]], stream: StreamSettings
) -> Iterator[Rows]:
    before: set[tuple[str, ...]] | None = None
    for _ in range(_TIMES):
        seen = set()
        for rows in read():
            seen |= {_key(stream, row) for row in rows}
            yield rows
        if seen == before:
            return
        before = seen
    raise Transient("source_unsteady")


def _followed(
    stream: StreamSettings,
    paging: CursorInBody | NextAddress | NextHeader,
    first: Ask,
    send: Send,
) -> Iterator[Rows]:
    ask = first
    been: set[str] = set()
    while True:
        answer, said = send(ask)
        yield _rows(stream, said)
        following = _following(paging, ask, answer, said)
        if following is None:
            return
        mark = f"{following.address} {sorted(following.said.items())}"
        if mark in been:
            raise ConfigurationRefused("source_pages_circle")
        been.add(mark)
        ask = following


def _following(
    paging: CursorInBody | NextAddress | NextHeader, ask: Ask, answer: WebAnswer, said: Any
) -> Ask | None:
    if isinstance(paging, CursorInBody):
        mark = at(said, paging.next)
        if mark is None or mark == "" or mark is False:
            return None
        return Ask(address=ask.address, said={**ask.said, paging.parameter: str(mark)})
    if isinstance(paging, NextAddress):
        address = at(said, paging.next)
    else:
        address = _of_header(answer.headers.get(paging.header.lower(), ""), paging.header)
    if not isinstance(address, str) or not address:
        return None
    return Ask(address=urljoin(ask.address, address), said={}, whole=True)


def _of_header(text: str, name: str) -> str:
    if name.lower() != "link":
        return text
    for address, parameters in _LINK.findall(text):
        if _NEXT.search(parameters):
            return str(address)
    return ""


def at(said: Any, place: str) -> Any:
    """Follow dots into an answer: ``at({"meta": {"next": "x"}}, "meta.next")`` is ``"x"``."""
    for name in filter(None, place.split(".")):
        if not isinstance(said, Mapping):
            return None
        said = said.get(name)
    return said


def _rows(stream: StreamSettings, said: Any) -> Rows:
    found = at(said, stream.records)
    if isinstance(found, Mapping):
        return [dict(found)]  # some interfaces leave the list away around a single row
    if not isinstance(found, list):
        raise ConfigurationRefused("source_rows_missing", {"place": stream.records or "$"})
    return found


def _key(stream: StreamSettings, row: Any) -> tuple[str, ...]:
    """Name a row for comparing pages; what has no key is compared whole."""
    try:
        return tuple(key_texts(stream, row))
    except ConnectorFailure:
        return (json.dumps(row, default=str, sort_keys=True),)


def key_texts(stream: StreamSettings, row: Any) -> list[str]:
    """Read the columns of the key as texts; a missing one is a refusal."""
    texts = []
    for column in stream.key:
        value = at(row, column) if isinstance(row, Mapping) else None
        if value is None or isinstance(value, list | Mapping) or str(value) == "":
            raise ConfigurationRefused("source_key_missing", {"column": column})
        texts.append(str(value))
    return texts

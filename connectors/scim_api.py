"""SCIM 2.0 as a client speaks it (RFC 7644): what the server can, its two ways of paging, errors.

A server says in ``/ServiceProviderConfig`` whether it pages by cursors (RFC 9865). Where it does
not, pages are counted, and rows that come or go move the others: each page then begins with the
last row of the one before, and where that row is not there the list is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.web import Web, WebAnswer

MEDIA_TYPE = "application/scim+json"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_AGAIN = 5  # so often a list that moves is read anew
_PAGES_MOST = 100_000
_OUTDATED = frozenset({"invalidcursor", "expiredcursor"})


class _Moved(Exception):  # noqa: N818 - a way out of a list that has to be read anew
    """The rows have moved under the pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a server says of itself; one that says nothing has none of it."""

    filters: bool = False
    cursors: bool = False
    most: int = 0  # rows of a page; 0: it does not say


class Scim:
    """One server, asked with one token."""

    def __init__(self, web: Web, address: str, token: str, page: int) -> None:
        self._web = web
        self._address = address
        self._token = token
        self._page = page
        self._abilities: Abilities | None = None

    @property
    def abilities(self) -> Abilities:
        """Ask the server once what it can."""
        if self._abilities is None:
            self._abilities = self._asked_abilities()
        return self._abilities

    def resources(self, kind: str, query: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        """Turn the pages of ``/Users`` or ``/Groups``; what comes twice comes twice."""
        for left in reversed(range(_AGAIN)):
            try:
                if self.abilities.cursors:
                    yield from self._by_cursor(kind, query)
                else:
                    yield from self._by_count(kind, query)
            except _Moved:
                if not left:
                    raise Transient("source_unsteady") from None
            else:
                return

    def first(self, kind: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the first page."""
        paging = {"cursor": ""} if self.abilities.cursors else {"startIndex": "1"}
        return self._list(kind, {**query, **paging, "count": str(self._size())})[0]

    def _size(self) -> int:
        most = self.abilities.most
        return min(self._page, most) if most else self._page

    def _by_cursor(self, kind: str, query: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        cursor, seen = "", set[str]()
        while True:
            asked = {**query, "cursor": cursor, "count": str(self._size())}
            rows, said = self._list(kind, asked)
            yield rows
            following = said.get("nextCursor")
            if not isinstance(following, str) or not following:
                return
            if following in seen or len(seen) > _PAGES_MOST:
                raise ConfigurationRefused("source_pages_circle")
            seen.add(following)
            cursor = following

    def _by_count(self, kind: str, query: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        start, last = 1, None
        for _ in range(_PAGES_MOST):
            asked = {**query, "startIndex": str(start), "count": str(self._size())}
            rows, said = self._list(kind, asked)
            total = said.get("totalResults")
            if type(total) is not int:
                raise Transient("source_not_json", {"status": "totalResults"})
            if last is not None and (not rows or rows[0].get("id") != last):
                raise _Moved
            fresh = rows if last is None else rows[1:]
            if fresh:
                yield fresh
            reached = start + len(rows) - 1
            if reached >= total:
                return
            if not fresh:
                # Pages of one row cannot overlap; and a page without rows before the end is none.
                raise _Moved
            start, last = reached, rows[-1].get("id")
        raise ConfigurationRefused("source_pages_circle")

    def _list(
        self, kind: str, query: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        said = self._ask(f"/{kind}", query)
        # A server leaves the list out where there is nothing in it.
        rows = said.get("Resources") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ConfigurationRefused("source_rows_missing", {"place": "Resources"})
        return rows, said

    def _asked_abilities(self) -> Abilities:
        try:
            said = self._ask("/ServiceProviderConfig", {})
        except ConfigurationRefused:
            return Abilities()  # it is not there, which says nothing about the rest
        filters, paging = said.get("filter"), said.get("pagination")
        most = filters.get("maxResults") if isinstance(filters, dict) else 0
        if isinstance(paging, dict) and type(paging.get("maxPageSize")) is int:
            most = paging["maxPageSize"]
        return Abilities(
            filters=isinstance(filters, dict) and _is_true(filters.get("supported")),
            cursors=isinstance(paging, dict) and _is_true(paging.get("cursor")),
            most=most if type(most) is int and most > 1 else 0,
        )

    def _ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token}", "accept": MEDIA_TYPE}
        answer = self._web.get(self._address + path, query, headers)
        said = _object(answer)
        if not answer.ok or _ERROR in (said.get("schemas") or ()):
            self._refuse(answer, said)
        return said

    def _refuse(self, answer: WebAnswer, said: Mapping[str, Any]) -> None:
        """Raise what an error means; some servers send it with the status of success."""
        told = str(said.get("status") or "")
        status = answer.status if not answer.ok or not told.isdigit() else int(told)
        kind = str(said.get("scimType") or "").lower()
        values = {"status": kind[:40] or str(status)}
        if status == 401:
            raise AuthExpired("source_access_refused", values)
        if status == 403:
            raise Forbidden("source_forbidden", values)
        if kind in _OUTDATED:
            raise _Moved
        if kind == "invalidfilter":
            raise ConfigurationRefused("scim_filter_refused", values)
        if kind == "toomany":
            raise ConfigurationRefused("scim_too_many", values)
        if status == 429 or status >= 500:
            raise Transient("source_status", {"host": str(status)})
        raise ConfigurationRefused("source_answer_refused", values)


def _object(answer: WebAnswer) -> dict[str, Any]:
    try:
        said = answer.json()
    except Transient:
        if answer.ok:
            raise
        said = {}
    if isinstance(said, dict):
        return said
    if not answer.ok:
        return {}
    raise Transient("source_not_json", {"status": str(answer.status)})


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() == "true"

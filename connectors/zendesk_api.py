"""Zendesk's interface: lists in pages behind a mark, exports that go on for ever, rows by number.

What matters here and is easily got wrong:

- A list says its next page as an address and as a mark. Only the mark is used: an address could
  lead elsewhere, and our access would go with it.
- An export has its own marks, its own limit of ten calls a minute, and ends where ``end_of_stream``
  says so, not where a page is short. Its last mark is where the next run goes on.
- A user who was deleted is in another list than the others, and knows his address still.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.kept_tokens import LentToken, Token, Tokens, lent_until, place_of
from connectors.plain_answers import granted, word_of
from connectors.row_cells import following
from connectors.web import Web, WebAnswer
from connectors.zendesk_settings import ZendeskAccess

TOKEN_PATH = "/oauth/tokens"  # noqa: S105 - a path, no secret
EXPORT_PATH = "/incremental/"
PAGE = 100
EXPORT_SIZES = (500, 100, 20)  # tickets can be long: a page that is too large is asked for smaller
_BY_ID = 100
_MARGIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A page of an export; ``after`` is where to go on, now or with the next run."""

    rows: Sequence[Any]
    after: str
    last: bool


class Zendesk:
    """Calls in the name of one application or user."""

    def __init__(self, web: Web, access: ZendeskAccess, tokens: Tokens, now: datetime) -> None:
        self._web = web
        self._access = access
        self._now = now
        self._export_sizes: tuple[int, ...] = EXPORT_SIZES
        place = place_of(access.address, access.client_id, access.client_secret)
        self._lent = LentToken(tokens=tokens, place=place, now=now, ask=self._new_token)

    def sign_in(self) -> None:
        """Ask for a token, if there is one to ask for."""
        if self._is_lent():
            self._lent.current()

    def pages(self, path: str, rows: str, query: Mapping[str, str]) -> Iterator[list[Any]]:
        """Walk over the pages of a list; a short page is not the last one."""
        after = ""
        while True:
            marked = {"page[after]": after} if after else {}
            said = self._call(path, {**query, "page[size]": str(PAGE), **marked}, rows)
            yield _list(said, rows)
            meta = said.get("meta")
            if not isinstance(meta, Mapping) or type(meta.get("has_more")) is not bool:
                raise Transient("source_not_json", {"status": rows})
            if not meta["has_more"]:
                return
            after = following(meta, "after_cursor", after)
            if not after:
                raise Transient("source_not_json", {"status": rows})

    def first(self, path: str, rows: str, query: Mapping[str, str]) -> None:
        """Ask for one row of a list, to see whether we may."""
        _list(self._call(path, {**query, "page[size]": "1"}, rows), rows)

    def exported(
        self, rows: str, since: int, after: str, query: Mapping[str, str], size: int = 0
    ) -> Exported:
        """Ask for the next page of what changed since a second, or behind a mark."""
        where = {"cursor": after} if after else {"start_time": str(since)}
        said = self._export(rows, {**query, **where}, size)
        last = said.get("end_of_stream")
        if type(last) is not bool:
            raise Transient("source_not_json", {"status": rows})
        found = _list(said, rows)
        mark = said.get("after_cursor")
        if not last and (not isinstance(mark, str) or mark in ("", after)):
            raise ConfigurationRefused("source_pages_circle")
        return Exported(rows=found, after=str(mark or after), last=last)

    def by_number(self, rows: str, numbers: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        """Return the users or tickets of some numbers, as far as there are such."""
        found: dict[int, Mapping[str, Any]] = {}
        for begin in range(0, len(numbers), _BY_ID):
            some = ",".join(str(number) for number in numbers[begin : begin + _BY_ID])
            said = self._call(f"{rows}/show_many.json", {"ids": some}, rows)
            for row in _list(said, rows):
                if isinstance(row, Mapping) and type(row.get("id")) is int:
                    found[row["id"]] = row
        return found

    def deleted_user(self, number: int) -> Mapping[str, Any] | None:
        """Return a user who was deleted; None when nothing is left of him."""
        answer = self._send(f"deleted_users/{number}.json", {})
        if answer.status == 404:
            return None
        said = self._read(answer, "users").get("deleted_user")
        return said if isinstance(said, Mapping) else None

    # ----------------------------------------------------------------------------- calls

    def _export(self, rows: str, query: Mapping[str, str], size: int) -> Mapping[str, Any]:
        while True:
            wanted = size or self._export_sizes[0]
            told = {**query, "per_page": str(wanted)}
            try:
                return self._call(f"incremental/{rows}/cursor.json", told, rows)
            except ConfigurationRefused as refusal:
                if refusal.code != "source_answer_too_large" or len(self._export_sizes) == 1:
                    raise
                self._export_sizes = self._export_sizes[1:]

    def _call(self, path: str, query: Mapping[str, str], what: str) -> Mapping[str, Any]:
        return self._read(self._send(path, query), what)

    def _send(self, path: str, query: Mapping[str, str]) -> WebAnswer:
        address = f"{self._access.address}/api/v2/{path}"

        def send(shown: str) -> WebAnswer:
            return self._web.get(address, query=query, headers={"authorization": shown})

        own = self._access
        if self._is_lent():
            answer, _ = self._lent.show(
                lambda token: send(f"Bearer {token.value}"), lambda answer: answer.status == 401
            )
            return answer
        if own.access_token:
            return send(f"Bearer {own.access_token}")
        pair = base64.b64encode(f"{own.email}/token:{own.token}".encode()).decode()
        return send(f"Basic {pair}")

    def _is_lent(self) -> bool:
        return bool(self._access.client_id and not self._access.access_token)

    def _read(self, answer: WebAnswer, what: str) -> Mapping[str, Any]:
        if not answer.ok:
            raise _failure(answer, what)
        said = answer.json()
        if not isinstance(said, Mapping):
            raise Transient("source_not_json", {"status": what})
        return said

    def _new_token(self) -> Token:
        own = self._access
        told = {
            "grant_type": "client_credentials",
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "scope": "read",
        }
        answer = self._web.post(f"{own.address}{TOKEN_PATH}", json=told, reads=True)
        value, seconds = granted(answer, "error")
        return Token(value=value, until=lent_until(self._now, seconds, _MARGIN))


def _list(said: Mapping[str, Any], rows: str) -> list[Any]:
    found = said.get(rows)
    if not isinstance(found, list):
        raise Transient("source_not_json", {"status": rows})
    return found


def _failure(answer: WebAnswer, what: str) -> Exception:
    word = word_of(answer, "error")
    if answer.status == 401:
        return AuthExpired("source_access_refused", {"status": word})
    if answer.status == 403:
        return Forbidden("zendesk_not_permitted", {"object": what, "code": word})
    if answer.status == 404:
        return Forbidden("zendesk_not_there", {"object": what})
    return ConfigurationRefused("zendesk_refused", {"object": what, "code": word})

"""Neocrm's open interface: a password for a token, a query language of its own, and scrolls.

What is easily got wrong:

- ``code`` is 200 as a number or as a text; older parts answer ``error_code`` instead.
- The security token is written behind the password, without anything between them.
- The token is asked for at another host (the login of the pool) than the data.
- A scroll's mark (``queryLocator``) stands beside ``data``, not in it; an empty one is the end.
- Field names are the company's own: only the description of an object says what may be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.coded_answers import answered_at
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.kept_tokens import LentToken, Token, Tokens, place_of
from connectors.row_cells import rows_in
from connectors.web import Web, WebAnswer

LOGIN = "https://login.xiaoshouyi.com"
API = "https://api.xiaoshouyi.com"
ENTRY = "/auc/oauth2/token"
QUERY = "/rest/data/v2.0/query/xoql"
SCROLL = "/rest/data/v2.0/query/xoqlScroll"
DESCRIPTION = "/rest/data/v2.0/xobjects/{}/description"
_DONE = "200"
# Numbers from memory: what ends a token, what refuses a right, what asks to wait.
_TOKEN_ENDED = frozenset({"401", "20000002", "1020005"})
_NOT_ALLOWED = frozenset({"403", "20000005"})
_TOO_MANY = frozenset({"429", "20000010"})
_LIVES = timedelta(hours=2)  # about 24 hours, from memory: asking again costs one call
_WINDOW = timedelta(seconds=60)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_TEXT_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class NeocrmAccess:
    """Where Neocrm is, and as which application and user we ask."""

    address: str
    login_address: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    username: str
    password: str = field(repr=False)


class Neocrm:
    """Calls in the name of one user."""

    def __init__(
        self,
        web: Web,
        access: NeocrmAccess,
        tokens: Tokens,
        now: datetime,
        redact: Callable[[str], str],
    ) -> None:
        self._web = web
        self._access = access
        self._now = now
        self._redact = redact
        own = access
        place = place_of(
            own.login_address, own.client_id, own.client_secret, own.username, own.password
        )
        self._lent = LentToken(tokens=tokens, place=place, now=now, ask=self._new_token)

    def fields(self, api_name: str) -> dict[str, str]:
        """Return the type of every field of an object that a query may name."""
        path = DESCRIPTION.format(api_name)

        def send(headers: Mapping[str, str]) -> WebAnswer:
            return self._web.get(f"{self._access.address}{path}", headers=headers)

        data = self._ask(send).get("data")
        if not isinstance(data, Mapping):
            raise Transient("source_not_json", {"status": "description"})
        found: dict[str, str] = {}
        for row in rows_in(data, "fields", "description"):
            name = row.get("apiKey") if isinstance(row, Mapping) else None
            if isinstance(name, str) and _FIELD.fullmatch(name):
                found[name] = str(row.get("type") or "").lower()
        if "id" not in found:
            raise Transient("source_not_json", {"status": "description"})
        return found

    def rows(self, query: str) -> list[Any]:
        """Return the rows of a short query."""
        said = self._query(QUERY, {"xoql": query})
        return _records(said)

    def page(self, query: str, mark: str, size: int) -> tuple[list[Any], str]:
        """Return the next rows of a scroll, and the mark of those after them ("": the end)."""
        form = {"xoql": query, "batchCount": str(size), "queryLocator": mark}
        said = self._query(SCROLL, form)
        following = str(said.get("queryLocator") or "")
        if following and following == mark:
            raise ConfigurationRefused("source_pages_circle")
        return _records(said), following

    def _query(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        def send(headers: Mapping[str, str]) -> WebAnswer:
            return self._web.post(
                f"{self._access.address}{path}", form=form, headers=headers, reads=True
            )

        return self._ask(send)

    def _ask(self, send: Callable[[Mapping[str, str]], WebAnswer]) -> dict[str, Any]:
        def read(token: Token) -> tuple[dict[str, Any], WebAnswer]:
            answer = send(_bearer(token.value))
            return _read(answer), answer

        (said, answer), token = self._lent.show(read, _has_ended)
        if _code(said, answer) != _DONE:
            raise self._failure(said, answer, token.value)
        return said

    def _new_token(self) -> Token:
        own = self._access
        form = {
            "grant_type": "password",
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "redirect_uri": own.redirect_uri,
            "username": own.username,
            "password": own.password,
        }
        answer = self._web.post(f"{own.login_address}{ENTRY}", form=form)
        said = _read(answer)
        value = said.get("access_token")
        if isinstance(value, str) and value:
            return Token(value=value, until=self._now + _LIVES)
        if _code(said, answer) in _TOO_MANY:
            raise RateLimited(answered_at(answer, self._now) + _WINDOW, {"code": "token"})
        if any(name in said for name in ("error", "error_code", "code")) or not answer.ok:
            # A right answer without a token is none of these; asking on would lock the user out.
            raise AuthExpired("neocrm_access_refused", {"status": self._told(said, answer, "")})
        raise Transient("source_not_json", {"status": "token"})

    def _failure(self, said: Mapping[str, Any], answer: WebAnswer, token: str) -> ConnectorFailure:
        code, told = _code(said, answer), {"status": self._told(said, answer, token)}
        if code in _TOKEN_ENDED:
            return AuthExpired("neocrm_access_refused", told)
        if code in _NOT_ALLOWED:
            return Forbidden("neocrm_not_allowed", told)
        if code in _TOO_MANY:
            return RateLimited(answered_at(answer, self._now) + _WINDOW, {"code": code})
        return ConfigurationRefused("neocrm_refused", told)

    def _told(self, said: Mapping[str, Any], answer: WebAnswer, token: str) -> str:
        """Write code and text of an answer, without any secret that it may repeat."""
        text = str(said.get("msg") or said.get("message") or said.get("error_description") or "")
        for secret in (self._access.client_secret, self._access.password, token):
            text = text.replace(secret, "•••") if secret else text
        return f"{_code(said, answer)} {self._redact(text)[:_TEXT_MAX]}".strip()


def xoql(fields: Iterable[str], api_name: str, *rest: str) -> str:
    """Write a query; every part comes from a description or from settings that were checked."""
    return " ".join(("select", ",".join(fields), "from", api_name, *rest))


def _read(answer: WebAnswer) -> dict[str, Any]:
    try:
        said = answer.json()
    except Transient:
        # No envelope: then the status is all there is.
        answer.demand_ok()
        raise
    if not isinstance(said, dict):
        raise Transient("source_not_json", {"status": str(answer.status)})
    return said


def _code(said: Mapping[str, Any], answer: WebAnswer) -> str:
    """Return what happened, as text; without any code it is the status."""
    for name in ("code", "error_code", "errorCode"):
        if said.get(name) is not None:
            return str(said[name])
    if said.get("error"):
        return str(said["error"])
    # An answer without a code is no answer of Neocrm's unless its status says so.
    return str(answer.status) if not answer.ok else "-"


def _has_ended(told: tuple[Mapping[str, Any], WebAnswer]) -> bool:
    return _code(*told) in _TOKEN_ENDED


def _records(said: Mapping[str, Any]) -> list[Any]:
    data = said.get("data")
    if not isinstance(data, Mapping):
        raise Transient("source_not_json", {"status": "query"})
    return rows_in(data, "records", "query")


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}

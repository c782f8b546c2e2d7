"""HubSpot's interface: searches, lists and batches over one kind of object.

What matters here and is easily got wrong:

- A search never shows what is archived, and its index lags: a row that was just saved may be
  missing for a while. A batch by id and a list do not lag.
- ``after`` of a search is an offset: it ends at 10,000 and shifts when rows change. We ask for ids
  behind the last one instead, and never send it.
- A batch may answer 207: some ids were found, others not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.hubspot_settings import HubSpotAccess
from connectors.kept_tokens import LentToken, Token, Tokens, place_of
from connectors.plain_answers import granted, word_of
from connectors.web import Web, WebAnswer

TOKEN_PATH = "/oauth/v1/token"  # noqa: S105 - a path, no secret
SEARCH_MAX = 200
LIST_MAX = 100
_WORDS = ("category", "status")
_MARGIN = timedelta(minutes=2)
_KEPT = timedelta(minutes=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a batch by id found, and which ids HubSpot says that there are not."""

    rows: Sequence[Any]
    missing: Sequence[str]


class HubSpot:
    """Calls in the name of one application."""

    def __init__(self, web: Web, access: HubSpotAccess, tokens: Tokens, now: datetime) -> None:
        self._web = web
        self._access = access
        self._now = now
        place = place_of(
            access.address, access.client_id, access.client_secret, access.refresh_token
        )
        self._lent = LentToken(tokens=tokens, place=place, now=now, ask=self._new_token)

    def properties(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return what a kind of object says of its properties."""
        rows = _rows(self._call("GET", f"properties/{kind}", kind, {}, None), "properties")
        return {str(row.get("name")): row for row in rows if isinstance(row, Mapping)}

    def search(self, kind: str, question: Mapping[str, Any]) -> tuple[list[Any], bool]:
        """Return the rows of a search, and whether more fit."""
        said = self._call("POST", f"objects/{kind}/search", kind, {}, question)
        return _rows(said, "search"), bool(_next(said))

    def listed(self, kind: str, after: str, *, archived: bool) -> tuple[list[Any], str]:
        """Return some rows of the list of a kind, and the mark of the next ones ("": no more)."""
        query = {"limit": str(LIST_MAX), "archived": "true" if archived else "false"}
        said = self._call("GET", f"objects/{kind}", kind, query | _marked(after), None)
        following = _next(said)
        if following and following == after:
            raise ConfigurationRefused("source_pages_circle")
        return _rows(said, "list"), following

    def batch(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> Found:
        """Read rows by id."""
        body = {"properties": list(properties), "inputs": [{"id": each} for each in ids]}
        said = self._call("POST", f"objects/{kind}/batch/read", kind, {}, body)
        missing: list[str] = []
        for error in said.get("errors") or []:
            told = error.get("context") if isinstance(error, Mapping) else None
            if isinstance(told, Mapping) and error.get("category") == "OBJECT_NOT_FOUND":
                missing += [str(each) for each in told.get("ids") or [] if str(each) in ids]
        return Found(rows=_rows(said, "batch"), missing=missing)

    def _call(
        self, method: str, path: str, kind: str, query: Mapping[str, str], body: Any
    ) -> Mapping[str, Any]:

        def send(token: Token) -> WebAnswer:
            return self._once(method, path, query, body, token)

        if self._access.refresh_token:
            answer, _ = self._lent.show(send, lambda answer: answer.status == 401)
        else:
            answer = send(Token(value=self._access.token, until=self._now))
        if not answer.ok:
            raise _failure(answer, kind)
        said = answer.json()
        if not isinstance(said, Mapping):
            raise Transient("source_not_json", {"status": kind})
        return said

    def _once(
        self, method: str, path: str, query: Mapping[str, str], body: Any, token: Token
    ) -> WebAnswer:
        address = f"{self._access.address}/crm/v3/{path}"
        headers = {"authorization": f"Bearer {token.value}"}
        if method == "GET":
            return self._web.get(address, query=query, headers=headers)
        return self._web.post(address, json=body, query=query, headers=headers, reads=True)

    def _new_token(self) -> Token:
        own = self._access
        form = {
            "grant_type": "refresh_token",
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "refresh_token": own.refresh_token,
        }
        answer = self._web.post(f"{own.address}{TOKEN_PATH}", form=form, reads=True)
        value, seconds = granted(answer, *_WORDS)
        lives = timedelta(seconds=seconds) - _MARGIN if type(seconds) is int else _KEPT
        return Token(value=value, until=self._now + max(lives, _MARGIN))


def _marked(after: str) -> dict[str, str]:
    return {"after": after} if after else {}


def _rows(said: Mapping[str, Any], place: str) -> list[Any]:
    rows = said.get("results")
    if not isinstance(rows, list):
        raise Transient("source_not_json", {"status": place})
    return rows


def _next(said: Mapping[str, Any]) -> str:
    paging = said.get("paging")
    following = paging.get("next") if isinstance(paging, Mapping) else None
    after = following.get("after") if isinstance(following, Mapping) else None
    return "" if after is None else str(after)


def _failure(answer: WebAnswer, kind: str) -> Exception:
    word = word_of(answer, *_WORDS)
    if answer.status == 401:
        return AuthExpired("source_access_refused", {"status": word})
    if answer.status == 403:
        return Forbidden("hubspot_scope_missing", {"object": kind, "code": word})
    if answer.status == 404:
        return Forbidden("hubspot_object_missing", {"object": kind})
    return ConfigurationRefused("hubspot_refused", {"object": kind, "code": word})

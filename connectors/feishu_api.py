"""Feishu's open interface: one token for all, an envelope in every answer, pages by a mark.

What is easily got wrong:

- The status says little: an answer of 400 has the same envelope, and its ``code`` is what counts.
- The token stands at the top of its answer, not in ``data``.
- Too many calls are 429 today and were 400 before, with ``x-ogw-ratelimit-reset`` in seconds.
- What lacks a permission is told with the names of the scopes of which one is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.coded_answers import answered_at, coded
from connectors.contract import CallLimit
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorBug,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.kept_tokens import LentToken, Token, Tokens, lent_until, place_of
from connectors.row_cells import rows_in
from connectors.web import Web, WebAnswer

HOSTS = ("open.feishu.cn", "open.larksuite.com")
API = f"https://{HOSTS[0]}"
LIMITS = (CallLimit(calls=50, seconds=1), CallLimit(calls=1_000, seconds=60, path="/contact/"))
ENTRY = "auth/v3/tenant_access_token/internal"
PAGE = 50
_PAGES_MOST = 100_000
_TOKEN_ENDED = frozenset({99991661, 99991663, 99991664, 99991665, 99991671})
_SECRET_REFUSED = frozenset({10003, 10012, 10014, 10015, *_TOKEN_ENDED})
_NOT_PERMITTED = frozenset({99991672, 99991679})
_IP_REFUSED = 99991401
OUT_OF_RANGE = frozenset({40004, 41012, 41050})
_TOO_MANY = 99991400
_AGAIN = frozenset({1500, 2200, 99991300, 1060001})
_OUR_FAULT = frozenset({99992402, 40011})
_WINDOW = timedelta(seconds=60)
_MARGIN = timedelta(minutes=10)
_SCOPE = re.compile(r"([a-z][a-z_]*(?::[a-z0-9_.]+)+)")
_FEATURES = (("attendance/", "考勤"), ("contact/", "通讯录"))
_FEATURE = "开放平台"


class FeishuApi:
    """Calls in the name of one application."""

    def __init__(
        self, web: Web, address: str, app_id: str, app_secret: str, tokens: Tokens, now: datetime
    ) -> None:
        self._web = web
        self._address = address
        self._app_id = app_id
        self._app_secret = app_secret
        self._now = now
        self._lent = LentToken(
            tokens=tokens, place=place_of(address, app_id, app_secret), now=now, ask=self._new_token
        )

    def get(
        self, path: str, query: Mapping[str, str], accept: Collection[int] = ()
    ) -> dict[str, Any]:
        """Ask with GET; a ``code`` in ``accept`` is an answer, any other a failure."""

        def send(token: str) -> WebAnswer:
            return self._web.get(self._url(path), query=query, headers=_bearer(token))

        return self._ask(path, send, accept)

    def post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask with POST; it only reads."""

        def send(token: str) -> WebAnswer:
            return self._web.post(
                self._url(path), json=body, query=query, headers=_bearer(token), reads=True
            )

        return self._ask(path, send, ())

    def pages(
        self, path: str, query: Mapping[str, str], accept: Collection[int] = ()
    ) -> Iterator[dict[str, Any]]:
        """Emit the answers of one list, page by page; an accepted error is the only one."""
        mark = ""
        for _ in range(_PAGES_MOST):
            asked = {**query, "page_size": str(PAGE), **({"page_token": mark} if mark else {})}
            said = self.get(path, asked, accept)
            yield said
            data = data_of(said, path) if said["code"] == 0 else {}
            if not data.get("has_more"):
                return
            before, mark = mark, str(data.get("page_token") or "")
            if not mark or mark == before:
                break
        raise ConfigurationRefused("source_pages_circle")

    def sign_in(self) -> None:
        """Read a token, if there is none yet."""
        self._lent.current()

    def _url(self, path: str) -> str:
        return f"{self._address}/open-apis/{path}"

    def _ask(
        self, path: str, send: Callable[[str], WebAnswer], accept: Collection[int]
    ) -> dict[str, Any]:
        def read(token: Token) -> tuple[WebAnswer, dict[str, Any]]:
            answer = send(token.value)
            return answer, _read(answer)

        (answer, said), _ = self._lent.show(read, _has_ended)
        if said["code"] != 0 and said["code"] not in accept:
            raise failure_of(path, said, self._until(answer))
        return said

    def _new_token(self) -> Token:
        body = {"app_id": self._app_id, "app_secret": self._app_secret}
        answer = self._web.post(self._url(ENTRY), json=body, reads=True)
        said = _read(answer)
        if said["code"] != 0:
            raise failure_of(ENTRY, said, self._until(answer))
        value, seconds = said.get("tenant_access_token"), said.get("expire")
        if not isinstance(value, str) or not value:
            raise Transient("source_not_json", {"status": "token"})
        return Token(value=value, until=lent_until(self._now, seconds, _MARGIN))

    def _until(self, answer: WebAnswer) -> datetime:
        """Return when a limit is over."""
        told = answer.headers.get("x-ogw-ratelimit-reset", "")
        known = told.isascii() and told.isdigit() and len(told) < 6
        pause = timedelta(seconds=max(1, int(told))) if known else _WINDOW
        return answered_at(answer, self._now) + pause


def data_of(said: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """Return what an answer is about."""
    data = said.get("data")
    if not isinstance(data, Mapping):
        raise Transient("source_not_json", {"status": path})
    return data


def items_of(said: Mapping[str, Any], path: str) -> list[Any]:
    """Return the rows of a page."""
    return rows_in(data_of(said, path), "items", path)


def failure_of(path: str, said: Mapping[str, Any], until: datetime) -> ConnectorFailure:
    """Say what an error means by what a person or the host has to do now."""
    code: int = said["code"]
    feature = {"feature": feature_of(path), "code": str(code)}
    if code in _SECRET_REFUSED:
        return AuthExpired("feishu_secret_refused", {"code": str(code)})
    if code in _NOT_PERMITTED:
        found = _SCOPE.search(str(said.get("msg") or ""))
        scope = found.group(1) if found else "?"
        return Forbidden("feishu_not_permitted", {**feature, "scope": scope})
    if code == _IP_REFUSED:
        return Forbidden("feishu_ip_not_trusted", {"code": str(code)})
    if code in OUT_OF_RANGE:
        return Forbidden("feishu_out_of_range", feature)
    if code == _TOO_MANY:
        return RateLimited(until, {"code": str(code)})
    if code in _AGAIN:
        return Transient("feishu_busy", {"code": str(code)})
    if code in _OUR_FAULT:
        error = {"connector": "feishu", "error": f"{path} {code}"}
        return ConnectorBug("connector_failed", error)
    return ConfigurationRefused("feishu_refused", feature)


def feature_of(path: str) -> str:
    """Name the feature as the developer console does."""
    return next((name for start, name in _FEATURES if path.startswith(start)), _FEATURE)


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _has_ended(told: tuple[WebAnswer, Mapping[str, Any]]) -> bool:
    return told[1]["code"] in _TOKEN_ENDED


def _read(answer: WebAnswer) -> dict[str, Any]:
    try:
        return coded(answer, "code")
    except Transient:
        # No envelope: then the status is all there is.
        answer.demand_ok()
        raise

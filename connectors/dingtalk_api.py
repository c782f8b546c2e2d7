"""DingTalk's server API as a source: one token for all, the envelope, what each error asks for.

What is easily got wrong:

- Everything is HTTP 200; ``errcode`` says what happened, and 88 says that ``sub_code``, a text,
  does. A token that has ended comes so: looking for 40014 in ``errcode`` alone never finds it.
- Asking for a token again renews the same one. Asking too often is a fault.
- Who asks too much from one address is banned for five minutes, and is told so by a page, or by
  ``{"status": 1111, "punish": "deny"}``: neither is the envelope.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
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
from connectors.row_cells import following, rows_in
from connectors.web import Web, WebAnswer

HOST = "oapi.dingtalk.com"
API = f"https://{HOST}"
# An application may ask each interface twenty times a second; we stay below that for all together.
LIMITS = (CallLimit(calls=20, seconds=1),)
_WRAPPED = 88
_TOKEN_ENDED = frozenset({40001, 40014, 42001})
_SECRET_REFUSED = frozenset({33001, 40013, 40089, 40096, *_TOKEN_ENDED})
_OUT_OF_RANGE = frozenset({50002, 50004})
_TOO_FAST = 90018
_DISABLED = frozenset({*range(90001, 90015), _TOO_FAST})
_QUOTA_USED = 90020
_AGAIN = frozenset({-1, 40000})
# We build the requests so that these never come: when they do, we are wrong.
_OUR_FAULT = frozenset({22, 40035, 41001, 400002})
_SHORT, _WINDOW, _BAN = timedelta(seconds=5), timedelta(seconds=60), timedelta(minutes=5)
_BANNED = 1111
_MARGIN = timedelta(minutes=5)
_SCOPE = re.compile(r"\[([A-Za-z][A-Za-z0-9_.]{2,60})\]")
_IP = re.compile(r"\b([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b")
_FEATURES = (("topapi/checkin/", "签到"), ("attendance/", "考勤"))
_DIRECTORY = "通讯录"


class DingTalkApi:
    """Calls in the name of one application."""

    def __init__(
        self, web: Web, address: str, app_key: str, app_secret: str, tokens: Tokens, now: datetime
    ) -> None:
        self._web = web
        self._address = address
        self._app_key = app_key
        self._app_secret = app_secret
        self._now = now
        self._lent = LentToken(
            tokens=tokens,
            place=place_of(address, app_key, app_secret),
            now=now,
            ask=self._new_token,
        )

    def post(
        self, path: str, body: Mapping[str, Any], accept: Collection[int] = ()
    ) -> dict[str, Any]:
        """Ask for something; an ``errcode`` in ``accept`` is an answer, any other a failure."""

        def send(token: Token) -> tuple[WebAnswer, dict[str, Any]]:
            sent = {"access_token": token.value}
            answer = self._web.post(f"{self._address}/{path}", json=body, query=sent, reads=True)
            return answer, self._read(answer)

        (answer, said), _ = self._lent.show(send, _has_ended)
        if said["errcode"] != 0 and said["errcode"] not in accept:
            raise failure_of(path, said, answered_at(answer, self._now))
        return said

    def pages(
        self, path: str, body: Mapping[str, Any], accept: Collection[int], *, more: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Emit the answers of one list, page by page; an accepted error is the last one.

        ``more`` names what says that another page follows, where not the mark alone does.
        """
        mark = "0"
        while mark:
            said = self.post(path, {**body, "cursor": int(mark)}, accept)
            yield said
            if said["errcode"] != 0:
                return
            page = _page(said, path)
            goes_on = not more or is_true(page.get(more, False))
            mark = following(page, "next_cursor", mark) if goes_on else ""
            if mark and not (mark.isascii() and mark.isdigit()):
                raise Transient("source_not_json", {"status": path})

    def sign_in(self) -> None:
        """Read a token, if there is none yet."""
        self._lent.current()

    def _new_token(self) -> Token:
        query = {"appkey": self._app_key, "appsecret": self._app_secret}
        answer = self._web.get(f"{self._address}/gettoken", query=query)
        said = self._read(answer)
        if said["errcode"] != 0:
            raise failure_of("gettoken", said, answered_at(answer, self._now))
        value, seconds = said.get("access_token"), said.get("expires_in")
        if not isinstance(value, str) or not value:
            raise Transient("source_not_json", {"status": "gettoken"})
        return Token(value=value, until=lent_until(self._now, seconds, _MARGIN))

    def _read(self, answer: WebAnswer) -> dict[str, Any]:
        if answer.ok and answer.body.lstrip()[:1] == b"<":
            raise RateLimited(answered_at(answer, self._now) + _BAN, {"code": "-"})
        said = answer.demand_ok().json()
        if isinstance(said, dict) and (
            said.get("status") == _BANNED or said.get("punish") == "deny"
        ):
            raise RateLimited(answered_at(answer, self._now) + _BAN, {"code": str(_BANNED)})
        said = coded(answer, "errcode")
        inner = str(said.get("sub_code", ""))
        if said["errcode"] == _WRAPPED and inner.isascii() and inner.isdigit():
            said["errcode"] = int(inner)
        return said


def _has_ended(told: tuple[WebAnswer, Mapping[str, Any]]) -> bool:
    return told[1]["errcode"] in _TOKEN_ENDED


def page_rows(said: Mapping[str, Any], column: str, path: str) -> list[Any]:
    """Return the rows of a page."""
    return rows_in(_page(said, path), column, path)


def is_true(value: object) -> bool:
    """Read a yes, which is sometimes a text."""
    return str(value).lower() == "true"


def _page(said: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    page = said.get("result")
    if not isinstance(page, Mapping):
        raise Transient("source_not_json", {"status": path})
    return page


def failure_of(path: str, said: Mapping[str, Any], now: datetime) -> ConnectorFailure:
    """Say what an error means by what a person or the host has to do now."""
    code: int = said["errcode"]
    told = f"{said.get('sub_msg') or ''} {said.get('errmsg') or ''}"
    feature = {"feature": feature_of(path), "code": str(code)}
    if code in _SECRET_REFUSED or (path == "gettoken" and code == 40035):
        return AuthExpired("dingtalk_secret_refused", {"code": str(code)})
    if code == 60011:
        scope = _SCOPE.search(told)
        return Forbidden("dingtalk_not_permitted", {**feature, "scope": _found(scope)})
    if code == 60020:
        return Forbidden("dingtalk_ip_not_trusted", {"ip": _found(_IP.search(told))})
    if code in _OUT_OF_RANGE:
        return Forbidden("dingtalk_out_of_range", feature)
    if code == _QUOTA_USED:
        return Forbidden("dingtalk_quota_used")
    if code in _DISABLED:
        return RateLimited(now + (_SHORT if code == _TOO_FAST else _WINDOW), {"code": str(code)})
    if code in _AGAIN:
        return Transient("dingtalk_busy", {"code": str(code)})
    if code in _OUR_FAULT:
        error = {"connector": "dingtalk", "error": f"{path} {code}"}
        return ConnectorBug("connector_failed", error)
    return ConfigurationRefused("dingtalk_refused", feature)


def feature_of(path: str) -> str:
    """Name the feature as the developer console does."""
    return next((name for start, name in _FEATURES if path.startswith(start)), _DIRECTORY)


def _found(match: re.Match[str] | None) -> str:
    return match.group(1) if match else "?"

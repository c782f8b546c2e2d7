"""WeCom's server API as a source: tokens, the envelope, and what each of its errors asks for.

WeCom answers HTTP 200 whatever happened: ``errcode`` alone says what. The text beside it changes
and repeats the token, so nothing of it is told but the address that WeCom saw us come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
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
from connectors.web import Web, WebAnswer

HOST = "qyapi.weixin.qq.com"
API = f"https://{HOST}/cgi-bin"
# What WeCom states for a company, and the tighter ones of single features.
LIMITS = (
    CallLimit(calls=10_000, seconds=60),
    CallLimit(calls=600, seconds=60, path="/checkin/getcheckindata"),
    CallLimit(calls=600, seconds=60, path="/oa/"),
    CallLimit(calls=300, seconds=60, path="/externalcontact/"),
)
_TOKEN_MAX = 512
_TOKEN_ENDED = frozenset({40014, 42001})
_SECRET_REFUSED = frozenset({40001, 40091, 41004, *_TOKEN_ENDED})
_CORP_UNKNOWN = frozenset({40013, 41002})
_NOT_PERMITTED = frozenset({48001, 48002, 301055})
_OUT_OF_RANGE = frozenset({50002, 60011, 60021})
_WAIT = frozenset({45009, 45033})
# Busy, conflicts, a page mark that has died, check-ins that could not be fetched: again, soon.
_AGAIN = frozenset({-1, 6000, 45035, 50100, 301022})
# We split, convert and page so that these never come: when they do, we are wrong.
_OUR_FAULT = frozenset(
    {40031, 40032, 41001, 45029, 60267, 60268, 81017, 82001, 301023, 301024, 301025, 600018}
)
_WINDOW = timedelta(seconds=60)
_IP = re.compile(r"from ip:\s*([0-9A-Fa-f.:]{3,45})")
_FEATURES = (
    ("checkin/", "打卡"),
    ("externalcontact/", "客户联系"),
    ("oa/journal/", "汇报"),
    ("oa/", "审批"),
    ("message/", "发送应用消息"),
)
_DIRECTORY = "通讯录"


class WeComApi:
    """Calls in the name of one application (one secret), for one run."""

    def __init__(self, web: Web, address: str, corp_id: str, secret: str, now: datetime) -> None:
        self._web = web
        self._address = address
        self._corp_id = corp_id
        self._secret = secret
        self._now = now
        self._token = ""

    def get(
        self, path: str, query: Mapping[str, str] | None = None, accept: Collection[int] = ()
    ) -> dict[str, Any]:
        """Ask with GET; an ``errcode`` in ``accept`` is an answer, any other a failure."""

        def send(token: str) -> WebAnswer:
            sent = {"access_token": token, **(query or {})}
            return self._web.get(f"{self._address}/{path}", query=sent)

        return self._ask(path, send, accept)

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        accept: Collection[int] = (),
        *,
        reads: bool = True,
    ) -> dict[str, Any]:
        """Ask with POST; what only ``reads`` may be sent again."""

        def send(token: str) -> WebAnswer:
            sent = {"access_token": token}
            return self._web.post(
                f"{self._address}/{path}", json=dict(body), query=sent, reads=reads
            )

        return self._ask(path, send, accept)

    def sign_in(self) -> None:
        """Read a token, if there is none yet."""
        self._token = self._token or self._read_token()

    def _ask(
        self, path: str, send: Callable[[str], WebAnswer], accept: Collection[int]
    ) -> dict[str, Any]:
        self.sign_in()
        answer = send(self._token)
        said = _envelope(answer)
        if said["errcode"] in _TOKEN_ENDED:
            # WeCom may end a token early; one that ends at once is no matter of time.
            self._token = self._read_token()
            answer = send(self._token)
            said = _envelope(answer)
        code = said["errcode"]
        if code != 0 and code not in accept:
            raise failure_of(path, said, answered_at(answer, self._now))
        return said

    def _read_token(self) -> str:
        query = {"corpid": self._corp_id, "corpsecret": self._secret}
        answer = self._web.get(f"{self._address}/gettoken", query=query)
        said = _envelope(answer)
        if said["errcode"] != 0:
            raise failure_of("gettoken", said, answered_at(answer, self._now))
        token = said.get("access_token")
        if not isinstance(token, str) or not 0 < len(token) <= _TOKEN_MAX:
            raise Transient("source_not_json", {"status": "gettoken"})
        return token


def _envelope(answer: WebAnswer) -> dict[str, Any]:
    return coded(answer.demand_ok(), "errcode")


def failure_of(path: str, said: Mapping[str, Any], now: datetime) -> ConnectorFailure:
    """Say what an error means by what a person or the host has to do now."""
    code: int = said["errcode"]
    feature = {"feature": feature_of(path), "code": str(code)}
    if code in _SECRET_REFUSED:
        return AuthExpired("wecom_secret_refused", {"code": str(code)})
    if code in _CORP_UNKNOWN:
        return ConfigurationRefused("wecom_corp_unknown", {"code": str(code)})
    if code == 40056:
        return ConfigurationRefused("wecom_agent_unknown")
    if code == 60020:
        found = _IP.search(str(said.get("errmsg", "")))
        return Forbidden("wecom_ip_not_trusted", {"ip": found.group(1) if found else "?"})
    if code in _NOT_PERMITTED:
        return Forbidden("wecom_not_permitted", feature)
    if code in _OUT_OF_RANGE:
        return Forbidden("wecom_out_of_range", feature)
    if code == 701008:
        return Forbidden("wecom_no_licence")
    if code == 48011:
        return Forbidden("wecom_application_idle")
    if code == 48009:
        return Forbidden("wecom_names_hidden")
    if code in _WAIT:
        return RateLimited(now + _WINDOW, {"code": str(code)})
    if code in _AGAIN:
        return Transient("wecom_busy", {"code": str(code)})
    if code in _OUR_FAULT:
        return ConnectorBug("connector_failed", {"connector": "wecom", "error": f"{path} {code}"})
    return ConfigurationRefused("wecom_refused", feature)


def feature_of(path: str) -> str:
    """Name the feature as the admin console does."""
    return next((name for start, name in _FEATURES if path.startswith(start)), _DIRECTORY)

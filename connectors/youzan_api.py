"""Youzan's open interface: one token for a shop, three forms of refusal, pages by number.

What is easily got wrong:

- Everything is HTTP 200. The gateway refuses with ``gw_err_resp``, the token's address and the
  business behind it with ``success`` false and a ``code``; a list in a refusal is no empty list.
- The token goes into the query and nowhere else; its end is an instant in milliseconds.
- 4007 is a wrong way of asking, or an address that is not on the white list: the text says which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.coded_answers import answered_at
from connectors.contract import CallLimit
from connectors.epoch_millis import EPOCH, whole_millis
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorBug,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.kept_tokens import LentToken, Token, Tokens, place_of
from connectors.web import Web, WebAnswer

HOST = "open.youzanyun.com"
API = f"https://{HOST}"
ENTRY = "auth/token"
# None is published for orders; Youzan shuts out who asks too fast, so we stay well below.
LIMITS = (CallLimit(calls=5, seconds=1), CallLimit(calls=10, seconds=60, path=ENTRY))
_DONE = 200
_TOKEN_ENDED = frozenset({4201, 4202, 4203})
_NOT_PERMITTED = 4204
_WAY = 4007
_TOO_MANY = frozenset({4101, 500100004, 123000042})
_AGAIN = frozenset({5001, 5002, 5003, 106000001, 106100118})
_OUR_FAULT = frozenset({4001, 4004, 4005, 4008, 4010})
_SECRET_REFUSED = frozenset({1000, 1004, 1005, 1103, 1105})
_WINDOW = timedelta(seconds=60)
_MARGIN = timedelta(minutes=10)
_LEAST = timedelta(minutes=1)
_IP = re.compile(r"\b([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b")


class YouzanApi:
    """Calls for one shop."""

    def __init__(
        self,
        web: Web,
        address: str,
        client_id: str,
        client_secret: str,
        shop: str,
        tokens: Tokens,
        now: datetime,
    ) -> None:
        self._web = web
        self._address = address
        self._client_id = client_id
        self._client_secret = client_secret
        self._shop = shop
        self._now = now
        place = place_of(address, client_id, client_secret, shop)
        self._lent = LentToken(tokens=tokens, place=place, now=now, ask=self._new_token)

    def ask(self, name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an interface by name and version and return what it is about."""

        def send(token: Token) -> tuple[WebAnswer, dict[str, Any]]:
            query = {"access_token": token.value}
            answer = self._web.post(
                f"{self._address}/api/{name}", json=dict(body), query=query, reads=True
            )
            return answer, _read(answer)

        (answer, said), _ = self._lent.show(send, _has_ended)
        if _code(said) != _DONE:
            raise failure_of(name, said, answered_at(answer, self._now))
        data = said.get("data")
        if not isinstance(data, Mapping):
            raise Transient("source_not_json", {"status": name})
        return data

    def sign_in(self) -> None:
        """Read a token, if there is none yet."""
        self._lent.current()

    def _new_token(self) -> Token:
        body = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "authorize_type": "silent",
            "grant_id": self._shop,
            "refresh": False,  # true would end the token that another program of the shop holds
        }
        answer = self._web.post(f"{self._address}/{ENTRY}", json=body, reads=True)
        said = _read(answer)
        if _code(said) != _DONE:
            raise failure_of(ENTRY, said, answered_at(answer, self._now))
        data = said.get("data")
        value = data.get("access_token") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(value, str) or not value:
            raise Transient("source_not_json", {"status": "token"})
        expires = whole_millis(data.get("expires"))
        until = now = self._now.astimezone(UTC)
        if expires is not None:
            until = EPOCH + timedelta(milliseconds=expires) - _MARGIN
        # Until it has ended the same one comes back: asking at every call would shut us out.
        until = max(until, now + _LEAST)
        return Token(value=value, until=until)


def failure_of(name: str, said: Mapping[str, Any], now: datetime) -> ConnectorFailure:
    """Say what an error means by what a person or the host has to do now."""
    code = _code(said)
    told = {"interface": name, "code": str(code)}
    if code in _TOKEN_ENDED or (name == ENTRY and code in _SECRET_REFUSED):
        return AuthExpired("youzan_access_refused", {"code": str(code)})
    if code == _NOT_PERMITTED:
        return Forbidden("youzan_not_permitted", told)
    if code == _WAY:
        address = _IP.search(_text(said))
        if address or "IP" in _text(said):
            return Forbidden("youzan_ip_not_trusted", {"ip": address[1] if address else "?"})
    if code in _TOO_MANY:
        return RateLimited(now + _WINDOW, {"code": str(code)})
    if code in _AGAIN:
        return Transient("youzan_busy", {"code": str(code)})
    if code in _OUR_FAULT or code == _WAY:
        return ConnectorBug("connector_failed", {"connector": "youzan", "error": f"{name} {code}"})
    return ConfigurationRefused("youzan_refused", told)


def _has_ended(told: tuple[WebAnswer, Mapping[str, Any]]) -> bool:
    return _code(told[1]) in _TOKEN_ENDED


def _read(answer: WebAnswer) -> dict[str, Any]:
    said = answer.demand_ok().json()
    if not isinstance(said, dict) or _code(said) is None:
        raise Transient("source_not_json", {"status": str(answer.status)})
    return said


def _code(said: Mapping[str, Any]) -> int | None:
    """Return what happened; a success whose ``success`` says no is none."""
    gateway = said.get("gw_err_resp")
    code = gateway.get("err_code") if isinstance(gateway, Mapping) else said.get("code")
    if isinstance(code, str) and code.lstrip("-").isdigit() and code.isascii():
        code = int(code)
    if type(code) is not int:
        return None
    return 0 if code == _DONE and said.get("success") is False else code


def _text(said: Mapping[str, Any]) -> str:
    gateway = said.get("gw_err_resp")
    holder = gateway if isinstance(gateway, Mapping) else said
    return str(holder.get("err_msg") or holder.get("message") or "")

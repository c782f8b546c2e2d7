"""WeCom's sign-in over real HTTP: everything is HTTP 200, what happened is in errcode."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.loopback import Asked, Told, on_loopback

CORP = "wwcanary0001"
AGENT = "1000002"
SECRET = "canary-secret-of-the-wecom-app"
CODE_MINUTES = 5


@dataclass(slots=True)
class _Code:
    who: dict[str, str]
    at: datetime
    used: bool = False


@dataclass(slots=True)
class WeComServer:
    """The server. The fields in the middle are what it does wrong, once each."""

    address: str
    clock: Callable[[], datetime]
    next_errors: dict[str, list[int]] = field(default_factory=dict)  # errcodes by path, in turn
    broken: dict[str, Told] = field(default_factory=dict)
    token_seconds: int = 7200
    slow: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def authorise(self, address: str, **who: str) -> str:
        """Do what the page does when a member scans or taps; return where the browser goes."""
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert query["appid"] == CORP
        assert query["agentid"] == AGENT
        assert query["state"].isalnum()
        assert len(query["state"]) <= 128
        if parts.path == "/inside":
            assert parts.fragment == "wechat_redirect"
            assert query["scope"] == "snsapi_base"
        else:
            assert query["login_type"] == "CorpApp"
        code = secrets.token_urlsafe(16)
        self.codes[code] = _Code(who=who, at=self.clock())
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def calls(self, path: str) -> int:
        """Count the calls of a path."""
        return sum(asked.path == path for asked in self.asked)

    def kill_tokens(self) -> None:
        """End every token before its time."""
        self.tokens.clear()

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        with self.lock:
            self.asked.append(asked)
        time.sleep(self.slow)
        if asked.path in self.broken:
            return self.broken[asked.path]
        waiting = self.next_errors.get(asked.path, [])
        if waiting:
            return _error(waiting.pop(0))
        if asked.path == "/cgi-bin/gettoken":
            return self._token(asked)
        if asked.path == "/cgi-bin/auth/getuserinfo":
            return self._member(asked)
        return _error(404)

    def _token(self, asked: Asked) -> Told:
        if asked.query.get("corpid") != CORP:
            return _error(40013)
        if asked.query.get("corpsecret") != SECRET:
            return _error(40001)
        with self.lock:
            now = self.clock()
            alive = [token for token, until in self.tokens.items() if until > now]
            token = alive[0] if alive else f"AT-canary-{secrets.token_hex(8)}"
            self.tokens.setdefault(token, now + timedelta(seconds=self.token_seconds))
        said = {"access_token": token, "expires_in": self.token_seconds}
        return Told(body={"errcode": 0, "errmsg": "ok", **said})

    def _member(self, asked: Asked) -> Told:
        until = self.tokens.get(asked.query.get("access_token", ""))
        if until is None:
            return _error(40014)
        if until <= self.clock():
            return _error(42001)
        code = self.codes.get(asked.query.get("code", ""))
        if code is None:
            return _error(40029)
        if code.used:
            return _error(42022)
        if code.at + timedelta(minutes=CODE_MINUTES) <= self.clock():
            return _error(42003)
        code.used = True
        return Told(body={"errcode": 0, "errmsg": "ok", **code.who})


def _error(code: int) -> Told:
    said: dict[str, Any] = {"errcode": code, "errmsg": f"error {code}, from ip: 203.0.113.7"}
    return Told(body=said)


@contextmanager
def wecom_server(clock: Callable[[], datetime]) -> Iterator[WeComServer]:
    """Run a server."""
    holder: list[WeComServer] = []

    def answer(asked: Asked) -> Told:
        return holder[0].answer(asked)

    with on_loopback(answer) as address:
        holder.append(WeComServer(address=address, clock=clock))
        yield holder[0]

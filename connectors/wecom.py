"""WeCom (企业微信): one application's token, its envelope of errors, and signing in with it.

WeCom answers everything with HTTP 200; what happened is in ``errcode`` alone, for the text of
``errmsg`` changes. The token belongs to the application, never to a browser: it is read once, kept
until shortly before its end, and read anew once when WeCom says that it ended early.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.http import Http, HttpFailure, Retriable
from connectors.sign_in import (
    Arrival,
    Handshake,
    NotIdentified,
    ProviderKind,
    ProviderOut,
    Secret,
)

API = "https://qyapi.weixin.qq.com/cgi-bin"
INSIDE = "https://open.weixin.qq.com/connect/oauth2/authorize"
OUTSIDE = "https://login.work.weixin.qq.com/wwlogin/sso/login"

_BUSY = -1
_TOKEN_ENDED = frozenset({40014, 42001})
_CODE_REFUSED = frozenset({40029, 42003, 42022})
_TOO_MANY = frozenset({45009, 45033})
_WINDOW_SECONDS = 60.0
_MARGIN = timedelta(minutes=5)
_LONGEST_TOKEN = 512
_BUSY_TRIES = 3
_BUSY_SECONDS = 0.2
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComSettings:
    """What an administrator says about a self-built application (自建应用)."""

    id: str
    labels: Mapping[str, str]
    legal_entity: str
    corp_id: str
    agent_id: str
    secret: Secret
    api: str = API
    inside: str = INSIDE
    outside: str = OUTSIDE


@dataclass(frozen=True, slots=True)
class _Token:
    value: Secret
    until: datetime


class WeComApplication:
    """Calls in the name of one application; shared by threads."""

    def __init__(self, settings: WeComSettings, http: Http, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Call with the token and return what came back, whatever ``errcode`` says."""
        token = self._current(None)
        said = self._call(path, {"access_token": token.value, **query})
        if said["errcode"] in _TOKEN_ENDED:
            token = self._current(ended=token)
            said = self._call(path, {"access_token": token.value, **query})
        if said["errcode"] in _TOKEN_ENDED:
            raise ProviderOut("token_refused")
        return said

    def _current(self, ended: Secret | None) -> Secret:
        # Who waits here finds the token that the first one read: one refresh for all.
        with self._lock:
            known = self._token
            if known is None or known.value == ended or known.until <= self._clock():
                known = self._token = self._read_token()
            return known.value

    def _read_token(self) -> _Token:
        query = {"corpid": self._settings.corp_id, "corpsecret": self._settings.secret.value}
        said = self._call("gettoken", query)
        value, seconds = said.get("access_token"), said.get("expires_in")
        if said["errcode"] != 0:
            # Asking on with a wrong secret gets this machine locked out: the error is final.
            raise ProviderOut(f"token_error_{said['errcode']}")
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TOKEN:
            raise ProviderOut("token_missing")
        lives = timedelta(seconds=seconds if isinstance(seconds, int) else 0)
        return _Token(Secret(value), self._clock() + lives - min(_MARGIN, lives / 2))

    def _call(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for left in reversed(range(_BUSY_TRIES)):
            said = self._once(path, query)
            if said["errcode"] != _BUSY:
                break
            if not left:
                raise ProviderOut("busy")
            time.sleep(_BUSY_SECONDS)
        if said["errcode"] in _TOO_MANY:
            raise ProviderOut("rate_limited", _WINDOW_SECONDS)
        return said

    def _once(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        try:
            said = self._http.get(f"{self._settings.api}/{path}", query).demand_ok().json_object()
        except Retriable as failure:
            raise ProviderOut(str(failure), failure.after) from None
        except HttpFailure as failure:
            raise ProviderOut(str(failure)) from None
        if type(said.get("errcode")) is not int:
            raise ProviderOut("envelope_missing")
        return said


class WeCom:
    """Signing in with a WeCom application."""

    kind = ProviderKind.WECOM

    def __init__(self, settings: WeComSettings, http: Http, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._application = WeComApplication(settings, http, clock)

    @property
    def id(self) -> str:
        """The name in addresses."""
        return self.settings.id

    @property
    def labels(self) -> Mapping[str, str]:
        """What its button says."""
        return self.settings.labels

    @property
    def legal_entity(self) -> str:
        """The legal entity that this corp id stands for, because the settings say so."""
        return self.settings.legal_entity

    @property
    def issuer(self) -> str:
        """The company: the same userid in another one is somebody else."""
        return f"wecom:{self.settings.corp_id}"

    def subject_of_text(self, text: str) -> str | None:
        """Return a userid in lower case: WeCom compares them so."""
        return text.lower() if _USERID.fullmatch(text) else None

    def leave_for(self, handshake: Handshake, redirect_uri: str, user_agent: str) -> str:
        """Inside WeCom the silent authorisation, elsewhere the page with the QR code."""
        settings = self.settings
        if "wxwork/" in user_agent.lower():
            query = {
                "appid": settings.corp_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": handshake.state,
                "agentid": settings.agent_id,
            }
            return f"{settings.inside}?{urlencode(query)}#wechat_redirect"
        query = {
            "login_type": "CorpApp",
            "appid": settings.corp_id,
            "agentid": settings.agent_id,
            "redirect_uri": redirect_uri,
            "state": handshake.state,
        }
        return f"{settings.outside}?{urlencode(query)}"

    def identify(self, arrival: Arrival, handshake: Handshake, redirect_uri: str) -> str:
        """Swap the code for a userid; who is no member of the company is nobody here."""
        said = self._application.ask("auth/getuserinfo", {"code": arrival.code})
        code = said["errcode"]
        if code in _CODE_REFUSED:
            raise NotIdentified("code_refused")
        if code != 0:
            raise ProviderOut(f"error_{code}")
        userid = said.get("userid")
        if not isinstance(userid, str) or not userid:
            raise NotIdentified("not_a_member")
        subject = self.subject_of_text(userid)
        if subject is None:
            raise NotIdentified("userid_unreadable")
        return subject

"""Fxiaoke's open interface: one token for all, an envelope in every 200, pages by ``_id``.

What matters here and is easily got wrong:

- Every answer is HTTP 200; ``errorCode`` 0 alone is a success. Codes other than the few below are
  used for several faults, so the text of the answer goes along, without our secrets.
- The token may be asked for ten times a minute and never twice at once, and the same one comes
  back for 6,600 seconds: it is kept for all reads of this process. 20016 says that it has ended.
- A list of one row may come as the row itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.coded_answers import coded
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.kept_tokens import LentToken, Token, Tokens, place_of
from connectors.web import Web

ENTRY_PATH = "/oauth2.0/token"
DESCRIBE_PATH = "/cgi/crm/v2/object/describe"
QUERY_PATH = "/cgi/crm/v2/data/query"
OWN_QUERY_PATH = "/cgi/crm/custom/v2/data/query"
LIMIT_MAX = 100

_TOKEN_ENDED = 20016
_QUOTA = frozenset({30002, 30003})
_QUOTA_WAIT = timedelta(hours=1)
_TOKEN_LIVES = timedelta(seconds=6600)
_TEXT_MAX = 80
_NOT_ALLOWED = ("权限", "permission", "not authorized", "unauthorized")


@dataclass(frozen=True, slots=True, kw_only=True)
class FxiaokeAccess:
    """Where Fxiaoke is and as which application and user we ask."""

    address: str
    app_id: str
    app_secret: str
    permanent_code: str
    user: str


class Fxiaoke:
    """Calls in the name of one application."""

    def __init__(
        self,
        web: Web,
        access: FxiaokeAccess,
        tokens: Tokens,
        now: datetime,
        redact: Callable[[str], str],
    ) -> None:
        self._web = web
        self._access = access
        self._now = now
        self._redact = redact
        own = access
        place = place_of(own.address, own.app_id, own.app_secret, own.permanent_code)
        self._lent = LentToken(tokens=tokens, place=place, now=now, ask=self._new_token)

    def fields(self, api_name: str) -> dict[str, str]:
        """Return the type of every field of an object."""
        said = self._call(DESCRIBE_PATH, {"apiName": api_name, "includeDetail": True})
        about = said.get("describe", said) if isinstance(said, Mapping) else None
        found = about.get("fields") if isinstance(about, Mapping) else None
        if isinstance(found, list):
            found = {row.get("api_name"): row for row in found if isinstance(row, Mapping)}
        if not isinstance(found, Mapping) or not found:
            raise Transient("source_not_json", {"status": "describe"})
        return {
            str(name): str(row.get("type") or "") if isinstance(row, Mapping) else ""
            for name, row in found.items()
        }

    def rows(self, api_name: str, query: Mapping[str, Any]) -> list[Any]:
        """Return the rows of one page."""
        path = OWN_QUERY_PATH if api_name.endswith("__c") else QUERY_PATH
        asked = {"dataObjectApiName": api_name, "search_query_info": dict(query)}
        said = self._call(path, {"data": asked})
        if not isinstance(said, Mapping) or "dataList" not in said:
            raise Transient("source_not_json", {"status": "query"})
        rows = said["dataList"]
        if rows is None:
            return []
        if isinstance(rows, Mapping):
            return [rows] if rows else []
        if not isinstance(rows, list):
            raise Transient("source_not_json", {"status": "query"})
        return rows

    def _call(self, path: str, body: Mapping[str, Any]) -> Any:
        said, token = self._lent.show(
            lambda token: self._once(path, body, token),
            lambda said: said["errorCode"] == _TOKEN_ENDED,
        )
        if said["errorCode"] != 0:
            raise self._failure(said, token.value)
        return said.get("data")

    def _once(self, path: str, body: Mapping[str, Any], token: Token) -> dict[str, Any]:
        headers = {
            "authorization": f"Bearer {token.value}",
            "x-fs-ea": token.company,
            "x-fs-userid": self._access.user,
        }
        return self._ask(path, body, headers)

    def _new_token(self) -> Token:
        own = self._access
        body = {
            "appId": own.app_id,
            "appSecret": own.app_secret,
            "permanentCode": own.permanent_code,
            "grantType": "app_secret",
        }
        said = self._ask(ENTRY_PATH, body, {})
        if said["errorCode"] in _QUOTA:
            raise self._failure(said, "")
        if said["errorCode"] != 0:
            raise AuthExpired("source_access_refused", {"status": self._told(said, "")})
        value, company = said.get("accessToken"), said.get("ea")
        if not (isinstance(value, str) and value and isinstance(company, str) and company):
            raise Transient("source_not_json", {"status": "token"})
        return Token(value=value, company=company, until=self._now + _TOKEN_LIVES)

    def _ask(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        query = {"thirdTraceId": str(uuid.uuid4())}
        answer = self._web.post(
            f"{self._access.address}{path}", json=body, query=query, headers=headers, reads=True
        )
        return coded(answer.demand_ok(), "errorCode")

    def _failure(self, said: Mapping[str, Any], token: str) -> Exception:
        code, told = said["errorCode"], self._told(said, token)
        if code == _TOKEN_ENDED:
            return AuthExpired("source_access_refused", {"status": told})
        if code in _QUOTA:
            return RateLimited(self._now + _QUOTA_WAIT, {"host": "Fxiaoke"})
        text = str(said.get("errorMessage") or "").lower()
        if any(word in text for word in _NOT_ALLOWED):
            return Forbidden("source_forbidden", {"status": told})
        return ConfigurationRefused("source_answer_refused", {"status": told})

    def _told(self, said: Mapping[str, Any], token: str) -> str:
        """Write code and text of an answer, without any secret that it may repeat."""
        text = str(said.get("errorMessage") or "")
        for secret in (self._access.app_secret, self._access.permanent_code, token):
            text = text.replace(secret, "•••") if secret else text
        return f"{said['errorCode']} {self._redact(text)[:_TEXT_MAX]}".strip()

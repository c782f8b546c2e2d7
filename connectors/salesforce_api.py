"""Salesforce's REST interface: a session without a stated end, errors in lists, calls by the day.

What matters here and is easily got wrong:

- A token says nothing of when it ends: the company decides. ``INVALID_SESSION_ID`` is the end; the
  token is renewed once and the call made again.
- Errors are a JSON **list**; ``errorCode`` says what happened, and the HTTP status says little.
- A page may be shorter than asked for and end in ``nextRecordsUrl``. Where that leads can be gone
  (``INVALID_QUERY_LOCATOR``): the question is asked again from the last id instead.
- Every answer says how many of the day's calls are used. We leave some to others.
- Where a token leads (``instance_url``) is believed only when it is the address of the settings.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from connectors.coded_answers import answered_at
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.form import wrong
from connectors.id_walks import TooWide
from connectors.kept_tokens import LentToken, Token, Tokens, place_of
from connectors.salesforce_settings import SalesforceAccess
from connectors.web import Web, WebAnswer

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, no secret
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_KEPT = timedelta(hours=12)
_ASSERTION_SECONDS = 180
_QUOTA_WAIT = timedelta(hours=1)
_LONGEST_QUERY = 12_000
_SESSION_ENDED = "INVALID_SESSION_ID"
_LOCATOR_GONE = "INVALID_QUERY_LOCATOR"
_LIMITED = frozenset({"REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"})
_SLOW = frozenset({"QUERY_TIMEOUT"})
_LATER = frozenset({"SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "UNKNOWN_EXCEPTION"})
_HIDDEN = frozenset({"INVALID_TYPE", "NOT_FOUND"})
_NOT_ALLOWED = frozenset(
    {"INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "API_DISABLED_FOR_ORG"}
)
_NOT_APPROVED = frozenset({"invalid_grant", "invalid_app_access", "inactive_user"})


class LocatorGone(Transient):
    """The rest of an answer is no longer kept."""


class Salesforce:
    """Calls in the name of one application."""

    def __init__(self, web: Web, access: SalesforceAccess, tokens: Tokens, now: datetime) -> None:
        self._web = web
        self._access = access
        self._clock = now
        self._spent = False
        place = place_of(
            *(access.address, access.grant, access.client_id, access.client_secret),
            *(access.username, access.private_key, access.audience),
        )
        self._lent = LentToken(tokens=tokens, place=place, now=now, ask=self._new_token)

    def fields(self, name: str) -> dict[str, Mapping[str, Any]]:
        """Return what an object says of its fields; those hidden from our user are not there."""
        said = self._call(f"sobjects/{name}/describe", {}, name)
        found = said.get("fields") if isinstance(said, Mapping) else None
        if not isinstance(found, list):
            raise Transient("source_not_json", {"status": "describe"})
        return {str(row.get("name")): row for row in found if isinstance(row, Mapping)}

    def rows(self, query: str, name: str) -> list[Any]:
        """Return all rows of a question, the deleted and archived ones too."""
        if len(query) > _LONGEST_QUERY:
            raise ConfigurationRefused("salesforce_query_too_long", {"object": name})
        said = self._call("queryAll", {"q": query}, name)
        rows: list[Any] = []
        while True:
            found = said.get("records") if isinstance(said, Mapping) else None
            if not isinstance(found, list):
                raise Transient("source_not_json", {"status": "query"})
            rows += found
            if said.get("done") is not False:
                return rows
            path = said.get("nextRecordsUrl")
            if not isinstance(path, str) or not path.startswith("/services/data/"):
                raise Transient("source_not_json", {"status": "nextRecordsUrl"})
            said = self._at(path, {}, name)

    def _call(self, path: str, query: Mapping[str, str], name: str) -> Any:
        return self._at(f"/services/data/{self._access.version}/{path}", query, name)

    def _at(self, path: str, query: Mapping[str, str], name: str) -> Any:
        if self._spent:
            raise RateLimited(self._clock + _QUOTA_WAIT, {"host": "Salesforce"})
        answer, _ = self._lent.show(
            lambda token: self._once(path, query, token), lambda answer: answer.status == 401
        )
        if not answer.ok:
            raise self._failure(answer, name)
        self._spent = self._is_spent(answer)
        return answer.json()

    def _once(self, path: str, query: Mapping[str, str], token: Token) -> WebAnswer:
        headers = {
            "authorization": f"Bearer {token.value}",
            "sforce-query-options": "batchSize=2000",
        }
        answer = self._web.get(f"{self._access.address}{path}", query=query, headers=headers)
        # A session that ends does so long after the run began: what is signed then must be of then.
        self._clock = answered_at(answer, self._clock)
        return answer

    def _is_spent(self, answer: WebAnswer) -> bool:
        """Say whether so much of the day's calls is used as the settings allow."""
        _, _, told = answer.headers.get("sforce-limit-info", "").partition("api-usage=")
        used, _, most = told.partition(";")[0].partition("/")
        if not (used.isdigit() and most.isdigit() and int(most)):
            return False
        return int(used) * 100 >= int(most) * self._access.calls_percent

    def _failure(self, answer: WebAnswer, name: str) -> Exception:
        code = _error_code(answer)
        if code == _SESSION_ENDED or answer.status == 401:
            return AuthExpired("source_access_refused", {"status": code})
        if code == _LOCATOR_GONE:
            return LocatorGone("source_unsteady")
        if code in _LIMITED:
            return RateLimited(self._clock + _QUOTA_WAIT, {"host": "Salesforce"})
        if code in _SLOW:
            return TooWide("source_timeout", {"host": "Salesforce"})
        if code in _LATER:
            return Transient("source_status", {"host": code})
        if code in _HIDDEN:
            return Forbidden("salesforce_object_hidden", {"object": name, "code": code})
        if code in _NOT_ALLOWED or answer.status == 403:
            return Forbidden("source_forbidden", {"status": code})
        return ConfigurationRefused("salesforce_refused", {"object": name, "code": code})

    # ---------------------------------------------------------------------------- the token

    def _new_token(self) -> Token:
        own = self._access
        headers: dict[str, str] = {}
        if own.grant == "jwt":
            form = {"grant_type": _JWT_BEARER, "assertion": self._assertion()}
        else:
            form = {"grant_type": "client_credentials"}
            pair = base64.b64encode(f"{own.client_id}:{own.client_secret}".encode()).decode()
            headers = {"authorization": f"Basic {pair}"}
        answer = self._web.post(
            f"{own.address}{TOKEN_PATH}", form=form, headers=headers, reads=True
        )
        if not answer.ok:
            raise _refused_token(answer)
        said = answer.json()
        value = said.get("access_token") if isinstance(said, Mapping) else None
        if not isinstance(value, str) or not value:
            raise Transient("source_not_json", {"status": "token"})
        self._demand_same_place(said.get("instance_url"))
        return Token(value=value, until=self._clock + _KEPT)

    def _demand_same_place(self, address: object) -> None:
        """Refuse to carry the token to another host than the one an administrator named."""
        try:
            host = urlsplit(str(address or "")).hostname or ""
        except ValueError:
            host = ""
        if host and host != urlsplit(self._access.address).hostname:
            raise ConfigurationRefused("salesforce_address_differs", {"host": host})

    def _assertion(self) -> str:
        own = self._access
        claims = {
            "iss": own.client_id,
            "sub": own.username,
            "aud": own.audience,
            "exp": int(self._clock.timestamp()) + _ASSERTION_SECONDS,
        }
        try:
            key = RSAKey.import_key(own.private_key)
            return jwt.encode({"alg": "RS256"}, claims, key)
        except (JoseError, ValueError, TypeError):
            raise wrong("private_key") from None


def _refused_token(answer: WebAnswer) -> Exception:
    try:
        said = answer.json()
    except Transient:
        said = None
    word = str(said.get("error") or "") if isinstance(said, Mapping) else ""
    if word in _NOT_APPROVED:
        return AuthExpired("salesforce_not_approved", {"code": word})
    if word or answer.status in (400, 401):
        return AuthExpired("source_access_refused", {"status": word[:40] or str(answer.status)})
    return ConfigurationRefused("source_answer_refused", {"status": str(answer.status)})


def _error_code(answer: WebAnswer) -> str:
    """Return the code of the first error; its text may hold data."""
    try:
        said = answer.json()
    except Transient:
        return str(answer.status)
    first = said[0] if isinstance(said, list) and said else said
    code = first.get("errorCode") if isinstance(first, Mapping) else None
    return code if isinstance(code, str) and 0 < len(code) <= 60 else str(answer.status)

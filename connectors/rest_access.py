"""Going in: nothing, a key, a password, or a token that is fetched and renewed once."""

from __future__ import annotations

import base64
from typing import Any

from connectors.failures import AuthExpired, Transient
from connectors.rest_settings import BasicAccess, KeyAccess, RestSettings, TokenAccess
from connectors.web import Web


class Access:
    """The access of one run; a token lives as long as the run does."""

    def __init__(self, web: Web, settings: RestSettings) -> None:
        self._web = web
        self._settings = settings
        self._token = ""

    def carried(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the headers and the query that every request carries."""
        access, secret = self._settings.access, self._settings.secret
        if isinstance(access, KeyAccess):
            value = access.prefix + secret
            pair = {access.name: value}
            return (pair, {}) if access.place == "HEADER" else ({}, pair)
        if isinstance(access, BasicAccess):
            text = base64.b64encode(f"{access.user}:{secret}".encode()).decode()
            return {"authorization": f"Basic {text}"}, {}
        if isinstance(access, TokenAccess):
            if not self._token:
                self._token = self._fetch(access)
            return {"authorization": f"Bearer {self._token}"}, {}
        return {}, {}

    def renewed(self) -> bool:
        """Forget the token, so that the next request fetches another; False if there is none."""
        had = bool(self._token)
        self._token = ""
        return had

    def _fetch(self, access: TokenAccess) -> str:
        secret = self._settings.secret
        form: dict[str, str] = {"grant_type": access.grant.lower()}
        headers: dict[str, str] = {}
        if access.grant == "REFRESH_TOKEN":
            form["refresh_token"] = secret
            form["client_id"] = access.client
        elif access.client_in == "BASIC":
            text = base64.b64encode(f"{access.client}:{secret}".encode()).decode()
            headers["authorization"] = f"Basic {text}"
        else:
            form |= {"client_id": access.client, "client_secret": secret}
        if access.scope:
            form["scope"] = access.scope
        answer = self._web.post(access.address, form=form, headers=headers, reads=True)
        if answer.status in (400, 401, 403):
            raise AuthExpired("source_access_refused", {"status": str(answer.status)})
        said: Any = answer.demand_ok().json()
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise Transient("source_not_json", {"status": "access_token"})
        return token

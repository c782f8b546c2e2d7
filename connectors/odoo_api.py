"""Odoo's two ways of being asked: JSON-RPC (every version up to 21) and JSON-2 (19 and later).

JSON-RPC answers HTTP 200 whatever happened; what went wrong is the name of a Python exception.
JSON-2 uses real statuses. Both are told the same: a model, a method, named arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.web import Web, WebAnswer

_DENIED = ("AccessDenied", "SessionExpiredException")
_FORBIDDEN = ("AccessError",)
_UNKNOWN = ("KeyError", "AttributeError", "ValueError", "NotFound")


@dataclass(frozen=True, slots=True, kw_only=True)
class OdooAddress:
    """Where an Odoo is and as whom we ask."""

    address: str
    database: str
    login: str
    api_key: str


class AsksOdoo(Protocol):
    """Calls a method of a model with named arguments."""

    def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        """Return what the method returned."""
        ...


class JsonRpc:
    """``/jsonrpc``: the user's number is asked for once, the key goes along with every call."""

    def __init__(self, web: Web, settings: OdooAddress) -> None:
        self._web = web
        self._settings = settings
        self._user: int | None = None

    def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        """Call ``execute_kw``."""
        own = self._settings
        if self._user is None:
            user = self._ask("common", "authenticate", [own.database, own.login, own.api_key, {}])
            if type(user) is not int or user <= 0:
                raise AuthExpired("source_access_refused", {"status": "false"})
            self._user = user
        place = [own.database, self._user, own.api_key, model, method, [], dict(arguments)]
        return self._ask("object", "execute_kw", place)

    def _ask(self, service: str, method: str, args: Sequence[Any]) -> Any:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": service, "method": method, "args": args},
        }
        answer = self._web.post(f"{self._settings.address}/jsonrpc", json=body, reads=True)
        said = answer.demand_ok().json()
        if not isinstance(said, dict) or not ("result" in said or "error" in said):
            raise Transient("source_not_json", {"status": str(answer.status)})
        if "error" in said:
            raise _failure(_exception_of(said["error"]))
        return said["result"]


class Json2:
    """``/json/2``: a bearer key, named arguments, the bare result, real statuses."""

    def __init__(self, web: Web, settings: OdooAddress) -> None:
        self._web = web
        self._settings = settings

    def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        """Call the method."""
        own = self._settings
        headers = {"authorization": f"bearer {own.api_key}"}
        if own.database:
            headers["x-odoo-database"] = own.database
        address = f"{own.address}/json/2/{model}/{method}"
        answer = self._web.post(address, json=dict(arguments), headers=headers, reads=True)
        if not answer.ok:
            raise _refused(answer)
        return answer.json()


def _refused(answer: WebAnswer) -> Exception:
    try:
        said = answer.json()
    except Transient:
        said = {}
    name = str(said.get("name") or "") if isinstance(said, dict) else ""
    if answer.status == 401:
        return AuthExpired("source_access_refused", {"status": "401"})
    if answer.status == 403 and not name.endswith(_DENIED):
        return Forbidden("source_forbidden", {"status": name or "403"})
    return _failure(name or str(answer.status))


def _exception_of(error: object) -> str:
    """Return the name of the exception; its text and its traceback may hold data."""
    data = error.get("data") if isinstance(error, dict) else None
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) and len(name) <= 100 else "unknown"


def _failure(name: str) -> Exception:
    if name.endswith(_DENIED):
        return AuthExpired("source_access_refused", {"status": name})
    if name.endswith(_FORBIDDEN):
        return Forbidden("source_forbidden", {"status": name})
    if name.endswith(_UNKNOWN) or name == "404":
        return ConfigurationRefused("source_answer_refused", {"status": name})
    return Transient("source_status", {"host": name})

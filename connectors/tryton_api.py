"""Tryton's JSON-RPC (6 to 8): a session, tagged values, failures in the body of a 200.

A decimal, a date or an instant comes as an object that names its class; instants are naive UTC.
The text of an error may hold data of a row, and its second part is a traceback: neither is told.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.web import Web, WebAnswer

_ENDED = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrytonAddress:
    """Where a Tryton is and as whom we ask."""

    address: str
    database: str
    user: str
    password: str


class Tryton:
    """One session; a session that ends is opened anew once, and the call made again."""

    def __init__(self, web: Web, settings: TrytonAddress) -> None:
        self._web = web
        self._settings = settings
        self._place = f"{settings.address}/{quote(settings.database)}/rpc/"
        self._session = ""
        self._context: dict[str, Any] = {}

    def call(self, model: str, method: str, *params: Any) -> Any:
        """Call a method of a model; the user's preferences (company) and ours go along."""
        if not self._session:
            self._enter()
        try:
            return self._once(model, method, params)
        except AuthExpired:
            self._enter()
            return self._once(model, method, params)

    def _enter(self) -> None:
        own = self._settings
        params = [own.user, {"password": own.password}, "en"]
        answer = self._send("common.db.login", params, {})
        if answer.status in _ENDED or answer.status == 404:
            code = "source_access_refused" if answer.status != 404 else "source_answer_refused"
            kind = AuthExpired if answer.status != 404 else ConfigurationRefused
            raise kind(code, {"status": str(answer.status)})
        said = self._result(answer, "")
        # Two values up to Tryton 7, a third (the address of its bus) since.
        if not isinstance(said, list) or len(said) < 2 or not all(said[:2]):
            raise AuthExpired("source_access_refused", {"status": "login"})
        text = f"{own.user}:{said[0]}:{said[1]}"
        self._session = base64.b64encode(text.encode()).decode()
        preferences = self._once("res.user", "get_preferences", (True,))
        self._context = dict(preferences) if isinstance(preferences, Mapping) else {}
        every = self._context.get("company_filter") == "all" and self._context.get("companies")
        # Such a user sees no row of any company and no failure: everything would seem gone.
        if not self._context.get("company") and not every:
            raise ConfigurationRefused("tryton_company_missing")
        self._context["active_test"] = False

    def _once(self, model: str, method: str, params: tuple[Any, ...]) -> Any:
        headers = {"authorization": f"Session {self._session}"}
        body = [*params, self._context]
        answer = self._send(f"model.{model}.{method}", body, headers)
        if answer.status in _ENDED:
            self._session = ""
            raise AuthExpired("source_access_refused", {"status": str(answer.status)})
        return untagged(self._result(answer, model))

    def _send(self, method: str, params: list[Any], headers: Mapping[str, str]) -> WebAnswer:
        body = {"id": 1, "method": method, "params": params}
        return self._web.post(self._place, json=body, headers=headers, reads=True)

    def _result(self, answer: WebAnswer, model: str) -> Any:
        said = answer.demand_ok().json()
        if not isinstance(said, dict) or not ("result" in said or "error" in said):
            raise Transient("source_not_json", {"status": str(answer.status)})
        if "error" in said:
            raise _failure(said["error"], model)
        return said["result"]


def _failure(error: object, model: str) -> Exception:
    name = error[0] if isinstance(error, list) and error else ""
    if name == "LoginException":
        return AuthExpired("source_access_refused", {"status": name})
    if name in ("UserError", "UserWarning"):
        return Forbidden("source_forbidden", {"status": model or str(name)})
    if model and name == repr(model):  # Python's way of saying that there is no such model
        return ConfigurationRefused("source_part_missing", {"part": model})
    return Transient("source_status", {"host": "Tryton"})


def untagged(value: Any) -> Any:
    """Read tagged values: ``{"__class__": "Decimal", "decimal": "1.50"}`` is ``Decimal("1.50")``.

    Dates and instants become ISO texts, spans become seconds; bytes are left out.
    """
    if isinstance(value, list):
        return [untagged(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    try:
        if kind == "Decimal":
            return Decimal(value["decimal"])
        if kind == "date":
            return date(value["year"], value["month"], value["day"]).isoformat()
        if kind == "datetime":
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return datetime(*(value[part] for part in parts)).isoformat()  # noqa: DTZ001 - naive UTC
        if kind == "timedelta":
            return value["seconds"]
        if kind == "time":
            return "{hour:02d}:{minute:02d}:{second:02d}".format(**value)
        if kind == "bytes":
            return None
    except (KeyError, TypeError, ValueError, InvalidOperation):
        raise Transient("source_not_json", {"status": str(kind)}) from None
    return {name: untagged(each) for name, each in value.items()}

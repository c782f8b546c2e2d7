"""An Odoo as it behaves towards callers: both protocols, seconds in stamps, ``false`` for nothing.

Rows keep the microseconds of their last change; what is told has whole seconds, and a bound in a
domain is compared with the microseconds, as PostgreSQL does it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.loopback import Asked, Told

KEY = "odoo-key-2f9c71"
NARROW = "odoo-key-narrow-55"  # of the same user, who may read nothing with it
_STAMP = "%Y-%m-%d %H:%M:%S"
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda own, bound: own == bound,
    ">": lambda own, bound: own > bound,
    ">=": lambda own, bound: own >= bound,
    "<": lambda own, bound: own < bound,
    "in": lambda own, bound: own in bound,
}


@dataclass
class Odoo:
    """``tables``: model -> number -> row; ``types``: model -> field -> type.

    ``after`` is called after each search with the model, to change rows while somebody reads.
    ``trouble`` are answers that come before anything else, in order.
    """

    types: dict[str, dict[str, str]]
    tables: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[str], None] = lambda _model: None
    most: int = 1_000_000  # rows in an answer, whatever is asked for
    searches: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def put(self, model: str, number: int, at: datetime, **values: Any) -> None:
        """Write a row at a naive UTC instant with microseconds."""
        row = self.tables.setdefault(model, {}).setdefault(number, {"id": number})
        row.update(values)
        row["write_date"] = at

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if self.trouble:
            return self.trouble.pop(0)
        body = json.loads(asked.body)
        if asked.path == "/jsonrpc":
            return self._rpc(body)
        return self._json2(asked, body)

    # -- the two protocols -------------------------------------------------------------------------

    def _rpc(self, body: Mapping[str, Any]) -> Told:
        params = body["params"]
        args = params["args"]
        if params["service"] == "common":
            good = args[:2] == ["demo", "bot@example.com"] and args[2] in (KEY, NARROW)
            return Told(body={"jsonrpc": "2.0", "id": body["id"], "result": 7 if good else False})
        if args[2] not in (KEY, NARROW):
            return self._error(body, "odoo.exceptions.AccessDenied")
        model, method, named = args[3], args[4], args[6]
        if model in self.forbidden or args[2] == NARROW:
            return self._error(body, "odoo.exceptions.AccessError")
        if model not in self.types:
            return self._error(body, "builtins.KeyError")
        if not self._has_fields(model, named):
            return self._error(body, "builtins.ValueError")
        return Told(
            body={"jsonrpc": "2.0", "id": body["id"], "result": self._do(model, method, named)}
        )

    def _error(self, body: Mapping[str, Any], name: str) -> Told:
        data = {"name": name, "message": "secret data of a row", "debug": "Traceback"}
        error = {"code": 200, "message": "Odoo Server Error", "data": data}
        return Told(body={"jsonrpc": "2.0", "id": body["id"], "error": error})

    def _json2(self, asked: Asked, named: Mapping[str, Any]) -> Told:
        _, _, _, model, method = asked.path.split("/")
        if asked.headers.get("authorization") != f"bearer {KEY}":
            return Told(status=401, body={"name": "werkzeug.exceptions.Unauthorized"})
        if asked.headers.get("x-odoo-database") != "demo":
            return Told(status=404, body={"name": "werkzeug.exceptions.NotFound"})
        if model in self.forbidden:
            return Told(status=403, body={"name": "odoo.exceptions.AccessError"})
        if model not in self.types:
            return Told(status=404, body={"name": "werkzeug.exceptions.NotFound"})
        if not self._has_fields(model, named):
            return Told(status=422, body={"name": "builtins.ValueError"})
        return Told(body=self._do(model, method, named))

    # -- the methods -------------------------------------------------------------------------------

    def _do(self, model: str, method: str, named: Mapping[str, Any]) -> Any:
        if method == "fields_get":
            types = {"create_date": "datetime", **self.types[model]}  # every model has it
            return {name: {"type": kind} for name, kind in types.items()}
        self.searches.append((model, named))
        rows = [
            row
            for row in self.tables.get(model, {}).values()
            if self._seen(row, named) and all(_fits(row, each) for each in named["domain"])
        ]
        for name in reversed(str(named.get("order") or "id").split(",")):
            rows.sort(key=lambda row: row[name])
        rows = rows[named.get("offset", 0) :][: named.get("limit") or None][: self.most]
        told = [self._told(model, row, named["fields"]) for row in rows]
        self.after(model)
        return told

    def _has_fields(self, model: str, named: Mapping[str, Any]) -> bool:
        known = {"id", "create_date", "write_date", *self.types[model]}
        return known.issuperset(named.get("fields", ()))

    def _seen(self, row: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
        everything = named.get("context", {}).get("active_test") is False
        return everything or row.get("active", True) is True

    def _told(self, model: str, row: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
        found: dict[str, Any] = {"id": row["id"]}
        for name in fields:
            value = row.get(name)
            found[name] = False if value is None else value
            if isinstance(value, datetime):
                found[name] = value.strftime(_STAMP)
        return found


def _fits(row: Mapping[str, Any], term: tuple[str, str, Any]) -> bool:
    name, operator, bound = term
    own = row.get(name)
    if isinstance(own, datetime) and isinstance(bound, str):
        bound = _moment(bound)
    return _OPERATORS[operator](own, bound)


@functools.cache
def _moment(text: str) -> datetime:
    return datetime.strptime(text, _STAMP)  # noqa: DTZ007 - naive UTC, as Odoo's own

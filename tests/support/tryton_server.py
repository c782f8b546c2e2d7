"""A Tryton as it behaves towards callers: sessions, tagged values, failures inside a 200."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.tryton_api import untagged
from tests.support.loopback import Asked, Told

PASSWORD = "tryton-pass-83bd"
NARROW = "narrow"  # a user with the same password, who may read nothing
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda own, bound: own == bound,
    "!=": lambda own, bound: own != bound,
    ">": lambda own, bound: own > bound,
    # As in SQL, nothing compares with no value: a row that was never changed has no write_date.
    ">=": lambda own, bound: own is not None and own >= bound,
}


@dataclass
class TrytonServer:
    """``tables``: model -> number -> row; a row's values are Python's own.

    ``beyond``: (relation, number) -> fields of what the relation leads to.

    ``session_good_for`` is how many calls a session lives. ``after`` runs after each search.
    """

    fields: dict[str, tuple[str, ...]]
    tables: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    beyond: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    session_good_for: int = 1_000_000
    most: int = 1_000_000  # rows in an answer, whatever is asked for
    place: Mapping[str, Any] = field(default_factory=lambda: {"company": 1, "companies": [1]})
    entered: int = 0
    page: tuple[int, ...] = ()  # the numbers of the rows that were told last
    _left: int = 0

    def put(self, model: str, number: int, made: datetime, /, **values: Any) -> None:
        """Make a row that nobody has changed yet."""
        row = {"id": number, "create_date": made, "write_date": None, **values}
        self.tables.setdefault(model, {})[number] = row

    def change(self, model: str, number: int, at: datetime, /, **values: Any) -> None:
        """Change a row."""
        self.tables[model][number] |= {**values, "write_date": at}

    def answer(self, asked: Asked) -> Told:
        """Answer one call."""
        if self.trouble:
            return self.trouble.pop(0)
        if asked.path != "/crm/rpc/":
            return Told(status=404)
        body = json.loads(asked.body)
        if body["method"] == "common.db.login":
            return self._login(body)
        sessions = {self._session(user): user for user in ("bot", NARROW)}
        user = sessions.get(asked.headers.get("authorization", ""))
        self._left -= 1
        if user is None or self._left < 0:
            return Told(status=401)
        _, model, method = (
            body["method"].partition(".")[0],
            body["method"].partition(".")[2].rpartition(".")[0],
            body["method"].rpartition(".")[2],
        )
        if user == NARROW and method != "get_preferences":
            return self._error(body, ["UserError", ["You may not read row 17", "", None]])
        return self._call(body, model, method)

    def _session(self, user: str) -> str:
        return "Session " + base64.b64encode(f"{user}:7:session-{self.entered}".encode()).decode()

    def _login(self, body: Mapping[str, Any]) -> Told:
        user, parameters, _language = body["params"]
        if user not in ("bot", NARROW) or parameters.get("password") != PASSWORD:
            return Told(status=401)
        self.entered += 1
        self._left = self.session_good_for
        return Told(body={"id": body["id"], "result": [7, f"session-{self.entered}", None]})

    def _call(self, body: Mapping[str, Any], model: str, method: str) -> Told:
        params = body["params"]
        if method == "get_preferences":
            result: Any = {**self.place, "language": "en"}
        elif model in self.forbidden:
            return self._error(body, ["UserError", ["You may not read row 17", "", None]])
        elif model not in self.fields:
            return self._error(body, [repr(model), "Traceback of everything"])
        elif method == "fields_get":
            result = {name: {} for name in params[0] if name in self.fields[model]}
        else:
            hidden = params[-1].get("active_test", True)
            result = self._search(model, *params[:-1], hidden=hidden)
        # Says gzip of large answers whether they are or not, as Tryton 8.2 does.
        raw = json.dumps({"id": body["id"], "result": result}, default=_tag).encode()
        if len(raw) > 1_400:
            return Told(body=gzip.compress(raw), headers={"content-encoding": "gzip"})
        return Told(body=raw)

    def _error(self, body: Mapping[str, Any], error: list[Any]) -> Told:
        return Told(body={"id": body["id"], "error": error})

    def _search(
        self,
        model: str,
        domain: Any,
        offset: int,
        limit: int,
        order: Any,
        names: list[str],
        *,
        hidden: bool,
    ) -> list[dict[str, Any]]:
        rows = sorted(self.tables.get(model, {}).values(), key=lambda row: row["id"])
        rows = [row for row in rows if not (hidden and row.get("active") is False)]
        found = [row for row in rows if all(_fits(row, untagged(term)) for term in domain)]
        if order and order[0][1] == "DESC":
            found.sort(key=lambda row: row[order[0][0]], reverse=True)
        told = [
            {name: self._of(row, name) for name in names}
            for row in found[offset:][:limit][: self.most]
        ]
        self.page = tuple(row["id"] for row in told)
        self.after()
        return [_nested(row) for row in told]

    def _of(self, row: Mapping[str, Any], name: str) -> Any:
        relation, dot, inner = name.partition(".")
        number = row.get(relation)
        if not dot or number is None:
            return number
        return self.beyond.get((relation, number), {}).get(inner, f"{inner} of {number}")


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        relation, dot, inner = name.partition(".")
        if dot and value is None:
            found[f"{relation}."] = None
        elif dot:
            found.setdefault(f"{relation}.", {})[inner] = value
        else:
            found[name] = value
    return found


def _fits(row: Mapping[str, Any], term: Any) -> bool:
    if term[0] == "OR":
        return any(_fits(row, each) for each in term[1:])
    name, operator, bound = term
    own = row.get(name)
    if isinstance(own, datetime) and bound is not None:
        bound = datetime.fromisoformat(bound)
    return _OPERATORS[operator](own, bound)


def _tag(value: object) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    raise TypeError(type(value).__name__)

"""A Salesforce as it behaves towards callers: SOQL, short answers, sessions that end."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.loopback import Asked, Told

CLIENT = "3MVG9demo"
SECRET = "sf-client-secret-58d1"
TOKEN_PATH = "/services/oauth2/token"
_DATA = "/services/data/v61.0"
_TOKENS = re.compile(r"'(?:[^'\\]|\\.)*'|[A-Za-z_][\w.]*|\d{4}-[\dTZ:.-]+|[<>!]?=|[<>(),]|\d+")
_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": lambda own, bound: own >= bound,
    ">": lambda own, bound: own > bound,
    "<=": lambda own, bound: own <= bound,
    "<": lambda own, bound: own < bound,
    "=": lambda own, bound: own == bound,
    "!=": lambda own, bound: own != bound,
}


@dataclass
class SalesforceServer:
    """``types``: object -> field -> type; ``tables``: object -> Id -> row (dots lead to a parent).

    ``trouble`` are answers to queries that come before anything else; ``ends_at`` is the number of
    the query at which the session ends; ``batch`` is how many rows an answer holds; ``lost`` is how
    many times the rest of an answer is gone; ``widest`` is how many seconds a query may span.
    """

    types: dict[str, dict[str, str]]
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    instance: str = ""
    public_key: str = ""
    trouble: list[Told] = field(default_factory=list)
    token_trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    spoilt: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    ends_at: int = -1
    batch: int = 2_000
    lost: int = 0
    widest: float = float("inf")
    used: int = 18
    tokens: int = 0
    asked_for_tokens: int = 0
    queries: list[str] = field(default_factory=list)
    rests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def put(self, table: str, key: str, at: datetime | None, **values: Any) -> None:
        """Write a row with the time of its last change."""
        row = self.tables.setdefault(table, {}).setdefault(key, {"Id": key, "IsDeleted": False})
        row.update(values)
        row["SystemModstamp"] = None if at is None else stamp(at)

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if asked.path == TOKEN_PATH:
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer {self._now()}":
            return no(401, "INVALID_SESSION_ID")
        path = asked.path.removeprefix(_DATA)
        told = self._told(path, asked.query)
        usage = {"Sforce-Limit-Info": f"api-usage={self.used}/5000;per-app-api-usage=1/2(x)"}
        return Told(body=told.body, status=told.status, headers=usage)

    def _told(self, path: str, query: Mapping[str, str]) -> Told:
        if match := re.fullmatch(r"/sobjects/(\w+)/describe", path):
            return self._describe(match[1])
        if path == "/queryAll":
            return self._query(query["q"])
        if path.startswith("/query/"):
            return self._rest(path)
        return no(404, "NOT_FOUND")

    def _now(self) -> str:
        return f"00Ddemo!sf-token-{self.tokens}"

    def _token(self, asked: Asked) -> Told:
        self.asked_for_tokens += 1
        if self.token_trouble:
            return self.token_trouble.pop(0)
        if asked.form.get("grant_type") == "client_credentials":
            pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            good = asked.headers.get("authorization") == f"Basic {pair}"
            refusal = "invalid_client"
        else:
            good, refusal = self._is_asserted(asked.form.get("assertion", "")), "invalid_grant"
        if not good:
            told = {"error": refusal, "error_description": f"wrong: {SECRET}"}
            return Told(status=400, body=told)
        said = {"access_token": self._now(), "token_type": "Bearer", "instance_url": self.instance}
        return Told(body=said)

    def _is_asserted(self, text: str) -> bool:
        claims = jwt.decode(text, RSAKey.import_key(self.public_key), algorithms=["RS256"]).claims
        if self.tokens and claims["exp"] <= time.time():
            return False  # a session that ends does so some time after the run began
        return (claims["iss"], claims["sub"], claims["aud"]) == (
            CLIENT,
            "bot@example.com",
            "https://login.salesforce.com",
        )

    def _describe(self, name: str) -> Told:
        if name not in self.types or name in self.hidden:
            return no(404, "NOT_FOUND")
        fields = [{"name": each, "type": kind} for each, kind in self.types[name].items()]
        return Told(body={"name": name, "fields": fields})

    def _query(self, text: str) -> Told:
        if self.ends_at == len(self.queries):
            self.ends_at, self.tokens = -1, self.tokens + 1
            return no(401, "INVALID_SESSION_ID")
        self.queries.append(text)
        if self.trouble:
            return self.trouble.pop(0)
        query = Soql(text)
        if query.table not in self.types or query.table in self.hidden:
            return no(400, "INVALID_TYPE")
        unknown = [f for f in query.fields if "." not in f and f not in self.types[query.table]]
        if unknown:
            return no(400, "INVALID_FIELD")
        if query.seconds > self.widest:
            return no(400, "QUERY_TIMEOUT")
        rows = query.rows(list(self.tables.get(query.table, {}).values()))
        page = self._page([self._shown(row, query) for row in rows])
        self.after()
        return page

    def _rest(self, path: str) -> Told:
        if self.lost:
            self.lost -= 1
            return no(400, "INVALID_QUERY_LOCATOR")
        return self._page(self.rests.pop(path))

    def _page(self, rows: list[dict[str, Any]]) -> Told:
        now, rest = rows[: self.batch], rows[self.batch :]
        said: dict[str, Any] = {"totalSize": len(rows), "done": not rest, "records": now}
        if rest:
            path = f"/query/01g{len(self.queries)}-{len(rest)}"
            self.rests[path] = rest
            said["nextRecordsUrl"] = f"{_DATA}{path}"
        return Told(body=said)

    def _shown(self, row: Mapping[str, Any], query: Soql) -> dict[str, Any]:
        shown: dict[str, Any] = {"attributes": {"type": query.table, "url": "/x"}}
        for name in query.fields:
            parent, dot, own = name.rpartition(".")
            if dot:
                inner = shown.setdefault(parent, {"attributes": {"type": parent}})
                inner[own] = row.get(name)
            elif not (name == "Id" and row["Id"] in self.spoilt):
                shown[name] = row.get(name)
        return shown


class Soql:
    """``SELECT a, b FROM T [WHERE ...] [ORDER BY f [DESC]] [LIMIT n]``, the part that we use."""

    def __init__(self, text: str) -> None:
        head, _, rest = text.partition(" FROM ")
        self.fields = head.removeprefix("SELECT ").split(", ")
        rest, _, limit = rest.partition(" LIMIT ")
        rest, _, order = rest.partition(" ORDER BY ")
        self.table, _, where = rest.partition(" WHERE ")
        self._limit, self._order = int(limit or 2_000), order
        self._words = _TOKENS.findall(where)
        self.seconds = self._width(where)

    def _width(self, where: str) -> float:
        """Say how many seconds of changes it is about; a walk without bounds is about all."""
        if self._order != "Id":
            return 0.0
        found = re.findall(r"SystemModstamp ([<>])= (\S+Z)", where)
        ends = {test: _seconds(told) for test, told in found}
        if "<" not in ends:
            return float("inf")
        return ends["<"] - ends.get(">", _seconds("2000-01-01T00:00:00Z"))

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Filter, sort and cut."""
        found = [row for row in rows if self._fits(row)]
        if self._order:
            name, _, down = self._order.partition(" ")
            found.sort(key=lambda row: row.get(name) or "", reverse=down == "DESC")
        return found[: self._limit]

    def _fits(self, row: Mapping[str, Any]) -> bool:
        if not self._words:
            return True
        words = list(self._words)
        fits = self._either(words, row)
        assert not words, f"not understood: {words}"
        return fits

    def _either(self, words: list[str], row: Mapping[str, Any]) -> bool:
        found = self._both(words, row)
        while words and words[0] == "OR":
            words.pop(0)
            found = self._both(words, row) or found
        return found

    def _both(self, words: list[str], row: Mapping[str, Any]) -> bool:
        found = self._one(words, row)
        while words and words[0] == "AND":
            words.pop(0)
            found = self._one(words, row) and found
        return found

    def _one(self, words: list[str], row: Mapping[str, Any]) -> bool:
        if words[0] == "(":
            words.pop(0)
            found = self._either(words, row)
            assert words.pop(0) == ")"
            return found
        name, test, told = words.pop(0), words.pop(0), words.pop(0)
        own = row.get(name)
        if told == "null":
            return (own is None) == (test == "=")
        bound: Any = told.strip("'")
        if told in ("true", "false"):
            bound = told == "true"
        elif told.endswith("Z") and isinstance(own, str):
            own, bound = _seconds(own), _seconds(told)
        return own is not None and _TESTS[test](own, bound)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def stamp(at: datetime) -> str:
    """Write an instant as Salesforce does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def no(status: int, code: str) -> Told:
    """Refuse, as Salesforce does: a list."""
    told = [{"message": f"{code}: sf-token-0 {SECRET}", "errorCode": code}]
    return Told(status=status, body=told)


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "grant": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "currency": "CNY",
        "streams": ["opportunities", "accounts"],
        **others,
    }

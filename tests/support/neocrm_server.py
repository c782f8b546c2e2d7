"""A Neocrm towards its callers: numbers as text, scrolls with marks, its own query language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import Asked, Told

CLIENT = "neo-client"
CLIENT_SECRET = "canary-client-secret"
PASSWORD = "canary-password"
SECURITY = "abcd1234"
USER = "api@example.com"
AT = 1767229000000  # 2026-01-01 00:56:40 UTC, 08:56:40 in Shanghai
HOUR = 3_600_000
TYPES = {
    "opportunity": {
        "id": "ID",
        "opportunityName": "TEXT",
        "money": "CURRENCY",
        "ownerId": "REFERENCE",
        "accountId": "REFERENCE",
        "winRate": "NUMBER",
        "saleStageId": "REFERENCE",
        "closeDate": "DATE",
        "createdAt": "DATETIME",
        "updatedAt": "DATETIME",
        "customItem12__c": "TEXT",
    },
    "order": {
        "id": "ID",
        "amount": "CURRENCY",
        "ownerId": "REFERENCE",
        "accountId": "REFERENCE",
        "transactionDate": "DATE",
        "createdAt": "DATETIME",
        "updatedAt": "DATETIME",
    },
    "payment": {
        "id": "ID",
        "amount": "CURRENCY",
        "ownerId": "REFERENCE",
        "accountId": "REFERENCE",
        "paymentDate": "DATE",
        "createdAt": "DATETIME",
        "updatedAt": "DATETIME",
    },
    "customEntity42__c": {"id": "ID", "customItem3__c": "NUMBER", "updatedAt": "DATETIME"},
}
_XOQL = re.compile(
    r"select (?P<fields>[\w,]+) from (?P<table>\w+)"
    r"(?: where (?P<where>.+?))?(?: order by (?P<order>\w+) desc)?(?: limit (?P<limit>\d+,\d+))?"
)
_TEST = re.compile(r"(\w+) (>=|<) (\d+)")


@dataclass
class NeocrmServer:
    """``types``: object -> field -> type; ``tables``: object -> id -> row.

    ``trouble`` are answers to queries that come before anything else, in order; ``after`` is called
    after each page of a scroll; ``spoilt`` are ids whose time of change cannot be read; ``dead``
    are so many queries that find the token ended.
    """

    types: dict[str, dict[str, str]]
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    trouble: list[Told] = field(default_factory=list)
    token_trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    spoilt: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    scrolls: dict[str, list[str]] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    token: str = "neo-token-1"
    dead: int = 0
    made: int = 0

    def put(self, table: str, key: str, at: int, **values: Any) -> None:
        """Write a row with the milliseconds of its last change."""
        row = self.tables.setdefault(table, {}).setdefault(key, {"id": key, "createdAt": str(at)})
        row.update(values)
        row["updatedAt"] = str(at)

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if asked.path == "/auc/oauth2/token":
            return self._entry(asked.form)
        if asked.headers.get("authorization") != f"Bearer {self.token}" or self.dead:
            self.dead = max(0, self.dead - 1)
            return Told(status=401, body={"error_code": "20000002", "message": "token expired"})
        if asked.path.startswith("/rest/data/v2.0/xobjects/"):
            return self._describe(asked.path.split("/")[5])
        form = asked.form
        self.queries.append(form["xoql"])
        if self.trouble:
            return self.trouble.pop(0)
        if asked.path == "/rest/data/v2.0/query/xoql":
            return self._query(form["xoql"])
        if asked.path == "/rest/data/v2.0/query/xoqlScroll":
            return self._scroll(form)
        return Told(status=404, body=b"not found")

    def _entry(self, form: Mapping[str, str]) -> Told:
        self.made += 1
        if self.token_trouble:
            return self.token_trouble.pop(0)
        right = {
            "grant_type": "password",
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "username": USER,
            "password": PASSWORD + SECURITY,
        }
        if {name: form.get(name) for name in right} != right or "redirect_uri" not in form:
            text = f"password {form.get('password')} is wrong"
            return Told(status=400, body={"error": "invalid_grant", "error_description": text})
        return Told(body={"access_token": self.token, "token_type": "bearer"})

    def _describe(self, table: str) -> Told:
        if table not in self.types:
            return no("1020003", "object not found")
        fields = [{"apiKey": n, "type": k, "label": n} for n, k in self.types[table].items()]
        fields.append({"apiKey": "bad name", "type": "TEXT"})
        return Told(body={"code": 200, "msg": "OK", "data": {"fields": fields}})

    def _query(self, xoql: str) -> Told:
        found = self._rows(xoql)
        if isinstance(found, Told):
            return found
        limit = _XOQL.fullmatch(xoql)
        assert limit is not None
        if limit["limit"]:
            start, count = map(int, limit["limit"].split(","))
            found = found[start : start + count]
        found = [self._told(row, limit["fields"].split(",")) for row in found]
        data = {"totalSize": len(found), "count": len(found), "records": found}
        return Told(body={"code": "200", "msg": "OK", "data": data})

    def _scroll(self, form: Mapping[str, str]) -> Told:
        size, mark = int(form["batchCount"]), form.get("queryLocator", "")
        if not 0 < size <= 2_000:
            return no("1020006", "batchCount")
        found = self._rows(form["xoql"])
        if isinstance(found, Told):
            return found
        if mark:
            number, _, start = mark.partition("-")
            if number not in self.scrolls:
                return no("1020009", "queryLocator is invalid")
            ids = self.scrolls[number]
        else:
            number, start = f"s{len(self.scrolls)}", "0"
            ids = self.scrolls[number] = [row["id"] for row in found]
        # A scroll keeps its ids and reads the rows as they are now.
        asked = _XOQL.fullmatch(form["xoql"])
        assert asked is not None
        now, fields = self.tables[asked["table"]], asked["fields"].split(",")
        end = int(start) + size
        page = [self._told(now[each], fields) for each in ids[int(start) : end] if each in now]
        self.after()
        body = {"code": 200, "msg": "OK", "data": {"count": len(page), "records": page}}
        return Told(body={**body, "queryLocator": f"{number}-{end}" if end < len(ids) else ""})

    def _rows(self, xoql: str) -> list[dict[str, Any]] | Told:
        asked = _XOQL.fullmatch(xoql)
        if asked is None:
            return no("1020001", "xoql")
        table, fields = asked["table"], asked["fields"].split(",")
        if table in self.forbidden:
            return no("20000005", "no permission 没有权限")
        if not set(fields) <= set(self.types.get(table, {})):
            return no("1020002", f"no such field {CLIENT_SECRET}")
        tests = [_TEST.fullmatch(each) for each in (asked["where"] or "").split(" and ") if each]
        rows = [row for row in self.tables.get(table, {}).values() if _fits(row, tests)]
        if asked["order"]:
            rows.sort(key=lambda row: int(row[asked["order"]]), reverse=True)
        return rows

    def _told(self, row: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
        told = {name: row.get(name) for name in fields}
        if row["id"] in self.spoilt and "updatedAt" in told and len(fields) > 1:
            told["updatedAt"] = "yesterday"
        return told


def _fits(row: Mapping[str, Any], tests: list[re.Match[str] | None]) -> bool:
    for test in tests:
        assert test is not None
        name, sign, bound = test.groups()
        own = row.get(name)
        if own is None or (int(own) >= int(bound)) != (sign == ">="):
            return False
    return True


def no(code: str, text: str) -> Told:
    """Write a refusal as Neocrm does."""
    return Told(body={"code": code, "msg": text, "data": None})


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "login_address": address,
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
        "username": USER,
        "password": PASSWORD,
        "security_token": SECURITY,
        "streams": ["opportunities", "orders"],
        **others,
    }

"""A Fxiaoke as it behaves towards callers: always 200, a jealous token, small pages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import Asked, Told

APP = "FSAID_demo"
SECRET = "fx-secret-81c02d"
CODE = "fx-code-55ab90"
COMPANY = "demo_ea"
USER = "1000"
NARROW = "1001"  # a user who may read nothing
AT = 1767229000000  # 2026-01-01 00:56:40 UTC, 08:56:40 in Shanghai
HOUR = 3_600_000
TYPES = {
    "NewOpportunityObj": {
        "_id": "text",
        "name": "text",
        "amount": "currency",
        "owner": "employee",
        "account_id": "object_reference",
        "life_status": "select_one",
        "create_time": "date_time",
        "last_modified_time": "date_time",
        "close_date": "date",
        "channel__c": "text",
    },
    "SalesOrderObj": {
        "_id": "text",
        "name": "text",
        "order_amount": "currency",
        "order_time": "date",
        "owner": "employee",
        "account_id": "object_reference",
        "life_status": "select_one",
        "last_modified_time": "date_time",
    },
    "PaymentObj": {
        "_id": "text",
        "payment_amount": "currency",
        "payment_time": "date",
        "owner": "employee",
        "account_id": "object_reference",
        "order_id": "object_reference",
        "life_status": "select_one",
        "last_modified_time": "date_time",
    },
    "training__c": {"_id": "text", "held_on__c": "date", "last_modified_time": "date_time"},
}
_QUERY = "/cgi/crm/v2/data/query"
_OWN_QUERY = "/cgi/crm/custom/v2/data/query"
_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GTE": lambda own, bound: own >= bound,
    "GT": lambda own, bound: own > bound,
    "LT": lambda own, bound: own < bound,
    "LTE": lambda own, bound: own <= bound,
    "EQ": lambda own, bound: own == bound,
}


@dataclass
class FxiaokeServer:
    """``types``: object -> field -> type; ``tables``: object -> ``_id`` -> row.

    ``trouble`` are answers to queries that come before anything else, in order; ``after`` is
    called after each query, to change rows while somebody reads; ``spoilt`` are ``_id`` told
    without it; ``ends_at`` is the number of the query at which the token ends early.
    """

    types: dict[str, dict[str, str]]
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    trouble: list[Told] = field(default_factory=list)
    token_trouble: list[Told] = field(default_factory=list)
    after: Callable[[str], None] = lambda _object: None
    spoilt: set[str] = field(default_factory=set)
    ends_at: int = -1
    forbidden: set[str] = field(default_factory=set)
    single_as_map: bool = True
    tokens: int = 0
    asked_for_tokens: int = 0
    at_once: int = 0
    at_once_most: int = 0
    queries: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, table: str, key: str, at: int, **values: Any) -> None:
        """Write a row with the milliseconds of its last change."""
        row = self.tables.setdefault(table, {}).setdefault(key, {"_id": key})
        row.update(values)
        row["last_modified_time"] = at

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if len(asked.query.get("thirdTraceId", "")) != 36:
            return _no(10006, "thirdTraceId")
        body = json.loads(asked.body)
        if asked.path == "/oauth2.0/token":
            return self._token(body)
        refused = self._refused(asked)
        if refused is not None:
            return refused
        if asked.path == "/cgi/crm/v2/object/describe":
            return self._describe(body)
        if asked.path in (_QUERY, _OWN_QUERY):
            return self._query(asked.path, body["data"])
        return _no(10006, "no such interface")

    def _token(self, body: Mapping[str, str]) -> Told:
        with self._lock:
            self.asked_for_tokens += 1
            self.at_once += 1
            self.at_once_most = max(self.at_once, self.at_once_most)
        time.sleep(0.01)
        with self._lock:
            self.at_once -= 1
        if self.token_trouble:
            return self.token_trouble.pop(0)
        right = {
            "appId": APP,
            "appSecret": SECRET,
            "permanentCode": CODE,
            "grantType": "app_secret",
        }
        if body != right:
            return _no(20017, f"appSecret {body.get('appSecret')} is wrong")
        said = {"accessToken": self._now(), "expiresIn": 7200, "ea": COMPANY, "openUserId": "U1"}
        return Told(body={"errorCode": 0, **said})

    def _now(self) -> str:
        return f"fx-token-{self.tokens}"

    def _refused(self, asked: Asked) -> Told | None:
        if self.ends_at == len(self.queries):
            self.ends_at = -1
            self.tokens += 1
        own = asked.headers
        if own.get("authorization") != f"Bearer {self._now()}":
            return _no(20016, f"the token {own.get('authorization')} has ended")
        if own.get("x-fs-ea") != COMPANY or own.get("x-fs-userid") not in (USER, NARROW):
            return _no(10006, "who")
        if own.get("x-fs-userid") == NARROW:
            return _no(20017, "用户没有权限")
        return None

    def _describe(self, body: Mapping[str, Any]) -> Told:
        types = self.types.get(body["apiName"])
        if types is None:
            return _no(10006, "object not found")
        fields = {name: {"api_name": name, "type": kind} for name, kind in types.items()}
        return _yes({"describe": {"api_name": body["apiName"], "fields": fields}})

    def _query(self, path: str, data: Mapping[str, Any]) -> Told:
        name, query = data["dataObjectApiName"], data["search_query_info"]
        self.queries.append({"object": name, **query})
        if self.trouble:
            return self.trouble.pop(0)
        if name in self.forbidden:
            return _no(20017, "没有权限 no permission")
        limit, offset = query["limit"], query["offset"]
        if (path == _OWN_QUERY) != name.endswith("__c") or name not in self.types:
            return _no(10006, "object not found")
        if not 0 < limit <= 100 or offset % limit or offset > 10_000:
            return _no(10006, "limit or offset")
        rows = [row for row in self.tables.get(name, {}).values() if _fits(row, query["filters"])]
        for order in reversed(query["orders"]):
            rows.sort(key=lambda row: row[order["fieldName"]], reverse=not order["isAsc"])
        page = [self._told(row) for row in rows[offset : offset + limit]]
        self.after(name)
        listed: Any = page[0] if self.single_as_map and len(page) == 1 else page
        return _yes({"total": len(rows), "offset": offset, "limit": limit, "dataList": listed})

    def _told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        hidden = row["_id"] in self.spoilt
        return {
            name: value
            for name, value in row.items()
            if value is not None and not (hidden and name == "_id")
        }


def _fits(row: Mapping[str, Any], filters: list[dict[str, Any]]) -> bool:
    for each in filters:
        own, bound = row.get(each["field_name"]), each["field_values"][0]
        if own is None:
            return False
        if isinstance(own, int):
            bound = int(bound)
        if not _TESTS[each["operator"]](own, bound):
            return False
    return True


def _yes(data: Any) -> Told:
    return Told(body={"errorCode": 0, "errorMessage": "OK", "traceId": "T-1", "data": data})


def _no(code: int, text: str) -> Told:
    return Told(body={"errorCode": code, "errorMessage": text, "traceId": "T-2"})


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "app_id": APP,
        "app_secret": SECRET,
        "permanent_code": CODE,
        "user": USER,
        "streams": ["opportunities", "orders"],
        **others,
    }

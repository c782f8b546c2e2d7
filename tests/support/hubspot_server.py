"""A HubSpot as it behaves towards callers: searches that lag and end, archived lists, batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.loopback import Asked, Told

TOKEN = "pat-na1-demo-1f2e"
CLIENT_SECRET = "client-secret-demo"
REFRESH = "hs-refresh-77c4"
CALLBACK = "https://kpi.example.com/hooks/hubspot"
_CRM = "/crm/v3/"
_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GTE": lambda own, bound: own >= bound,
    "GT": lambda own, bound: own > bound,
    "LTE": lambda own, bound: own <= bound,
    "LT": lambda own, bound: own < bound,
}


@dataclass
class HubSpotServer:
    """``types``: kind -> property -> type; ``tables``: kind -> id -> row.

    ``trouble`` are answers that come before anything else; ``lagging`` are ids that no search shows
    yet; ``scopes`` are the kinds that may be read; ``ends_at`` is the number of the call at which
    the token of an application ends; ``most`` is where a search ends;
    ``short`` makes every page of a search one row too short.
    """

    types: dict[str, dict[str, str]]
    tables: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    scopes: set[str] | None = None
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    lagging: set[int] = field(default_factory=set)
    spoilt: set[int] = field(default_factory=set)
    short: bool = False
    most: int = 10_000
    ends_at: int = -1
    tokens: int = 0
    asked_for_tokens: int = 0
    calls: list[str] = field(default_factory=list)
    searches: list[dict[str, Any]] = field(default_factory=list)

    def put(self, kind: str, key: int, at: datetime | None, **values: str | None) -> None:
        """Write a row with the time of its last change."""
        row = self.tables.setdefault(kind, {}).setdefault(key, {"id": str(key), "properties": {}})
        stamp = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        row["properties"].update(values)
        row["properties"][stamp] = None if at is None else written(at)
        row.update({"createdAt": "2026-08-01T00:00:00Z", "archived": False})
        row["updatedAt"] = row["properties"][stamp]

    def archive(self, kind: str, key: int, at: datetime) -> None:
        """Put a row where no search finds it."""
        self.tables[kind][key].update(archived=True, archivedAt=written(at))

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if asked.path == "/oauth/v1/token":
            return self._token(asked.form)
        refused = self._refused(asked)
        if refused is not None:
            return refused
        self.calls.append(asked.path)
        if self.trouble:
            return self.trouble.pop(0)
        head, _, rest = asked.path.removeprefix(_CRM).partition("/")
        kind, _, deed = rest.partition("/")
        if kind not in self.types:
            return no(404, "OBJECT_NOT_FOUND")
        if self.scopes is not None and kind not in self.scopes:
            return no(403, "MISSING_SCOPES")
        if head == "properties":
            return self._properties(kind)
        if deed == "search":
            return self._search(kind, json.loads(asked.body))
        if deed == "batch/read":
            return self._batch(kind, json.loads(asked.body))
        return self._list(kind, asked.query)

    def _token(self, form: Mapping[str, str]) -> Told:
        self.asked_for_tokens += 1
        wanted = {
            "grant_type": "refresh_token",
            "client_id": "app-1",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH,
        }
        if form != wanted:
            return Told(status=400, body={"status": "BAD_REFRESH_TOKEN", "message": REFRESH})
        said = {"access_token": f"hs-token-{self.tokens}", "refresh_token": REFRESH}
        return Told(body={**said, "expires_in": 1800})

    def _refused(self, asked: Asked) -> Told | None:
        if self.ends_at == len(self.calls):
            self.ends_at, self.tokens = -1, self.tokens + 1
        good = {f"Bearer {TOKEN}", f"Bearer hs-token-{self.tokens}"}
        if asked.headers.get("authorization") not in good:
            return no(401, "EXPIRED_AUTHENTICATION")
        return None

    def _properties(self, kind: str) -> Told:
        rows = [
            {"name": name, "type": told, "hubspotDefined": name not in self.own}
            for name, told in self.types[kind].items()
        ]
        return Told(body={"results": rows})

    def _search(self, kind: str, question: Mapping[str, Any]) -> Told:
        self.searches.append({"kind": kind, **question})
        limit, offset = question["limit"], int(question.get("after", 0))
        groups = question["filterGroups"]
        filters = [each for group in groups for each in group["filters"]]
        if (
            not 0 < limit <= 200
            or offset + limit > self.most
            or len(groups) > 5
            or len(filters) > 6
        ):
            return no(400, "VALIDATION_ERROR")
        (order,) = question["sorts"]
        rows = [
            row
            for key, row in self.tables.get(kind, {}).items()
            if not row["archived"] and key not in self.lagging and _fits(row, filters)
        ]
        rows.sort(
            key=lambda row: _value(row, order["propertyName"]) or 0,
            reverse=order["direction"] == "DESCENDING",
        )
        end = offset + limit - int(self.short and limit > 1)
        said: dict[str, Any] = {"total": len(rows), "results": []}
        said["results"] = [self._shown(row, question["properties"]) for row in rows[offset:end]]
        if end < len(rows):
            said["paging"] = {"next": {"after": str(end)}}
        self.after()
        return Told(body=said)

    def _list(self, kind: str, query: Mapping[str, str]) -> Told:
        archived, limit = query["archived"] == "true", int(query["limit"])
        assert limit <= 100
        keys = [
            k for k, row in sorted(self.tables.get(kind, {}).items()) if row["archived"] == archived
        ]
        keys = [key for key in keys if key > int(query.get("after", 0))]
        rows = [self._shown(self.tables[kind][key], []) for key in keys[:limit]]
        said: dict[str, Any] = {"results": rows}
        if len(keys) > limit:
            said["paging"] = {"next": {"after": str(keys[limit - 1])}}
        return Told(body=said)

    def _batch(self, kind: str, body: Mapping[str, Any]) -> Told:
        ids = [int(each["id"]) for each in body["inputs"]]
        assert 0 < len(ids) <= 100
        table = self.tables.get(kind, {})
        alive = [key for key in ids if key in table and not table[key]["archived"]]
        said: dict[str, Any] = {"status": "COMPLETE"}
        said["results"] = [self._shown(table[key], body["properties"]) for key in alive]
        missing = [str(key) for key in ids if key not in alive]
        if not missing:
            return Told(body=said)
        error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone"}
        said["errors"] = [{**error, "context": {"ids": missing}}]
        return Told(status=207, body={**said, "numErrors": 1})

    def _shown(self, row: Mapping[str, Any], properties: list[str]) -> dict[str, Any]:
        told = {name: row["properties"].get(name) for name in properties}
        shown = {**row, "properties": {"hs_object_id": row["id"], **told}}
        if int(row["id"]) in self.spoilt:
            del shown["id"]
        return shown


def _fits(row: Mapping[str, Any], filters: list[dict[str, str]]) -> bool:
    for each in filters:
        own = _value(row, each["propertyName"])
        if own is None or not _TESTS[each["operator"]](own, int(each["value"])):
            return False
    return True


def _value(row: Mapping[str, Any], name: str) -> int | None:
    if name == "hs_object_id":
        return int(row["id"])
    told = row["properties"].get(name)
    if not told:
        return None
    at = datetime.fromisoformat(told)  # a date is kept as its midnight in UTC
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000)


def written(at: datetime) -> str:
    """Write an instant as HubSpot does."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def no(status: int, category: str) -> Told:
    """Refuse, as HubSpot does."""
    text = f"refused {TOKEN} hs-token-0"
    told = {"status": "error", "message": text, "correlationId": "c-1", "category": category}
    return Told(status=status, body=told)


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "token": TOKEN,
        "client_secret": CLIENT_SECRET,
        "callback_address": CALLBACK,
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "streams": ["deals", "contacts"],
        **others,
    }

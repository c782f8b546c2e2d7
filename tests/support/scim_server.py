"""A SCIM server as they are: pages by count or by cursor, and everything that goes wrong with them.

``cursors`` says whether it pages as RFC 9865 says. ``short`` is how many rows it gives at most,
whatever is asked. ``after`` runs after each list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.scim_rows import ENTERPRISE
from tests.support.loopback import Asked, Told

TOKEN = "scim-token-5d02"
NARROW = "scim-narrow-81af"
AT = datetime(2026, 9, 1, 2, tzinfo=UTC)
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_FILTER = re.compile(r'meta\.lastModified ge "([^"]+)"', re.IGNORECASE)


@dataclass
class ScimServer:
    """``tables``: Users and Groups -> id -> resource, in the order in which they are listed."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"Users": {}, "Groups": {}}
    )
    cursors: bool = False
    filters: bool = True
    configured: bool = True
    short: int = 1_000
    endless: int = 0
    trouble: list[Told] = field(default_factory=list)
    lists: list[dict[str, str]] = field(default_factory=list)
    after: Callable[[str], None] = lambda _: None

    def user(self, number: str, at: datetime | None, **values: Any) -> None:
        """Put a user; ``values`` replace or add attributes."""
        resource: dict[str, Any] = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "id": number,
            "userName": f"{number}@example.com",
            "name": {"familyName": "Li", "givenName": number},
            "emails": [{"value": f"{number}@home.example"}],
            "active": True,
            "meta": {"resourceType": "User"} | ({"lastModified": stamp(at)} if at else {}),
            **values,
        }
        self.tables["Users"][number] = resource

    def group(self, number: str, at: datetime, name: str, *users: str) -> None:
        """Put a group with users in it."""
        self.tables["Groups"][number] = {
            "id": number,
            "displayName": name,
            "members": [{"value": user, "type": "User"} for user in users],
            "meta": {"resourceType": "Group", "lastModified": stamp(at)},
        }

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        kind = asked.path.rpartition("/")[2]
        if self.trouble and kind in self.tables:
            return self.trouble.pop(0)
        given = asked.headers.get("authorization", "")
        if given not in (f"Bearer {TOKEN}", f"Bearer {NARROW}"):
            return refused(401)
        if kind == "ServiceProviderConfig":
            return self._config()
        if kind not in self.tables:
            return refused(404)
        if given == f"Bearer {NARROW}":
            return refused(403)
        told = self._list(kind, dict(asked.query))
        self.after(kind)
        return told

    def _config(self) -> Told:
        if not self.configured:
            return refused(404)
        pagination = {"cursor": self.cursors, "index": not self.cursors, "maxPageSize": 50}
        return Told(body={"filter": {"supported": self.filters}, "pagination": pagination})

    def _list(self, kind: str, query: dict[str, str]) -> Told:
        self.lists.append(query)
        since = _FILTER.fullmatch(query.get("filter", ""))
        if query.get("filter") and (since is None or not self.filters):
            return refused(400, "invalidFilter")
        rows: Any = self._rows(kind, since[1] if since else "")
        count = min(int(query.get("count", "100")), self.short)
        if self.cursors:
            start = int(query.get("cursor") or 0)
        else:
            start = int(query.get("startIndex", "1")) - 1
        page = [
            _endless(row) if isinstance(row, int) else row for row in rows[start : start + count]
        ]
        body: dict[str, Any] = {"schemas": [_LIST], "totalResults": len(rows), "Resources": page}
        if self.cursors:
            del body["totalResults"]
            if start + count < len(rows):
                body["nextCursor"] = str(start + count)
        elif not page:
            del body["Resources"]
        return Told(body=json.dumps(body).encode())

    def _rows(self, kind: str, since: str) -> Any:
        if self.endless and kind == "Users":
            return range(self.endless)
        found = self.tables[kind].values()
        if not since:
            return list(found)
        bound = datetime.fromisoformat(since)
        return [row for row in found if _changed(row) is not None and _changed(row) >= bound]  # type: ignore[operator]


def _endless(number: int) -> dict[str, Any]:
    return {"id": f"E{number:07d}", "userName": "somebody", "meta": {"lastModified": stamp(AT)}}


def _changed(row: dict[str, Any]) -> datetime | None:
    text = row.get("meta", {}).get("lastModified")
    return datetime.fromisoformat(text) if text else None


def stamp(at: datetime) -> str:
    """Write an instant as SCIM does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def refused(status: int, kind: str = "", http: int | None = None) -> Told:
    """Answer an error; ``http`` is another status than the one in the body."""
    body = {"schemas": [_ERROR], "status": str(status), "detail": "secret data"}
    if kind:
        body["scimType"] = kind
    return Told(status=http or status, body=body)


def filled(people: int = 8) -> ScimServer:
    """Make a directory of some people and two teams."""
    made = ScimServer()
    for number in range(1, people + 1):
        extension = {
            "employeeNumber": f"A{number:03d}",
            "department": "East" if number % 2 else "West",
            "manager": {"value": "U1", "displayName": "Boss"},
        }
        made.user(f"U{number}", AT + timedelta(hours=number), **{ENTERPRISE: extension})
    made.group("G1", AT, "Sales East", "U1", "U3", "U5")
    made.group("G2", AT, "Everybody", *made.tables["Users"])
    return made

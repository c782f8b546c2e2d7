"""A store of learning records as it behaves: exclusive bounds, voiding, a mark of completeness."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.xapi import VERBS, VOIDED
from tests.support.loopback import Asked, Told

KEY = "lrs-key-1"
SECRET = "lrs-secret-5e90"
NARROW = "lrs-narrow-12ab"
COMPLETED, PASSED, FAILED, ATTENDED = VERBS


@dataclass
class XapiServer:
    """``statements`` in the order in which they came.

    ``trouble`` are answers that come before anything else; ``voided`` are ids that no list shows;
    ``through`` is until when the store is sure; ``falling`` ignores ``ascending``; ``more_at`` is
    what stands before the address of the next page.
    """

    statements: list[dict[str, Any]] = field(default_factory=list)
    voided: set[str] = field(default_factory=set)
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    through: str = ""
    falling: bool = False
    more_at: str = ""
    page: int = 3
    asked: list[dict[str, str]] = field(default_factory=list)

    def put(self, key: str, at: datetime | None, verb: str = COMPLETED, **values: Any) -> None:
        """Store a statement."""
        account = {"homePage": "https://hr.example.com", "name": "A017"}
        row: dict[str, Any] = {
            "id": key,
            "actor": {"objectType": "Agent", "account": account},
            "verb": {"id": verb, "display": {"en": verb.rpartition("/")[2]}},
            "object": {"id": "https://lms.example.com/course/sales-101"},
            "timestamp": "2026-08-03T16:30:00Z",
            "authority": {"name": "the store itself"},
            **values,
        }
        if at is not None:
            row["stored"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.statements.append(row)

    def void(self, key: str, at: datetime) -> None:
        """Take a statement back, by another one."""
        self.voided.add(key)
        told = {"objectType": "StatementRef", "id": key}
        self.put(f"void-{key}", at, VOIDED, object=told)

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        told = asked.headers.get("authorization", "").removeprefix("Basic ")
        who = base64.b64decode(told).decode().split(":")
        if who not in ([KEY, SECRET], [KEY, NARROW]):
            return Told(status=401, body={"message": f"no {SECRET}"})
        if who[1] == NARROW:
            return Told(status=403, body={"message": "no"})
        if asked.headers.get("x-experience-api-version") != "1.0.3":
            return Told(status=400, body={"message": "version"})
        query = dict(asked.query)
        self.asked.append(query)
        if self.trouble:
            return self.trouble.pop(0)
        rows = [row for row in self.statements if self._fits(row, query)]
        rows.sort(key=lambda row: row.get("stored", ""), reverse=self.falling)
        begin = int(query.get("cursor", 0))
        end = begin + min(self.page, int(query.get("limit", self.page)))
        said = {"statements": rows[begin:end], "more": ""}
        if end < len(rows):
            kept = "&".join(f"{name}={query[name]}" for name in ("verb", "since") if name in query)
            said["more"] = f"{self.more_at}{asked.path}?{kept}&cursor={end}"
        self.after()
        headers = {"X-Experience-API-Consistent-Through": self.through} if self.through else {}
        return Told(body=said, headers=headers)

    def _fits(self, row: dict[str, Any], query: dict[str, str]) -> bool:
        if row["id"] in self.voided or row["verb"]["id"] != query.get("verb", row["verb"]["id"]):
            return False
        since, stored = query.get("since"), row.get("stored")
        return not since or not stored or _instant(stored) > _instant(since)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": f"{address}/xapi",
        "key": KEY,
        "secret": SECRET,
        "zone": "Asia/Shanghai",
        **others,
    }

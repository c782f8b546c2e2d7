"""Northwind CRM without Northwind CRM: a source in memory, and the web that leads to it.

It orders by time of change and number, hands out a page behind a place in that order, and speaks
only to who has the token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from attain_plugin_api.failures import Transient
from attain_plugin_api.web import Pairs, WebAnswer

ADDRESS = "https://api.northwind-crm.example"
TOKEN = "sample-token-5e1f"  # noqa: S105 - of a source that exists in memory only
NARROW = "narrow-token-77b2"
_FIRST = datetime(2026, 9, 1, 8)  # noqa: DTZ001 - Northwind CRM writes local time without an offset


@dataclass
class SimulatedSource:
    """``rows``: number -> row. ``tick`` counts changes; each one is a second later."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    columns: list[str] = field(
        default_factory=lambda: ["id", "day", "amount", "owner", "phone", "changed"]
    )
    tick: int = 0
    endless: int = 0

    @classmethod
    def filled(cls, count: int = 30, bad: int = 1) -> SimulatedSource:
        """Make a source with deals on the days of September, and some without a number."""
        made = cls()
        for number in range(1, count + 1):
            made.put(number)
        for number in range(1, bad + 1):
            made.put(-number, id=None)
        return made

    def put(self, number: int, **values: Any) -> None:
        """Make or change a deal now."""
        self.tick += 1
        row = self.rows.setdefault(number, self._row(number))
        row.update({"changed": self._at(self.tick), **values})

    def _row(self, number: int) -> dict[str, Any]:
        day = date(2026, 9, 1) + timedelta(days=abs(number) % 28)
        amount = f"{100 + number}.50"
        row = {"id": f"D{number}", "day": day.isoformat(), "amount": amount, "owner": "E1"}
        return {**row, "phone": f"138{abs(number):08d}", "extra": "kept", "changed": ""}

    def _at(self, tick: int) -> str:
        return (_FIRST + timedelta(seconds=tick)).isoformat()

    # -- answering -------------------------------------------------------------------------------

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> WebAnswer:
        """Answer one request."""
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if given != TOKEN:
            return _told({"error": "no"}, 403 if given == NARROW else 401)
        if path == "/orders/fields":
            return _told(self.columns)
        if path == "/orders/ids":
            there = (row for row in self.rows.values() if row["id"] and not row.get("gone"))
            return _told([row["id"] for row in there])
        if path == "/orders":
            return _told(self._page(query))
        return _told({"error": "no such path"}, 404)

    def _page(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        place = (query.get("since", ""), query.get("after", ""))
        limit = int(query.get("limit", "200"))
        if self.endless:
            return list(islice(self._endless(place[1]), limit))
        found = [row for row in self.rows.values() if self._fits(row, query)]
        found.sort(key=_order)
        behind = [row for row in found if _order(row) > place][:limit]
        shown = {*self.columns, "extra", "gone"}
        return [{name: cell for name, cell in row.items() if name in shown} for row in behind]

    def _fits(self, row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        return "from" not in query or query["from"] <= row["day"] < query["until"]

    def _endless(self, after: str) -> Iterator[dict[str, Any]]:
        begin = int(after.removeprefix("D") or 0) + 1
        for number in range(begin, self.endless + 1):
            yield {**self._row(number), "id": f"D{number:09d}", "changed": self._at(0)}


def _order(row: Mapping[str, Any]) -> tuple[str, str]:
    return (row["changed"] or "", row["id"] or "")


def _told(body: object, status: int = 200) -> WebAnswer:
    return WebAnswer(status=status, headers={}, body=json.dumps(body).encode())


@dataclass(frozen=True)
class SimulatedWeb:
    """The way out that ends at the source in memory; every other host is down."""

    source: SimulatedSource

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read."""
        parts = urlsplit(address)
        if parts.hostname != urlsplit(ADDRESS).hostname:
            raise Transient("source_unreachable", {"host": parts.hostname or "-"})
        return self.source.answer(parts.path, dict(query), dict(headers))

    def post(self, address: str, **_: object) -> WebAnswer:
        """Northwind CRM takes nothing."""
        return _told({"error": "read only"}, 405)

"""An interface over a list of rows that turns its pages in every way, and misbehaves on request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import Asked, Told

SECRET = "rest-secret-77aa"
NARROW = "rest-secret-narrow"  # fetches a token that may read nothing


@dataclass
class RestServer:
    """``rows`` are under ``/page``, ``/offset``, ``/cursor``, ``/next``, ``/link`` or ``/all``.

    ``since`` in the query leaves out rows whose ``changed`` is smaller (as text). ``after`` runs
    after each page. ``token_good_for`` is how many requests a token lives; ``etag`` is how far the
    list says that it is, ``date`` what its clock says. ``sorts``: the rows come by ``changed`` and
    ``id``, and the cursor is a place in that order instead of a number. ``cap`` is how many rows a
    page has at most, whatever is asked for; ``behind`` says what comes behind the last numbered
    page: an ``EMPTY`` one, the last one ``AGAIN``, or a status (``404``).
    """

    rows: list[dict[str, Any]]
    after: Callable[[], None] = lambda: None
    trouble: list[Told] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    token_good_for: int = 1_000
    etag: str = ""
    date: str = ""
    page: int = 3
    cap: int = 1_000
    behind: str = "EMPTY"
    sorts: bool = False
    fetched: int = 0
    _left: int = 0

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        self.asked.append(asked)
        if asked.path == "/token":
            return self._token(asked)
        if self.trouble:
            return self.trouble.pop(0)
        if asked.path.startswith("/secured"):
            if asked.headers.get("authorization") == f"Bearer {NARROW}":
                return Told(status=403, body={"error": "no"})
            if not self._admitted(asked):
                return Told(status=401, body={"error": "no"})
        told = self._page(asked)
        self.after()
        return told

    def _token(self, asked: Asked) -> Told:
        basic = base64.b64encode(f"client:{SECRET}".encode()).decode()
        narrow = base64.b64encode(f"client:{NARROW}".encode()).decode()
        if asked.headers.get("authorization") == f"Basic {narrow}":
            return Told(body={"access_token": NARROW})
        if asked.headers.get("authorization") != f"Basic {basic}":
            return Told(status=401, body={"error": "invalid_client"})
        self.fetched += 1
        self._left = self.token_good_for
        return Told(body={"access_token": f"token-{self.fetched}", "expires_in": 3600})

    def _admitted(self, asked: Asked) -> bool:
        self._left -= 1
        good = f"Bearer token-{self.fetched}"
        return self._left >= 0 and asked.headers.get("authorization") == good

    def _page(self, asked: Asked) -> Told:
        body = json.loads(asked.body) if asked.body else {}
        query = {**asked.query, **{k: v for k, v in body.items() if isinstance(v, str)}}
        since = query.get("since", "")
        rows = [row for row in self.rows if str(row.get("changed", "")) >= since]
        kind = asked.path.rpartition("/")[2]
        headers = {"ETag": f'"{self.etag}"'} if self.etag else {}
        if self.date:
            headers["Date"] = self.date
        if kind == "all":
            return Told(body={"data": {"items": rows}}, headers=headers)
        size = min(int(query.get("size", str(self.page))), self.cap)
        if self.sorts:
            rows.sort(key=_place)
            if kind == "cursor":
                return self._behind(rows, query.get("at", ""), size)
        if kind == "page":
            start = (int(query["page"]) - 1) * size
            if start >= max(len(rows), 1) and self.behind.isdigit():
                return Told(status=int(self.behind))
            if self.behind == "AGAIN":
                start = min(start, (len(rows) - 1) // size * size)
        else:
            start = int(query.get("at", query.get("offset", "0")))
        cut = rows[start : start + size]
        more = start + size < len(rows)
        told: dict[str, Any] = {"data": {"items": cut}}
        if more and kind == "cursor":
            told["meta"] = {"next": str(start + size)}
        if more and kind == "next":
            told["next"] = f"/next?at={start + size}&since={since}"
        if more and kind == "link":
            address = f"/link?at={start + size}&since={since}"
            headers["Link"] = f'</link?at=0>; rel="first", <{address}>; rel="next"'
        return Told(body=told, headers=headers)

    def _behind(self, rows: list[dict[str, Any]], mark: str, size: int) -> Told:
        changed, _, number = mark.partition("|")
        place = (changed, int(number or -1))
        following = [row for row in rows if _place(row) > place]
        cut = following[:size]
        told: dict[str, Any] = {"data": {"items": cut}}
        if len(following) > size:
            told["meta"] = {"next": "{}|{}".format(*_place(cut[-1]))}
        return Told(body=told)


def _place(row: dict[str, Any]) -> tuple[str, int]:
    return (row.get("changed") or "", row.get("id", 0))

"""A source for the benchmark of syncing: a long list of orders in pages, from a process of its own.

``python sync_server.py RECORDS SIZE`` prints its port. Pages are written once, before that.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SELLERS = 2_000


def order(number: int) -> dict[str, object]:
    """Make one order, the same whenever it is asked for."""
    return {
        "id": f"SO-{number:07d}",
        "seller": str(number * 7919 % SELLERS),
        "customer": {"id": number * 104_729 % 30_000, "name": f"华东客户-{number % 3_000}"},
        "amount": f"{number * 31 % 90_000}.{number % 100:02d}",
        "day": f"2026-09-{number % 30 + 1:02d}",
        "tags": ["new"] if number % 3 else [],
        "note": None,
        "changed": f"2026-10-01T{number // 3_600 % 24:02d}:{number // 60 % 60:02d}:00Z",
    }


def pages_of(records: int, size: int) -> list[bytes]:
    """Write every page, and an empty one at the end."""
    found: list[bytes] = []
    for start in range(0, records + 1, size):
        rows = [order(number) for number in range(start, min(start + size, records))]
        following = len(found) + 2 if start + size <= records else None
        page = {"next": following, "items": rows}
        found.append(json.dumps(page, ensure_ascii=False).encode())
    return found


def run() -> None:
    """Serve until the process is ended."""
    records, size = int(sys.argv[1]), int(sys.argv[2])
    pages = pages_of(records, size)

    class Handler(BaseHTTPRequestHandler):
        """Answers ``GET /orders?page=1``."""

        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: two small ones wait for each other

        def do_GET(self) -> None:
            """Answer with a page; behind the last one there is nothing."""
            asked = parse_qs(urlsplit(self.path).query)
            place = int(asked.get("page", ["1"])[0]) - 1
            body = pages[place] if place < len(pages) else b'{"items": []}'
            self.send_response(200)
            self.send_header("content-type", "application/json; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    run()

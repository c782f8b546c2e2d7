"""The server's own cost: a GraphQL page against an endpoint by hand and against stock strawberry.

One page of 50 rows with 8 fields, processor time for each request through the whole ASGI
application in this process, all applications in turn in one run, the best of the rounds. First it
is checked that all of them answer the same. Bars: over the same canned rows our server, with a
session, limits, cost, budget, deadline, meters and the log all on, is at least RATIO_BAR times
cheaper than stock strawberry with its caches off. The product on SQLite is reported beside it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Scope

from attain.logs import log_as_json_lines
from bench.graphql_apps import CANNED, ROWS, STORED, TOKEN, by_hand, ours, product, stock
from bench.path_company import PERIOD

RATIO_BAR = 2.5
ROUNDS, ROUNDS_QUICK = 25, 3
PEOPLE, PEOPLE_QUICK = 3_000, 120
_TURN_S = 0.03  # how long one application is asked before it is the next one's turn
AT_HAND = CANNED.replace("leaderboard(", "leaderboard: atHand(")


@dataclass(slots=True)
class Asked:
    """One application and one request to it, with the seconds that it took each round."""

    name: str
    app: ASGIApp
    body: bytes
    token: str = TOKEN
    times: list[float] = field(default_factory=list)
    each: int = 1

    @property
    def best_us(self) -> float:
        """The time of a request in the best round."""
        return min(self.times) * 1e6

    @property
    def median_us(self) -> float:
        """The time of a request in the middle round."""
        return statistics.median(self.times) * 1e6


def asked(name: str, app: ASGIApp, query: str, token: str = TOKEN, **variables: Any) -> Asked:
    """Describe one request."""
    return Asked(name, app, orjson.dumps({"query": query, "variables": variables}), token)


def _scope(one: Asked) -> Scope:
    headers = [
        (b"host", b"bench"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
        (b"content-length", str(len(one.body)).encode()),
        (b"authorization", f"Bearer {one.token}".encode()),
    ]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/graphql", "raw_path": b"/graphql", "root_path": "", "scheme": "http",
        "query_string": b"", "headers": headers, "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip


async def request(one: Asked) -> bytes:
    """Send the request through the application and return the body of the answer."""
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": one.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await one.app(_scope(one), receive, send)
    return b"".join(parts)


async def in_turn(all_asked: Sequence[Asked], rounds: int) -> None:
    """Ask every application in every round; the clock counts processor time of all threads."""
    for one in all_asked:
        await request(one)
        started = time.process_time()
        await request(one)
        one.each = max(2, int(_TURN_S / max(time.process_time() - started, 1e-5)))
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for one in all_asked:
            started = time.process_time()
            for _ in range(one.each):
                await request(one)
            one.times.append((time.process_time() - started) / one.each)
    gc.unfreeze()


async def check_same(canned: Sequence[Asked], stored: Asked) -> None:
    """Refuse to compare what does not answer the same."""
    first: Any = None
    for one in canned:
        answer = orjson.loads(await request(one))
        assert "errors" not in answer, (one.name, answer)
        assert len(answer["data"]["leaderboard"]) == ROWS, one.name
        first = first or answer["data"]
        assert answer["data"] == first, f"{one.name} answers something else"
    answer = orjson.loads(await request(stored))
    assert "errors" not in answer, answer
    assert len(answer["data"]["leaderboard"]["entries"]["nodes"]) == ROWS


def measure(rounds: int, people: int) -> list[Asked]:
    """Build everything, check it, ask in turn."""
    log_as_json_lines(StringIO())
    logging.getLogger("attain").setLevel(logging.INFO)
    served, plain, without = ours(), ours(compiled=False), stock(caches=False)
    canned = [
        asked("by hand", by_hand(), CANNED, first=ROWS),
        asked("ours", served, CANNED, first=ROWS),
        asked("ours, rows at hand", served, AT_HAND, first=ROWS),
        asked("ours, stock executor", plain, CANNED, first=ROWS),
        asked("stock", without, CANNED, first=ROWS),
        asked("stock, caches", stock(caches=True), CANNED, first=ROWS),
    ]
    with tempfile.TemporaryDirectory() as folder, product(Path(folder), people) as made:
        stored = asked("product on SQLite", made.app, STORED, made.token, first=ROWS, period=PERIOD)
        small = [
            asked("ours { __typename }", served, "{ __typename }"),
            asked("stock { __typename }", without, "{ __typename }"),
        ]
        everything = [*canned, stored, *small]

        async def run() -> None:
            await check_same(canned, stored)
            await in_turn(everything, rounds)

        asyncio.run(run())
    return everything


def main(words: Sequence[str]) -> int:
    """Measure, print the figures, and fail when a bar is missed."""
    quick = "--quick" in words
    rounds, people = (ROUNDS_QUICK, PEOPLE_QUICK) if quick else (ROUNDS, PEOPLE)
    found = {one.name: one for one in measure(rounds, people)}
    hand = found["by hand"].best_us
    print(f"{'CPU of a request':<24}{'best us':>10}{'median us':>11}{'by hand = 1':>13}")
    for name, one in found.items():
        print(f"{name:<24}{one.best_us:>10.0f}{one.median_us:>11.0f}{one.best_us / hand:>13.1f}")
    cheaper = found["stock"].best_us / found["ours"].best_us
    report = {
        "us": {name: round(one.best_us, 1) for name, one in found.items()},
        "median_us": {name: round(one.median_us, 1) for name, one in found.items()},
        "cheaper_than_stock": round(cheaper, 2),
        "cheaper_than_stock_with_caches": round(
            found["stock, caches"].best_us / found["ours"].best_us, 2
        ),
        "times_by_hand": round(found["ours"].best_us / hand, 2),
        "bar": {"cheaper_than_stock": RATIO_BAR},
        "people": people,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}",
    }
    print(json.dumps(report))
    return int(cheaper < RATIO_BAR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

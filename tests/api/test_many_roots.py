"""Many root fields in a request, and many such requests at once, leave each other alone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from api.operating import Operating
from storage.condition import pool_use
from tests.api.company import Served, calculated, served
from tests.support import shared

ROOTS = (
    "people(first: {n}) {{ totalCount nodes {{ id name assignments {{ position }} }} }}",
    'leaderboard(period: "2026-09", peerGroup: COMPANY) {{ entries {{ nodes {{ rank }} }} }}',
    'goals(period: "2026-09", first: {n}) {{ nodes {{ id progress {{ met }} }} }}',
    "units(first: {n}) {{ nodes {{ id name parent {{ id }} }} }}",
    "metrics(first: {n}) {{ nodes {{ key unit }} }}",
)
ALIASES = 20
REQUESTS = 12


def question() -> str:
    """Ask twenty things under names of their own."""
    fields = [f"a{at}: {ROOTS[at % len(ROOTS)].format(n=1 + at // 5)}" for at in range(ALIASES)]
    return "{ " + " ".join(fields) + " }"


async def post(app: ASGIApp, token: str, text: str) -> dict[str, Any]:
    """Send one request through the application."""
    body = json.dumps({"query": text}).encode()
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        parts.append(message.get("body", b""))

    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"accept-language", b"en"),
        (b"host", b"testserver"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    await app(scope, receive, send)
    answer: dict[str, Any] = json.loads(b"".join(parts))
    return answer


def _one_by_one(made: Served, who: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at in range(ALIASES):
        field = ROOTS[at % len(ROOTS)].format(n=1 + at // 5)
        found |= made.data(who, f"{{ a{at}: {field} }}")
    return found


def test_twenty_root_fields_in_many_requests_at_once_answer_as_one_by_one(
    database_url: str, tmp_path: Path
) -> None:
    with served(database_url, tmp_path) as made:
        calculated(made)
        expected = {who: _one_by_one(made, who) for who in ("hr", "meng")}
        app = shared.app(made.server, operating=Operating(deadline_seconds=300))

        async def all_at_once() -> list[dict[str, Any]]:
            askers = [("hr", "meng")[at % 2] for at in range(REQUESTS)]
            return await asyncio.gather(*(post(app, made.token(who), question()) for who in askers))

        for who in ("hr", "meng"):
            made.token(who)
        answers = asyncio.run(all_at_once())
        for at, answer in enumerate(answers):
            assert "errors" not in answer, answer["errors"]
            assert answer["data"] == expected[("hr", "meng")[at % 2]]
        assert pool_use(made.runtime.engine).in_use == 0


def test_a_deadline_ends_all_root_fields_and_gives_every_connection_back(
    database_url: str, tmp_path: Path
) -> None:
    with served(database_url, tmp_path) as made:
        calculated(made)
        token = made.token("hr")
        app = shared.app(made.server, operating=Operating(deadline_seconds=0.02))

        async def all_at_once() -> list[dict[str, Any]]:
            return await asyncio.gather(*(post(app, token, question()) for _ in range(REQUESTS)))

        codes = {
            error["extensions"]["code"]
            for answer in asyncio.run(all_at_once())
            for error in answer.get("errors", [])
        }
        assert codes == {"DEADLINE_EXCEEDED"}
        assert pool_use(made.runtime.engine).in_use == 0
        calm = asyncio.run(post(shared.app(made.server), token, question()))
        assert "errors" not in calm

"""Posting to an application without a client: thousands of questions on one event loop."""

from __future__ import annotations

from starlette.types import ASGIApp, Message


async def post(
    app: ASGIApp, headers: list[tuple[bytes, bytes]], body: bytes, sent: list[bytes]
) -> None:
    """Post a body to ``/graphql``; what comes back is put into ``sent``."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "state": {},
    }
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            sent.append(message.get("body", b""))

    await app(scope, receive, send)

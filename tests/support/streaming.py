"""A real server on this machine, and clients that speak the two protocols of streams by hand."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from api.demand import LARGEST_BODY

PROTOCOL = "graphql-transport-ws"


class Listening(uvicorn.Server):
    """Says where it listens."""

    ready = threading.Event()
    port = 0
    loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self.ready.set()


@contextmanager
def listening(app: Starlette) -> Iterator[int]:
    """Serve ``app`` from another thread; yield the port."""
    with running(app) as server:
        yield server.port


@contextmanager
def running(app: Starlette) -> Iterator[Listening]:
    """Serve ``app`` from another thread; yield the server."""
    server = Listening(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            log_config=None,
            ws_max_size=LARGEST_BODY,
        )
    )
    server.ready = threading.Event()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.ready.wait(60)
    try:
        yield server
    finally:
        app.state.hub.stop()
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


class Talk:
    """One WebSocket, message by message."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, *messages: Any) -> Talk:
        """Send: a text as it is, anything else as JSON."""
        for message in messages:
            plain = isinstance(message, str | bytes)
            self.connection.send(message if plain else json.dumps(message))
        return self

    def hear(self, timeout: float = 60) -> Any:
        """Receive one message; it must be a text frame."""
        received = self.connection.recv(timeout)
        assert isinstance(received, str), received
        return json.loads(received)

    def closed(self, timeout: float = 60) -> tuple[int, str]:
        """Wait for the end and say how it came."""
        with suppress(ConnectionClosed):
            while True:
                self.connection.recv(timeout)
        code, reason = self.connection.close_code, self.connection.close_reason
        assert code is not None
        return code, reason or ""

    def subscribe(self, name: str, query: str, **variables: Any) -> Talk:
        """Ask for an operation."""
        payload = {"query": query, "variables": variables}
        return self.say({"id": name, "type": "subscribe", "payload": payload})


@contextmanager
def talking(
    port: int,
    token: str | None = None,
    *,
    protocol: str | None = PROTOCOL,
    origin: str | None = None,
    headers: dict[str, str] | None = None,
    payload: dict[str, Any] | None = None,
) -> Iterator[Talk]:
    """Connect, and with a token also introduce oneself."""
    connection = connect(
        f"ws://127.0.0.1:{port}/graphql",
        subprotocols=None if protocol is None else [Subprotocol(protocol)],
        origin=None if origin is None else Origin(origin),
        additional_headers={"accept-language": "en", **(headers or {})},
        proxy=None,
        compression=None,
    )
    with connection:
        talk = Talk(connection)
        if token is not None:
            init = {"authorization": f"Bearer {token}", **(payload or {})}
            talk.say({"type": "connection_init", "payload": init})
            assert talk.hear()["type"] == "connection_ack"
        yield talk


class Events:
    """One event stream, frame by frame."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response
        self.raw = b""

    def frame(self) -> tuple[str, Any]:
        """Read the next event that is no heartbeat: its name and its data."""
        while True:
            block = self._block()
            if block.startswith(b":"):
                continue
            lines = dict(line.split(b": ", 1) for line in block.split(b"\n") if line)
            data = lines.get(b"data", b"").decode()
            return lines[b"event"].decode(), json.loads(data) if data else None

    def _block(self) -> bytes:
        block = b""
        while not block.endswith(b"\n\n"):
            byte = self.response.read(1)
            assert byte, f"the stream ended in the middle: {block!r}"
            block += byte
        self.raw += block
        return block[:-2]


@contextmanager
def streaming(
    port: int, token: str | None, query: str, accept: str = "text/event-stream", **variables: Any
) -> Iterator[Events]:
    """Post a subscription and read the answer as it comes."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"content-type": "application/json", "accept": accept, "accept-language": "en"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    client.request(
        "POST", "/graphql", json.dumps({"query": query, "variables": variables}), headers
    )
    response = client.getresponse()
    try:
        yield Events(response)
    finally:
        response.close()
        client.close()


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until something holds; say whether it came to that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return holds()

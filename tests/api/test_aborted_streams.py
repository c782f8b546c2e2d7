"""Clients that vanish in the middle, hundreds of them, leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import AsyncGeneratorType

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from api.admission import Admission
from tests.api.company import Served, calculated, served
from tests.support import shared
from tests.support.streaming import PROTOCOL, Listening, eventually, running

BOARD = """subscription { leaderboardChanged(period: "2026-09") {
  mark board { entries { nodes { rank person { name } } } } } }"""
EACH = 5
TOGETHER = 20


async def many(count: int, one: Callable[[int], Awaitable[None]]) -> None:
    """Do something ``count`` times, a few at a time."""
    turns = asyncio.Semaphore(TOGETHER)

    async def turn(number: int) -> None:
        async with turns:
            await one(number)

    await asyncio.gather(*(turn(number) for number in range(count)))


class Vanishing:
    """Clients that open streams and then are gone, one way or another."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    async def socket(self, number: int) -> None:
        """Five subscriptions, and then a reset, a bare end, or a proper close."""
        connection = await connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            subprotocols=[Subprotocol(PROTOCOL)],
            proxy=None,
        )
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}}
        await connection.send(json.dumps(init))
        for name in range(EACH):
            message = {"id": str(name), "type": "subscribe", "payload": {"query": BOARD}}
            await connection.send(json.dumps(message))
        heard = 0
        while heard < (1, 1 + EACH, 3)[number % 3]:  # some leave before the first frame is there
            await connection.recv()
            heard += 1
        if number % 4 == 3:
            await connection.close()
            return
        reset(connection.transport.get_extra_info("socket"), hard=number % 2 == 0)
        connection.transport.abort()

    async def events(self, number: int) -> None:
        """One event stream, left after its head or its first frame."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = json.dumps({"query": BOARD}).encode()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n"
            b"content-type: application/json\r\nauthorization: Bearer "
            + f"{self.token}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        if number % 3:
            await reader.readuntil(b"event: next")
        reset(writer.get_extra_info("socket"), hard=number % 2 == 0)
        writer.transport.abort()


def reset(raw: socket.socket, *, hard: bool) -> None:
    """Make the end of a connection a reset instead of an orderly end."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", int(hard), 0))


def tasks(server: Listening) -> set[str]:
    """The names of what runs on the server's loop, apart from this question."""

    async def named() -> set[str]:
        own = asyncio.current_task()
        return {task.get_name() for task in asyncio.all_tasks() if task is not own}

    return asyncio.run_coroutine_threadsafe(named(), server.loop).result(10)


def generators() -> int:
    """How many asynchronous generators are alive."""
    gc.collect()
    return sum(isinstance(thing, AsyncGeneratorType) for thing in gc.get_objects())


def resident_kilobytes() -> int:
    """How much memory the process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


@asynccontextmanager
async def quietly() -> AsyncIterator[None]:
    """Let the clients' own complaints about their end pass."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    yield


def campaign(made: Served, caplog: pytest.LogCaptureFixture, rounds: list[tuple[int, int]]) -> None:
    """Open and abandon; after each round nothing but the server itself is left."""
    app = shared.app(made.server, admission=Admission(each=100, strangers_each=100))
    hub, admission = app.state.hub, app.state.admission
    hub.pause = 0.1
    with caplog.at_level(logging.WARNING), running(app) as server:
        clients = Vanishing(server.port, made.token("anna"))
        at_rest, alive = tasks(server), generators()
        memory: list[int] = []

        async def one_round(sockets: int, streams: int) -> None:
            async with quietly():
                await many(sockets, clients.socket)
                await many(streams, clients.events)

        for sockets, streams in rounds:
            asyncio.run(one_round(sockets, streams))
            assert eventually(lambda: hub.seats == 0 and admission.open == 0)
            assert eventually(lambda: tasks(server) == at_rest), tasks(server) - at_rest
            assert not hub.is_watching
            assert generators() <= alive
            memory.append(resident_kilobytes())
        print("kilobytes after each round:", memory, "computed:", hub.computed)
    said = [record.getMessage() for record in caplog.records if "websockets" not in record.name]
    assert said == []
    if len(memory) > 2:
        assert memory[-1] < memory[1] * 1.05 + 4096


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company with a calculated September, on each database in turn."""
    with served(database_url, tmp_path) as found:
        calculated(found)
        yield found


def test_clients_that_vanish_leave_no_task_behind(
    made: Served, caplog: pytest.LogCaptureFixture
) -> None:
    campaign(made, caplog, [(24, 6), (24, 6)])


@pytest.mark.long
@pytest.mark.timeout(900)
def test_eight_hundred_sockets_and_two_hundred_streams_leave_no_task_behind(
    made: Served, caplog: pytest.LogCaptureFixture
) -> None:
    campaign(made, caplog, [(160, 40)] * 5)

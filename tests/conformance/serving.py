"""The product on loopback: one made-up company, and one server for each way to be asked."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from api.app import build_app
from api.disclosure import Introspection
from api.documents import OPEN, DocumentMode, DocumentRules
from api.limits import Limits
from api.schema import build_schema
from storage.migrate import upgrade
from tests.api.company import calculated, served

LISTED = "{ languages }"
_HASH = hashlib.sha256(LISTED.encode()).hexdigest()
TRUSTED = DocumentRules(DocumentMode.TRUSTED, frozenset({_HASH}), {_HASH: LISTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the servers listen, and a token of the company's HR."""

    open: str
    apq: str
    trusted: str
    masked: str
    roomy: str
    token: str
    tasks: Callable[[], int]
    connections: Callable[[], int]


@contextmanager
def company(folder: Path) -> Iterator[Addresses]:
    """Serve the company of the API's tests, September calculated."""
    database = f"sqlite:///{folder / 'attain.db'}"
    upgrade(database)
    with served(database, folder) as made, ExitStack() as stack:
        calculated(made)
        # Generated questions are often larger than a request may be; the rest of the limits hold.
        roomy = build_schema(limits=Limits(cost=10**15))
        watched = build_app(made.server, documents=OPEN)
        apps = (
            watched,
            build_app(made.server, documents=DocumentRules(DocumentMode.APQ)),
            build_app(made.server, documents=TRUSTED),
            build_app(made.server, introspection=Introspection.SIGNED_IN),
            build_app(made.server, roomy),
        )
        servers = [stack.enter_context(listening(app)) for app in apps]
        opened, apq, trusted, masked, wide = (
            f"http://127.0.0.1:{port}/graphql" for port, _ in servers
        )
        yield Addresses(
            open=opened,
            apq=apq,
            trusted=trusted,
            masked=masked,
            roomy=wide,
            token=made.token("hr"),
            tasks=servers[0][1],
            connections=lambda: watched.state.admission.open,
        )


@contextmanager
def listening(app: ASGIApp) -> Iterator[tuple[int, Callable[[], int]]]:
    """Serve an application on a free port of this machine, in a thread; count its tasks."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield port, lambda: len(asyncio.all_tasks(loops[0]))
    finally:
        server.should_exit = True
        thread.join(10)

"""The product on loopback: one made-up company, and one server for each way to be asked."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from api.app import build_app
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
    roomy: str
    token: str


@contextmanager
def company(folder: Path) -> Iterator[Addresses]:
    """Serve the company of the API's tests, September calculated."""
    database = f"sqlite:///{folder / 'attain.db'}"
    upgrade(database)
    with served(database, folder) as made, ExitStack() as stack:
        calculated(made)
        # Generated questions are often larger than a request may be; the rest of the limits hold.
        roomy = build_schema(limits=Limits(cost=10**15))
        apps = (
            build_app(made.server, documents=OPEN),
            build_app(made.server, documents=DocumentRules(DocumentMode.APQ)),
            build_app(made.server, documents=TRUSTED),
            build_app(made.server, roomy),
        )
        opened, apq, trusted, wide = (
            f"http://127.0.0.1:{stack.enter_context(listening(app))}/graphql" for app in apps
        )
        yield Addresses(open=opened, apq=apq, trusted=trusted, roomy=wide, token=made.token("hr"))


@contextmanager
def listening(app: ASGIApp) -> Iterator[int]:
    """Serve an application on a free port of this machine, in a thread."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)

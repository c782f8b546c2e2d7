"""A real server that dies on demand: before its commit, after it, or before it replies.

It is started by words on standard input. What is slow (imports, the schema) is done once; each life
is a fork of that, with connections of its own, under uvicorn on a loopback port. A request names
where it wants to die in a header; the test may kill the process at any instant as well.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import Connection, Engine, event

import actions.deed
import api.schema
import attain.wiring
import storage.engine
from attain.server import AnnouncingServer
from attain.settings import Settings
from attain.wiring import build, wire
from messages.render import load
from plugins.loading import load_plugins
from plugins.packs.reading import packs_from
from storage.idempotency import keep_answer
from tests.support.keys import keys

_asked: ContextVar[str] = ContextVar("asked", default="")
_kept_apart: list[tuple[Any, ...]] = []
_transaction = storage.engine._transaction


def die(where: str) -> None:
    """Die as by a power cut when the request in hand asks for it."""
    if _asked.get() == where:
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def mortal(engine: Engine, actor: Any, **options: Any) -> Iterator[Connection]:
    """Open a transaction after whose commit the process may die."""
    with _transaction(engine, actor, **options) as connection:
        yield connection
    if options.get("writes"):
        die("after")
        while _kept_apart:  # the planted bug: in a transaction of its own
            entity, known_at, name, *answer = _kept_apart.pop()
            with _transaction(engine, actor, writes=True) as apart:
                opened = storage.engine.Writing(
                    connection=apart, entity_id=entity, known_at=known_at, actor=name
                )
                keep_answer(opened, *answer)


def keep_apart(writing: Any, *answer: Any) -> None:
    """Do what the planted bug does: keep the answer, but later."""
    _kept_apart.append((writing.entity_id, writing.known_at, writing.actor, *answer))


def set_in(module: Any, name: str, value: Any) -> None:
    """Put something else in the place of a name of a module."""
    setattr(module, name, value)


def before_commit(connection: Connection) -> None:
    """Die before a commit of something written."""
    if connection.get_execution_options().get("writes"):
        die("before")


class Mortal:
    """Reads from a header where to die."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on, and perhaps never reply."""
        headers = dict(scope.get("headers", ()))
        _asked.set(headers.get(b"x-die", b"").decode())

        async def replying(message: Any) -> None:
            if message["type"] == "http.response.start":
                die("reply")
            await send(message)

        await self.app(scope, receive, replying)


def live(settings: Settings) -> None:
    """Serve until killed."""
    set_in(storage.engine, "_transaction", mortal)
    event.listen(Engine, "commit", before_commit)
    app = build(settings, wire(settings).runtime)
    config = uvicorn.Config(
        Mortal(app), host="127.0.0.1", port=0, access_log=False, log_level="error", lifespan="on"
    )
    AnnouncingServer(config, lambda port: say(f"ready {port}"), app.state.hub).run()


def say(line: str) -> None:
    """Write a line in one piece."""
    os.write(1, f"{line}\n".encode())


def main(url: str, folder: str, planted: str) -> None:
    """Give birth whenever a line says so."""
    if planted == "planted":
        set_in(actions.deed, "keep_answer", keep_apart)
    settings = Settings(
        data=Path(folder),
        database_url=url,
        demo=True,
        attempts=0,
        budget=0,
        seal_seconds=0,
        log="faults",
    )
    load()
    schema = api.schema.build_schema()
    plugins = load_plugins()
    packs = packs_from(plugins.nouns("kpi_packs").values())
    set_in(api.schema, "build_schema", lambda **_: schema)
    set_in(attain.wiring, "load_plugins", lambda _, **__: plugins)
    set_in(attain.wiring, "packs_from", lambda _: packs)
    set_in(attain.wiring, "open_database", lambda _: storage.engine.open_engine(url, keys()))
    gc.collect()
    gc.freeze()  # what all lives share is not to be walked, and so copied, by each of them
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            live(settings)
            os._exit(0)
        say(f"born {child}")
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main(*sys.argv[1:])

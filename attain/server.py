"""Running the application under uvicorn, and saying when it answers."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
import uvicorn

from api.demand import LARGEST_BODY
from attain.collector import settle
from attain.logs import log_as_json_lines
from attain.settings import LOOPBACK, Settings
from attain.wiring import build
from domain.problem import Refused
from messages.render import Locale, load
from storage.row_security import check_row_security

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.deed import Runtime
    from api.streams import Hub


class AnnouncingServer(uvicorn.Server):
    """Says on standard output where it listens, once it does."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[int], None], streams: Hub
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._streams = streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        if self.started:
            settle()
            self._announce(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: waiting for them to end by themselves would take for ever."""
        self._streams.stop()
        await super().shutdown(sockets)


def serve_runtime(
    settings: Settings, runtime: Runtime, announce: Callable[[int], None] | None = None
) -> None:
    """Serve until interrupted. The demo sign-in needs no password: it stays on this machine."""
    if settings.demo and settings.host not in LOOPBACK:
        raise SystemExit("the demo sign-in is only for this machine: listen on 127.0.0.1")
    _refuse_without_net(settings, runtime)
    log_as_json_lines()
    # A person at a terminal tries the demo; a line for each request would bury what is said there.
    chosen = replace(settings, log="faults") if settings.demo else settings
    app = build(chosen, runtime)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        log_config=None,  # its loggers speak through ours
        ws_max_size=LARGEST_BODY,
    )
    AnnouncingServer(config, announce or _say_ready, app.state.hub).run()


def _refuse_without_net(settings: Settings, runtime: Runtime) -> None:
    """Do not serve from a database that keeps nobody's rows apart."""
    try:
        check_row_security(runtime.engine)
    except Refused as refused:
        sentence = load().text(refused.code, dict(refused.values), Locale(settings.locale))
        raise SystemExit(sentence) from refused


def _say_ready(port: int) -> None:
    typer.echo(f"ready on port {port}")
    sys.stdout.flush()

"""Running the application under uvicorn, and saying when it answers."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
import uvicorn

from api.demand import LARGEST_BODY
from attain.logs import log_as_json_lines
from attain.settings import LOOPBACK, Settings
from attain.wiring import build

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


def _say_ready(port: int) -> None:
    typer.echo(f"ready on port {port}")
    sys.stdout.flush()

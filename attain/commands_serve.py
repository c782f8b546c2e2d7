"""``attain serve``: the application object handed to the server, so that no folder can hide it."""

from __future__ import annotations

import uvicorn

from attain.settings import Settings


def serve(settings: Settings, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted; options win over settings."""
    from attain.asgi import app

    uvicorn.run(
        app,
        host=host or settings.host,
        port=settings.port if port is None else port,
        access_log=False,
        server_header=False,
    )

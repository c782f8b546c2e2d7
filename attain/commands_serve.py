"""``attain serve``: the application object handed to the server, so that no folder can hide it."""

from __future__ import annotations

from dataclasses import replace

from attain.choosing import open_runtime
from attain.server import serve_runtime
from attain.settings import Settings


def serve(settings: Settings, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted; options win over settings."""
    chosen = replace(
        settings,
        host=host or settings.host,
        port=settings.port if port is None else port,
    )
    serve_runtime(chosen, open_runtime(chosen))

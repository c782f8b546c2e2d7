"""``attain sync``: pull one connection from the command line."""

from __future__ import annotations

from attain.settings import Settings


def sync(settings: Settings, *, connection: str, entity: str | None) -> None:
    """Pull the connection and print the outcome of the run."""
    raise NotImplementedError

"""``attain demo``: from an empty folder to a company that can be asked questions."""

from __future__ import annotations

from attain.settings import Settings


def demo(settings: Settings, *, port: int | None, fresh: bool, serve_it: bool) -> None:
    """Create, sync, calculate and serve the demo company."""
    raise NotImplementedError

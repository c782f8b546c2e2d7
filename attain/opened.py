"""What a command opens is closed when the command ends, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

_opened = ExitStack()


def when_done(close: Callable[[], object]) -> None:
    """Have something closed when the command ends."""
    _opened.callback(close)


def close_opened() -> None:
    """Close what was opened, the last first."""
    _opened.pop_all().close()

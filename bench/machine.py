"""What a benchmark ran on, in words, and the clock that a company of a benchmark lives by."""

from __future__ import annotations

import os
import platform
import time
from datetime import UTC, datetime, timedelta

from storage.engine import Clock

_START = datetime(2026, 10, 2, 8, tzinfo=UTC)  # the month before is what is calculated


def machine() -> str:
    """Say which machine this is, and how busy it was."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def ticking() -> Clock:
    """Return a clock that shows a day of 2026 now and goes on from there."""
    begun = time.monotonic()
    return lambda: _START + timedelta(seconds=time.monotonic() - begun)

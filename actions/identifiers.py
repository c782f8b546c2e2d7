"""Making ids: time first, so that rows made together lie together, then randomness."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta

from domain.ids import format_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def new_id(prefix: str, now: datetime) -> str:
    """Make an id that sorts after every id this process made before, whatever the clock does."""
    global _last  # noqa: PLW0603 - the order of ids is a promise of the whole process
    millis = (now - _EPOCH) // timedelta(milliseconds=1)
    number = (millis << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    with _lock:
        if number <= _last:
            # Same millisecond or a clock that stepped back: go on from the last one.
            number = _last + 1 + secrets.randbits(40)
        _last = number
    return format_id(prefix, number)


def new_secret() -> str:
    """Make a session's secret: 256 random bits."""
    return secrets.token_urlsafe(32)

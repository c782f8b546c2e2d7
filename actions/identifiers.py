"""Making ids: time first, so that rows made together lie together, then randomness."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from domain.ids import format_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 80
_AT_ONCE, _STEP_BYTES = 64, 5
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
            number = _last + 1 + secrets.randbits(8 * _STEP_BYTES)
        _last = number
    return format_id(prefix, number)


def new_ids(prefix: str, now: datetime) -> Iterator[str]:
    """Make ids without end, each as ``new_id`` does: for whoever needs very many of them."""
    global _last  # noqa: PLW0603 - see above
    millis = (now - _EPOCH) // timedelta(milliseconds=1)
    first = (millis << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    while True:
        drawn = secrets.randbits(8 * _AT_ONCE * _STEP_BYTES)
        chance = memoryview(drawn.to_bytes(_AT_ONCE * _STEP_BYTES, "big"))
        for place in range(0, _AT_ONCE * _STEP_BYTES, _STEP_BYTES):
            step = int.from_bytes(chance[place : place + _STEP_BYTES], "big")
            with _lock:
                _last = number = max(first, _last + 1 + step)
            yield format_id(prefix, number)


def new_secret() -> str:
    """Make a session's secret: 256 random bits."""
    return secrets.token_urlsafe(32)

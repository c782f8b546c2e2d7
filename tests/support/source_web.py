"""The real way out of connectors, let loose on a simulator on this machine, without waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from connectors.contract import CallLimit
from connectors.http import Http
from connectors.web_host import LimitedWeb, open_http
from tests.support.loopback import Asked, Told, on_loopback

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SLEPT: list[float] = []


def local_web(http: Http, limits: tuple[CallLimit, ...] = ()) -> LimitedWeb:
    """Build a way out to this machine; ``limits`` are kept by not sleeping at all."""
    return LimitedWeb(
        http=http,
        hosts=frozenset({"127.0.0.1"}),
        limits=limits,
        clock=lambda: NOW,
        sleep=SLEPT.append,
    )


@contextmanager
def simulated(answer: Callable[[Asked], Told]) -> Iterator[tuple[str, LimitedWeb]]:
    """Serve a simulator; give its address and a way to it."""
    http = open_http(["127.0.0.1"])
    try:
        with on_loopback(answer) as address:
            yield address, local_web(http)
    finally:
        http.close()

"""Blocking work in threads, and whole requests in one thread where a request is simple.

A hop to a thread and back costs more than a page of rows. Most requests have one root field over
rows that need no resolver: who asks, the read and the answer are then done in one hop. What such a
request waits for is blocking work alone, which is done on the spot when a thread is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")

_in_a_thread: ContextVar[bool] = ContextVar("attain_in_a_thread", default=False)


class NeedsLoop(Exception):  # noqa: N818 - nothing is wrong: it is done again on the event loop
    """Something on the way waits for more than blocking work."""


def in_a_thread() -> bool:
    """Tell whether this request is being answered in one hop."""
    return _in_a_thread.get()


async def blocking(work: Callable[..., T], *given: Any, limiter: CapacityLimiter) -> T:
    """Do blocking work in a thread; on the spot when this is one."""
    if _in_a_thread.get():
        return work(*given)
    return await to_thread.run_sync(work, *given, limiter=limiter)


async def in_one_hop(
    begin: Callable[[], Coroutine[Any, Any, T]], limiter: CapacityLimiter
) -> T | None:
    """Run a coroutine in one thread from beginning to end; None when it has to wait for a loop."""

    def run() -> T | None:
        _in_a_thread.set(True)  # in the copy of the context that belongs to this hop
        going = begin()
        try:
            going.send(None)
        except StopIteration as done:
            answer: T = done.value
            return answer
        except NeedsLoop:
            return None
        going.close()
        return None

    return await to_thread.run_sync(run, limiter=limiter)

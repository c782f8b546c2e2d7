"""The instant by which a request must be answered, and the interruption of its SQL.

A deadline travels in a context variable, which threads started for the request inherit. Every
transaction opened under it is known to it; when time is up, whatever statement runs is interrupted
from another thread, the next one is refused, and the transaction ends without a commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NoReturn

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from domain.problem import Refused

_CANCEL_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.02
_LAST_PAUSE_SECONDS = 10.0
_current: ContextVar[Deadline | None] = ContextVar("attain_deadline", default=None)


class Deadline:
    """One request's time; ``expire`` is called from a thread that runs no statement itself."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends = clock() + seconds
        self._ended = threading.Condition()
        self._running: dict[int, Any] = {}
        self._expired = False
        self.was_missed = False  # something was refused or cut short because of it

    @property
    def left(self) -> float:
        """How many seconds are left, never below zero."""
        return 0.0 if self._expired else max(0.0, self._ends - self._clock())

    def expire(self) -> None:
        """Interrupt every statement that runs now, and refuse every one to come."""
        pause = _FIRST_PAUSE_SECONDS
        with self._ended:
            self._expired = True
            # More than once: a statement may be about to start and miss the first interruption.
            while self._running and pause < _LAST_PAUSE_SECONDS:
                # Under the lock no connection can go back and into another request's hands.
                for driver in self._running.values():
                    _interrupt(driver)
                self._ended.wait(pause)
                pause *= 2

    def check(self) -> None:
        """Refuse when time is up."""
        if self.left <= 0:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Say that time is up."""
        self.was_missed = True
        raise Refused("deadline_exceeded")

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """Be interruptible; a connection that was interrupted is never used again."""
        driver = connection.connection.driver_connection
        with self._ended:
            self.check()
            self._running[id(driver)] = driver
        try:
            yield
        finally:
            with self._ended:
                del self._running[id(driver)]
                self._ended.notify_all()
            if self._expired:
                # PostgreSQL may act on the cancel a little later, in what would be the next request
                connection.invalidate()
        if self._expired:
            self.refuse()  # no commit of what was cut short


def current() -> Deadline | None:
    """Return the deadline of the request in hand; None for jobs and commands."""
    return _current.get()


@contextmanager
def under(deadline: Deadline) -> Iterator[None]:
    """Make ``deadline`` that of everything called from here."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def refusing_late_statements() -> Iterator[None]:
    """Say ``deadline_exceeded`` for the driver's word that a statement was interrupted."""
    deadline = current()
    try:
        if deadline is not None:
            deadline.check()
        yield
    except SQLAlchemyError as error:
        if deadline is not None and deadline.left <= 0:
            deadline.was_missed = True
            raise Refused("deadline_exceeded") from error
        raise


@contextmanager
def watched(connection: Connection) -> Iterator[None]:
    """Let the deadline in force, if any, interrupt this connection."""
    deadline = current()
    if deadline is None:
        yield
        return
    with deadline.watching(connection):
        yield


def refuse_when_late(*_statement: object) -> None:
    """Refuse to start a statement after the deadline; called by the engine before each."""
    deadline = current()
    if deadline is not None:
        deadline.check()


def _interrupt(driver: Any) -> None:
    if isinstance(driver, psycopg.Connection):
        # A server that cannot be reached now is tried again after the pause.
        with suppress(psycopg.Error):
            driver.cancel_safe(timeout=_CANCEL_SECONDS)
    else:
        driver.interrupt()

"""A deadline interrupts what runs, on both databases, and leaves nothing half done behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, insert, select, text

from domain.problem import Refused
from storage.condition import pool_use
from storage.deadline import Deadline, current, under
from storage.engine import changing, open_engine, reading, writing
from storage.tables import knowledge
from tests.support.company import SYSTEM

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
LATE = {"legal_entity_id": "ent_late", "known_at": NOW}
COUNTING = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
    " SELECT count(*) FROM n"
)
SLOW = {"sqlite": COUNTING, "postgresql": "SELECT pg_sleep(60)"}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@contextmanager
def limited(seconds: float = 600) -> Iterator[Callable[[float], None]]:
    """Run a block under a deadline; the call has a thread end it so many seconds later.

    It is called where the block has come to what the test is about, however long that took.
    """
    deadline = Deadline(seconds, time.monotonic)
    timers: list[threading.Timer] = []

    def ends_in(seconds: float) -> None:
        timers.append(threading.Timer(seconds, deadline.expire))
        timers[-1].start()

    try:
        with under(deadline):
            yield ends_in
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()


def wait_until_late() -> None:
    """Wait until the deadline in force is over."""
    deadline = current()
    assert deadline is not None
    while deadline.left:
        time.sleep(0.01)


def slow(connection: Connection) -> None:
    connection.execute(text(SLOW[connection.dialect.name]))


def refused(work: Callable[[], None]) -> float:
    """Expect a late answer's code; say how long it took."""
    started = time.monotonic()
    with pytest.raises(Refused) as caught:
        work()
    assert caught.value.code == "deadline_exceeded"
    return time.monotonic() - started


def test_a_slow_read_is_interrupted_and_the_next_request_is_served(engine: Engine) -> None:
    interrupted = []

    def ask() -> None:
        with limited() as ends_in, reading(engine, SYSTEM) as connection:
            interrupted.append(connection.connection.driver_connection)
            ends_in(0.3)
            slow(connection)

    assert 0.25 < refused(ask) < 30
    assert pool_use(engine).in_use == 0
    for _ in range(20):
        with reading(engine, SYSTEM) as connection:
            # What was interrupted is thrown away, not lent again: a cancel may come late.
            assert connection.connection.driver_connection is not interrupted[0]
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    assert current() is None


def test_an_interrupted_deed_leaves_nothing_behind_and_frees_its_lock(engine: Engine) -> None:
    def change() -> None:
        with limited() as ends_in, changing(engine, SYSTEM) as connection:
            connection.execute(insert(knowledge).values(LATE))
            ends_in(0.3)
            slow(connection)

    assert refused(change) < 30
    with changing(engine, SYSTEM) as connection:
        assert connection.execute(select(knowledge)).all() == []
        connection.execute(insert(knowledge).values(LATE))


def test_a_statement_after_the_deadline_does_not_start_even_between_statements(
    engine: Engine,
) -> None:
    reached: list[str] = []

    def work() -> None:
        with limited() as ends_in, reading(engine, SYSTEM) as connection:
            ends_in(0)
            wait_until_late()
            reached.append("awake")
            slow(connection)
            reached.append("past")

    refused(work)
    assert reached == ["awake"]


def test_what_was_done_too_late_is_not_committed(engine: Engine) -> None:
    def work() -> None:
        with limited() as ends_in, changing(engine, SYSTEM) as connection:
            connection.execute(insert(knowledge).values(LATE))
            ends_in(0)
            wait_until_late()

    refused(work)
    with changing(engine, SYSTEM) as connection:
        connection.execute(insert(knowledge).values(LATE))  # it was not there


def test_waiting_for_another_writer_ends_at_the_deadline(engine: Engine) -> None:
    release, holding = threading.Event(), threading.Event()

    def hold() -> None:
        with changing(engine, SYSTEM) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE knowledge IN ACCESS EXCLUSIVE MODE"))
            holding.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(10)

    def wait() -> None:
        with limited(0.4) as ends_in:  # SQLite waits for a writer for as long as there is time
            ends_in(0.4)
            with writing(engine, "ent_a", lambda: NOW, SYSTEM) as _open:
                pass

    try:
        assert 0.3 < refused(wait) < 15
    finally:
        release.set()
        holder.join()


def test_a_deadline_that_nobody_keeps_is_seen_by_the_next_statement(engine: Engine) -> None:
    at = 0.0
    deadline = Deadline(5, lambda: at)

    def work() -> None:
        nonlocal at
        with under(deadline), reading(engine, SYSTEM) as connection:
            connection.execute(text("SELECT 1"))
            at = 5.0
            connection.execute(text("SELECT 2"))

    refused(work)


def test_only_the_late_request_is_interrupted(engine: Engine) -> None:
    done: list[int] = []

    def patient() -> None:
        with reading(engine, SYSTEM) as connection:
            for _ in range(40):
                done.append(connection.execute(text("SELECT 1")).scalar_one())
                time.sleep(0.02)

    other = threading.Thread(target=copy_context().run, args=(patient,))
    other.start()

    def ask() -> None:
        with limited() as ends_in, reading(engine, SYSTEM) as connection:
            ends_in(0.2)
            slow(connection)

    refused(ask)
    other.join()
    assert done == [1] * 40


def test_a_fault_before_the_deadline_stays_a_fault(engine: Engine) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    with pytest.raises(SQLAlchemyError), limited(), reading(engine, SYSTEM) as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))
    with reading(engine, SYSTEM) as connection:
        assert connection.execute(select(knowledge.c.known_at)).all() == []

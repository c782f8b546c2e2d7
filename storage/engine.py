"""Engines and transactions: one request or job is one transaction, acknowledged after its commit.

Writers of one legal entity take turns on its row in ``knowledge``; the instant they take there is
the ``known_at`` of all they write. So knowledge time is the order of commits on both databases,
even when the clock steps back, and a reading "as known at K" never changes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from domain.access import NOBODY, Actor, behalf_of, name_of
from storage.asked import asked
from storage.carrying import carry
from storage.deadline import current, refuse_when_late, refusing_late_statements, watched
from storage.keyring import Keyring, options_for
from storage.tables import knowledge

__all__ = [
    "Clock",
    "Connection",  # the types that the floors above name in their signatures
    "Database",
    "Engine",
    "Writing",
    "answers",
    "changing",
    "open_engine",
    "reading",
    "writing",
]

Clock = Callable[[], datetime]
Database: TypeAlias = Connection  # what a read is given: the API need not know the library
_POOL = 8
# FULL, not NORMAL: with NORMAL a power cut loses rows that were acknowledged.
SYNCHRONOUS = "FULL"
_BUSY_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """An open write transaction of one legal entity, and the instant at which it learns."""

    connection: Connection
    entity_id: str
    known_at: datetime
    actor: str  # what the trail calls whoever writes
    on_behalf_of: str | None = None  # the account whose delegation is used


def open_engine(url: str, keys: Keyring | None = None) -> Engine:
    """Open a database; the same code serves SQLite and PostgreSQL.

    Without ``keys`` nothing that is kept encrypted can be written or read.
    """
    sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = _open_sqlite(url, keys) if sqlite else _open_postgresql(url, keys)
    event.listen(engine, "before_cursor_execute", refuse_when_late)
    return engine


def _open_postgresql(url: str, keys: Keyring | None) -> Engine:
    return create_engine(
        url,
        execution_options=options_for(keys),
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # an error's text goes to the log: what was asked for stays out
    )


def _open_sqlite(url: str, keys: Keyring | None) -> Engine:
    engine = create_engine(
        url,
        execution_options=options_for(keys),
        connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver must not open transactions by itself: BEGIN below says which kind it is.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={SYNCHRONOUS}",
            "foreign_keys=ON",
            # Without this INSERT OR REPLACE deletes a row and no guard hears of it.
            "recursive_triggers=ON",
            f"busy_timeout={_BUSY_MS}",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once: upgrading later can fail half way.
        options = connection.get_execution_options()
        if not options.get("writes"):
            connection.exec_driver_sql("BEGIN DEFERRED")
            return
        # Waiting for the lock cannot be interrupted, so it may not outlast the request.
        deadline = current()
        most = options.get("wait_ms") or _BUSY_MS
        wait = most if deadline is None else min(most, int(deadline.left * 1000))
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextmanager
def reading(engine: Engine, actor: Actor) -> Iterator[Connection]:
    """Open one short read transaction of ``actor`` over a single state of the database."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with _transaction(engine, actor, **options) as connection:
        yield connection


@contextmanager
def writing(engine: Engine, entity_id: str, clock: Clock, actor: Actor) -> Iterator[Writing]:
    """Open the write transaction of ``entity_id``; it commits when the block ends well."""
    with _transaction(engine, actor, writes=True) as connection:
        known_at = _take_turn(connection, entity_id, clock)
        yield Writing(
            connection=connection,
            entity_id=entity_id,
            known_at=known_at,
            actor=name_of(actor),
            on_behalf_of=behalf_of(actor),
        )


@contextmanager
def changing(engine: Engine, actor: Actor, *, wait_ms: int | None = None) -> Iterator[Connection]:
    """Open a write transaction that teaches nobody anything: sessions, the queue of jobs.

    ``wait_ms`` is for what may as well be done later: an embedded database that somebody else
    writes to is then waited for no longer than that.
    """
    with _transaction(engine, actor, writes=True, wait_ms=wait_ms) as connection:
        yield connection


@contextmanager
def _transaction(engine: Engine, actor: Actor, **options: Any) -> Iterator[Connection]:
    """Open a transaction of ``actor`` that the deadline can interrupt, but for its commit."""
    with (
        refusing_late_statements(),
        engine.connect().execution_options(**options) as connection,
        connection.begin(),
        watched(connection),
    ):
        carry(connection, actor)
        yield connection


def _take_turn(connection: Connection, entity_id: str, clock: Clock) -> datetime:
    entity = {"entity_id": entity_id}
    last = connection.execute(_LAST_LEARNED, entity).scalar_one_or_none()
    now = clock().astimezone(UTC)
    if last is None:
        connection.execute(insert(knowledge).values(legal_entity_id=entity_id, known_at=now))
        return now
    # Strictly later than everything learned before, whatever the clock says.
    known_at: datetime = max(now, last + timedelta(microseconds=1))
    connection.execute(_LEARN, entity | {"known_at": known_at})
    return known_at


_TURN = knowledge.c.legal_entity_id == asked("entity_id")
_LAST_LEARNED = select(knowledge.c.known_at).where(_TURN).with_for_update()
_LEARN = update(knowledge).where(_TURN)


def answers(engine: Engine) -> bool:
    """Say whether the database answers and has our tables."""
    try:
        with reading(engine, NOBODY) as connection:
            connection.execute(select(knowledge.c.known_at).limit(1)).first()
    except SQLAlchemyError:
        return False
    return True

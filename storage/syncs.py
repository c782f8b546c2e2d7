"""A connection's run, cursors and readiness: what a sync has to remember between two commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from storage.asked import asked
from storage.engine import Writing
from storage.people import latest_row
from storage.tables import connection as connection_table
from storage.tables import mapping, readiness, record, sync_cursor, sync_run

# A number of a run whose name begins so is for the next run; nobody is shown it.
MARK = "mark:"


def shown_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of a run that say something to people."""
    return {name: count for name, count in counts.items() if not name.startswith(MARK)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCursor:
    """How far a stream was read, and by which mapping its records were understood."""

    cursor: Mapping[str, Any] | None
    mapping_hash: str | None


def connection_row(
    connection: Connection, entity_id: str, connection_id: str, known_at: datetime
) -> Any:
    """Return the connection as it is configured, or None."""
    return latest_row(
        connection,
        connection_table,
        "id",
        known_at,
        id=connection_id,
        legal_entity_id=entity_id,
    )


def mapping_row(connection: Connection, connection_id: str) -> Row[Any] | None:
    """Return the newest mapping with its hash."""
    return connection.execute(_MAPPING, {"of_connection": connection_id}).one_or_none()


_MAPPING = (
    select(mapping)
    .where(mapping.c.connection_id == asked("of_connection"))
    .order_by(mapping.c.version.desc())
    .limit(1)
)


def begin_run(writing: Writing, connection_id: str, run_id: str) -> int:
    """Open a run and close those that were interrupted; return how many those were."""
    ended = writing.connection.execute(
        update(sync_run)
        .where(sync_run.c.connection_id == connection_id, sync_run.c.outcome.is_(None))
        .values(
            outcome="failed",
            finished_at=writing.known_at,
            problem_code="sync_interrupted",
            problem_values={},
        )
    )
    writing.connection.execute(
        insert(sync_run).values(
            id=run_id,
            legal_entity_id=writing.entity_id,
            connection_id=connection_id,
            started_at=writing.known_at,
            counts={},
        )
    )
    return ended.rowcount


def add_whole_run(
    writing: Writing, connection_id: str, run_id: str, outcome: str, counts: Mapping[str, int]
) -> None:
    """Add a run that began and ended in this transaction: something was pushed to us."""
    writing.connection.execute(
        insert(sync_run).values(
            id=run_id,
            legal_entity_id=writing.entity_id,
            connection_id=connection_id,
            started_at=writing.known_at,
            finished_at=writing.known_at,
            outcome=outcome,
            counts=dict(counts),
        )
    )


def newest_run(connection: Connection, connection_id: str) -> Row[Any] | None:
    """Return the run that began last."""
    query = select(sync_run).where(sync_run.c.connection_id == connection_id)
    newest = query.order_by(sync_run.c.started_at.desc(), sync_run.c.id.desc())
    return connection.execute(newest.limit(1)).one_or_none()


def counts_before(connection: Connection, connection_id: str, run_id: str) -> Mapping[str, int]:
    """Return what the run before this one brought."""
    query = select(sync_run.c.counts).where(
        sync_run.c.connection_id == connection_id, sync_run.c.id != run_id
    )
    newest = query.order_by(sync_run.c.started_at.desc(), sync_run.c.id.desc())
    found: Mapping[str, int] | None = connection.scalar(newest.limit(1))
    return found or {}


def problem_of_run(
    connection: Connection, connection_id: str, run_id: str
) -> tuple[str | None, Mapping[str, str]]:
    """Return what a run of a connection said of its problem."""
    query = select(sync_run.c.problem_code, sync_run.c.problem_values).where(
        sync_run.c.connection_id == connection_id, sync_run.c.id == run_id
    )
    found = connection.execute(query).one_or_none()
    return (None, {}) if found is None else (found.problem_code, found.problem_values or {})


def count_run(writing: Writing, run_id: str, counts: Mapping[str, int]) -> None:
    """Write down how far a run has come."""
    writing.connection.execute(_RUN, {"of_run": run_id, "counts": dict(counts)})


_RUN = update(sync_run).where(sync_run.c.id == asked("of_run"))


def end_run(
    writing: Writing,
    run_id: str,
    outcome: str,
    counts: Mapping[str, int],
    code: str | None,
    values: Mapping[str, str],
) -> None:
    """Close a run with its outcome."""
    ended = {
        "outcome": outcome,
        "counts": dict(counts),
        "finished_at": writing.known_at,
        "problem_code": code,
        "problem_values": dict(values),
    }
    writing.connection.execute(_RUN, {"of_run": run_id, **ended})


def cursor_of(connection: Connection, connection_id: str, stream: str) -> StoredCursor | None:
    """Return the stream's cursor, or None when it was never read."""
    of_stream = {"of_connection": connection_id, "of_stream": stream}
    row = connection.execute(_CURSOR, of_stream).one_or_none()
    if row is None:
        return None
    return StoredCursor(cursor=row.cursor, mapping_hash=row.mapping_hash)


_OF_STREAM = and_(
    sync_cursor.c.connection_id == asked("of_connection"),
    sync_cursor.c.stream == asked("of_stream"),
)
_CURSOR, _MOVE = select(sync_cursor).where(_OF_STREAM), update(sync_cursor).where(_OF_STREAM)


def put_cursor(writing: Writing, connection_id: str, stream: str, new: StoredCursor) -> None:
    """Move the stream's cursor."""
    values = {
        "cursor": None if new.cursor is None else dict(new.cursor),
        "mapping_hash": new.mapping_hash,
        "updated_at": writing.known_at,
    }
    of_stream = {"of_connection": connection_id, "of_stream": stream}
    changed = writing.connection.execute(_MOVE, of_stream | values)
    if changed.rowcount == 0:
        writing.connection.execute(
            insert(sync_cursor).values(
                connection_id=connection_id,
                stream=stream,
                legal_entity_id=writing.entity_id,
                **values,
            )
        )


def forget_cursors(writing: Writing, connection_id: str, streams: Sequence[str] | None) -> None:
    """Let these streams (None: all) be read from the beginning; their records stay."""
    same = sync_cursor.c.connection_id == connection_id
    if streams is not None:
        same &= sync_cursor.c.stream.in_(streams)
    writing.connection.execute(update(sync_cursor).where(same).values(cursor=None))


def put_readiness(
    writing: Writing, connection_id: str, stream: str, through: date, kinds: tuple[str, ...]
) -> None:
    """Remember that a stream is complete up to a day; the same day again is nothing new."""
    same = (readiness.c.connection_id == connection_id) & (readiness.c.stream == stream)
    known = writing.connection.execute(
        select(readiness.c.complete_through).where(same, readiness.c.complete_through == through)
    ).one_or_none()
    if known is None:
        writing.connection.execute(
            insert(readiness).values(
                connection_id=connection_id,
                stream=stream,
                complete_through=through,
                legal_entity_id=writing.entity_id,
                fact_kinds=list(kinds),
                known_at=writing.known_at,
            )
        )


def has_records(connection: Connection, connection_id: str, stream: str) -> bool:
    """Say whether the stream ever brought a record."""
    query = select(record.c.id).where(
        record.c.connection_id == connection_id, record.c.stream == stream
    )
    return connection.execute(query.limit(1)).one_or_none() is not None

"""Callbacks of sources: each is kept once by the id that its source gave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select

from storage.asked import asked
from storage.engine import Writing
from storage.jobs import JobState
from storage.people import add_row, latest_row
from storage.source_health import GOOD
from storage.tables import connection as connection_table
from storage.tables import hook_delivery, job, sync_run
from storage.types import Instant

_NEVER, _ALL_KNOWN = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def connection_anywhere(connection: Connection, connection_id: str) -> Any:
    """Return a connection of whatever legal entity, or None; for the product itself alone."""
    return latest_row(connection, connection_table, "id", _ALL_KNOWN, id=connection_id)


def keep_delivery(
    writing: Writing,
    delivery_id: str,
    connection_id: str,
    *,
    delivery: str,
    keys: Mapping[str, Sequence[str]],
    content: Mapping[str, Any],
) -> bool:
    """Keep a callback; return whether it is new. Writers of an entity take turns, so it is once."""
    same = select(hook_delivery.c.id).where(
        hook_delivery.c.connection_id == connection_id, hook_delivery.c.delivery == delivery
    )
    if writing.connection.execute(same).first() is not None:
        return False
    add_row(
        writing,
        hook_delivery,
        id=delivery_id,
        connection_id=connection_id,
        delivery=delivery,
        reread={stream: list(each) for stream, each in keys.items()},
        content=dict(content),
    )
    return True


def is_sync_queued(connection: Connection, entity_id: str, connection_id: str) -> bool:
    """Say whether a sync of the connection waits already: it will see what came meanwhile."""
    waiting = select(job.c.arguments).where(
        job.c.legal_entity_id == entity_id,
        job.c.kind == "SYNC",
        job.c.state == JobState.QUEUED.value,
    )
    return any(
        row.arguments.get("connection") == connection_id and "days" not in row.arguments
        for row in connection.execute(waiting)
    )


def named_keys(connection: Connection, connection_id: str) -> dict[str, tuple[str, ...]]:
    """Return the keys that callbacks named since the newest good run began, by stream."""
    found: dict[str, dict[str, None]] = {}
    for row in connection.execute(_NAMED, {"of_connection": connection_id}):
        for stream, keys in row.reread.items():
            found.setdefault(stream, {}).update(dict.fromkeys(keys))
    return {stream: tuple(keys) for stream, keys in found.items()}


_SINCE = (
    select(func.max(sync_run.c.started_at))
    .where(sync_run.c.connection_id == asked("of_connection"), sync_run.c.outcome.in_(GOOD))
    .scalar_subquery()
)
_NAMED = (
    select(hook_delivery.c.reread)
    .where(
        hook_delivery.c.connection_id == asked("of_connection"),
        hook_delivery.c.known_at > func.coalesce(_SINCE, literal(_NEVER, Instant())),
    )
    .order_by(hook_delivery.c.known_at)
)

"""A connection that keeps failing is left alone, until its pause is over or a person resets it."""

from __future__ import annotations

from datetime import datetime

from actions.breaker import Breaker, BreakerState, breaker_of
from actions.deed import demand_source
from actions.identifiers import new_id
from domain.access import Actor
from domain.problem import Refused
from storage import tables
from storage.engine import Connection, Writing
from storage.people import add_row
from storage.source_health import Signs, signs
from storage.syncs import connection_row


def breaker_from(found: Signs, now: datetime) -> Breaker:
    """Return the breaker that the signs of a connection give."""
    return breaker_of(found.failures, found.last_failed_at, now, found.waits_until)


def breaker_at(
    connection: Connection, actor: Actor, entity_id: str, connection_id: str, now: datetime
) -> Breaker:
    """Return the breaker of a connection."""
    found = signs(connection, actor, entity_id, connection_id).get(connection_id, Signs())
    return breaker_from(found, now)


def demand_closed(
    connection: Connection, actor: Actor, entity_id: str, connection_id: str, now: datetime
) -> None:
    """Refuse to run a connection whose breaker is open; a half-open one may try."""
    breaker = breaker_at(connection, actor, entity_id, connection_id, now)
    if breaker.state is BreakerState.OPEN and breaker.next_try is not None:
        values = {
            "failures": str(breaker.failures),
            "next": breaker.next_try.isoformat(timespec="minutes"),
        }
        raise Refused("connection_waits" if breaker.waits else "connection_circuit_open", values)


def reset_breaker(
    writing: Writing, actor: Actor, connection_id: str, *, reason: str | None = None
) -> str:
    """Forget the failures of a connection: it may be run at once."""
    demand_source(actor, writing.entity_id, connection_id)
    found = connection_row(writing.connection, writing.entity_id, connection_id, writing.known_at)
    if found is None:
        raise Refused("not_found", {"id": connection_id})
    identifier = new_id("brk", writing.known_at)
    add_row(
        writing,
        tables.breaker_reset,
        id=identifier,
        connection_id=connection_id,
        made_by=writing.actor,
        reason=reason,
    )
    return connection_id

"""How connections fare: what failed, what waits, what is left alone, what a source is losing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import strawberry

from actions.breaker import Breaker, BreakerState
from actions.sync_source import Outcome
from actions.timetable import next_due, read_timetable
from actions.watch_connection import breaker_from, reset_breaker
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, Key, act, entity_of, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from api.scalars import closed_set
from api.sources import SourceRef
from domain.access import Deed, Resource
from domain.problem import Refused
from storage import sources as stored
from storage.engine import Database
from storage.people import legal_entity
from storage.source_health import Signs, signs

closed_set(
    BreakerState,
    "Whether a connection is run.",
    {
        BreakerState.CLOSED: "It is run.",
        BreakerState.OPEN: "It kept failing and is left alone until the next try.",
        BreakerState.HALF_OPEN: "One run may try; how it goes decides.",
    },
)


@output(access=Resource.SOURCE, description="A stream whose source does not keep rows for ever.")
class StreamRetention:
    """Until when a stream must be read again, so that nothing is lost."""

    stream: str = shown("The stream.")
    retention_days: int = shown("For how many days the source keeps rows.")
    safe_until: datetime | None = shown(
        "Without a good run until then, rows are lost; null before the first good run."
    )
    alarm: bool = shown("Whether that time is over: rows may be gone that were never read.")


@output(access=Resource.SOURCE, description="How a connection fares.")
class SourceHealth:
    """Read from its runs."""

    connection: SourceRef = shown("The connection.")
    last_run_at: datetime | None = shown("When its newest finished run began.")
    last_outcome: Outcome | None = shown("How that run ended.")
    last_good_run_at: datetime | None = shown("When the newest run began that went well.")
    failures_in_row: int = shown("How many runs failed since one went well or it was reset.")
    breaker: BreakerState = shown("Whether it is run.")
    next_try_at: datetime | None = shown(
        "When it may be tried again; null unless it is left alone."
    )
    next_sync_at: datetime | None = shown(
        "When its timetable has it read next, at the latest by then and a minute; null without one,"
        " or while nothing says what its rows mean."
    )
    quarantined: int = shown("How many of its rows wait in quarantine.")
    last_hook_at: datetime | None = shown("When its source called back last.")
    retention: list[StreamRetention] = shown("Its streams that lose rows; may be empty.")


def _retention(
    context: Context, connector_id: str, last_good: datetime | None
) -> list[StreamRetention]:
    connector = context.runtime.actions.connectors.get(connector_id)
    found = []
    for stream in () if connector is None else connector.info.streams:
        if stream.retention_days is None:
            continue
        safe = None if last_good is None else last_good + timedelta(days=stream.retention_days)
        found.append(
            StreamRetention(
                stream=stream.name,
                retention_days=stream.retention_days,
                safe_until=safe,
                alarm=safe is not None and context.now > safe,
            )
        )
    return found


def _next(
    context: Context, row: stored.StoredConnection, found: Signs, breaker: Breaker, zone: str
) -> datetime | None:
    """Say when the timetable has it read next; one that is left alone waits for its next try."""
    if row.timetable is None or row.paused or row.mapping_version is None:
        return None
    due = next_due(read_timetable(row.timetable), found.last_run_at, ZoneInfo(zone))
    due = max(due or context.now, context.now)
    if breaker.state is BreakerState.OPEN and breaker.next_try is not None:
        return max(due, breaker.next_try)
    return due


def _health(
    context: Context, row: stored.StoredConnection, found: Signs, zone: str
) -> SourceHealth:
    breaker = breaker_from(found, context.now)
    return SourceHealth(
        connection=SourceRef(id=strawberry.ID(row.id), name=row.name),
        last_run_at=found.last_run_at,
        last_outcome=None if found.last_outcome is None else Outcome(found.last_outcome),
        last_good_run_at=found.last_good_at,
        failures_in_row=breaker.failures,
        breaker=breaker.state,
        next_try_at=breaker.next_try if breaker.state is BreakerState.OPEN else None,
        next_sync_at=_next(context, row, found, breaker, zone),
        quarantined=found.quarantined,
        last_hook_at=found.last_delivery_at,
        retention=_retention(context, row.connector, found.last_good_at),
    )


async def _healths(
    context: Context, entity: str, connection_id: str | None = None
) -> list[SourceHealth]:
    def work(database: Database) -> list[SourceHealth]:
        found = signs(database, context.asker, entity, connection_id)
        rows = stored.connections(database, context.asker, entity, known_at=ALL_KNOWN)
        owner = legal_entity(database, entity)
        zone = "UTC" if owner is None else owner.zone
        return [
            _health(context, row, found.get(row.id, Signs()), zone)
            for row in rows
            if connection_id in (None, row.id)
        ]

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Queries about how connections fare.")
class SourceHealthQuery:
    """Part of the query root."""

    @resolved("How each connection fares, by name; at most some dozens.", access=Resource.SOURCE)
    async def source_health(
        self, info: Info, legal_entity: Entity = None
    ) -> list[SourceHealth] | None:
        """Read all."""
        context = info.context
        return await _healths(context, entity_of(context.asker, legal_entity))


@strawberry.input(description="A connection that kept failing is tried again.")
class ConnectionResetInput:
    """Input of ``connectionReset``."""

    idempotency_key: Key = key_field()
    connection: strawberry.ID = strawberry.field(description="The connection.")
    reason: str | None = strawberry.field(default=None, description="Why, for the trail.")


@output(access=Resource.SOURCE, description="Its failures are forgotten.")
class ConnectionResetSuccess:
    """Reset."""

    health: SourceHealth = shown("How it fares now.")


ConnectionResetResult = Annotated[
    ConnectionResetSuccess | Refusal,
    strawberry.union("ConnectionResetResult", description="Reset, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Watching connections.")
class SourceHealthMutation:
    """Part of the mutation root."""

    @resolved(
        "Forget the failures of a connection, so that it is run again at once.",
        access=Resource.SOURCE,
        deed=Deed.WRITE,
        graphql_type=ConnectionResetResult,
    )
    async def connection_reset(
        self,
        info: Info,
        input: Annotated[ConnectionResetInput, described("Which connection.")],  # noqa: A002
    ) -> ConnectionResetSuccess:
        """Reset."""
        context = info.context
        done = await act(
            context,
            "connectionReset",
            input,
            lambda writing: reset_breaker(
                writing, context.asker, input.connection, reason=input.reason
            ),
        )
        found = await _healths(context, entity_of(context.asker, None), done.id)
        if not found:
            raise Refused("not_found", {"id": done.id})
        return ConnectionResetSuccess(health=found[0])

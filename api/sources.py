"""Sources: connections and their runs, what is ready, what was refused, who is still unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, TypeVar

import strawberry

from actions.sync_source import Outcome
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    Entity,
    First,
    KnownAt,
    entity_of,
    moment,
)
from api.context import Context, Info
from api.errors import DataProblem, data_problem
from api.identified import Node
from api.paging import (
    Connection,
    Page,
    Slice,
    connect,
    described,
    page,
)
from api.scalars import Document, closed_set
from api.timetables import SourceTimetable, timetable_from_stored
from domain.access import Resource
from domain.problem import CODES, Problem, Refused
from storage import sources as stored
from storage.engine import Database

RowT = TypeVar("RowT")
After = Annotated[str | None, described("Only rows after this cursor.")]


closed_set(
    Outcome,
    "How a run ended. A run that brought nothing is not a success unless nothing was new.",
    {
        Outcome.SUCCEEDED: "Everything was read and taken.",
        Outcome.EMPTY_EXPECTED: "There was nothing new, as was to be expected.",
        Outcome.SUSPICIOUS: "Something is odd: it was not applied and waits for a person.",
        Outcome.PARTIAL: "Everything was read; some rows are in quarantine.",
        Outcome.QUARANTINED: "Too many rows are bad: it stopped.",
        Outcome.FAILED: "It could not be read.",
        Outcome.PAUSED: "A person must renew the access, or the source wants us to wait.",
        Outcome.DAYS_READ: "The days that were asked for were read again.",
    },
)


@output(access=Resource.SOURCE, description="A count of a run.")
class RunCount:
    """One number of a run."""

    name: str = shown("What was counted, such as records, facts, rejected.")
    count: int = shown("How many.")


@output(access=Resource.SOURCE, description="One run of a connection.")
class SyncRun:
    """A pull."""

    id: strawberry.ID = shown("The id of the run.")
    started_at: datetime = shown("When it began.")
    finished_at: datetime | None = shown("When it ended; null while it runs.")
    outcome: Outcome | None = shown("How it ended; null while it runs.")
    counts: list[RunCount] = shown("What it brought, at most a dozen numbers.")
    problem: DataProblem | None = shown("Why it did not succeed.")


@output(access=Resource.SOURCE, description="Up to which business date a stream is complete.")
class Readiness:
    """What a stream declared last."""

    stream: str = shown("The stream of the source.")
    complete_through: date = shown("The last business date that is complete.")
    fact_kinds: list[str] = shown("The kinds of facts it feeds; may be empty.")
    known_at: datetime = shown("When this was learned.")


@output(access=Resource.SOURCE, description="A connection to a source.")
class ConnectedSource(Node):
    """A connection; its settings may hold secrets and are never shown."""

    id: strawberry.ID = shown("The id of the connection.")
    name: str = shown("Its name.")
    connector: str = shown("The connector it uses.")
    paused: bool = shown("Whether it is paused.")
    timetable: SourceTimetable | None = shown(
        "When it is read by itself; null: only when asked, or when its source calls back."
    )
    mapping_version: int | None = shown("The version of its mapping; null when it has none.")
    mapping: Document | None = shown("How its rows become facts, format attain.mapping/1.")
    runs: list[SyncRun] = shown("Its newest runs, at most 10.")
    readiness: list[Readiness] = shown("What is complete, one per stream.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@output(access=Resource.SOURCE, description="A row that could not be used: it waits.")
class QuarantinedRow:
    """A row in quarantine."""

    id: strawberry.ID = shown("The id of the entry.")
    connection: SourceRef = shown("The connection it came by.")
    stream: str = shown("The stream of the source.")
    position: Document = shown("Where it stood: file and row, or page and item.")
    problem: DataProblem = shown("Why it could not be used.")
    payload: Document | None = shown("The row as the source wrote it.")
    first_seen_at: datetime = shown("When it was first seen.")
    last_seen_at: datetime = shown("When it was last seen.")
    resolved_at: datetime | None = shown("When it could be used after all.")


@output(access=Resource.SOURCE, description="The name of a connection.")
class SourceRef:
    """A connection in another row."""

    id: strawberry.ID = shown("The id of the connection.")
    name: str = shown("Its name.")


@output(access=Resource.IDENTITY, description="A name in a source that is linked to nobody.")
class WaitingIdentity:
    """Facts wait behind it; nothing is guessed."""

    id: strawberry.ID = shown("The id of the source's name.")
    namespace: str = shown("The source or numbering it belongs to.")
    value: str = shown("The name as the source writes it.")
    facts: int = shown("How many facts wait.")
    first_date: date = shown("The first business date with a waiting fact.")
    last_date: date = shown("The last business date with a waiting fact.")


def problem_of(code: str, values: Mapping[str, str], context: Context) -> DataProblem:
    """Show a stored problem; a code this version does not know is shown as a row fault.

    A plug-in may have said what a code of its own means.
    """
    known = code if code in CODES else "row_rejected"
    shown = data_problem(Problem(code=known, values=dict(values)), context)
    said = context.runtime.actions.vendor_sentences.text(code, values, context.locale)
    return shown if said is None else replace(shown, message=said)


def run_from_domain(run: stored.SyncRun, context: Context) -> SyncRun:
    """Show a run."""
    return SyncRun(
        id=strawberry.ID(run.id),
        started_at=run.started_at,
        finished_at=run.finished_at,
        outcome=None if run.outcome is None else Outcome(run.outcome),
        counts=[RunCount(name=name, count=count) for name, count in sorted(run.counts.items())],
        problem=None
        if run.problem_code is None
        else problem_of(run.problem_code, run.problem_values, context),
    )


def _connections(
    database: Database, context: Context, entity_id: str, known_at: datetime
) -> list[ConnectedSource]:
    """Read connections with runs, mapping and readiness."""
    ready: dict[str, list[Readiness]] = {}
    for state in stored.readiness(database, entity_id, known_at=known_at):
        ready.setdefault(state.connection_id, []).append(
            Readiness(
                stream=state.stream,
                complete_through=state.complete_through,
                fact_kinds=list(state.fact_kinds),
                known_at=state.known_at,
            )
        )
    found = []
    for row in stored.connections(database, context.asker, entity_id, known_at=known_at):
        runs = stored.sync_runs(
            database, context.asker, entity_id, connection_ids=[row.id], first=10
        )
        mapping = stored.mapping_document(database, row.id)
        found.append(
            ConnectedSource(
                id=strawberry.ID(row.id),
                name=row.name,
                connector=row.connector,
                paused=row.paused,
                timetable=timetable_from_stored(row.timetable),
                mapping_version=row.mapping_version,
                mapping=None if mapping is None else Document(mapping),
                runs=[run_from_domain(run, context) for run in runs],
                readiness=ready.get(row.id, []),
                version=row.version,
            )
        )
    return found


async def connection_by_id(context: Context, connection_id: str) -> ConnectedSource:
    """Read one connection."""
    entity = entity_of(context.asker, None)
    rows = await context.read(lambda database: _connections(database, context, entity, ALL_KNOWN))
    for row in rows:
        if row.id == connection_id:
            return row
    raise Refused("not_found", {"id": connection_id})


def _forward(asked: Page) -> str | None:
    if asked.backwards or asked.before is not None:
        raise Refused("page_forward_only")
    return None if asked.after is None else str(asked.after[0])


@output(access=Audience.SIGNED_IN, description="Queries about sources.")
class SourceQuery:
    """Part of the query root."""

    @resolved("The connections to sources, by name; at most some dozens.", access=Resource.SOURCE)
    async def source_connections(
        self, info: Info, legal_entity: Entity = None, known_at: KnownAt = None
    ) -> list[ConnectedSource] | None:
        """Read all."""
        context = info.context
        at = moment(context, None, known_at)
        entity = entity_of(context.asker, legal_entity)
        return await context.read(
            lambda database: _connections(database, context, entity, at.known_at)
        )

    @resolved("Rows that wait for a repair, oldest first.", access=Resource.SOURCE)
    async def quarantine(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        resolved: Annotated[
            bool, described("Whether to show those that were solved, too.")
        ] = False,
        legal_entity: Entity = None,
    ) -> Connection[QuarantinedRow] | None:
        """Read a page."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked = page("quarantine", first=first, after=after, last=None, before=None)

        def work(database: Database) -> Connection[QuarantinedRow]:
            names = {
                row.id: row.name
                for row in stored.connections(database, context.asker, entity, known_at=ALL_KNOWN)
            }
            rows = stored.quarantined(
                database,
                context.asker,
                entity,
                open_only=not resolved,
                first=asked.size + 1,
                after=_forward(asked),
            )
            part = _sliced(rows, asked)
            return connect(
                "quarantine", part, lambda row: _quarantined(row, names, context), lambda r: (r.id,)
            )

        return await context.read(work)

    @resolved("Names in sources that are linked to nobody.", access=Resource.IDENTITY)
    async def waiting_identities(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Connection[WaitingIdentity] | None:
        """Read a page."""
        context = info.context
        at = moment(context, None, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("waitingIdentities", first=first, after=after, last=None, before=None)

        def work(database: Database) -> Connection[WaitingIdentity]:
            rows = stored.waiting_identities(
                database,
                context.asker,
                entity,
                known_at=at.known_at,
                first=asked.size + 1,
                after=_forward(asked),
            )
            return connect(
                "waitingIdentities", _sliced(rows, asked), _waiting, lambda row: (row.id,)
            )

        return await context.read(work)


def _sliced(rows: tuple[RowT, ...], asked: Page) -> Slice[RowT]:
    return Slice(
        rows=rows[: asked.size],
        has_next=len(rows) > asked.size,
        has_previous=asked.after is not None,
        total=None,
    )


def _quarantined(
    row: stored.Quarantined, names: Mapping[str, str], context: Context
) -> QuarantinedRow:
    return QuarantinedRow(
        id=strawberry.ID(row.id),
        connection=SourceRef(
            id=strawberry.ID(row.connection_id),
            name=names.get(row.connection_id, row.connection_id),
        ),
        stream=row.stream,
        position=Document(row.position),
        problem=problem_of(row.code, row.values, context),
        payload=None if row.payload is None else Document(row.payload),
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        resolved_at=row.resolved_at,
    )


def _waiting(row: stored.WaitingIdentity) -> WaitingIdentity:
    return WaitingIdentity(
        id=strawberry.ID(row.id),
        namespace=row.namespace,
        value=row.value,
        facts=row.facts,
        first_date=row.first_date,
        last_date=row.last_date,
    )

"""The trail of who did what: its rows, its checkpoints, and proofs about both."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry

from actions.deed import demand_entity
from actions.prove_trail import prove_growth, prove_row
from api.access import Audience, output, resolved, shown
from api.asking import After, Entity, First, entity_of
from api.context import Context, Info
from api.paging import Connection, Key, Page, Slice, connect, described, page
from domain.access import Deed, Resource
from domain.problem import Refused
from storage import checkpoints as stored
from storage.audit import TrailFilter, count_rows, trail_page
from storage.engine import Database

T = TypeVar("T")


@output(access=Resource.AUDIT, description="The account that did something.")
class TrailAccount:
    """An account by its id; a login where it still has one."""

    id: strawberry.ID = shown("The id of the account, or the name of the program.")
    login: str | None = shown("Its login; null for a program such as a job.")


@output(access=Resource.AUDIT, description="A row of the trail: somebody did something.")
class TrailEvent:
    """A row; it holds the hash of what was asked, never the values."""

    id: strawberry.ID = shown("The number of the row; give it to auditProof.")
    at: datetime = shown("When it was done.")
    account: TrailAccount | None = shown("Who did it.")
    on_behalf_of: TrailAccount | None = shown("For whom, when somebody acted under a delegation.")
    action: str = shown("What was done, as the mutation is called.")
    subject: strawberry.ID | None = shown("The id of what it was done to or made.")
    details: str = shown("What else was written down, as JSON.")


@output(access=Resource.AUDIT, description="That a place outside remembers a checkpoint.")
class Anchoring:
    """A receipt."""

    anchor: str = shown("The kind and the name of the place.")
    receipt: str = shown("What helps to find the checkpoint there.")
    at: datetime = shown("When it was handed over.")


@output(access=Resource.AUDIT, description="A signed state of the trail: all its rows until then.")
class TrailCheckpoint:
    """A checkpoint (RFC 6962 tree, Ed25519 signature)."""

    number: int = shown("1, 2, 3 and so on, without a gap.")
    size: str = shown("How many rows it seals, all those of the checkpoints before included.")
    root: str = shown("The root of the tree over them, in hex.")
    at: str = shown("When it was made, in UTC, as it was signed.")
    hash: str = shown("Its own hash, by which the next one refers to it.")
    previous: str | None = shown("The hash of the one before.")
    public_key: str = shown("The Ed25519 key that it is signed with, in hex.")
    signature: str = shown("The signature, in hex.")
    anchorings: list[Anchoring] = shown("Where it is remembered; at most one for each place.")


@output(access=Resource.AUDIT, description="A proof that can be checked without this server.")
class TrailProof:
    """A proof as a document; ``attain trail check FILE`` reads it."""

    document: str = shown("The proof, a JSON document as docs/trail.md describes it.")


def _account(account: str | None, login: str | None) -> TrailAccount | None:
    return None if account is None else TrailAccount(id=strawberry.ID(account), login=login)


def _event(row: Any) -> TrailEvent:
    return TrailEvent(
        id=strawberry.ID(str(row.seq)),
        at=row.at,
        account=_account(row.account_id, row.login),
        on_behalf_of=_account(row.on_behalf_of, row.other_login),
        action=row.action,
        subject=None if row.subject_id is None else strawberry.ID(row.subject_id),
        details=json.dumps(row.details, ensure_ascii=False, sort_keys=True),
    )


def _checkpoint(
    kept: stored.StoredCheckpoint, anchorings: tuple[stored.Anchoring, ...]
) -> TrailCheckpoint:
    said = kept.checkpoint
    return TrailCheckpoint(
        number=said.number,
        size=str(said.size),
        root=said.root,
        at=said.at,
        hash=said.hash,
        previous=said.previous,
        public_key=said.public_key,
        signature=kept.signature,
        anchorings=[
            Anchoring(anchor=each.anchor, receipt=each.receipt, at=each.at)
            for each in anchorings
            if each.number == said.number
        ],
    )


def _forward(name: str, first: int | None, after: str | None) -> tuple[Page, int | None]:
    """Check a page of a list that is read from the newest row back; return its upper bound too."""
    asked = page(name, first=first, after=after, last=None, before=None)
    if asked.after is None:
        return asked, None
    if len(asked.after) != 1 or not isinstance(asked.after[0], int):
        raise Refused("cursor_invalid")
    return asked, min(asked.after[0], 2**63 - 1)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused("not_found", {"id": text[:40]})
    return int(text)


@output(access=Audience.SIGNED_IN, description="Queries about the trail.")
class TrailQuery:
    """Part of the query root."""

    @resolved("Who did what, the newest first.", access=Resource.AUDIT)
    async def audit_events(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        account: Annotated[strawberry.ID | None, described("Only what this account did.")] = None,
        action: Annotated[str | None, described("Only deeds of this name.")] = None,
        subject: Annotated[
            strawberry.ID | None, described("Only what was done to this id.")
        ] = None,
        since: Annotated[datetime | None, described("Only from this instant on.")] = None,
        until: Annotated[datetime | None, described("Only before this instant.")] = None,
        legal_entity: Entity = None,
    ) -> Connection[TrailEvent] | None:
        """Read a page of the trail."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked, below = _forward("auditEvents", first, after)
        wanted = TrailFilter(
            account_id=account, action=action, subject_id=subject, since=since, until=until
        )
        whole = wanted == TrailFilter()

        def work(database: Database) -> Connection[TrailEvent]:
            rows = trail_page(database, entity, wanted, below=below, size=asked.size + 1)
            part = Slice(
                rows=rows[: asked.size],
                has_next=len(rows) > asked.size,
                has_previous=below is not None,
                total=count_rows(database, entity) if whole else None,
            )
            return connect("auditEvents", part, _event, lambda row: (row.seq,))

        return await _read(context, entity, work)

    @resolved("The sealed states of the trail, the newest first.", access=Resource.AUDIT)
    async def audit_checkpoints(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        legal_entity: Entity = None,
    ) -> Connection[TrailCheckpoint] | None:
        """Read a page of checkpoints."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked, below = _forward("auditCheckpoints", first, after)

        def work(database: Database) -> Connection[TrailCheckpoint]:
            rows = stored.checkpoint_page(database, entity, before=below, size=asked.size + 1)
            numbers = [row.checkpoint.number for row in rows]
            anchorings = stored.anchorings(database, entity, numbers)
            newest = stored.checkpoint_page(database, entity, before=None, size=1)
            part = Slice(
                rows=rows[: asked.size],
                has_next=len(rows) > asked.size,
                has_previous=below is not None,
                total=newest[0].checkpoint.number if newest else 0,
            )
            return connect("auditCheckpoints", part, lambda row: _checkpoint(row, anchorings), _key)

        return await _read(context, entity, work)

    @resolved("The proof that a row of the trail is sealed by a checkpoint.", access=Resource.AUDIT)
    async def audit_proof(
        self,
        info: Info,
        event: Annotated[strawberry.ID, described("The number of the row.")],
        checkpoint: Annotated[
            int | None, described("The number of the checkpoint; the newest if absent.")
        ] = None,
        legal_entity: Entity = None,
    ) -> TrailProof | None:
        """Prove one row."""
        context = info.context
        entity, seq = entity_of(context.asker, legal_entity), _number(event)
        found = await context.perform(
            lambda: prove_row(
                context.runtime.actions, context.asker, entity, seq, number=checkpoint
            )
        )
        return TrailProof(document=json.dumps(found, ensure_ascii=False))

    @resolved(
        "The proof that the trail of one checkpoint is the beginning of that of another.",
        access=Resource.AUDIT,
    )
    async def audit_growth(
        self,
        info: Info,
        older: Annotated[int, described("The number of the older checkpoint.")],
        newer: Annotated[int, described("The number of the newer checkpoint.")],
        legal_entity: Entity = None,
    ) -> TrailProof | None:
        """Prove that nothing was taken out in between."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        found = await context.perform(
            lambda: prove_growth(context.runtime.actions, context.asker, entity, older, newer)
        )
        return TrailProof(document=json.dumps(found, ensure_ascii=False))


def _key(row: stored.StoredCheckpoint) -> Key:
    return (row.checkpoint.number,)


async def _read(context: Context, entity: str, work: Callable[[Database], T]) -> T:
    """Read once it is clear that the right holds in this legal entity, not in another one."""
    demand_entity(context.asker, Resource.AUDIT, entity, Deed.READ)
    return await context.read(work)

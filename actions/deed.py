"""How every deed is done: one transaction, once per idempotency key, with a line in the trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from domain.access import Actor, Deed, Resource, System, Viewer, may
from domain.document import document_hash
from domain.people import LegalEntity
from domain.problem import Refused
from storage import tables
from storage.engine import Clock, Writing, reading, writing
from storage.people import legal_entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a deed needs of the world; built once by ``attain.wiring``."""

    engine: Engine
    clock: Clock
    data_folder: Path
    demo: bool = False
    connectors: Mapping[str, Any] = field(default_factory=dict)
    packs: Mapping[str, Any] = field(default_factory=dict)

    def writing(self, entity_id: str, actor: Actor) -> AbstractContextManager[Writing]:
        """Open the write transaction of an entity in the name of ``actor``."""
        return writing(self.engine, entity_id, self.clock, name_of(actor))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a deed made. ``replayed``: the same key had done it before, nothing was done again."""

    id: str
    replayed: bool


def name_of(actor: Actor) -> str:
    """Return what the trail calls the actor."""
    return actor.name if isinstance(actor, System) else actor.account_id


def demand(actor: Actor, resource: Resource, deed: Deed = Deed.WRITE) -> None:
    """Refuse when ``actor`` may not do this to anything at all."""
    if isinstance(actor, Viewer) and not may(actor, resource, deed):
        raise Refused("forbidden", {"resource": resource.value, "deed": deed.value})


def demand_entity(actor: Actor, resource: Resource, entity_id: str) -> None:
    """Refuse when ``actor`` may not change the resource in the whole legal entity."""
    demand(actor, resource)
    if isinstance(actor, Viewer) and entity_id not in actor.entity_ids:
        raise Refused("forbidden", {"resource": resource.value, "deed": Deed.WRITE.value})


def perform(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    operation: str,
    request: Mapping[str, Any],
    deed: Callable[[Writing], str],
    key: str | None = None,
) -> Done:
    """Do ``deed`` in one transaction and return the id it made.

    With a ``key`` the answer is stored beside the deed: the same key with the same request gives
    the stored answer, with another request ``idempotency_key_reused``. A refusal stores nothing.
    """
    with runtime.writing(entity_id, actor) as open_writing:
        stored = _stored_answer(open_writing, operation, key, request)
        if stored is not None:
            return Done(id=stored, replayed=True)
        made = deed(open_writing)
        _keep_answer(open_writing, operation, key, request, made)
        open_writing.connection.execute(
            insert(tables.audit_event).values(
                legal_entity_id=entity_id,
                account_id=open_writing.actor,
                action=operation,
                subject_id=made,
                details={"request": document_hash(request)},
                at=open_writing.known_at,
            )
        )
    return Done(id=made, replayed=False)


def _stored_answer(
    writing: Writing, operation: str, key: str | None, request: Mapping[str, Any]
) -> str | None:
    if key is None:
        return None
    table = tables.idempotency
    row = writing.connection.execute(
        select(table.c.request_hash, table.c.answer).where(
            table.c.account_id == writing.actor,
            table.c.operation == operation,
            table.c.key == key,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_hash != document_hash(request):
        raise Refused("idempotency_key_reused", {"key": key})
    return str(row.answer["id"])


def _keep_answer(
    writing: Writing, operation: str, key: str | None, request: Mapping[str, Any], made: str
) -> None:
    if key is None:
        return
    writing.connection.execute(
        insert(tables.idempotency).values(
            account_id=writing.actor,
            operation=operation,
            key=key,
            legal_entity_id=writing.entity_id,
            request_hash=document_hash(request),
            answer={"id": made},
            made_at=writing.known_at,
        )
    )


def entity_of(runtime: Runtime, entity_id: str) -> LegalEntity:
    """Return the legal entity or refuse."""
    with reading(runtime.engine) as connection:
        found = legal_entity(connection, entity_id)
    if found is None:
        raise Refused("not_found", {"id": entity_id})
    return found


def now_of(runtime: Runtime) -> datetime:
    """Return the instant of the one clock."""
    return runtime.clock()

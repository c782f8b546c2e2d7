"""How every deed is done: one transaction, once per idempotency key, with a line in the trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from actions.kept_looks import KeptLooks
from actions.source_secrets import SecretPlaces
from connectors.contract import ConnectorInfo
from connectors.databases import Databases
from connectors.sign_in import SignIn
from connectors.web import Web
from domain.access import Actor, Deed, Range, Resource, System, Viewer, may, reaches, refusal_of
from domain.document import document_hash
from domain.people import LegalEntity
from domain.problem import Refused
from domain.session import Lifetimes
from messages.vendor_sentences import VendorSentences
from storage.audit import add_event
from storage.engine import Clock, Engine, Writing, reading, writing
from storage.idempotency import KeptAnswer, keep_answer, kept_answer
from storage.people import legal_entity
from storage.visibility import unit_reached

# Opens the way out of one connection: who asks, with which settings, how it waits.
OpenWeb = Callable[[ConnectorInfo, Mapping[str, Any], Callable[[float], None]], Web]
# Opens the way to the databases of one connection: who asks, with which settings.
OpenDatabases = Callable[[ConnectorInfo, Mapping[str, Any]], Databases]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a deed needs of the world; built once by ``attain.wiring``."""

    engine: Engine
    clock: Clock
    data_folder: Path
    demo: bool = False
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    connectors: Mapping[str, Any] = field(default_factory=dict)
    connector_owners: Mapping[str, str] = field(default_factory=dict)  # distributions, by connector
    conformance: Mapping[str, Any] = field(default_factory=dict)  # grades of plug-ins, by connector
    packs: Mapping[str, Any] = field(default_factory=dict)
    sign_in: SignIn = field(default_factory=SignIn)
    anchors: Mapping[str, Any] = field(default_factory=dict)
    web: OpenWeb | None = None  # the way out of connectors
    databases: OpenDatabases | None = None  # their way to databases
    secrets: SecretPlaces = field(default_factory=SecretPlaces)  # what settings may refer to
    anchored_in: tuple[str, ...] = ()  # kind:place, where checkpoints of the trail are remembered
    vendor_sentences: VendorSentences = field(default_factory=VendorSentences)
    pdf_font: Path | None = None  # none: the usual places are searched
    looks: KeptLooks = field(default_factory=KeptLooks)  # at periods as of now

    def writing(self, entity_id: str, actor: Actor) -> AbstractContextManager[Writing]:
        """Open the write transaction of an entity in the name of ``actor``."""
        return writing(self.engine, entity_id, self.clock, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a deed made. ``replayed``: the same key had done it before, nothing was done again."""

    id: str
    replayed: bool


def demand(actor: Actor, resource: Resource, deed: Deed = Deed.WRITE) -> None:
    """Refuse when ``actor`` may not do this to anything at all."""
    if isinstance(actor, Viewer) and not may(actor, resource, deed):
        code = refusal_of(actor, resource, deed)
        raise Refused(code, {"resource": resource.value, "deed": deed.value})


def demand_entity(
    actor: Actor, resource: Resource, entity_id: str, deed: Deed = Deed.WRITE
) -> None:
    """Refuse when ``actor`` may not do this to the resource in the whole legal entity."""
    if isinstance(actor, System):
        return
    # The right and the entity must come from one grant: HR of one company is nobody in another.
    wide = (reach for reach in reaches(actor, resource, deed) if reach.range >= Range.ENTITY)
    if all(reach.entity_id != entity_id for reach in wide):
        raise Refused("forbidden", {"resource": resource.value, "deed": deed.value})


def demand_source(actor: Actor, entity_id: str, connection_id: str) -> None:
    """Refuse when ``actor`` may not work with this source: a vendor's own, or all of the entity."""
    if isinstance(actor, Viewer) and any(
        reach.connection_id == connection_id and reach.entity_id == entity_id
        for reach in reaches(actor, Resource.SOURCE, Deed.WRITE)
    ):
        return
    demand_entity(actor, Resource.SOURCE, entity_id)


def demand_unit(
    writing: Writing,
    actor: Actor,
    resource: Resource,
    unit_id: str,
    day: date,
    deed: Deed = Deed.WRITE,
) -> None:
    """Refuse when ``actor`` may not do this to the people of a unit on ``day``."""
    if not unit_reached(
        writing.connection,
        actor,
        resource,
        entity_id=writing.entity_id,
        unit_id=unit_id,
        day=day,
        deed=deed,
    ):
        raise Refused("forbidden", {"resource": resource.value, "deed": deed.value})


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
        asked = document_hash(request)
        if key is not None:
            kept = kept_answer(open_writing, operation, key)
            if kept is not None and kept.request_hash != asked:
                raise Refused("idempotency_key_reused", {"key": key})
            if kept is not None:
                return Done(id=kept.made, replayed=True)
        made = deed(open_writing)
        if key is not None:
            answer = KeptAnswer(made=made, request_hash=asked)
            keep_answer(open_writing, operation, key, answer)
        add_event(open_writing, operation, made, {"request": asked})
    return Done(id=made, replayed=False)


def entity_of(runtime: Runtime, actor: Actor, entity_id: str) -> LegalEntity:
    """Return the legal entity or refuse."""
    with reading(runtime.engine, actor) as connection:
        found = legal_entity(connection, entity_id)
    if found is None:
        raise Refused("not_found", {"id": entity_id})
    return found


def now_of(runtime: Runtime) -> datetime:
    """Return the instant of the one clock."""
    return runtime.clock()

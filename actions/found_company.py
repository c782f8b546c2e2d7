"""A legal entity begins: everything else belongs to one."""

from __future__ import annotations

from actions.deed import Runtime
from actions.identifiers import new_id
from domain.access import System
from domain.ids import EntityId
from domain.people import LegalEntity
from storage.engine import reading, writing
from storage.people import add_entity, entity_called

PRIVACY_MINIMUM = 5

_FOUNDING = System(name="founding")


def found_company(
    runtime: Runtime,
    name: str,
    *,
    zone: str = "Asia/Shanghai",
    currency: str = "CNY",
    cutoff_minutes: int = 0,
    privacy_minimum: int = PRIVACY_MINIMUM,
) -> str:
    """Make a legal entity, or return the one of that name; return its id."""
    with reading(runtime.engine, _FOUNDING) as connection:
        found = entity_called(connection, name)
    if found is not None:
        return found
    entity_id = new_id("ent", runtime.clock())
    entity = LegalEntity(
        id=EntityId(entity_id),
        name=name,
        zone=zone,
        currency=currency,
        cutoff_minutes=cutoff_minutes,
    )
    with writing(runtime.engine, entity_id, runtime.clock, _FOUNDING) as opened:
        add_entity(opened, entity, privacy_minimum)
    return entity_id

"""A legal entity begins: everything else belongs to one."""

from __future__ import annotations

from sqlalchemy import insert, select

from actions.deed import Runtime
from actions.identifiers import new_id
from domain.access import System
from storage import tables
from storage.engine import reading, writing

PRIVACY_MINIMUM = 5


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
    table = tables.legal_entity
    with reading(runtime.engine) as connection:
        found = connection.execute(select(table.c.id).where(table.c.name == name)).scalar()
    if found is not None:
        return str(found)
    entity_id = new_id("ent", runtime.clock())
    with writing(runtime.engine, entity_id, runtime.clock, System(name="founding").name) as opened:
        opened.connection.execute(
            insert(table).values(
                id=entity_id,
                name=name,
                zone=zone,
                currency=currency,
                cutoff_minutes=cutoff_minutes,
                privacy_minimum=privacy_minimum,
                known_at=opened.known_at,
            )
        )
    return entity_id

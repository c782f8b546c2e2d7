"""Every transaction carries its actor: the second net on PostgreSQL compares rows with it.

A transaction takes on a role without any right beyond the tables and names, for each right of the
actor, how far it reaches. All of it ends with the transaction, whatever becomes of the connection.
How far a right reaches is said in one place, ``domain/access.py``; here it is only written down.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection

from domain.access import Actor, Deed, Range, Resource, System, Viewer, reaches

ROLE = "attain_app"
PREFIX = "attain."
# Under these names a transaction says who is at work; see ``setting`` for the rest.
ACTOR, ACCOUNT, PERSON, ENTITIES = "actor", "account", "person", "entities"
SYSTEM, VIEWER = "system", "viewer"


def setting(resource: Resource, deed: Deed, kind: str) -> str:
    """Name the setting that lists the ``kind`` a right reaches: entities, units, people or some.

    ``some`` are the legal entities in which the right reaches anything at all.
    """
    return f"{deed.value}_{resource.value}_{kind}".lower()


def carry(connection: Connection, actor: Actor) -> None:
    """Begin a transaction in the name of ``actor``; a database without row security needs none."""
    if connection.dialect.name != "postgresql":
        return
    pairs = _settings(actor)
    calls = ", ".join(["set_config(%s, %s, true)"] * len(pairs))
    values = tuple(value for pair in pairs for value in pair)
    connection.exec_driver_sql(f"SELECT {calls}", values)


@lru_cache(maxsize=1_000)
def _settings(actor: Actor) -> tuple[tuple[str, str], ...]:
    """Return names and values; what has no value is left unset, and reaches nothing."""
    values = {ACTOR: SYSTEM} if isinstance(actor, System) else _of_viewer(actor)
    return tuple((PREFIX + name, value) for name, value in values.items() if value)


def _of_viewer(viewer: Viewer) -> dict[str, str]:
    values = {
        ACTOR: VIEWER,
        ACCOUNT: viewer.account_id,
        PERSON: viewer.person_id or "",
        ENTITIES: ",".join(sorted(viewer.entity_ids)),
    }
    for resource in Resource:
        for deed in Deed:
            values.update(_reached(viewer, resource, deed))
    return values


def _reached(viewer: Viewer, resource: Resource, deed: Deed) -> dict[str, str]:
    found: dict[str, set[str]] = {"entities": set(), "units": set(), "people": set(), "some": set()}
    for reach in reaches(viewer, resource, deed):
        found["some"].add(reach.entity_id)
        if reach.range >= Range.ENTITY:
            found["entities"].add(reach.entity_id)
        elif reach.range is Range.SUBTREE and reach.unit_id is not None:
            found["units"].add(reach.unit_id)
        elif reach.range is Range.SELF and reach.person_id is not None:
            found["people"].add(reach.person_id)
    return {setting(resource, deed, kind): ",".join(sorted(ids)) for kind, ids in found.items()}

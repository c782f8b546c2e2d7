"""Who a source means: its names for people, and the dated links from a name to a person."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, insert, select

from storage.engine import Writing
from storage.rules import known, overlaps
from storage.sealing import opened, same_as, sealed_values
from storage.tables import identity, identity_link


def identity_called(
    connection: Connection, entity_id: str, namespace: str, value: str
) -> str | None:
    """Return the id of a source's name for a person, or None when it was never seen."""
    found = connection.execute(
        select(identity.c.id).where(
            identity.c.legal_entity_id == entity_id,
            identity.c.namespace == namespace,
            same_as(connection, identity.c.value, value, entity_id),
        )
    ).scalar_one_or_none()
    return None if found is None else str(found)


def identity_value(connection: Connection, entity_id: str, identity_id: str) -> str | None:
    """Return what a source calls the person, or None when the entity has no such identity."""
    found = connection.execute(
        select(identity).where(
            identity.c.id == identity_id, identity.c.legal_entity_id == entity_id
        )
    ).one_or_none()
    return None if found is None else str(opened(connection, identity.c.value, found))


def add_identity(writing: Writing, identity_id: str, namespace: str, value: str) -> None:
    """Remember a source's name for a person, linked to nobody yet."""
    row = {
        "id": identity_id,
        "legal_entity_id": writing.entity_id,
        "namespace": namespace,
        "value": value,
        "first_seen_at": writing.known_at,
    }
    sealed = sealed_values(writing.connection, identity, row)
    writing.connection.execute(insert(identity).values(**sealed))


def is_linked_otherwise(
    writing: Writing, identity_id: str, series_id: str, start: date, end: date
) -> bool:
    """Say whether another link than ``series_id`` holds on any day of ``[start, end)``."""
    query = select(identity_link.c.series_id).where(
        known(identity_link, writing.known_at, "series_id"),
        overlaps(identity_link, start, end),
        identity_link.c.identity_id == identity_id,
        identity_link.c.series_id != series_id,
    )
    return writing.connection.execute(query.limit(1)).first() is not None

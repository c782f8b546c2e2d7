"""What an identity provider pushed into a source: the newest row of everything that still is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from domain.access import Actor, Deed, Resource, System, reaches
from storage.among import looked_up
from storage.records import StoredRecord, is_newest, stored_record
from storage.tables import record


def reaches_pushed(actor: Actor, entity_id: str, connection_id: str, deed: Deed) -> bool:
    """Say whether ``actor`` is the provider that pushes into this source, or the product itself."""
    return isinstance(actor, System) or any(
        reach.entity_id == entity_id and reach.connection_id == connection_id
        for reach in reaches(actor, Resource.DIRECTORY, deed)
    )


def pushed_rows(
    connection: Connection,
    actor: Actor,
    source: tuple[str, str],
    stream: str,
    *,
    keys: Sequence[str] | None = None,
    under: str | None = None,
    within: str | None = None,
) -> dict[str, StoredRecord]:
    """Return the rows that still are, by key, oldest first.

    ``source`` is the legal entity and the connection; ``keys``, what keys begin with (``under``) or
    have in them (``within``) narrow them. Nobody but who pushes there reads any.
    """
    if not reaches_pushed(actor, *source, Deed.READ):
        return {}
    query = _newest(select(record), source, stream)
    if under is not None:
        query = query.where(record.c.key.startswith(under, autoescape=True))
    if within is not None:
        query = query.where(record.c.key.contains(within, autoescape=True))
    if keys is not None:
        query = looked_up(connection, query, record.c.key, list(dict.fromkeys(keys)))
    rows = [stored_record(connection, row) for row in connection.execute(query).all()]
    return {row.key: row for row in sorted(rows, key=lambda row: row.key) if row.content}


def pushed_ids(
    connection: Connection, actor: Actor, source: tuple[str, str], stream: str
) -> dict[str, str]:
    """Return the ids of the rows that still are, by key; none of them is opened."""
    if not reaches_pushed(actor, *source, Deed.READ):
        return {}
    query = _newest(select(record.c.key, record.c.id), source, stream)
    rows = connection.execute(query.where(record.c.content.is_not(None)))
    return {row.key: row.id for row in rows}


def pushed_since(
    connection: Connection,
    actor: Actor,
    source: tuple[str, str],
    stream: str,
    since: datetime | None,
) -> Sequence[Any]:
    """Return ``id``, ``key`` and ``seen_at`` of all revisions since an instant; none is opened."""
    if not reaches_pushed(actor, *source, Deed.READ):
        return []
    query = select(record.c.id, record.c.key, record.c.seen_at).where(*_of(source, stream))
    if since is not None:
        query = query.where(record.c.seen_at >= since)
    return connection.execute(query.order_by(record.c.seen_at)).all()


def _newest(query: Any, source: tuple[str, str], stream: str) -> Any:
    return query.where(*_of(source, stream), is_newest())


def _of(source: tuple[str, str], stream: str) -> tuple[ColumnElement[bool], ...]:
    entity_id, connection_id = source
    return (
        record.c.legal_entity_id == entity_id,
        record.c.connection_id == connection_id,
        record.c.stream == stream,
    )

"""What the connected sources of a legal entity bring to the KPIs of packs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from domain.access import Actor
from domain.mapping import SourceMapping
from domain.mapping_document import decode_mapping
from storage import tables
from storage.rules import known
from storage.visibility import sources_seen

_connection, _mapping = tables.connection, tables.mapping


def mappings_in_use(
    connection: Connection, actor: Actor, entity_id: str, *, known_at: datetime
) -> tuple[SourceMapping, ...]:
    """Return the newest mapping of each connection that is not paused and that one may see."""
    newer = _mapping.alias()
    newest = (
        select(func.max(newer.c.version))
        .where(newer.c.connection_id == _mapping.c.connection_id, newer.c.known_at <= known_at)
        .correlate(_mapping)
        .scalar_subquery()
    )
    query = (
        select(_mapping.c.document)
        .join(_connection, _connection.c.id == _mapping.c.connection_id)
        .where(
            known(_connection, known_at, "id"),
            _connection.c.legal_entity_id == entity_id,
            _connection.c.paused.is_(False),
            sources_seen(actor, _connection, _connection.c.id),
            _mapping.c.version == newest,
        )
        .order_by(_mapping.c.connection_id)
    )
    found = (decode_mapping(row.document)[0] for row in connection.execute(query))
    return tuple(mapping for mapping in found if mapping is not None)

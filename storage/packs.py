"""The packs of a legal entity: what was pinned, and every layer that was laid over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, select

from domain.pack_layer import read_layer
from domain.pack_merge import Leaves, Path
from storage import tables
from storage.definitions import Scope, scope_from

_layer, _content = tables.pack_layer, tables.pack_content


class PackDeed(StrEnum):
    """What made a revision of an installed pack."""

    INSTALL = "INSTALL"
    OVERRIDE = "OVERRIDE"
    UPGRADE = "UPGRADE"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLayer:
    """One revision of an installed pack: what was pinned and the company's own layer over it."""

    id: str
    pack_id: str
    revision: int
    deed: PackDeed
    pack_version: str
    pack_hash: str
    overrides: Leaves
    since: Mapping[Path, int]  # in which revision each leaf was said
    scope: Scope
    scopes: Mapping[str, Scope]
    hash: str | None
    valid_from: date
    known_at: datetime
    made_by: str | None
    reason: str | None

    def scope_of(self, key: str) -> Scope:
        """Say whom a document is for."""
        return self.scopes.get(key, self.scope)


def pack_layers(
    connection: Connection, entity_id: str, *, known_at: datetime, pack_id: str | None = None
) -> tuple[StoredLayer, ...]:
    """Return every revision of installed packs, by pack and in order."""
    query = select(_layer).where(
        _layer.c.legal_entity_id == entity_id, _layer.c.known_at <= known_at
    )
    if pack_id is not None:
        query = query.where(_layer.c.pack_id == pack_id)
    rows = connection.execute(query.order_by(_layer.c.pack_id, _layer.c.revision))
    return tuple(_layer_of(row) for row in rows)


def newest_layers(
    connection: Connection, entity_id: str, *, known_at: datetime
) -> dict[str, StoredLayer]:
    """Return the newest revision of every installed pack."""
    newer = _layer.alias()
    newest = (
        select(func.max(newer.c.revision))
        .where(
            newer.c.legal_entity_id == entity_id,
            newer.c.pack_id == _layer.c.pack_id,
            newer.c.known_at <= known_at,
        )
        .correlate(_layer)
        .scalar_subquery()
    )
    query = select(_layer).where(_layer.c.legal_entity_id == entity_id, _layer.c.revision == newest)
    rows = connection.execute(query.order_by(_layer.c.pack_id))
    return {row.pack_id: _layer_of(row) for row in rows}


def pack_contents(
    connection: Connection, entity_id: str, hashes: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Return what pinned versions say, by their hashes."""
    query = select(_content.c.hash, _content.c.document).where(
        _content.c.legal_entity_id == entity_id, _content.c.hash.in_(hashes)
    )
    return {row.hash: row.document for row in connection.execute(query)}


def pinned_hashes(connection: Connection, entity_id: str, pack_id: str) -> dict[str, str]:
    """Return the hash of each version of a pack that was ever pinned, the newest one of each."""
    query = (
        select(_content.c.pack_version, _content.c.hash)
        .where(_content.c.legal_entity_id == entity_id, _content.c.pack_id == pack_id)
        .order_by(_content.c.known_at, _content.c.id)
    )
    return {row.pack_version: row.hash for row in connection.execute(query)}


def _layer_of(row: Row[Any]) -> StoredLayer:
    overrides, since = read_layer(row.overrides)
    return StoredLayer(
        id=row.id,
        pack_id=row.pack_id,
        revision=row.revision,
        deed=PackDeed(row.deed),
        pack_version=row.pack_version,
        pack_hash=row.pack_hash,
        overrides=overrides,
        since=since,
        scope=scope_from(row.scope),
        scopes={key: scope_from(each) for key, each in row.scopes.items()},
        hash=row.hash,
        valid_from=row.valid_from,
        known_at=row.known_at,
        made_by=row.made_by,
        reason=row.reason,
    )

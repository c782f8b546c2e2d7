"""What an identity provider pushed, as it reads it back: users, and groups with their members.

The provider's token has the right to one source, and reads nothing but the rows of that source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions.deed import Runtime
from actions.pushed_names import PUSHED_NAMES
from connectors.scim import PUSHED, ScimConnector
from connectors.scim_kept import is_member, member_prefix, resource_of
from connectors.scim_schemas import GROUPS, USERS, Kind
from domain.access import Actor, Deed, Resource, Viewer, reaches
from domain.problem import Refused
from storage.engine import Database, reading
from storage.pushed import pushed_ids, pushed_rows, reaches_pushed
from storage.records import StoredRecord
from storage.syncs import connection_row

MEMBERS = "members"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A user or a group as it is kept; ``version`` counts its changes."""

    id: str
    version: int
    created: str
    modified: str
    resource: Mapping[str, Any]
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where one provider hands in what it knows: a connection of a legal entity."""

    runtime: Runtime
    viewer: Viewer
    entity_id: str
    connection_id: str

    @property
    def source(self) -> tuple[str, str]:
        """The legal entity and the connection."""
        return self.entity_id, self.connection_id


def desk_of(runtime: Runtime, viewer: Viewer) -> Desk:
    """Find the one source into which a token pushes; without one it is refused."""
    found = {
        (reach.entity_id, reach.connection_id)
        for reach in reaches(viewer, Resource.DIRECTORY, Deed.WRITE)
        if reach.connection_id is not None
    }
    if len(found) != 1:
        resource, deed = Resource.DIRECTORY.value, Deed.WRITE.value
        raise Refused("forbidden", {"resource": resource, "deed": deed})
    ((entity_id, connection_id),) = found
    return Desk(
        runtime=runtime, viewer=viewer, entity_id=entity_id, connection_id=str(connection_id)
    )


def read_all(
    desk: Desk, kind: Kind, *, members: bool = True, called: Mapping[str, str] | None = None
) -> list[Pushed]:
    """Return everything of a kind, oldest first; without ``members`` groups come without theirs.

    ``called`` are names or ids that are asked for: whoever has others need not be looked at.
    """
    viewer = desk.viewer
    with reading(desk.runtime.engine, viewer) as connection:
        source_row(desk, connection, viewer, desk.runtime.clock())
        keys: Sequence[str] | None = None
        if called and "id" in called:
            keys = (called["id"],)
        elif called:
            keys = PUSHED_NAMES.called(connection, viewer, desk.source, kind.stream, called)
        return list(all_pushed(desk, connection, viewer, kind, keys=keys, members=members).values())


def read_page(
    desk: Desk, kind: Kind, start: int, count: int, *, members: bool = True
) -> tuple[int, list[Pushed]]:
    """Return how many there are, and some of them in their order; only those are opened."""
    viewer = desk.viewer
    with reading(desk.runtime.engine, viewer) as connection:
        source_row(desk, connection, viewer, desk.runtime.clock())
        keys = sorted(pushed_ids(connection, viewer, desk.source, kind.stream))
        some = keys[start : start + count]
        rows = all_pushed(desk, connection, viewer, kind, keys=some, members=members)
        return len(keys), list(rows.values())


def read_one(desk: Desk, kind: Kind, key: str, *, members: bool = True) -> Pushed:
    """Return one, or refuse."""
    with reading(desk.runtime.engine, desk.viewer) as connection:
        source_row(desk, connection, desk.viewer, desk.runtime.clock())
        return one_pushed(desk, connection, desk.viewer, kind, key, members=members)


def source_row(desk: Desk, connection: Database, actor: Actor, now: datetime) -> Any:
    """Return the connection, where it is one into which is pushed and that is not paused."""
    row = connection_row(connection, desk.entity_id, desk.connection_id, now)
    if row is None or not reaches_pushed(actor, *desk.source, Deed.READ):
        raise Refused("forbidden", {"resource": Resource.DIRECTORY.value, "deed": Deed.READ.value})
    if row.connector != ScimConnector.info.id or row.config.get("changes") != PUSHED:
        raise Refused("scim_not_pushed", {"connection": row.name})
    if row.paused:
        raise Refused("connection_paused", {"connection": row.name})
    return row


def one_pushed(
    desk: Desk, connection: Database, actor: Actor, kind: Kind, key: str, *, members: bool = True
) -> Pushed:
    """Return one, or refuse."""
    rows = all_pushed(desk, connection, actor, kind, keys=(key,), members=members)
    if key not in rows:
        raise Refused("not_found", {"id": key[:40]})
    return rows[key]


def all_pushed(
    desk: Desk,
    connection: Database,
    actor: Actor,
    kind: Kind,
    *,
    keys: Sequence[str] | None = None,
    members: bool = True,
) -> dict[str, Pushed]:
    """Return what there is of a kind by key, oldest first; ``keys`` narrow it."""
    rows = pushed_rows(connection, actor, desk.source, kind.stream, keys=keys)
    stays: dict[str, list[str]] = {}
    if kind is GROUPS and members and rows:
        under = member_prefix(keys[0]) if keys is not None and len(keys) == 1 else None
        for each in _stays(desk, connection, actor, under):
            stays.setdefault(str(each["group"]), []).append(str(each["user"]))
    return {key: _pushed(kind, row, stays.get(key, [])) for key, row in rows.items()}


def _stays(
    desk: Desk, connection: Database, actor: Actor, under: str | None = None
) -> Iterable[Mapping[str, Any]]:
    """Return the rows of who is a member."""
    rows = pushed_rows(connection, actor, desk.source, MEMBERS, under=under)
    contents = (row.content for row in rows.values())
    return [each for each in contents if each is not None and is_member(each)]


def _pushed(kind: Kind, row: StoredRecord, members: Sequence[str]) -> Pushed:
    content = row.content or {}
    resource = resource_of(kind, content)
    if members:
        resource["members"] = [{"value": user, "type": USERS.name} for user in members]
    return Pushed(
        id=row.key,
        version=row.revision,
        created=str(content.get("meta.created")),
        modified=str(content.get("meta.lastModified")),
        resource=resource,
        content=content,
    )

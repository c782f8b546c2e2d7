"""A source is connected: which connector, where it finds its data, how its rows become facts."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Any

from actions.deed import Runtime, demand_entity
from actions.define_metric import refuse_unread
from actions.identifiers import new_id
from actions.source_secrets import refuse_short_secrets
from actions.timetable import Timetable
from domain.access import Actor, Resource
from domain.document import document_hash
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import add_revision, add_row
from storage.syncs import connection_row, mapping_row


def create_connection(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    *,
    name: str,
    connector: str,
    config: Mapping[str, Any],
    timetable: Timetable | None = None,
) -> str:
    """Make a connection; its connector must be installed. Return its id."""
    demand_entity(actor, Resource.SOURCE, writing.entity_id)
    if connector not in runtime.connectors:
        raise Refused("connector_unknown", {"connector": connector})
    refuse_short_secrets(config, runtime.connectors[connector].info.config_schema)
    identifier = new_id("con", writing.known_at)
    add_row(
        writing,
        tables.connection,
        id=identifier,
        revision=1,
        name=name,
        connector=connector,
        config=dict(config),
        paused=False,
        timetable=_kept(timetable),
        made_by=writing.actor,
    )
    return identifier


def change_connection(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    connection_id: str,
    *,
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    paused: bool | None = None,
    timetable: Timetable | EllipsisType | None = ...,
    expected_version: int | None = None,
) -> str:
    """Rename, reconfigure, pause, resume a connection, or change when it is read by itself."""
    demand_entity(actor, Resource.SOURCE, writing.entity_id)
    before = _connection(writing, connection_id)
    if expected_version is not None and before.revision != expected_version:
        raise Refused("version_conflict", {"current": str(before.revision)})
    if config is not None and before.connector in runtime.connectors:
        refuse_short_secrets(config, runtime.connectors[before.connector].info.config_schema)
    add_revision(
        writing,
        tables.connection,
        before,
        name=before.name if name is None else name,
        config=before.config if config is None else dict(config),
        paused=before.paused if paused is None else paused,
        timetable=before.timetable if isinstance(timetable, EllipsisType) else _kept(timetable),
    )
    return connection_id


def _kept(timetable: Timetable | None) -> dict[str, object] | None:
    return None if timetable is None else timetable.document()


def set_mapping(
    writing: Writing,
    actor: Actor,
    connection_id: str,
    document: object,
    *,
    expected_version: int | None = None,
) -> str:
    """Say how the rows of a connection become facts; the same document changes nothing.

    What was read before is mapped anew at the next sync: new revisions, nothing is rewritten.
    """
    from domain.mapping_document import decode_mapping

    demand_entity(actor, Resource.SOURCE, writing.entity_id)
    _connection(writing, connection_id)
    mapping, problems = decode_mapping(document)
    if mapping is None:
        raise refuse_unread("mapping", problems)
    before = mapping_row(writing.connection, connection_id)
    current = 0 if before is None else before.version
    if expected_version is not None and current != expected_version:
        raise Refused("version_conflict", {"current": str(current)})
    fingerprint = document_hash(document)
    if before is not None and before.hash == fingerprint:
        return connection_id
    add_row(
        writing,
        tables.mapping,
        connection_id=connection_id,
        version=current + 1,
        document=document,
        hash=fingerprint,
        made_by=writing.actor,
    )
    return connection_id


def _connection(writing: Writing, connection_id: str) -> Any:
    found = connection_row(writing.connection, writing.entity_id, connection_id, writing.known_at)
    if found is None:
        raise Refused("not_found", {"id": connection_id})
    return found

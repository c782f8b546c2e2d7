"""Saying who is who: a source's name for a person is linked by hand or by a list, never guessed."""

from __future__ import annotations

from datetime import date

from actions.deed import demand_entity
from actions.directory_rules import LinkDraft, changing, identity_put, link_put
from domain.access import Actor, Resource, System
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.identities import identity_value
from storage.people import add_revision, latest_row


def put_identity(writing: Writing, namespace: str, value: str) -> str:
    """Return the id of a source's name for a person; an unseen one is remembered."""
    with changing(writing) as known:
        return identity_put(known, namespace, value)


def put_link(
    writing: Writing,
    *,
    source_key: str,
    identity_id: str,
    person_id: str,
    valid_from: date,
    valid_to: date | None,
    reason: str | None = None,
) -> str:
    """Add a dated link, or a revision where it differs; two people at once are refused."""
    draft = LinkDraft(
        source_key=source_key,
        identity_id=identity_id,
        person_id=person_id,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
    )
    with changing(writing) as known:
        return link_put(known, draft)


def link_identity(
    writing: Writing,
    actor: Actor,
    identity_id: str,
    person_id: str,
    *,
    valid_from: date,
    valid_to: date | None,
    reason: str,
) -> str:
    """HR says who a source means, from a day to a day; return the link's id."""
    demand_entity(actor, Resource.IDENTITY, writing.entity_id)
    connection = writing.connection
    if identity_value(connection, writing.entity_id, identity_id) is None:
        raise Refused("identity_unknown", {"identity": identity_id})
    person = latest_row(
        connection, tables.person, "id", writing.known_at,
        id=person_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if person is None:
        raise Refused("person_unknown", {"person": person_id})
    return put_link(
        writing,
        source_key=f"hand:{identity_id}:{person_id}:{valid_from}",
        identity_id=identity_id,
        person_id=person_id,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
    )


def unlink_identity(
    writing: Writing, actor: Actor, link_id: str, *, reason: str, expected_version: int | None
) -> str:
    """Take a link back: its facts wait in the queue again. What was paid stays until rebooked."""
    if not isinstance(actor, System):
        demand_entity(actor, Resource.IDENTITY, writing.entity_id)
    table = tables.identity_link
    before = latest_row(
        writing.connection, table, "series_id", writing.known_at,
        series_id=link_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if before is None or before.voided:
        raise Refused("not_found", {"id": link_id})
    if expected_version is not None and before.revision != expected_version:
        raise Refused("version_conflict", {"current": str(before.revision)})
    add_revision(writing, table, before, voided=True, reason=reason)
    return link_id

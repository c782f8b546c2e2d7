"""Notes to whoever leads a person: rows in, domain objects out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, not_, select

from domain.access import Actor, Deed, Resource, Viewer
from domain.talent import NoteState
from storage import tables
from storage.carrying import look_at
from storage.engine import Writing
from storage.visibility import people_seen

_note = tables.manager_note
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerNote:
    """The last step of a note."""

    id: str
    revision: int
    person_id: str
    suggestion_id: str
    state: NoteState
    read_by: str | None
    known_at: datetime


def notes_seen(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    day: date,
    deed: Deed = Deed.READ,
    states: Collection[NoteState] = (),
    note_id: str | None = None,
) -> tuple[ManagerNote, ...]:
    """Return the notes about people whom ``actor`` leads or decides for, the newest first.

    A note speaks to others: nobody reads one about oneself here, the suggestion is seen anyway.
    """
    look_at(connection, day=day)
    person, entity = _note.c.person_id, _note.c.legal_entity_id
    wanted = [
        _last(),
        entity == entity_id,
        people_seen(actor, Resource.TALENT, person, entity, day, deed),
    ]
    if isinstance(actor, Viewer) and actor.persons:
        wanted.append(not_(person.in_(sorted(actor.persons))))
    if note_id is not None:
        wanted.append(_note.c.id == note_id)
    if states:
        wanted.append(_note.c.state.in_(sorted(each.value for each in states)))
    query = select(_note).where(*wanted).order_by(_note.c.id.desc()).limit(MOST)
    return tuple(_note_of(row) for row in connection.execute(query))


def note_about(connection: Connection, suggestion_id: str) -> ManagerNote | None:
    """Return the note that was written with a suggestion."""
    query = select(_note).where(_last(), _note.c.suggestion_id == suggestion_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _note_of(row)


def add_note(writing: Writing, note_id: str, *, person_id: str, suggestion_id: str) -> None:
    """Write a note that nobody has read."""
    _add(
        writing,
        id=note_id,
        revision=1,
        person_id=person_id,
        suggestion_id=suggestion_id,
        state=NoteState.UNREAD.value,
    )


def add_note_step(
    writing: Writing, before: ManagerNote, state: NoteState, *, read_by: str | None = None
) -> None:
    """Add the step after ``before``."""
    _add(
        writing,
        id=before.id,
        revision=before.revision + 1,
        person_id=before.person_id,
        suggestion_id=before.suggestion_id,
        state=state.value,
        read_by=read_by,
    )


def _add(writing: Writing, **values: Any) -> None:
    writing.connection.execute(
        insert(_note).values(
            **values,
            legal_entity_id=writing.entity_id,
            known_at=writing.known_at,
            made_by=writing.actor,
            on_behalf_of=writing.on_behalf_of,
        )
    )


def _last() -> ColumnElement[bool]:
    newer = _note.alias()
    later = (
        select(1)
        .where(newer.c.id == _note.c.id, newer.c.revision > _note.c.revision)
        .correlate(_note)
    )
    return ~exists(later)


def _note_of(row: Row[Any]) -> ManagerNote:
    fields = {name: getattr(row, name) for name in ManagerNote.__dataclass_fields__}
    fields["state"] = NoteState(row.state)
    return ManagerNote(**fields)

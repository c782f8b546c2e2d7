"""Notes to whoever leads somebody, about suggestions of help."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from actions.note_leads import read_note
from api.access import Audience, output, resolved, shown
from api.asking import Entity, Key, act, entity_of, key_field, version_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from api.scalars import closed_set
from api.talent import Suggestion, suggestions_of
from domain.access import Deed, Resource
from domain.problem import Refused
from domain.talent import NoteState
from storage import lead_notes as stored
from storage.engine import Database
from storage.talent import suggestions_seen

closed_set(
    NoteState,
    "Whether a note was read.",
    {
        NoteState.UNREAD: "Nobody has read it.",
        NoteState.READ: "Somebody who leads the person has read it.",
        NoteState.WITHDRAWN: "The suggestion it is about was withdrawn.",
    },
)


@output(access=Resource.TALENT, description="A note to whoever leads somebody: help is suggested.")
class ManagerNote:
    """A note."""

    id: strawberry.ID = shown("The id of the note.")
    person: strawberry.ID = shown("Whom it is about.")
    state: NoteState = shown("Whether it was read.")
    read_by: strawberry.ID | None = shown("The account that read it.")
    suggestion: Suggestion = shown("What is suggested, with its evidence.")
    known_at: datetime = shown("When it was written, read or withdrawn.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")


def _notes_of(
    database: Database, context: Context, entity: str, rows: tuple[stored.ManagerNote, ...]
) -> list[ManagerNote]:
    found = suggestions_seen(
        database,
        context.asker,
        entity,
        day=context.today,
        suggestion_ids=[row.suggestion_id for row in rows],
    )
    about = {each.id: each for each in suggestions_of(database, entity, found, context)}
    return [
        ManagerNote(
            id=strawberry.ID(row.id),
            person=strawberry.ID(row.person_id),
            state=row.state,
            read_by=None if row.read_by is None else strawberry.ID(row.read_by),
            suggestion=about[strawberry.ID(row.suggestion_id)],
            known_at=row.known_at,
            version=row.revision,
        )
        for row in rows
        if row.suggestion_id in about
    ]


@output(access=Audience.SIGNED_IN, description="Queries about notes to managers.")
class ManagerNoteQuery:
    """Part of the query root."""

    @resolved(
        "Notes about the people one leads, never about oneself; the newest first, at most 200.",
        access=Resource.TALENT,
    )
    async def manager_notes(
        self,
        info: Info,
        state: Annotated[NoteState | None, described("Only in this state.")] = None,
        legal_entity: Entity = None,
    ) -> list[ManagerNote] | None:
        """Read the newest."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)

        def work(database: Database) -> list[ManagerNote]:
            rows = stored.notes_seen(
                database,
                context.asker,
                entity,
                day=context.today,
                states=() if state is None else (state,),
            )
            return _notes_of(database, context, entity, rows)

        return await context.read(work)


@strawberry.input(description="Somebody who leads the person has read a note.")
class ManagerNoteReadInput:
    """Input of ``managerNoteRead``."""

    idempotency_key: Key = key_field()
    note: strawberry.ID = strawberry.field(description="The note.")
    expected_version: int = version_field()


@output(access=Resource.TALENT, description="Who read it is written down.")
class ManagerNoteReadSuccess:
    """Read."""

    note: ManagerNote = shown("The note as it is now.")


ManagerNoteReadResult = Annotated[
    ManagerNoteReadSuccess | Refusal,
    strawberry.union("ManagerNoteReadResult", description="Read, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Changes of notes to managers.")
class ManagerNoteMutation:
    """Part of the mutation root."""

    @resolved(
        "Write down that one has read a note about somebody whom one leads.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=ManagerNoteReadResult,
    )
    async def manager_note_read(
        self,
        info: Info,
        input: Annotated[ManagerNoteReadInput, described("Which note.")],  # noqa: A002
    ) -> ManagerNoteReadSuccess:
        """Read."""
        context = info.context
        done = await act(
            context,
            "managerNoteRead",
            input,
            lambda writing: read_note(
                writing,
                context.asker,
                input.note,
                expected_version=input.expected_version,
            ),
        )
        entity = entity_of(context.asker, None)

        def work(database: Database) -> ManagerNote:
            rows = stored.notes_seen(
                database, context.asker, entity, day=context.today, note_id=done.id
            )
            notes = _notes_of(database, context, entity, rows)
            if not notes:
                raise Refused("not_found", {"id": done.id})
            return notes[0]

        return ManagerNoteReadSuccess(note=await context.read(work))

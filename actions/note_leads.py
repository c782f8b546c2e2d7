"""A note to whoever leads somebody: written with a suggestion of help, read by a named person."""

from __future__ import annotations

from actions.identifiers import new_id
from actions.periods import business_day
from domain.access import Actor, Deed
from domain.problem import Refused
from domain.talent import NoteState
from storage.engine import Writing
from storage.lead_notes import add_note, add_note_step, note_about, notes_seen
from storage.talent import Suggestion


def note_with(writing: Writing, *, person_id: str, suggestion_id: str) -> None:
    """Write the note that goes with a new suggestion."""
    note = new_id("note", writing.known_at)
    add_note(writing, note, person_id=person_id, suggestion_id=suggestion_id)


def withdraw_note(writing: Writing, suggestion: Suggestion) -> None:
    """Withdraw the note about a suggestion that was withdrawn, whether it was read or not."""
    found = note_about(writing.connection, suggestion.id)
    if found is not None and found.state is not NoteState.WITHDRAWN:
        add_note_step(writing, found, NoteState.WITHDRAWN)


def renew_note(writing: Writing, suggestion: Suggestion) -> None:
    """Let a withdrawn note be unread again, as its suggestion is open again."""
    found = note_about(writing.connection, suggestion.id)
    if found is not None and found.state is NoteState.WITHDRAWN:
        add_note_step(writing, found, NoteState.UNREAD)


def read_note(writing: Writing, actor: Actor, note_id: str, *, expected_version: int) -> str:
    """Write down who read a note; return its id."""
    found = notes_seen(
        writing.connection,
        actor,
        writing.entity_id,
        day=business_day(writing),
        deed=Deed.WRITE,
        note_id=note_id,
    )
    if not found:
        raise Refused("not_found", {"id": note_id})
    note = found[0]
    if note.revision != expected_version:
        raise Refused("version_conflict", {"current": str(note.revision)})
    if note.state is not NoteState.UNREAD:
        raise Refused("suggestion_not_decided", {"state": note.state.value})
    add_note_step(writing, note, NoteState.READ, read_by=writing.actor)
    return note_id

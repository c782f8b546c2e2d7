"""The organisation changes: joiners, movers, leavers, units, platforms.

The rules are in ``actions/directory_rules.py``: the mutations of the API follow them one thing at a
time, a directory that is read every night follows them for all its rows at once.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from actions.deed import demand, demand_unit
from actions.directory_rules import (
    AssignmentDraft,
    PersonDraft,
    UnitDraft,
    assignment_put,
    changing,
    check_dates,
    person_put,
    platform_put,
    revised,
    unit_put,
)
from domain.access import Actor, Deed, Resource
from domain.people import AssignmentRole
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import add_row, assignments, latest_row, people

__all__ = [
    "AssignmentDraft",
    "PersonDraft",
    "UnitDraft",
    "join",
    "leave",
    "move",
    "put_assignment",
    "put_person",
    "put_platform",
    "put_unit",
]


def put_person(writing: Writing, draft: PersonDraft) -> str:
    """Add a person, or a revision of the entry where it differs; return the person's id."""
    with changing(writing) as known:
        return person_put(known, draft)


def put_unit(writing: Writing, draft: UnitDraft) -> str:
    """Add a unit and its place in the organisation, or what differs; return the unit's id."""
    with changing(writing) as known:
        return unit_put(known, draft)


def put_platform(writing: Writing, code: str, name: str, opened_on: date | None) -> str:
    """Add a platform, or a revision where it differs; return its id."""
    with changing(writing) as known:
        return platform_put(known, code, name, opened_on)


def put_assignment(writing: Writing, draft: AssignmentDraft) -> str:
    """Add an assignment, or a revision where it differs; return its id."""
    with changing(writing) as known:
        return assignment_put(known, draft)


# ---- what people do -----------------------------------------------------------------------------


def join(
    writing: Writing,
    actor: Actor,
    person: PersonDraft,
    *,
    unit_id: str,
    platform_id: str | None,
    position: str,
    role: AssignmentRole,
) -> str:
    """A person joins a unit on the day of ``person.joined_on``; return the person's id."""
    if person.joined_on is None:
        raise Refused("field_missing", {"field": "joinedOn"})
    demand_unit(writing, actor, Resource.PERSON, unit_id, person.joined_on)
    _demand_text("name", person.name)
    _demand_text("position", position)
    _refuse_taken_number(writing, person)
    person_id = put_person(writing, person)
    put_assignment(
        writing,
        AssignmentDraft(
            source_key=f"join:{person_id}:{person.joined_on}",
            person_id=person_id,
            unit_id=_known_unit(writing, unit_id),
            platform_id=_known_platform(writing, platform_id),
            position=position,
            role=role,
            valid_from=person.joined_on,
        ),
    )
    return person_id


def move(
    writing: Writing,
    actor: Actor,
    person_id: str,
    *,
    on: date,
    unit_id: str,
    platform_id: str | None,
    position: str,
    role: AssignmentRole,
    expected_version: int | None,
) -> str:
    """End what holds on ``on`` and begin the new assignment that day; return the person's id."""
    demand_unit(writing, actor, Resource.PERSON, unit_id, on)
    person = _person(writing, actor, person_id, on, expected_version)
    if person.left_on is not None and person.left_on <= on:
        raise Refused("person_left", {"person": person.name})
    check_dates(person.joined_on, on + timedelta(days=1))
    _demand_text("position", position)
    _end_assignments(writing, actor, person_id, on)
    put_assignment(
        writing,
        AssignmentDraft(
            source_key=f"move:{person_id}:{on}",
            person_id=person_id,
            unit_id=_known_unit(writing, unit_id),
            platform_id=_known_platform(writing, platform_id),
            position=position,
            role=role,
            valid_from=on,
            valid_to=person.left_on,
        ),
    )
    _touch(writing, person_id)
    return person_id


def leave(
    writing: Writing, actor: Actor, person_id: str, *, on: date, expected_version: int | None
) -> str:
    """The person works here no longer from ``on`` on; assignments end with it."""
    demand(actor, Resource.PERSON)
    person = _person(writing, actor, person_id, on, expected_version)
    check_dates(person.joined_on, on)
    _end_assignments(writing, actor, person_id, on)
    _touch(writing, person_id, left_on=on)
    return person_id


def _demand_text(field: str, text: str) -> None:
    if not text.strip():
        raise Refused("text_empty", {"field": field}, path=field)


def _refuse_taken_number(writing: Writing, person: PersonDraft) -> None:
    if person.staff_number is None:
        return
    found = latest_row(
        writing.connection, tables.person, "id", writing.known_at,
        legal_entity_id=writing.entity_id, staff_number=person.staff_number,
    )  # fmt: skip
    if found is not None and found.source_key != person.source_key:
        raise Refused("staff_number_taken", {"number": person.staff_number})


def _person(
    writing: Writing, actor: Actor, person_id: str, on: date, expected_version: int | None
) -> Any:
    found = people(
        writing.connection,
        actor,
        valid_at=on,
        known_at=writing.known_at,
        ids=[person_id],
        deed=Deed.WRITE,
    )
    if not found:
        raise Refused("not_found", {"id": person_id})
    (person,) = found
    if expected_version is not None and person.version != expected_version:
        raise Refused("version_conflict", {"current": str(person.version)})
    return person


def _known_unit(writing: Writing, unit_id: str) -> str:
    found = latest_row(
        writing.connection, tables.unit, "id", writing.known_at,
        id=unit_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if found is None:
        raise Refused("not_found", {"id": unit_id})
    return unit_id


def _known_platform(writing: Writing, platform_id: str | None) -> str | None:
    if platform_id is None:
        return None
    found = latest_row(
        writing.connection, tables.platform, "id", writing.known_at,
        id=platform_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if found is None:
        raise Refused("not_found", {"id": platform_id})
    return platform_id


def _end_assignments(writing: Writing, actor: Actor, person_id: str, on: date) -> None:
    holding = assignments(
        writing.connection,
        writing.entity_id,
        start=on,
        end=date.max,
        known_at=writing.known_at,
        person_ids=[person_id],
    )
    for each in holding:
        # HR of one branch does not end what another branch has with the person.
        demand_unit(writing, actor, Resource.PERSON, each.unit_id, max(each.valid_from, on))
    with changing(writing) as known:
        shelf = known.assignments
        for each in holding:
            shelf.want("series_id", each.id)
        for each in holding:
            before = shelf.first("series_id", each.id)
            voided = each.valid_from >= on
            fields = {name: getattr(before, name) for name in _ASSIGNMENT_FIELDS}
            fields.update(voided=voided, valid_to=each.valid_to if voided else on)
            revised(shelf, "asg", before, fields)


_ASSIGNMENT_FIELDS = (
    "source_key",
    "person_id",
    "unit_id",
    "platform_id",
    "position",
    "role",
    "valid_from",
    "valid_to",
    "voided",
)


def _touch(writing: Writing, person_id: str, **changes: Any) -> None:
    """Add a revision of the person: its version says that something about the person changed."""
    table = tables.person
    before = latest_row(writing.connection, table, "id", writing.known_at, id=person_id)
    if before is None:
        raise Refused("not_found", {"id": person_id})
    names = ("source_key", "name", "staff_number", "joined_on", "left_on")
    fields = {name: getattr(before, name) for name in names} | changes
    add_row(writing, table, **fields, id=person_id, revision=before.revision + 1)

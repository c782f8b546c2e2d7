"""The organisation changes: joiners, movers, leavers, units, platforms.

The ``put_`` words are idempotent: they add a revision only when something is different. A directory
that is read every night goes through them, as do the mutations of the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from actions.deed import demand, demand_unit
from actions.identifiers import new_id
from domain.access import Actor, Deed, Resource
from domain.people import AssignmentRole, UnitKind
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import (
    add_row,
    assignments,
    latest_row,
    next_revision,
    people,
    places_between,
    rebuild_closure,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """A directory entry. ``source_key`` is how the directory knows the person for ever."""

    source_key: str
    name: str
    staff_number: str | None = None
    joined_on: date | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDraft:
    """A unit and where it hangs from a day on; ``code`` identifies it for ever."""

    code: str
    name: str
    kind: UnitKind
    parent_code: str | None
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentDraft:
    """A person in a unit from a day on. ``source_key`` identifies the line of the directory."""

    source_key: str
    person_id: str
    unit_id: str
    platform_id: str | None
    position: str
    role: AssignmentRole
    valid_from: date
    valid_to: date | None = None


def put_person(writing: Writing, draft: PersonDraft) -> str:
    """Add a person, or a revision of the entry where it differs; return the person's id."""
    _check_dates(draft.joined_on, draft.left_on)
    table = tables.person
    before = latest_row(
        writing.connection, table, "id", writing.known_at,
        legal_entity_id=writing.entity_id, source_key=draft.source_key,
    )  # fmt: skip
    fields = {
        "source_key": draft.source_key,
        "name": draft.name,
        "staff_number": draft.staff_number,
        "joined_on": draft.joined_on,
        "left_on": draft.left_on,
    }
    return _put(writing, table, "id", "per", before, fields)


def put_unit(writing: Writing, draft: UnitDraft) -> str:
    """Add a unit and its place in the organisation, or what differs; return the unit's id."""
    _check_dates(draft.valid_from, draft.valid_to)
    connection, now = writing.connection, writing.known_at
    entity = writing.entity_id
    unit = tables.unit
    before = latest_row(connection, unit, "id", now, legal_entity_id=entity, code=draft.code)
    fields: dict[str, Any] = {"code": draft.code, "name": draft.name, "kind": draft.kind.value}
    unit_id = _put(writing, unit, "id", "unit", before, fields)
    parent_id = None
    if draft.parent_code is not None:
        parent = latest_row(
            connection, unit, "id", now, legal_entity_id=entity, code=draft.parent_code
        )
        if parent is None:
            raise Refused("unit_unknown_parent", {"unit": draft.code, "parent": draft.parent_code})
        parent_id = parent.id
    _refuse_circle(writing, unit_id, parent_id, draft.valid_from, draft.valid_to)
    place = tables.unit_place
    was = latest_row(
        connection, place, "series_id", now, unit_id=unit_id, valid_from=draft.valid_from
    )
    fields = {
        "unit_id": unit_id,
        "parent_id": parent_id,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "voided": False,
    }
    if was is None or _differs(was, fields):
        _put(writing, place, "series_id", "unit", was, fields)
        rebuild_closure(writing)
    return unit_id


def _refuse_circle(
    writing: Writing, unit_id: str, parent_id: str | None, start: date, end: date | None
) -> None:
    """Climb from the parent, each step on the days that are left: nowhere may the unit itself be.

    Units may change places over time: a circle is one only on a day on which all its steps hold.
    """
    steps = [] if parent_id is None else [(parent_id, start, end or date.max)]
    while steps:
        above, first, after = steps.pop()
        if above == unit_id:
            raise Refused("unit_circle", {"unit": unit_id})
        steps += [
            (place.parent_id, max(first, place.valid_from), min(after, place.valid_to or date.max))
            for place in places_between(writing, above, first, after)
            if place.parent_id is not None
        ]


def put_platform(writing: Writing, code: str, name: str, opened_on: date | None) -> str:
    """Add a platform, or a revision where it differs; return its id."""
    table = tables.platform
    before = latest_row(
        writing.connection, table, "id", writing.known_at,
        legal_entity_id=writing.entity_id, code=code,
    )  # fmt: skip
    fields = {"code": code, "name": name, "opened_on": opened_on}
    return _put(writing, table, "id", "plat", before, fields)


def put_assignment(writing: Writing, draft: AssignmentDraft) -> str:
    """Add an assignment, or a revision where it differs; return its id."""
    _check_dates(draft.valid_from, draft.valid_to)
    table = tables.assignment
    before = latest_row(
        writing.connection, table, "series_id", writing.known_at,
        legal_entity_id=writing.entity_id, source_key=draft.source_key,
    )  # fmt: skip
    fields = {
        "source_key": draft.source_key,
        "person_id": draft.person_id,
        "unit_id": draft.unit_id,
        "platform_id": draft.platform_id,
        "position": draft.position,
        "role": draft.role.value,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "voided": False,
    }
    return _put(writing, table, "series_id", "asg", before, fields)


def _put(
    writing: Writing, table: Any, series: str, prefix: str, before: Any, fields: dict[str, Any]
) -> str:
    """Add a first or a further revision, or nothing when nothing is different."""
    if before is not None and not _differs(before, fields):
        return str(getattr(before, series))
    identifier = new_id(prefix, writing.known_at) if before is None else getattr(before, series)
    revision = 1
    if before is not None:
        revision = next_revision(writing.connection, table, series, identifier)
    row = dict(fields, **{series: identifier, "revision": revision})
    if "made_by" in table.c:
        row["made_by"] = writing.actor
    add_row(writing, table, **row)
    return str(identifier)


def _differs(before: Any, fields: dict[str, Any]) -> bool:
    return any(getattr(before, name) != value for name, value in fields.items())


def _check_dates(start: date | None, end: date | None) -> None:
    if start is not None and end is not None and end <= start:
        raise Refused("dates_reversed", {"start": start.isoformat(), "end": end.isoformat()})


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
    _check_dates(person.joined_on, on + timedelta(days=1))
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
    _check_dates(person.joined_on, on)
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
    table = tables.assignment
    for each in holding:
        # HR of one branch does not end what another branch has with the person.
        demand_unit(writing, actor, Resource.PERSON, each.unit_id, max(each.valid_from, on))
        before = latest_row(
            writing.connection, table, "series_id", writing.known_at, series_id=each.id
        )
        voided = each.valid_from >= on
        fields = {name: getattr(before, name) for name in _ASSIGNMENT_FIELDS}
        fields.update(voided=voided, valid_to=each.valid_to if voided else on)
        _put(writing, table, "series_id", "asg", before, fields)


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

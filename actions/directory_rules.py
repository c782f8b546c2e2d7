"""By which rules a person, a unit, an assignment or a link is added, revised or refused.

Every word is idempotent: it adds a revision only when something is different. What is known stands
on the shelves of an ``Organisation``, whether one thing is changed (``changing``) or the rows of a
whole directory (``actions/take_directory.py``); whoever opened it brings it to the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.identifiers import new_id
from domain.people import AssignmentRole, UnitKind
from domain.problem import Refused
from storage.engine import Writing
from storage.organisation import Organisation
from storage.shelves import Shelf


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDraft:
    """A source's name means a person from a day on. ``source_key`` identifies the line."""

    source_key: str
    identity_id: str
    person_id: str
    valid_from: date
    valid_to: date | None = None
    reason: str | None = None


@contextmanager
def changing(writing: Writing) -> Iterator[Organisation]:
    """Open the organisation; what the block adds is written when it ends well."""
    organisation = Organisation(writing)
    yield organisation
    organisation.write()


def person_put(known: Organisation, draft: PersonDraft) -> str:
    """Add a person, or a revision of the entry where it differs; return the person's id."""
    check_dates(draft.joined_on, draft.left_on)
    before = known.people.first("source_key", draft.source_key)
    fields = {
        "source_key": draft.source_key,
        "name": draft.name,
        "staff_number": draft.staff_number,
        "joined_on": draft.joined_on,
        "left_on": draft.left_on,
    }
    return revised(known.people, "per", before, fields)


def unit_put(known: Organisation, draft: UnitDraft) -> str:
    """Add a unit and its place in the organisation, or what differs; return the unit's id."""
    check_dates(draft.valid_from, draft.valid_to)
    before = known.units.first("code", draft.code)
    fields: dict[str, Any] = {"code": draft.code, "name": draft.name, "kind": draft.kind.value}
    unit_id = revised(known.units, "unit", before, fields)
    if before is None:
        known.places.has_none("unit_id", unit_id)
    parent_id = None
    if draft.parent_code is not None:
        parent = known.units.first("code", draft.parent_code)
        if parent is None:
            raise Refused("unit_unknown_parent", {"unit": draft.code, "parent": draft.parent_code})
        parent_id = parent.id
    _refuse_circle(known, unit_id, parent_id, draft.valid_from, draft.valid_to)
    places = known.places.find("unit_id", unit_id)
    was = next((each for each in places if each.valid_from == draft.valid_from), None)
    fields = {
        "unit_id": unit_id,
        "parent_id": parent_id,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "voided": False,
    }
    revised(known.places, "unit", was, fields)
    return unit_id


def _refuse_circle(
    known: Organisation, unit_id: str, parent_id: str | None, start: date, end: date | None
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
            for place in known.places.find("unit_id", above)
            if place.parent_id is not None and _holds(place, first, after)
        ]


def platform_put(known: Organisation, code: str, name: str, opened_on: date | None) -> str:
    """Add a platform, or a revision where it differs; return its id."""
    before = known.platforms.first("code", code)
    fields = {"code": code, "name": name, "opened_on": opened_on}
    return revised(known.platforms, "plat", before, fields)


def assignment_put(known: Organisation, draft: AssignmentDraft) -> str:
    """Add an assignment, or a revision where it differs; return its id."""
    check_dates(draft.valid_from, draft.valid_to)
    before = known.assignments.first("source_key", draft.source_key)
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
    return revised(known.assignments, "asg", before, fields)


def identity_put(known: Organisation, namespace: str, value: str) -> str:
    """Return the id of a source's name for a person; an unseen one is remembered."""
    found = known.identities.find(namespace, value)
    if found is not None:
        return found
    identifier = new_id("idn", known.writing.known_at)
    known.identities.add(identifier, namespace, value)
    return identifier


def link_put(known: Organisation, draft: LinkDraft) -> str:
    """Add a dated link, or a revision where it differs; two people at once are refused.

    The same name may mean another person at another time (a re-used CRM account): that is what the
    dates are for.
    """
    check_dates(draft.valid_from, draft.valid_to)
    before = known.links.first("source_key", draft.source_key)
    fields = {
        "source_key": draft.source_key,
        "identity_id": draft.identity_id,
        "person_id": draft.person_id,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "voided": False,
    }
    if before is None or _differs(before, fields):
        _refuse_two(known, draft, None if before is None else before.series_id)
    return revised(known.links, "lnk", before, fields, draft.reason)


def _refuse_two(known: Organisation, draft: LinkDraft, own: str | None) -> None:
    """Refuse a link when another one of the name holds on any of its days."""
    for other in known.links.find("identity_id", draft.identity_id):
        is_other = other.series_id != own
        if is_other and _holds(other, draft.valid_from, draft.valid_to or date.max):
            name = known.identities.value_of(draft.identity_id)
            raise Refused("identity_linked_already", {"identity": name or draft.identity_id})


def revised(
    shelf: Shelf,
    prefix: str,
    before: Any,
    fields: Mapping[str, Any],
    reason: str | None = None,
) -> str:
    """Add a first or a further revision, or nothing when nothing is different; return the series.

    ``prefix`` is how ids of a new series begin.
    """
    if before is not None and not _differs(before, fields):
        return shelf.series_of(before)
    if before is None:
        series, revision = new_id(prefix, shelf.writing.known_at), 1
    else:
        series, revision = shelf.series_of(before), before.revision + 1
    shelf.add(series, revision, fields, reason)
    return series


def check_dates(start: date | None, end: date | None) -> None:
    """Refuse an end that is not behind its beginning."""
    if start is not None and end is not None and end <= start:
        raise Refused("dates_reversed", {"start": start.isoformat(), "end": end.isoformat()})


def _differs(before: Any, fields: Mapping[str, Any]) -> bool:
    return any(getattr(before, name) != value for name, value in fields.items())


def _holds(row: Any, start: date, end: date) -> bool:
    """Say whether a dated row holds on any day of ``[start, end)`` and was not taken back."""
    return (
        not row.voided and row.valid_from < end and (row.valid_to is None or row.valid_to > start)
    )

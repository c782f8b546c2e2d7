"""A source's rows about the organisation become people, units, platforms, assignments and links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from actions.directory_rules import (
    AssignmentDraft,
    LinkDraft,
    PersonDraft,
    UnitDraft,
    assignment_put,
    changing,
    identity_put,
    link_put,
    person_put,
    platform_put,
    unit_put,
)
from domain.mapping import DirectoryDraft, Make
from domain.people import AssignmentRole, UnitKind
from domain.problem import Refused
from storage.engine import Writing
from storage.organisation import Organisation
from storage.shelves import Shelf

# A link whose source names no first day holds from here on.
BEGINNING = date(1970, 1, 1)
_SOURCE_KEY_MAX = 300
_ORDER = {
    make: place
    for place, make in enumerate(
        (Make.PLATFORM, Make.UNIT, Make.PERSON, Make.ASSIGNMENT, Make.LINK)
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRow:
    """Everything that one row says of the organisation."""

    key: str
    drafts: tuple[DirectoryDraft, ...]


def take_directory(
    writing: Writing, connection_id: str, stream: str, rows: Sequence[DirectoryRow]
) -> dict[str, Refused]:
    """Put the rows in, parents before children; return the refused ones by key.

    A row that is refused changes nothing; the others are not touched by it.
    """
    if not rows:
        return {}
    given = [
        _Given(
            source=_Source(connection_id=connection_id, stream=stream, key=row.key),
            drafts=tuple(sorted(row.drafts, key=_place)),
        )
        for row in rows
    ]
    with changing(writing) as known:
        for row in given:
            for draft in row.drafts:
                _WANTS[draft.make](known, row.source, draft)
        return _put_all(known, sorted(given, key=lambda row: _place(row.drafts[0])))


def _put_all(known: Organisation, waiting: Sequence[_Given]) -> dict[str, Refused]:
    refused: dict[str, Refused] = {}
    while waiting:
        left: list[_Given] = []
        refused = {}
        for row in waiting:
            try:
                with known.all_or_nothing():
                    for draft in row.drafts:
                        _PUTS[draft.make](known, row.source, draft)
            except Refused as refusal:
                refused[row.source.key] = refusal
                left.append(row)
        if len(left) == len(waiting):
            break
        # A unit may stand above its parent in the file: whoever was refused may fit now.
        waiting = left
    return refused


def _place(draft: DirectoryDraft) -> int:
    return _ORDER[draft.make]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    connection_id: str
    stream: str
    key: str

    def line(self, draft: DirectoryDraft) -> str:
        line = draft.texts.get("line", self.key)
        return f"{self.connection_id}:{self.stream}:{draft.name}:{line}"[-_SOURCE_KEY_MAX:]

    def person(self, key: str) -> str:
        return f"{self.connection_id}:{key}"

    def name(self, key: str, namespace: str) -> str:
        """Name the link that a person's own row makes."""
        return f"{self.connection_id}:{key}:{namespace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    source: _Source
    drafts: tuple[DirectoryDraft, ...]  # parents before children


# ---- what a draft is going to ask for -----------------------------------------------------------


def _want_platform(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    known.platforms.want("code", draft.texts["code"])


def _want_unit(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    known.units.want("code", draft.texts["code"])
    if "parent" in draft.texts:
        known.units.want("code", draft.texts["parent"])


def _want_person(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    key = draft.texts["key"]
    known.people.want("source_key", source.person(key))
    for namespace, value in draft.identities.items():
        known.identities.want(namespace, value)
        known.links.want("source_key", source.name(key, namespace))


def _want_assignment(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    _want_somebody(known, source, draft.texts["person"])
    known.units.want("code", draft.texts["unit"])
    if "platform" in draft.texts:
        known.platforms.want("code", draft.texts["platform"])
    known.assignments.want("source_key", source.line(draft))


def _want_link(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    _want_somebody(known, source, draft.texts["person"])
    known.identities.want(draft.texts["namespace"], draft.texts["value"])
    known.links.want("source_key", source.line(draft))


def _want_somebody(known: Organisation, source: _Source, key: str) -> None:
    known.people.want("source_key", source.person(key))
    known.people.want("staff_number", key)


# ---- what a draft puts in -----------------------------------------------------------------------


def _put_platform(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    platform_put(known, draft.texts["code"], draft.texts["name"], draft.days.get("openedOn"))


def _put_unit(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    kind = draft.texts["kind"]
    if kind not in UnitKind.__members__:
        raise _not_a_choice("kind", kind, ", ".join(UnitKind.__members__))
    unit = UnitDraft(
        code=draft.texts["code"],
        name=draft.texts["name"],
        kind=UnitKind[kind],
        parent_code=draft.texts.get("parent"),
        valid_from=draft.days["validFrom"],
        valid_to=draft.days.get("validTo"),
    )
    unit_put(known, unit)


def _put_person(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    key = draft.texts["key"]
    person = PersonDraft(
        source_key=source.person(key),
        name=draft.texts["name"],
        staff_number=draft.texts.get("staffNumber"),
        joined_on=draft.days.get("joinedOn"),
        left_on=draft.days.get("leftOn"),
    )
    person_id = person_put(known, person)
    for namespace, value in draft.identities.items():
        link = LinkDraft(
            source_key=source.name(key, namespace),
            identity_id=identity_put(known, namespace, value),
            person_id=person_id,
            valid_from=draft.days.get("joinedOn") or BEGINNING,
            # A name stays with its person after he has left, until a source says otherwise.
            valid_to=None,
        )
        link_put(known, link)


def _put_assignment(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    role = draft.texts["role"]
    if role not in AssignmentRole.__members__:
        raise _not_a_choice("role", role, ", ".join(AssignmentRole.__members__))
    code = draft.texts.get("platform")
    platform_id = None if code is None else _coded(known.platforms, "platform", code)
    assignment = AssignmentDraft(
        source_key=source.line(draft),
        person_id=_person(known, source, draft.texts["person"]),
        unit_id=_coded(known.units, "unit", draft.texts["unit"]),
        platform_id=platform_id,
        position=draft.texts["position"],
        role=AssignmentRole[role],
        valid_from=draft.days["validFrom"],
        valid_to=draft.days.get("validTo"),
    )
    assignment_put(known, assignment)


def _put_link(known: Organisation, source: _Source, draft: DirectoryDraft) -> None:
    link = LinkDraft(
        source_key=source.line(draft),
        identity_id=identity_put(known, draft.texts["namespace"], draft.texts["value"]),
        person_id=_person(known, source, draft.texts["person"]),
        valid_from=draft.days["validFrom"],
        valid_to=draft.days.get("validTo"),
    )
    link_put(known, link)


_Deed = Callable[[Organisation, _Source, DirectoryDraft], None]
_WANTS: Mapping[Make, _Deed] = {
    Make.PLATFORM: _want_platform,
    Make.UNIT: _want_unit,
    Make.PERSON: _want_person,
    Make.ASSIGNMENT: _want_assignment,
    Make.LINK: _want_link,
}
_PUTS: Mapping[Make, _Deed] = {
    Make.PLATFORM: _put_platform,
    Make.UNIT: _put_unit,
    Make.PERSON: _put_person,
    Make.ASSIGNMENT: _put_assignment,
    Make.LINK: _put_link,
}


def _person(known: Organisation, source: _Source, key: str) -> str:
    """Find a person by the key of this connection's directory, else by the staff number."""
    found = known.people.first("source_key", source.person(key))
    if found is None:
        found = known.people.first("staff_number", key)
    if found is None:
        raise Refused("person_unknown", {"person": key})
    return str(found.id)


def _coded(shelf: Shelf, noun: str, code: str) -> str:
    found = shelf.first("code", code)
    if found is None:
        raise Refused("code_unknown", {"noun": noun, "code": code})
    return shelf.series_of(found)


def _not_a_choice(column: str, value: str, choices: str) -> Refused:
    values = {"column": column, "value": value, "choices": choices}
    return Refused("cell_not_a_choice", values)

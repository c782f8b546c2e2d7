"""A source's rows about the organisation become people, units, platforms, assignments and links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from actions.change_people import (
    AssignmentDraft,
    PersonDraft,
    UnitDraft,
    put_assignment,
    put_person,
    put_platform,
    put_unit,
)
from actions.link_identity import put_identity, put_link
from domain.mapping import DirectoryDraft, Make
from domain.people import AssignmentRole, UnitKind
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import latest_row

# A link whose source names no first day holds from here on.
BEGINNING = date(1970, 1, 1)
_SOURCE_KEY_MAX = 300
_ORDER = (Make.PLATFORM, Make.UNIT, Make.PERSON, Make.ASSIGNMENT, Make.LINK)


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
    waiting = sorted(rows, key=lambda row: min(_ORDER.index(d.make) for d in row.drafts))
    refused: dict[str, Refused] = {}
    while waiting:
        left: list[DirectoryRow] = []
        refused = {}
        for row in waiting:
            try:
                with writing.connection.begin_nested():
                    for draft in sorted(row.drafts, key=lambda each: _ORDER.index(each.make)):
                        _PUTS[draft.make](writing, _source(connection_id, stream, row.key), draft)
            except Refused as refusal:
                refused[row.key] = refusal
                left.append(row)
        if len(left) == len(waiting):
            break
        # A unit may stand above its parent in the file: whoever was refused may fit now.
        waiting = left
    return refused


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    connection_id: str
    stream: str
    key: str

    def line(self, draft: DirectoryDraft) -> str:
        line = draft.texts.get("line", self.key)
        return f"{self.connection_id}:{self.stream}:{draft.name}:{line}"[-_SOURCE_KEY_MAX:]


def _source(connection_id: str, stream: str, key: str) -> _Source:
    return _Source(connection_id=connection_id, stream=stream, key=key)


def _put_platform(writing: Writing, source: _Source, draft: DirectoryDraft) -> None:
    put_platform(writing, draft.texts["code"], draft.texts["name"], draft.days.get("openedOn"))


def _put_unit(writing: Writing, source: _Source, draft: DirectoryDraft) -> None:
    kind = draft.texts["kind"]
    if kind not in UnitKind.__members__:
        raise _not_a_choice("kind", kind, ", ".join(UnitKind.__members__))
    put_unit(
        writing,
        UnitDraft(
            code=draft.texts["code"],
            name=draft.texts["name"],
            kind=UnitKind[kind],
            parent_code=draft.texts.get("parent"),
            valid_from=draft.days["validFrom"],
            valid_to=draft.days.get("validTo"),
        ),
    )


def _put_person(writing: Writing, source: _Source, draft: DirectoryDraft) -> None:
    key = draft.texts["key"]
    person_id = put_person(
        writing,
        PersonDraft(
            source_key=_person_key(source.connection_id, key),
            name=draft.texts["name"],
            staff_number=draft.texts.get("staffNumber"),
            joined_on=draft.days.get("joinedOn"),
            left_on=draft.days.get("leftOn"),
        ),
    )
    for namespace, value in draft.identities.items():
        put_link(
            writing,
            source_key=f"{source.connection_id}:{key}:{namespace}",
            identity_id=put_identity(writing, namespace, value),
            person_id=person_id,
            valid_from=draft.days.get("joinedOn") or BEGINNING,
            # A name stays with its person after he has left, until a source says otherwise.
            valid_to=None,
        )


def _put_assignment(writing: Writing, source: _Source, draft: DirectoryDraft) -> None:
    role = draft.texts["role"]
    if role not in AssignmentRole.__members__:
        raise _not_a_choice("role", role, ", ".join(AssignmentRole.__members__))
    code = draft.texts.get("platform")
    platform_id = None if code is None else _coded(writing, tables.platform, "platform", code)
    put_assignment(
        writing,
        AssignmentDraft(
            source_key=source.line(draft),
            person_id=_person(writing, source, draft.texts["person"]),
            unit_id=_coded(writing, tables.unit, "unit", draft.texts["unit"]),
            platform_id=platform_id,
            position=draft.texts["position"],
            role=AssignmentRole[role],
            valid_from=draft.days["validFrom"],
            valid_to=draft.days.get("validTo"),
        ),
    )


def _put_link(writing: Writing, source: _Source, draft: DirectoryDraft) -> None:
    put_link(
        writing,
        source_key=source.line(draft),
        identity_id=put_identity(writing, draft.texts["namespace"], draft.texts["value"]),
        person_id=_person(writing, source, draft.texts["person"]),
        valid_from=draft.days["validFrom"],
        valid_to=draft.days.get("validTo"),
    )


_PUTS: Mapping[Make, Callable[[Writing, _Source, DirectoryDraft], None]] = {
    Make.PLATFORM: _put_platform,
    Make.UNIT: _put_unit,
    Make.PERSON: _put_person,
    Make.ASSIGNMENT: _put_assignment,
    Make.LINK: _put_link,
}


def _person_key(connection_id: str, key: str) -> str:
    return f"{connection_id}:{key}"


def _person(writing: Writing, source: _Source, key: str) -> str:
    """Find a person by the key of this connection's directory, else by the staff number."""
    entity = writing.entity_id
    for column, value in (
        ("source_key", _person_key(source.connection_id, key)),
        ("staff_number", key),
    ):
        found = latest_row(
            writing.connection,
            tables.person,
            "id",
            writing.known_at,
            legal_entity_id=entity,
            **{column: value},
        )
        if found is not None:
            return str(found.id)
    raise Refused("person_unknown", {"person": key})


def _coded(writing: Writing, table: object, noun: str, code: str) -> str:
    found = latest_row(
        writing.connection,
        table,
        "id",
        writing.known_at,
        legal_entity_id=writing.entity_id,
        code=code,
    )
    if found is None:
        raise Refused("code_unknown", {"noun": noun, "code": code})
    return str(found.id)


def _not_a_choice(column: str, value: str, choices: str) -> Refused:
    values = {"column": column, "value": value, "choices": choices}
    return Refused("cell_not_a_choice", values)

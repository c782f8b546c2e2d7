"""People, units and platforms: who works where, on which day, as known when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

import strawberry

from actions.change_people import PersonDraft, join, leave, move
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    After,
    Before,
    Entity,
    First,
    Key,
    KnownAt,
    Last,
    Moment,
    ValidAt,
    act,
    entity_of,
    key_field,
    moment,
    version_field,
)
from api.context import Context, Info
from api.errors import Refusal
from api.paging import Connection, connect, cut, described, page
from api.scalars import closed_set
from domain.access import Deed, Resource
from domain.people import Assignment as AssignmentNoun
from domain.people import AssignmentRole, OrgUnit, UnitKind
from domain.people import Person as PersonNoun
from domain.people import Platform as PlatformNoun
from domain.problem import Refused
from storage import people as stored
from storage.engine import Database

closed_set(
    AssignmentRole,
    "What a person is in a unit.",
    {
        AssignmentRole.MEMBER: "Belongs to the unit.",
        AssignmentRole.LEAD: "Leads the unit, and so manages it and all units below.",
    },
)
closed_set(
    UnitKind,
    "The levels a unit may have.",
    {
        UnitKind.COMPANY: "The whole company.",
        UnitKind.REGION: "A region.",
        UnitKind.DEPARTMENT: "A department.",
        UnitKind.TEAM: "A team.",
    },
)


@output(access=Resource.UNIT, description="A unit of the organisation, as it was on a day.")
class Unit:
    """A row of the organisation."""

    id: strawberry.ID = shown("The id of the unit.")
    code: str = shown("What the company calls it, for ever.")
    name: str = shown("Its name.")
    kind: UnitKind = shown("Its level.")
    parent: UnitRef | None = shown("The unit above it on that day.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@output(access=Resource.UNIT, description="The name of a unit.")
class UnitRef:
    """A unit in another row."""

    id: strawberry.ID = shown("The id of the unit.")
    name: str = shown("Its name.")


@output(access=Resource.UNIT, description="A sales platform.")
class Platform:
    """A platform (销售平台)."""

    id: strawberry.ID = shown("The id of the platform.")
    code: str = shown("What the company calls it, for ever.")
    name: str = shown("Its name.")
    opened_on: date | None = shown("The day it opened.")


@output(access=Resource.PERSON, description="A person in a unit, from a day to a day.")
class Assignment:
    """A dated membership."""

    unit: UnitRef = shown("The unit.")
    platform: Platform | None = shown("The platform the person sells on.")
    position: str = shown("The position (岗位).")
    role: AssignmentRole = shown("Whether the person leads the unit.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after; null while it is open.")


@output(access=Resource.PERSON, description="Somebody who is measured or who measures.")
class Person:
    """A row of the directory."""

    id: strawberry.ID = shown("The id of the person.")
    name: str = shown("The name.")
    staff_number: str | None = shown("The staff number.")
    joined_on: date | None = shown("The first day of work.")
    left_on: date | None = shown("The first day on which the person no longer works here.")
    assignments: list[Assignment] = shown("Where the person works on that day; at most a few.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


def unit_from_domain(unit: OrgUnit, names: Mapping[str, str]) -> Unit:
    """Show a unit."""
    parent = unit.parent_id
    return Unit(
        id=strawberry.ID(unit.id),
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        parent=None if parent is None else unit_ref(parent, names),
        version=unit.version,
    )


def unit_ref(unit_id: str, names: Mapping[str, str]) -> UnitRef:
    """Show the name of a unit."""
    return UnitRef(id=strawberry.ID(unit_id), name=names.get(unit_id, unit_id))


def platform_from_domain(platform: PlatformNoun) -> Platform:
    """Show a platform."""
    return Platform(
        id=strawberry.ID(platform.id),
        code=platform.code,
        name=platform.name,
        opened_on=platform.opened_on,
    )


def person_from_domain(person: PersonNoun, assignments: Sequence[Assignment]) -> Person:
    """Show a person."""
    return Person(
        id=strawberry.ID(person.id),
        name=person.name,
        staff_number=person.staff_number,
        joined_on=person.joined_on,
        left_on=person.left_on,
        assignments=list(assignments),
        version=person.version,
    )


def people_with_assignments(
    database: Database, people: Sequence[PersonNoun], at: Moment
) -> list[Person]:
    """Fill people with their assignments of the day: four statements, however many people."""
    found: dict[str, list[Assignment]] = {}
    for entity_id in sorted({person.entity_id for person in people}):
        ids = [person.id for person in people if person.entity_id == entity_id]
        rows = stored.assignments(
            database,
            entity_id,
            start=at.valid_at,
            end=date.fromordinal(at.valid_at.toordinal() + 1),
            known_at=at.known_at,
            person_ids=ids,
        )
        names = unit_names(database, entity_id, at)
        platforms: dict[str, PlatformNoun] = {
            each.id: each for each in stored.platforms(database, entity_id, known_at=at.known_at)
        }
        for row in rows:
            found.setdefault(row.person_id, []).append(_assignment(row, names, platforms))
    return [person_from_domain(person, found.get(person.id, ())) for person in people]


def unit_names(database: Database, entity_id: str, at: Moment) -> dict[str, str]:
    """Return the names of the units of a day by id."""
    rows = stored.units(database, entity_id, valid_at=at.valid_at, known_at=at.known_at)
    return {unit.id: unit.name for unit in rows}


def _assignment(
    row: AssignmentNoun, names: Mapping[str, str], platforms: Mapping[str, PlatformNoun]
) -> Assignment:
    platform = platforms.get(row.platform_id) if row.platform_id else None
    return Assignment(
        unit=unit_ref(row.unit_id, names),
        platform=None if platform is None else platform_from_domain(platform),
        position=row.position,
        role=row.role,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


async def person_by_id(context: Context, person_id: str, at: Moment) -> Person:
    """Read one person whom the viewer may see, or refuse as if there were none."""

    def work(database: Database) -> Person:
        rows = stored.people(
            database,
            context.asker,
            valid_at=at.valid_at,
            known_at=at.known_at,
            ids=[person_id],
        )
        if not rows:
            raise Refused("not_found", {"id": person_id})
        return people_with_assignments(database, rows, at)[0]

    return await context.read(work)


def _person_key(person: PersonNoun) -> tuple[str, str]:
    return (person.name, person.id)


@output(access=Audience.SIGNED_IN, description="Queries about people and units.")
class PeopleQuery:
    """Part of the query root."""

    @resolved("The people the viewer may see, by name.", access=Resource.PERSON)
    async def people(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        search: Annotated[
            str | None, described("Part of the name, or the whole staff number.")
        ] = None,
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> Connection[Person]:
        """Read a page."""
        context = info.context
        at = moment(context, valid_at, known_at)
        asked = page("people", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[Person]:
            rows = stored.people(
                database,
                context.asker,
                valid_at=at.valid_at,
                known_at=at.known_at,
                search=search,
            )
            part = cut(sorted(rows, key=_person_key), asked, _person_key)
            filled: dict[str, Person] = {
                person.id: person for person in people_with_assignments(database, part.rows, at)
            }
            return connect("people", part, lambda row: filled[row.id], _person_key)

        return await context.read(work)

    @resolved("One person, if the viewer may see this person.", access=Resource.PERSON)
    async def person(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("The id of the person.")],  # noqa: A002
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> Person:
        """Read one."""
        return await person_by_id(info.context, id, moment(info.context, valid_at, known_at))

    @resolved("The units of a day, by code.", access=Resource.UNIT)
    async def units(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> Connection[Unit]:
        """Read a page."""
        context = info.context
        at = moment(context, valid_at, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("units", first=first, after=after, last=last, before=before)

        def key(unit: OrgUnit) -> tuple[str, str]:
            return (unit.code, unit.id)

        def work(database: Database) -> Connection[Unit]:
            rows = stored.units(database, entity, valid_at=at.valid_at, known_at=at.known_at)
            names: dict[str, str] = {unit.id: unit.name for unit in rows}
            part = cut(sorted(rows, key=key), asked, key)
            return connect("units", part, lambda row: unit_from_domain(row, names), key)

        return await context.read(work)

    @resolved("The sales platforms; at most some dozens.", access=Resource.UNIT)
    async def platforms(
        self, info: Info, legal_entity: Entity = None, known_at: KnownAt = None
    ) -> list[Platform]:
        """Read all."""
        context = info.context
        at = moment(context, None, known_at)
        entity = entity_of(context.asker, legal_entity)
        rows = await context.read(
            lambda database: stored.platforms(database, entity, known_at=at.known_at)
        )
        return [platform_from_domain(row) for row in rows]


# ---- what people do -----------------------------------------------------------------------------


@strawberry.input(description="Where somebody works from a day on.")
class PlaceInput:
    """The new assignment."""

    unit: strawberry.ID = strawberry.field(description="The id of the unit.")
    platform: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the platform the person sells on."
    )
    position: str = strawberry.field(description="The position (岗位).")
    role: AssignmentRole = strawberry.field(
        default=AssignmentRole.MEMBER, description="Whether the person leads the unit."
    )


@strawberry.input(description="Somebody joins.")
class PersonJoinInput:
    """Input of ``personJoin``."""

    idempotency_key: Key = key_field()
    source_key: str = strawberry.field(
        description="How the directory knows the person for ever; the staff number will do."
    )
    name: str = strawberry.field(description="The name.")
    staff_number: str | None = strawberry.field(default=None, description="The staff number.")
    joined_on: date = strawberry.field(description="The first day of work.")
    place: PlaceInput = strawberry.field(description="Where the person begins.")


@strawberry.input(description="Somebody moves to another unit, platform or position.")
class PersonMoveInput:
    """Input of ``personMove``."""

    idempotency_key: Key = key_field()
    person: strawberry.ID = strawberry.field(description="The id of the person.")
    expected_version: int = version_field()
    on: date = strawberry.field(description="The first day of the new assignment.")
    place: PlaceInput = strawberry.field(description="Where the person works from then on.")


@strawberry.input(description="Somebody leaves.")
class PersonLeaveInput:
    """Input of ``personLeave``."""

    idempotency_key: Key = key_field()
    person: strawberry.ID = strawberry.field(description="The id of the person.")
    expected_version: int = version_field()
    on: date = strawberry.field(description="The first day on which the person works here no more.")


@output(access=Resource.PERSON, description="The person has joined.")
class PersonJoinSuccess:
    """Joined."""

    person: Person = shown("The person on the first day.")


@output(access=Resource.PERSON, description="The person has moved.")
class PersonMoveSuccess:
    """Moved."""

    person: Person = shown("The person on the first day of the new assignment.")


@output(access=Resource.PERSON, description="The person has left.")
class PersonLeaveSuccess:
    """Left."""

    person: Person = shown("The person on the last day.")


PersonJoinResult = Annotated[
    PersonJoinSuccess | Refusal,
    strawberry.union("PersonJoinResult", description="Joined, or why not."),
]
PersonMoveResult = Annotated[
    PersonMoveSuccess | Refusal,
    strawberry.union("PersonMoveResult", description="Moved, or why not."),
]
PersonLeaveResult = Annotated[
    PersonLeaveSuccess | Refusal,
    strawberry.union("PersonLeaveResult", description="Left, or why not."),
]


async def _afterwards(context: Context, person_id: str, day: date) -> Person:
    """Read the person as it is after the deed: what was just written is known now."""
    return await person_by_id(context, person_id, Moment(valid_at=day, known_at=ALL_KNOWN))


@output(access=Audience.SIGNED_IN, description="Changes of people.")
class PeopleMutation:
    """Part of the mutation root."""

    @resolved(
        "A person joins a unit.",
        access=Resource.PERSON,
        deed=Deed.WRITE,
        graphql_type=PersonJoinResult,
    )
    async def person_join(
        self,
        info: Info,
        input: Annotated[PersonJoinInput, described("Who joins, where and when.")],  # noqa: A002
    ) -> PersonJoinSuccess:
        """Join."""
        context, place = info.context, input.place
        draft = PersonDraft(
            source_key=input.source_key,
            name=input.name,
            staff_number=input.staff_number,
            joined_on=input.joined_on,
        )
        done = await act(
            context,
            "personJoin",
            input,
            lambda writing: join(
                writing,
                context.asker,
                draft,
                unit_id=place.unit,
                platform_id=place.platform,
                position=place.position,
                role=place.role,
            ),
        )
        return PersonJoinSuccess(person=await _afterwards(context, done.id, input.joined_on))

    @resolved(
        "A person moves to another unit, platform or position from a day on.",
        access=Resource.PERSON,
        deed=Deed.WRITE,
        graphql_type=PersonMoveResult,
    )
    async def person_move(
        self,
        info: Info,
        input: Annotated[PersonMoveInput, described("Who moves, where and when.")],  # noqa: A002
    ) -> PersonMoveSuccess:
        """Move."""
        context, place = info.context, input.place
        done = await act(
            context,
            "personMove",
            input,
            lambda writing: move(
                writing,
                context.asker,
                input.person,
                on=input.on,
                unit_id=place.unit,
                platform_id=place.platform,
                position=place.position,
                role=place.role,
                expected_version=input.expected_version,
            ),
        )
        return PersonMoveSuccess(person=await _afterwards(context, done.id, input.on))

    @resolved(
        "A person leaves: assignments end with the day.",
        access=Resource.PERSON,
        deed=Deed.WRITE,
        graphql_type=PersonLeaveResult,
    )
    async def person_leave(
        self,
        info: Info,
        input: Annotated[PersonLeaveInput, described("Who leaves and when.")],  # noqa: A002
    ) -> PersonLeaveSuccess:
        """Leave."""
        context = info.context
        done = await act(
            context,
            "personLeave",
            input,
            lambda writing: leave(
                writing,
                context.asker,
                input.person,
                on=input.on,
                expected_version=input.expected_version,
            ),
        )
        last_day = date.fromordinal(input.on.toordinal() - 1)
        return PersonLeaveSuccess(person=await _afterwards(context, done.id, last_day))

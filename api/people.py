"""People, units and platforms: who works where, on which day, as known when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import (
    After,
    Before,
    Entity,
    First,
    KnownAt,
    Last,
    Moment,
    ValidAt,
    entity_of,
    moment,
)
from api.context import Context, Info
from api.identified import Node
from api.paging import Connection, connect, cut, described, page
from api.scalars import closed_set
from domain.access import Resource
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
class Unit(Node):
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
class Person(Node):
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


async def unit_by_id(context: Context, unit_id: str, at: Moment) -> Unit:
    """Read one unit of the viewer's legal entities."""

    def work(database: Database) -> Unit:
        for entity in sorted(context.asker.entity_ids):
            rows = stored.units(database, entity, valid_at=at.valid_at, known_at=at.known_at)
            names: dict[str, str] = {unit.id: unit.name for unit in rows}
            for row in rows:
                if row.id == unit_id:
                    return unit_from_domain(row, names)
        raise Refused("not_found", {"id": unit_id})

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
    ) -> Connection[Person] | None:
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
    ) -> Person | None:
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
    ) -> Connection[Unit] | None:
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
    ) -> list[Platform] | None:
        """Read all."""
        context = info.context
        at = moment(context, None, known_at)
        entity = entity_of(context.asker, legal_entity)
        rows = await context.read(
            lambda database: stored.platforms(database, entity, known_at=at.known_at)
        )
        return [platform_from_domain(row) for row in rows]

"""What happens to people: they join, move and leave."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.change_people import PersonDraft, join, leave, move
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Key, Moment, act, key_field, version_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from api.people import Person, person_by_id
from domain.access import Deed, Resource
from domain.people import AssignmentRole


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

"""Which plan pays somebody on a day: the question of everybody who has one."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.plans_in_force import plans_in_force
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, ValidAt, entity_of
from api.context import Context, Info
from api.definitions import PlanVersion, plan_from_domain
from api.errors import DataProblem, data_problem
from api.paging import described
from domain.access import Resource
from domain.problem import Refused
from storage.carrying import look_at
from storage.engine import Database
from storage.people import people


@output(access=Resource.PERFORMANCE, description="What pays a person on a day.")
class PersonPlans:
    """The plans; a calculation takes those of the first day of its period."""

    person: strawberry.ID = shown("Whose.")
    day: date = shown("The day.")
    plans: list[PlanVersion] = shown(
        "The plans in force, at most one for each kind of period; may be empty."
    )
    problems: list[DataProblem] = shown(
        "Plans that are as narrow as each other, so that none of them is chosen; may be empty."
    )


@output(access=Audience.SIGNED_IN, description="Queries about whose plan is which.")
class PlanOfQuery:
    """Part of the query root."""

    @resolved(
        "Which plan pays a person on a day, chosen as a calculation chooses it: a pilot first,"
        " then the narrowest scope.",
        access=Resource.PLAN,
    )
    async def plan_of(
        self,
        info: Info,
        person: Annotated[
            strawberry.ID | None,
            described("Whose; the person of the viewer's account if absent."),
        ] = None,
        valid_at: ValidAt = None,
        legal_entity: Entity = None,
    ) -> PersonPlans | None:
        """Choose."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        whose, day = person or context.asker.person_id, valid_at or context.today
        if whose is None:
            raise Refused("not_found", {"id": "-"})
        return await context.read(lambda database: _of(database, context, entity, whose, day))


def _of(
    database: Database, context: Context, entity_id: str, person_id: str, day: date
) -> PersonPlans:
    look_at(database, day=day)
    seen = people(
        database,
        context.asker,
        valid_at=day,
        known_at=ALL_KNOWN,
        ids=[person_id],
        resource=Resource.PERFORMANCE,
    )
    if not seen or seen[0].entity_id != entity_id:
        raise Refused("not_found", {"id": person_id})
    found = plans_in_force(database, entity_id, day, ALL_KNOWN, [person_id])
    return PersonPlans(
        person=strawberry.ID(person_id),
        day=day,
        plans=[plan_from_domain(row, context) for row in found.by_person.get(person_id, ())],
        problems=[data_problem(each, context) for each in found.problems],
    )

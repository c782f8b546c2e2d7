"""What may I do here, and why not: every resource and deed for the viewer and somebody's rows."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.access_words import Deed, Resource
from api.asking import ValidAt, moment
from api.context import Context, Info
from api.paging import described
from api.scalars import closed_set
from domain.access import UNDELEGATED, Range, Reach, Role, Viewer, reaches_of, refusal_of
from storage.engine import Database
from storage.visibility import person_reached

closed_set(
    Range,
    "How far a right reaches.",
    {
        Range.NONE: "Nothing.",
        Range.SELF: "One person: oneself, or whom a reason names.",
        Range.SUBTREE: "The people of a unit and of the units below it.",
        Range.ENTITY: "A legal entity.",
        Range.ALL: "Everything.",
    },
)


@output(access=Audience.SIGNED_IN, description="Whether one thing may be done, and through what.")
class Permission:
    """A resource and a deed, for the viewer of this request."""

    resource: Resource = shown("The resource.")
    deed: Deed = shown("What would be done with it.")
    allowed: bool = shown("Whether it may be done.")
    range: Range = shown("How far the widest right reaches that allows it.")
    role: Role | None = shown("The role that allows it.")
    unit: strawberry.ID | None = shown("The unit the role is bound to.")
    delegation: strawberry.ID | None = shown("The delegation under which it is allowed.")
    reason: str | None = shown("Why not, in the language of the request; null when allowed.")
    ask: str | None = shown("Who could change that; null when allowed.")


# What belongs to somebody. A right over the rest says nothing about whether there is a subject.
_PERSONAL = frozenset({Resource.PERSON, Resource.GOAL, Resource.PERFORMANCE, Resource.PAY})


def _covers(database: Database, reach: Reach, subject: str | None, day: date) -> bool:
    return subject is None or person_reached(database, reach, subject, day)


def _permission(
    database: Database,
    context: Context,
    resource: Resource,
    deed: Deed,
    subject: str | None,
    day: date,
    known: dict[Reach, bool],
) -> Permission:
    viewer = context.asker
    best: tuple[Reach, Role] | None = None
    near = False
    for grant in viewer.grants:
        for reach in reaches_of(viewer, grant, resource, deed):
            near = True
            if reach not in known:
                known[reach] = _covers(database, reach, subject, day)
            if known[reach] and (best is None or reach.range > best[0].range):
                best = reach, grant.role
    held = None if best is None else best[0]
    acting = viewer.acting.delegation_id if viewer.acting and best else None
    return Permission(
        resource=resource,
        deed=deed,
        allowed=best is not None,
        range=Range.NONE if held is None else held.range,
        role=None if best is None else best[1],
        unit=None if held is None or held.unit_id is None else strawberry.ID(held.unit_id),
        delegation=None if acting is None else strawberry.ID(acting),
        reason=None if best else context.say(_why(viewer, resource, deed, near=near)),
        ask=None if best else context.say(_whom(viewer, resource)),
    )


def _why(viewer: Viewer, resource: Resource, deed: Deed, *, near: bool) -> str:
    """Name the sentence that says why not; out of reach looks the same as not there."""
    return "out_of_reach" if near else refusal_of(viewer, resource, deed)


def _whom(viewer: Viewer, resource: Resource) -> str:
    """Name the sentence that says who could change it."""
    if viewer.acting is not None and resource not in UNDELEGATED:
        return "ask_delegator"
    if resource is Resource.PAY and Role.AUDITOR in viewer.roles:
        return "ask_oneself"
    return "ask_administrator" if resource in UNDELEGATED else "ask_hr"


@output(access=Audience.SIGNED_IN, description="Queries about the viewer's own rights.")
class PermissionQuery:
    """Part of the query root."""

    @resolved(
        "What the viewer may do, and why not: one entry per resource and deed.",
        access=Audience.SIGNED_IN,
    )
    async def permissions(
        self,
        info: Info,
        subject: Annotated[
            strawberry.ID | None,
            described("Whose rows: the id of a person; anybody's at all if absent."),
        ] = None,
        at: ValidAt = None,
    ) -> list[Permission] | None:
        """Ask every right."""
        context = info.context
        day = moment(context, at, None).valid_at

        def work(database: Database) -> list[Permission]:
            known: dict[Reach, bool] = {}
            return [
                _permission(database, context, resource, deed, subject, day, known)
                if resource in _PERSONAL
                else _permission(database, context, resource, deed, None, day, {})
                for resource in Resource
                for deed in Deed
            ]

        return await context.read(work)

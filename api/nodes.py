"""``node`` and ``nodes``: whatever an id speaks of, if the viewer may see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

import strawberry

from api.access import Audience, demand, output, resolved
from api.accounts import Account, account_by_id
from api.asking import Moment, moment
from api.context import Context, Info
from api.goals import Goal, goal_by_id
from api.jobs import Job, job_by_id
from api.paging import described
from api.people import Person, Unit, person_by_id, unit_by_id
from api.sources import SourceConnection, connection_by_id
from domain.access import Deed, Resource
from domain.ids import noun_of
from domain.problem import Refused

MOST_NODES = 20

Node = Annotated[
    Person | Unit | Goal | SourceConnection | Job | Account,
    strawberry.union("Node", description="Something with an id of its own."),
]
Found: TypeAlias = Person | Unit | Goal | SourceConnection | Job | Account


async def _person(context: Context, identifier: str, at: Moment) -> Found:
    return await person_by_id(context, identifier, at)


async def _unit(context: Context, identifier: str, at: Moment) -> Found:
    return await unit_by_id(context, identifier, at)


async def _goal(context: Context, identifier: str, at: Moment) -> Found:
    return await goal_by_id(context, identifier, at)


async def _connection(context: Context, identifier: str, _at: Moment) -> Found:
    return await connection_by_id(context, identifier)


async def _job(context: Context, identifier: str, _at: Moment) -> Found:
    return await job_by_id(context, None, identifier)


async def _account(context: Context, identifier: str, _at: Moment) -> Found:
    return await account_by_id(context, identifier)


# Which resource guards a noun, and how it is read.
_READERS: dict[
    str, tuple[Resource | Audience, Callable[[Context, str, Moment], Awaitable[Found]]]
] = {
    "Person": (Resource.PERSON, _person),
    "OrgUnit": (Resource.UNIT, _unit),
    "Goal": (Resource.GOAL, _goal),
    "Connection": (Resource.SOURCE, _connection),
    "Job": (Audience.SIGNED_IN, _job),
    "Account": (Resource.ACCOUNT, _account),
}


async def read_node(context: Context, identifier: str, at: Moment) -> Found | None:
    """Read what an id speaks of; null when there is nothing the viewer may see."""
    reader = _READERS.get(noun_of(identifier) or "")
    if reader is None:
        return None
    tag, read = reader
    try:
        demand(context.viewer, tag, Deed.READ)
        return await read(context, identifier, at)
    except Refused as refused:
        if refused.code in {"not_found", "forbidden"}:
            return None
        raise


@output(access=Audience.SIGNED_IN, description="Queries by id.")
class NodeQuery:
    """Part of the query root."""

    @resolved(
        "Whatever an id speaks of; null when there is nothing the viewer may see.",
        access=Audience.SIGNED_IN,
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("The id.")],  # noqa: A002
    ) -> Node | None:
        """Read one."""
        return await read_node(info.context, id, moment(info.context, None, None))

    @resolved("Several at once, at most 20; in the order of the ids.", access=Audience.SIGNED_IN)
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], described("The ids, at most 20.")],
    ) -> list[Node | None]:
        """Read several."""
        if len(ids) > MOST_NODES:
            raise Refused("page_size_invalid", {"size": str(len(ids)), "most": str(MOST_NODES)})
        at = moment(info.context, None, None)
        return [await read_node(info.context, each, at) for each in ids]

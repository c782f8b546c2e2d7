"""``node`` and ``nodes``: whatever an id speaks of, if the viewer may see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry

from api.access import Audience, demand, output, resolved
from api.accounts import account_by_id
from api.asking import Moment, moment
from api.context import Context, Info
from api.credit_rules import credit_rule_by_id
from api.goals import goal_by_id
from api.identified import Node
from api.jobs import job_by_id
from api.kpis import metric_by_id, scorecard_by_id
from api.paging import described
from api.people import person_by_id, unit_by_id
from api.plans import plan_version_by_id
from api.sources import connection_by_id
from domain.access import Deed, Resource
from domain.ids import noun_of
from domain.problem import Refused

MOST_NODES = 20


async def _person(context: Context, identifier: str, at: Moment) -> Node:
    return await person_by_id(context, identifier, at)


async def _unit(context: Context, identifier: str, at: Moment) -> Node:
    return await unit_by_id(context, identifier, at)


async def _goal(context: Context, identifier: str, at: Moment) -> Node:
    return await goal_by_id(context, identifier, at)


async def _connection(context: Context, identifier: str, _at: Moment) -> Node:
    return await connection_by_id(context, identifier)


async def _metric(context: Context, identifier: str, at: Moment) -> Node:
    return await metric_by_id(context, identifier, at)


async def _scorecard(context: Context, identifier: str, at: Moment) -> Node:
    return await scorecard_by_id(context, identifier, at)


async def _plan_version(context: Context, identifier: str, at: Moment) -> Node:
    return await plan_version_by_id(context, identifier, at.known_at)


async def _credit_rule(context: Context, identifier: str, at: Moment) -> Node:
    return await credit_rule_by_id(context, identifier, at.known_at)


async def _job(context: Context, identifier: str, _at: Moment) -> Node:
    return await job_by_id(context, None, identifier)


async def _account(context: Context, identifier: str, _at: Moment) -> Node:
    return await account_by_id(context, identifier)


# Which resource guards a noun, and how it is read.
_READERS: dict[
    str, tuple[Resource | Audience, Callable[[Context, str, Moment], Awaitable[Node]]]
] = {
    "Person": (Resource.PERSON, _person),
    "OrgUnit": (Resource.UNIT, _unit),
    "Goal": (Resource.GOAL, _goal),
    "Connection": (Resource.SOURCE, _connection),
    "Metric": (Resource.METRIC, _metric),
    "Scorecard": (Resource.METRIC, _scorecard),
    "PlanVersion": (Resource.PLAN, _plan_version),
    "CreditRule": (Resource.CALCULATION, _credit_rule),
    "Job": (Audience.SIGNED_IN, _job),
    "Account": (Resource.ACCOUNT, _account),
}


async def read_node(context: Context, identifier: str, at: Moment) -> Node | None:
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
    ) -> list[Node | None] | None:
        """Read several."""
        if len(ids) > MOST_NODES:
            raise Refused("page_size_invalid", {"size": str(len(ids)), "most": str(MOST_NODES)})
        at = moment(info.context, None, None)
        return [await read_node(info.context, each, at) for each in ids]

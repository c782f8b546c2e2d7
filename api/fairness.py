"""Attainment seen beside unequal opportunities, for those who see everybody's performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from actions.see_fairness import see_fairness
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, Moment, entity_of
from api.context import Context, Info
from api.paging import described
from api.peer_words import PeerGroup
from api.people import unit_names
from api.scalars import PeriodName
from api.values import Quantity, number
from domain.access import Resource
from domain.exact import RATIO_ONE
from domain.fairness import Adjusted, Ratio
from domain.period import period_named
from domain.privacy import hidden_groups
from storage.engine import Database
from storage.people import platforms
from storage.settings import settings_for


@output(access=Resource.PERFORMANCE, description="A group beside the whole, raw and adjusted.")
class FairnessGroup:
    """What a group attained, and what it would have with an average flow."""

    key: str = shown("The id of the team or platform; empty for the whole.")
    name: str = shown("Its name; empty for the whole.")
    hidden: bool = shown("Whether too few people are behind it, so that the rest is null.")
    people: int | None = shown("How many have a target.")
    attainment: Quantity | None = shown("What they did together, of what was wanted.")
    flow_per_head: Quantity | None = shown("What each of them was given on average.")
    per_flow: Quantity | None = shown("What comes of one step of the flow.")
    adjusted: Quantity | None = shown(
        "What they would have attained at their own yield with the flow per head of the whole."
    )


@output(access=Resource.PERFORMANCE, description="Whether a goal is fair to unequal groups.")
class GoalFairness:
    """A view; nothing is paid by it."""

    whole: FairnessGroup = shown("Everybody together.")
    groups: list[FairnessGroup] = shown("One entry per group.")
    together: int | None = shown(
        "Of the pairs of groups that differ, in how many more flow goes with more attainment;"
        " null where a group is hidden."
    )
    apart: int | None = shown(
        "In how many it goes with less. About as many of both are a fair goal."
    )


@output(access=Audience.SIGNED_IN, description="Goals and unequal opportunities.")
class FairnessQuery:
    """Part of the query root."""

    @resolved(
        "Attainment of groups beside what they were given: the raw view, and one adjusted for it.",
        access=Resource.PERFORMANCE,
    )
    async def goal_fairness(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        metric: Annotated[str, described("The metric with a target, a sum or a count.")],
        flow: Annotated[str, described("What is given: leads, visits; a sum or a count.")],
        by: Annotated[PeerGroup, described("Which groups.")] = PeerGroup.UNIT,
        legal_entity: Entity = None,
    ) -> GoalFairness | None:
        """Show it."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        span = period_named(period)
        actions = context.runtime.actions
        found, *units = await context.perform(
            lambda: see_fairness(actions, context.asker, entity, span, (metric, flow, by))
        )

        def work(database: Database) -> GoalFairness:
            at = Moment(valid_at=span.last_day, known_at=ALL_KNOWN)
            names = dict(unit_names(database, entity, at))
            stores = platforms(database, entity, known_at=ALL_KNOWN)
            names |= {str(each.id): each.name for each in stores}
            minimum = settings_for(database, entity, span.last_day, context.today).privacy_minimum
            hidden = hidden_groups([each.group.people for each in found.groups], minimum)
            # the order of two groups tells about each; with a hidden one nothing is told
            told = not hidden
            return GoalFairness(
                whole=_shown(found.whole, {}, units, context, hidden=False),
                groups=[
                    _shown(each, names, units, context, hidden=place in hidden)
                    for place, each in enumerate(found.groups)
                ],
                together=found.together if told else None,
                apart=found.apart if told else None,
            )

        return await context.read(work)


def _shown(
    each: Adjusted,
    names: Mapping[str, str],
    units: Sequence[str],
    context: Context,
    *,
    hidden: bool,
) -> FairnessGroup:
    key = each.group.key
    name = names.get(key, key)
    if hidden:
        return FairnessGroup(
            key=key, name=name, hidden=True, people=None, attainment=None, flow_per_head=None,
            per_flow=None, adjusted=None,
        )  # fmt: skip
    return FairnessGroup(
        key=key,
        name=name,
        hidden=False,
        people=each.group.people,
        attainment=_ratio(each.attainment, context),
        flow_per_head=_quotient(each.per_head, units[1], context),
        per_flow=_quotient(each.per_flow, units[0], context),
        adjusted=_ratio(each.adjusted, context),
    )


def _ratio(found: Ratio | None, context: Context) -> Quantity | None:
    """Show a fraction of steps of the same unit as a share."""
    return None if found is None else number(found[0] * RATIO_ONE, "RATIO", context, found[1])


def _quotient(found: Ratio | None, unit: str, context: Context) -> Quantity | None:
    return None if found is None else number(found[0], unit, context, found[1])

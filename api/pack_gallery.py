"""The gallery of industry packs: a short survey of the business suggests some, with reasons."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of
from api.context import Context, Info
from api.pack_kpis import PackReason, reason_of
from api.packs import Known, Pack, known_of, metrics_of, pack_from_domain
from api.paging import described
from api.scalars import closed_set
from domain.access import Deed, Resource, reaches
from domain.pack_choice import Offer, SellingWay, Survey, suggest
from domain.pack_data import feeding_of
from storage.engine import Database

closed_set(
    SellingWay,
    "How a company sells.",
    {
        SellingWay.FIELD_VISITS: "Salespeople visit customers.",
        SellingWay.KEY_ACCOUNTS: "A few large customers, each with somebody of their own.",
        SellingWay.INSIDE_SALES: "By telephone and video.",
        SellingWay.STORES: "In stores.",
        SellingWay.ONLINE: "In shops on the net.",
        SellingWay.AGENTS: "Through advisors and agents.",
    },
)


@strawberry.input(
    description="A short survey of the business; what is left out counts for nothing."
)
class PackSurveyInput:
    """The answers."""

    industry: str = strawberry.field(
        default="", description="The industry in a word or two, in Chinese or English."
    )
    selling: list[SellingWay] = strawberry.field(
        default_factory=list, description="The ways in which you sell, at most six."
    )
    people: int | None = strawberry.field(default=None, description="How many people sell.")
    cycle_days: int | None = strawberry.field(
        default=None, description="Days from the first contact to the deal, usually."
    )
    collects_cash: bool | None = strawberry.field(
        default=None, description="Whether salespeople also see that customers pay."
    )
    facts: list[str] = strawberry.field(
        default_factory=list,
        description="Kinds of facts that could be brought beside what is connected.",
    )

    def to_domain(self) -> Survey:
        """Hold it against packs."""
        return Survey(
            industry=self.industry,
            selling=frozenset(self.selling),
            people=self.people,
            cycle_days=self.cycle_days,
            collects_cash=self.collects_cash,
        )


@output(access=Resource.PACK, description="A pack that fits, and why.")
class PackSuggestion:
    """One suggestion."""

    pack: Pack = shown("The pack.")
    points: int = shown("How well it fits: the sum of the points of its reasons.")
    reasons: list[PackReason] = shown("Every reason that gave or took points, at most a dozen.")


def _offer(pack: Any, known: Known, sees_sources: bool) -> Offer:
    feeds = (feeding_of(metric, known.brought).feed for _, metric in metrics_of(pack))
    return Offer(
        pack=pack.id,
        industry=pack.industry,
        names=tuple(pack.name.values()),
        suits=pack.suits,
        feeds=tuple(feeds) if sees_sources else (),
    )


async def _suggestions(
    context: Context, entity_id: str, survey: PackSurveyInput
) -> list[PackSuggestion]:
    offered = context.runtime.actions.packs
    sees_sources = bool(reaches(context.asker, Resource.SOURCE, Deed.READ))

    def work(database: Database) -> list[PackSuggestion]:
        known = known_of(database, context, entity_id, survey.facts)
        offers = [_offer(offered[name], known, sees_sources) for name in sorted(offered)]
        return [
            PackSuggestion(
                pack=pack_from_domain(offered[each.pack], known, context),
                points=each.points,
                reasons=[
                    reason_of(reason.code, reason.values, context, reason.points)
                    for reason in each.reasons
                ],
            )
            for each in suggest(survey.to_domain(), offers)
        ]

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Queries of the gallery of industry packs.")
class PackGalleryQuery:
    """Part of the query root."""

    @resolved(
        "The packs that fit the answers of a survey, the best one first, with every reason; "
        "at most some dozens. The same answers give the same packs.",
        access=Resource.PACK,
    )
    async def pack_suggestions(
        self,
        info: Info,
        survey: Annotated[PackSurveyInput, described("The answers.")],
        legal_entity: Entity = None,
    ) -> list[PackSuggestion] | None:
        """Suggest."""
        context = info.context
        return await _suggestions(context, entity_of(context.asker, legal_entity), survey)

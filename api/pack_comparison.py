"""Two packs, or two versions of one, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from actions.pack_pins import Pin, pinned, version_of
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, entity_of
from api.context import Context, Info
from api.pack_kpis import PackFeeding, feeding_from_domain
from api.pack_upgrades import PackDifference, differences_at
from api.paging import described
from api.values import LocalText, local_text
from domain.access import Resource
from domain.metric import Metric, decode_metric
from domain.pack_compare import compare
from domain.pack_data import Brought, brought_by
from domain.pack_merge import Leaves, merge
from storage.engine import Database
from storage.pack_data import mappings_in_use
from storage.packs import newest_layers


@output(access=Resource.PACK, description="A KPI in a comparison.")
class PackComparedKpi:
    """Its name, and whether it can be fed."""

    key: strawberry.ID = shown("The key.")
    name: LocalText = shown("The name.")
    feeding: PackFeeding | None = shown(
        "Whether the connected sources can feed it.", access=Resource.SOURCE
    )


@output(access=Resource.PACK, description="KPIs of two packs that count the same.")
class PackKpiPair:
    """One of each side."""

    one: PackComparedKpi = shown("That of the first.")
    other: PackComparedKpi = shown("That of the second.")


@output(access=Resource.PACK, description="One side of a comparison.")
class PackSide:
    """What a pack is made of, in numbers."""

    pack: strawberry.ID = shown("The pack.")
    pack_version: str = shown("The version.")
    name: LocalText = shown("Its name.")
    kpis: int = shown("How many KPIs.")
    scorecards: int = shown("How many scorecards.")
    plans: int = shown("How many plan templates.")
    facts: list[str] = shown("The kinds of facts it is fed by, at most some dozens.")


@output(access=Resource.PACK, description="Two packs, or two versions of one, side by side.")
class PackComparison:
    """What they share and where they differ."""

    one: PackSide = shown("The first.")
    other: PackSide = shown("The second.")
    shared: list[PackKpiPair] = shown("KPIs that count the same, at most some dozens of pairs.")
    only_one: list[PackComparedKpi] = shown("KPIs of the first alone, at most some dozens.")
    only_other: list[PackComparedKpi] = shown("KPIs of the second alone, at most some dozens.")
    differences: list[PackDifference] = shown(
        "Of two versions of one pack every place that differs, at most some thousands; of two"
        " packs may be empty."
    )


def _side(pin: Pin, context: Context) -> PackSide:
    pack = pin.pack
    return PackSide(
        pack=strawberry.ID(pack.id),
        pack_version=pack.version,
        name=local_text(pack.name, context),
        kpis=len(pack.metrics),
        scorecards=len(pack.scorecards),
        plans=len(pack.plans),
        facts=sorted(pack.entities),
    )


def _metrics(pin: Pin) -> list[Metric]:
    read = (decode_metric(each)[0] for each in pin.pack.metrics)
    return [each for each in read if each is not None]


def _kpi(metric: Metric, brought: Brought, context: Context) -> PackComparedKpi:
    return PackComparedKpi(
        key=strawberry.ID(metric.key),
        name=local_text(metric.name, context),
        feeding=feeding_from_domain(metric, brought, context),
    )


def _compared(
    one: Pin, other: Pin, own: Leaves, brought: Brought, context: Context
) -> PackComparison:
    found = compare(_metrics(one), _metrics(other))

    def listed(metrics: Sequence[Metric]) -> list[PackComparedKpi]:
        return [_kpi(each, brought, context) for each in metrics]

    return PackComparison(
        one=_side(one, context),
        other=_side(other, context),
        shared=[
            PackKpiPair(one=_kpi(first, brought, context), other=_kpi(second, brought, context))
            for first, second in found.shared
        ],
        only_one=listed(found.only_first),
        only_other=listed(found.only_second),
        differences=_differences(one, other, own) if one.pack.id == other.pack.id else [],
    )


def _differences(one: Pin, other: Pin, own: Leaves) -> list[PackDifference]:
    """Name every place at which two versions differ, with what the company says there."""
    places = merge(one.leaves, other.leaves, {}).taken
    return differences_at(places, one.leaves, other.leaves, own)


@output(access=Audience.SIGNED_IN, description="Packs side by side.")
class PackComparisonQuery:
    """Part of the query root."""

    @resolved(
        "Two packs side by side, by what their KPIs count; or, without another pack, what is"
        " installed of a pack beside the version on offer, place by place.",
        access=Resource.PACK,
    )
    async def pack_comparison(
        self,
        info: Info,
        pack: Annotated[strawberry.ID, described("The first pack.")],
        other: Annotated[
            strawberry.ID | None, described("The second; another version of the first if absent.")
        ] = None,
        pack_version: Annotated[
            str | None,
            described(
                "The version of the first; the installed one, else that on offer, if absent."
            ),
        ] = None,
        other_version: Annotated[
            str | None, described("The version of the second; the one on offer if absent.")
        ] = None,
        legal_entity: Entity = None,
    ) -> PackComparison | None:
        """Compare."""
        context = info.context
        entity_id = entity_of(context.asker, legal_entity)
        packs = context.runtime.actions.packs

        def work(database: Database) -> PackComparison:
            layer = newest_layers(database, entity_id, known_at=ALL_KNOWN).get(str(pack))
            own: Leaves = {}
            if pack_version is None and layer is not None:
                first, own = pinned(database, packs, entity_id, layer), layer.overrides
            else:
                first = version_of(database, packs, entity_id, str(pack), pack_version)
            second = version_of(database, packs, entity_id, str(other or pack), other_version)
            mappings = mappings_in_use(database, context.asker, entity_id, known_at=context.now)
            return _compared(first, second, own, brought_by(mappings), context)

        return await context.read(work)

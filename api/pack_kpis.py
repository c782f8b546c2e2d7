"""The KPIs of an industry pack, and for each whether the connected sources can feed it."""

from __future__ import annotations

from typing import Any

import strawberry

from api.access import output, shown
from api.context import Context
from api.scalars import Document, closed_set
from api.values import LocalText, local_text
from domain.access import Resource
from domain.metric import Metric
from domain.pack_data import Brought, Feed, feeding_of

closed_set(
    Feed,
    "Whether the connected sources can feed a KPI.",
    {
        Feed.GREEN: "All that its formula reads is mapped.",
        Feed.AMBER: "A part of it: something is lacking, or only promised.",
        Feed.RED: "Nothing that its formula reads is mapped.",
    },
)


@output(access=Resource.PACK, description="Why a pack is suggested, or what a KPI lacks.")
class PackReason:
    """A sentence with its code."""

    code: str = shown("The code, for machines.")
    message: str = shown("The sentence, in the language of the request.")
    points: int = shown("How many points it gives or takes; 0 for what a KPI lacks.")


@output(access=Resource.PACK, description="Where rules of a pack come from, and why they are so.")
class PackSource:
    """A source with its rationale."""

    title: LocalText = shown("What it is.")
    rationale: LocalText = shown("What was taken from it, and why.")


@output(access=Resource.SOURCE, description="Whether the connected sources can feed a KPI.")
class PackFeeding:
    """Green, amber or red, and why."""

    feed: Feed = shown("Green, amber or red.")
    lacks: list[PackReason] = shown("What is lacking, at most some dozens; none when green.")


@output(access=Resource.PACK, description="A KPI of a pack.")
class PackKpi:
    """A KPI on offer."""

    key: strawberry.ID = shown("The permanent key.")
    name: LocalText = shown("The name.")
    explanation: LocalText = shown("What it counts, in words of a salesperson.")
    synonyms: list[str] = shown(
        "What else people call it, in the language of the request; at most a dozen words."
    )
    facts: list[str] = shown("The kinds of facts it is fed by, at most a handful.")
    document: Document = shown("Its definition, format attain.metric/1.")
    feeding: PackFeeding | None = shown(
        "Whether the connected sources can feed it.", access=Resource.SOURCE
    )


def reason_of(code: str, values: Any, context: Context, points: int = 0) -> PackReason:
    """Say a reason in the language of the request."""
    return PackReason(code=code.upper(), message=context.say(code, **values), points=points)


def feeding_from_domain(metric: Metric, brought: Brought, context: Context) -> PackFeeding:
    """Show whether the connected sources can feed a metric."""
    found = feeding_of(metric, brought)
    return PackFeeding(
        feed=found.feed,
        lacks=[reason_of(each.code, each.values, context) for each in found.lacks],
    )


def kpi_from_domain(
    document: Any, metric: Metric, synonyms: Any, brought: Brought, context: Context
) -> PackKpi:
    """Show a KPI of a pack."""
    return PackKpi(
        key=strawberry.ID(metric.key),
        name=local_text(metric.name, context),
        explanation=local_text(metric.explanation, context),
        synonyms=list(synonyms.get(context.locale.value, ())),
        facts=sorted(metric.fact_kinds),
        document=Document(dict(document)),
        feeding=feeding_from_domain(metric, brought, context),
    )

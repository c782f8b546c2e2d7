"""The KPI library: metrics and scorecards, read at two dates, defined and published."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.define_metric import define_metric
from actions.publish_scorecard import publish_scorecard
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    After,
    Before,
    Entity,
    First,
    Key,
    KnownAt,
    Last,
    Moment,
    ValidAt,
    act,
    entity_of,
    key_field,
    moment,
)
from api.context import Context, Info
from api.definitions import (
    MetricDefinition,
    ScopeInput,
    ScorecardDefinition,
    metric_from_domain,
    metric_names,
    scorecard_from_domain,
)
from api.errors import Refusal
from api.paging import Connection, connect, cut, described, page
from api.scalars import Document
from domain.access import Deed, Resource
from domain.problem import Refused
from storage import definitions as stored
from storage.definitions import StoredMetric, StoredScorecard
from storage.engine import Database

_VERSION = "The version the client last saw, when it changes what exists; else leave it out."


def _metric_key(row: StoredMetric) -> tuple[str, str]:
    return (row.metric.key, row.id)


def _card_key(row: StoredScorecard) -> tuple[str, str]:
    return (row.scorecard.key, row.id)


def cards_of_day(database: Database, entity_id: str, at: Moment) -> tuple[StoredScorecard, ...]:
    """Return the scorecards that hold on the day."""
    return stored.scorecards(
        database,
        entity_id,
        start=at.valid_at,
        end=date.fromordinal(at.valid_at.toordinal() + 1),
        known_at=at.known_at,
    )


@output(access=Audience.SIGNED_IN, description="Queries about the KPI library.")
class KpiQuery:
    """Part of the query root."""

    @resolved("The metrics that hold on a day, by key.", access=Resource.METRIC)
    async def metrics(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> Connection[MetricDefinition] | None:
        """Read a page."""
        context = info.context
        at = moment(context, valid_at, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("metrics", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[MetricDefinition]:
            rows = stored.metrics(database, entity, valid_at=at.valid_at, known_at=at.known_at)
            part = cut(sorted(rows, key=_metric_key), asked, _metric_key)
            return connect(
                "metrics", part, lambda row: metric_from_domain(row, context), _metric_key
            )

        return await context.read(work)

    @resolved("The scorecards that hold on a day, by key.", access=Resource.METRIC)
    async def scorecards(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> Connection[ScorecardDefinition] | None:
        """Read a page."""
        context = info.context
        at = moment(context, valid_at, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("scorecards", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[ScorecardDefinition]:
            rows = cards_of_day(database, entity, at)
            names = metric_names(database, entity, at)
            part = cut(sorted(rows, key=_card_key), asked, _card_key)
            return connect(
                "scorecards",
                part,
                lambda row: scorecard_from_domain(row, names, context),
                _card_key,
            )

        return await context.read(work)


# ---- what HR does -------------------------------------------------------------------------------


@strawberry.input(description="A metric is defined, or changed from a day on.")
class MetricDefineInput:
    """Input of ``metricDefine``."""

    idempotency_key: Key = key_field()
    document: Document = strawberry.field(
        description="The definition, format attain.metric/1; its key says which metric it is."
    )
    valid_from: date = strawberry.field(description="The first day of the definition.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A scorecard is published, or changed from a day on.")
class ScorecardPublishInput:
    """Input of ``scorecardPublish``."""

    idempotency_key: Key = key_field()
    document: Document = strawberry.field(
        description="The scorecard, format attain.scorecard/1; its key says which one it is."
    )
    scope: ScopeInput = strawberry.field(description="Whom it is for.")
    valid_from: date = strawberry.field(description="The first day of the scorecard.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@output(access=Resource.METRIC, description="The metric is defined.")
class MetricDefineSuccess:
    """Defined."""

    metric: MetricDefinition = shown("The metric as it holds on the first day.")


@output(access=Resource.METRIC, description="The scorecard is published.")
class ScorecardPublishSuccess:
    """Published."""

    scorecard: ScorecardDefinition = shown("The scorecard as it holds on the first day.")


MetricDefineResult = Annotated[
    MetricDefineSuccess | Refusal,
    strawberry.union("MetricDefineResult", description="Defined, or why not."),
]
ScorecardPublishResult = Annotated[
    ScorecardPublishSuccess | Refusal,
    strawberry.union("ScorecardPublishResult", description="Published, or why not."),
]


async def metric_by_id(context: Context, metric_id: str, at: Moment) -> MetricDefinition:
    """Read a metric of the viewer's legal entities as it holds on a day."""

    def work(database: Database) -> MetricDefinition:
        for entity in sorted(context.asker.entity_ids):
            for row in stored.metrics(database, entity, valid_at=at.valid_at, known_at=at.known_at):
                if row.id == metric_id:
                    return metric_from_domain(row, context)
        raise Refused("not_found", {"id": metric_id})

    return await context.read(work)


async def scorecard_by_id(context: Context, card_id: str, at: Moment) -> ScorecardDefinition:
    """Read a scorecard of the viewer's legal entities as it holds on a day."""

    def work(database: Database) -> ScorecardDefinition:
        for entity in sorted(context.asker.entity_ids):
            for row in cards_of_day(database, entity, at):
                if row.id == card_id:
                    names = metric_names(database, entity, at)
                    return scorecard_from_domain(row, names, context)
        raise Refused("not_found", {"id": card_id})

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Changes of the KPI library.")
class KpiMutation:
    """Part of the mutation root."""

    @resolved(
        "Define a metric, or change it from a day on; what was measured before stays explained.",
        access=Resource.METRIC,
        deed=Deed.WRITE,
        graphql_type=MetricDefineResult,
    )
    async def metric_define(
        self,
        info: Info,
        input: Annotated[MetricDefineInput, described("The definition and its day.")],  # noqa: A002
    ) -> MetricDefineSuccess:
        """Define."""
        context = info.context
        done = await act(
            context,
            "metricDefine",
            input,
            lambda writing: define_metric(
                writing,
                context.asker,
                input.document,
                valid_from=input.valid_from,
                expected_version=input.expected_version,
            ),
        )
        at = Moment(valid_at=input.valid_from, known_at=ALL_KNOWN)
        return MetricDefineSuccess(metric=await metric_by_id(context, done.id, at))

    @resolved(
        "Publish a scorecard for somebody, or change it from a day on.",
        access=Resource.METRIC,
        deed=Deed.WRITE,
        graphql_type=ScorecardPublishResult,
    )
    async def scorecard_publish(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            ScorecardPublishInput, described("The scorecard, its scope and its day.")
        ],
    ) -> ScorecardPublishSuccess:
        """Publish."""
        context = info.context
        done = await act(
            context,
            "scorecardPublish",
            input,
            lambda writing: publish_scorecard(
                writing,
                context.asker,
                input.document,
                input.scope.to_scope(),
                valid_from=input.valid_from,
                expected_version=input.expected_version,
            ),
        )
        at = Moment(valid_at=input.valid_from, known_at=ALL_KNOWN)
        return ScorecardPublishSuccess(scorecard=await scorecard_by_id(context, done.id, at))

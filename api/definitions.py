"""Metrics, scorecards and plans: dated definitions, shown as objects and as their documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import strawberry

from api.access import output, resolved, shown
from api.asking import Moment
from api.context import Context, Info
from api.identified import Node
from api.paging import described
from api.plan_findings import PlanFinding, findings_of_plan
from api.plan_text import PlanClause, VersionTexts
from api.scalars import Document, UnitCode, closed_set
from api.values import LocalText, Quantity, local_text, maybe_number, number
from domain.access import Resource
from domain.component import Kind
from domain.exact import Comparison
from domain.metric import Dimension, Direction, EmptyPolicy, Metric, Refresh, encode_metric
from domain.plan_document import encode_plan
from domain.plan_life import PlanState
from domain.scorecard import Item, encode_scorecard
from messages.render import Locale
from storage.definitions import Scope, StoredMetric, StoredPlan, StoredScorecard
from storage.definitions import metrics as stored_metrics
from storage.engine import Database

closed_set(
    Dimension,
    "The side of performance a metric shows.",
    {
        Dimension.RESULT: "What came out: sales, collection, retention.",
        Dimension.PROCESS: "What was done for it: visits, new customers.",
        Dimension.BEHAVIOR: "How it was done: satisfaction, teamwork.",
        Dimension.GROWTH: "How somebody grows: training, exams.",
    },
)
closed_set(
    Direction,
    "Which way is better.",
    {
        Direction.HIGHER: "More is better.",
        Direction.LOWER: "Less is better.",
        Direction.TARGET: "The target itself is best.",
        Direction.BOOLEAN: "It is reached or it is not.",
    },
)
closed_set(
    EmptyPolicy,
    "What it means that a person has no fact at all in the window.",
    {
        EmptyPolicy.NO_DATA: "There is no value; what that counts for is the scorecard's choice.",
        EmptyPolicy.ZERO: "The value is zero.",
    },
)
closed_set(
    Refresh,
    "How often the source is read.",
    {
        Refresh.LIVE: "All the time.",
        Refresh.DAILY: "Every day.",
        Refresh.WEEKLY: "Every week.",
        Refresh.MONTHLY: "Every month.",
    },
)
closed_set(
    Comparison,
    "How a value is held against another, exactly, never rounded.",
    {
        Comparison.AT_LEAST: "Met when not below.",
        Comparison.MORE_THAN: "Met when strictly above.",
        Comparison.AT_MOST: "Met when not above.",
        Comparison.LESS_THAN: "Met when strictly below.",
        Comparison.WITHIN: "Met within the band around the target.",
    },
)


@output(access=Resource.METRIC, description="The name of a metric.")
class MetricRef:
    """A metric in another row."""

    key: str = shown("The permanent key.")
    name: LocalText = shown("The name.")
    unit: UnitCode = shown("What is counted.")


@output(access=Resource.METRIC, description="Whom a definition is for; an empty list is no limit.")
class DefinitionScope:
    """The limits; the definition with the most of them wins."""

    units: list[strawberry.ID] = shown("Only people in these units or below; may be empty.")
    platforms: list[strawberry.ID] = shown("Only people on these platforms; may be empty.")
    positions: list[str] = shown("Only these positions; may be empty.")
    people: list[strawberry.ID] | None = shown(
        "Only these people, a pilot group; may be empty.", access=Resource.CALCULATION
    )


@strawberry.input(description="Whom a definition is for; an empty list is no limit.")
class ScopeInput:
    """A scope from a client."""

    units: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Only people in these units or below."
    )
    platforms: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Only people on these platforms."
    )
    positions: list[str] = strawberry.field(
        default_factory=list, description="Only these positions."
    )
    people: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Only these people: a pilot group, which wins over any other scope.",
    )

    def to_scope(self) -> Scope:
        """Read it."""
        return Scope(
            units=tuple(self.units),
            platforms=tuple(self.platforms),
            positions=tuple(self.positions),
            people=tuple(dict.fromkeys(self.people)),
        )


@output(access=Resource.METRIC, description="A metric (KPI) definition, as it holds on a day.")
class MetricDefinition(Node):
    """A stored metric."""

    id: strawberry.ID = shown("The id of the definition.")
    key: str = shown("The permanent key.")
    name: LocalText = shown("The name.")
    explanation: LocalText = shown("What it says and how it is counted.")
    dimension: Dimension = shown("The side of performance it shows.")
    direction: Direction = shown("Which way is better.")
    unit: UnitCode = shown("What is counted.")
    empty: EmptyPolicy = shown("What no fact at all means.")
    refresh: Refresh = shown("How often the source is read.")
    tags: list[str] = shown("Words to find it by; may be empty.")
    fact_kinds: list[str] = shown("The kinds of facts that feed it; at least one.")
    document: Document = shown("The whole definition, format attain.metric/1.")
    hash: str = shown("SHA-256 of the canonical document.")
    pack: str | None = shown("The industry pack it came with.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@output(access=Resource.METRIC, description="One KPI of a scorecard.")
class ScorecardItem:
    """An item with its weight."""

    metric: MetricRef = shown("The metric.")
    dimension: Dimension = shown("The side of performance it shows.")
    direction: Direction = shown("Which way is better.")
    comparison: Comparison = shown("When the target counts as met.")
    weight: Quantity = shown("Its share of 100.")
    cap: Quantity | None = shown("The attainment above which nothing more counts.")
    floor: Quantity | None = shown("The attainment below which it never falls.")


@output(access=Resource.METRIC, description="A scorecard, as it holds on a day.")
class ScorecardDefinition(Node):
    """A stored scorecard."""

    id: strawberry.ID = shown("The id of the definition.")
    key: str = shown("The permanent key.")
    name: LocalText = shown("The name.")
    items: list[ScorecardItem] = shown("The KPIs in their order; at least one.")
    scope: DefinitionScope = shown("Whom it is for.")
    document: Document = shown("The whole definition, format attain.scorecard/1.")
    hash: str = shown("SHA-256 of the canonical document.")
    pack: str | None = shown("The industry pack it came with.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


closed_set(
    Kind,
    "The forms a pay component may have; docs/plan-language.md explains each.",
    {
        Kind.BONUS_WHEN_MET: "A flat amount when the target is met.",
        Kind.RATE_ON_EXCESS: "A rate on what exceeds the target.",
        Kind.RATE: "A rate on the whole amount.",
        Kind.KICKER: "A percentage of other components when a condition holds.",
        Kind.REWARD_ABOVE_MEDIAN: "A reward for being strictly above the median of the peers.",
        Kind.TOP_SHARE: "An amount for a top share of the peers.",
        Kind.TIERED: "Rates by tiers.",
        Kind.SCORE_PAY: "An amount by the score, along a curve.",
        Kind.PAY_CURVE: "An amount by the attainment, along a curve with accelerators.",
        Kind.MULTIPLIER: "A factor on other components, from a table or a curve.",
        Kind.GATE: "A condition without which other components pay nothing.",
        Kind.MATRIX: "An amount, or a factor on other components, from a table of two metrics.",
        Kind.SPIFF: "A special programme with a first and a last day.",
        Kind.POINTS: "An amount for each point.",
        Kind.PROJECT_PRIZE: "An amount when a project reaches its goal within its days.",
        Kind.TOP_BANDS: "Amounts by bands of the rank among the peers.",
        Kind.RANK_TABLE: "Amounts by rank among the peers.",
        Kind.ABOVE_PERCENTILE: "A reward for being strictly above a percentile of the peers.",
        Kind.REWARD_ABOVE_LINE: "A reward above a line that is known before the period ends.",
        Kind.POOL: "A part of what the team earned together, by a key.",
    },
)


closed_set(
    PlanState,
    "Where a plan version is in its life.",
    {
        PlanState.DRAFT: "Being written; it pays nothing.",
        PlanState.IN_REVIEW: "Shown to whoever approves it.",
        PlanState.APPROVED: "Approved by somebody who had no hand in it, and not in force yet.",
        PlanState.PUBLISHED: "In force from its first day; it never changes.",
        PlanState.RETIRED: "In force no longer.",
    },
)


@output(access=Resource.PLAN, description="One component of a plan.")
class PlanComponent:
    """A component's name; its rule is in the document."""

    key: str = shown("The key within the plan.")
    kind: Kind = shown("Its form.")
    name: LocalText = shown("The name as it stands on the statement.")


@output(access=Resource.PLAN, description="A version of an incentive plan.")
class PlanVersion(Node):
    """A stored plan version."""

    id: strawberry.ID = shown("The id of the version.")
    key: str = shown("The permanent key of the plan.")
    name: LocalText = shown("The name.")
    currency: UnitCode = shown("The currency it pays in.")
    state: PlanState = shown("Where it is in its life.")
    components: list[PlanComponent] = shown("What it pays, in order; at least one.")
    scope: DefinitionScope = shown("Whom it is for.")
    document: Document = shown("The whole plan, format attain.plan/1.")
    hash: str = shown("SHA-256 of the canonical document.")
    findings: list[PlanFinding] | None = shown(
        "What the linter found when it was published; may be empty, null if never linted.",
        access=Resource.CALCULATION,
    )
    override_reason: str | None = shown(
        "Why it was published in spite of an error among them.", access=Resource.CALCULATION
    )
    pack: str | None = shown("The industry pack it came with.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")
    texts: strawberry.Private[VersionTexts]

    @resolved(
        "The plan in plain sentences, made from its rules, in their order; at most some hundreds.",
        access=Resource.PLAN,
    )
    async def text(
        self,
        info: Info,
        language: Annotated[
            Locale | None, described("The language; that of the request if absent.")
        ] = None,
    ) -> list[PlanClause] | None:
        """Say it."""
        context = info.context
        chosen = language or context.locale
        return await self.texts.of(chosen, context)


def metric_names(database: Database, entity_id: str, at: Moment) -> dict[str, Metric]:
    """Return the metrics of a day by key, for their names."""
    rows = stored_metrics(database, entity_id, valid_at=at.valid_at, known_at=at.known_at)
    return {row.metric.key: row.metric for row in rows}


def metric_ref(key: str, unit: str, metrics: Mapping[str, Metric], context: Context) -> MetricRef:
    """Name a metric; one that holds no longer is named by its key."""
    metric = metrics.get(key)
    names = metric.name if metric is not None else {"zh-CN": key, "en": key}
    return MetricRef(key=key, name=local_text(names, context), unit=UnitCode(unit))


def scope_from_domain(scope: Scope) -> DefinitionScope:
    """Show a scope."""
    return DefinitionScope(
        units=[strawberry.ID(unit) for unit in scope.units],
        platforms=[strawberry.ID(platform) for platform in scope.platforms],
        positions=list(scope.positions),
        people=[strawberry.ID(person) for person in scope.people],
    )


def metric_from_domain(row: StoredMetric, context: Context) -> MetricDefinition:
    """Show a metric."""
    metric = row.metric
    return MetricDefinition(
        id=strawberry.ID(row.id),
        key=metric.key,
        name=local_text(metric.name, context),
        explanation=local_text(metric.explanation, context),
        dimension=metric.dimension,
        direction=metric.direction,
        unit=UnitCode(metric.unit),
        empty=metric.empty,
        refresh=metric.refresh,
        tags=list(metric.tags),
        fact_kinds=sorted(metric.fact_kinds),
        document=Document(encode_metric(metric)),
        **_dated(row),
    )


def scorecard_from_domain(
    row: StoredScorecard, metrics: Mapping[str, Metric], context: Context
) -> ScorecardDefinition:
    """Show a scorecard."""
    card = row.scorecard
    return ScorecardDefinition(
        id=strawberry.ID(row.id),
        key=card.key,
        name=local_text(card.name, context),
        items=[_item(item, metrics, context) for item in card.items],
        scope=scope_from_domain(row.scope),
        document=Document(encode_scorecard(card)),
        **_dated(row),
    )


def _item(item: Item, metrics: Mapping[str, Metric], context: Context) -> ScorecardItem:
    return ScorecardItem(
        metric=metric_ref(item.metric, item.unit, metrics, context),
        dimension=item.dimension,
        direction=item.direction,
        comparison=item.comparison,
        weight=number(item.weight, "POINT", context),
        cap=maybe_number(item.cap, "RATIO", context),
        floor=maybe_number(item.floor, "RATIO", context),
    )


def plan_from_domain(row: StoredPlan, context: Context) -> PlanVersion:
    """Show a plan version."""
    plan = row.plan
    document: Any = encode_plan(plan)
    return PlanVersion(
        id=strawberry.ID(row.id),
        key=plan.key,
        name=local_text(plan.name, context),
        currency=UnitCode(plan.currency),
        state=PlanState(row.state),
        components=[
            PlanComponent(
                key=each.id, kind=Kind(written["kind"]), name=local_text(each.name, context)
            )
            for each, written in zip(plan.components, document["components"], strict=True)
        ],
        scope=scope_from_domain(row.scope),
        document=Document(document),
        findings=None if row.findings is None else findings_of_plan(plan, row.findings, context),
        override_reason=row.override_reason,
        texts=VersionTexts(row),
        **_dated(row),
    )


def _dated(row: StoredMetric | StoredScorecard | StoredPlan) -> dict[str, Any]:
    return {
        "hash": row.hash,
        "pack": row.pack_id,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "version": row.version,
    }

"""Goals: a tree of measurable targets, and how well the parts cover the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

import strawberry

from actions.set_goals import set_goal
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
    demand_version,
    entity_of,
    key_field,
    moment,
)
from api.context import Context, Info
from api.definitions import MetricRef, metric_names, metric_ref
from api.errors import DataProblem, Refusal, data_problem
from api.identified import Node
from api.paging import Connection, connect, cut, described, page
from api.people import unit_names
from api.progress import Batch, GoalProgress
from api.scalars import PeriodName, UnitCode, closed_set
from api.values import Quantity, maybe_number, number
from domain.access import Deed, Resource, System
from domain.goal import Coverage, GoalLevel, GoalState, coverage, read_goal
from domain.goal import Goal as GoalNoun
from domain.goal import GoalLine as GoalLineNoun
from domain.metric import Metric
from domain.problem import Refused
from storage import goals as stored
from storage.engine import Database
from storage.people import legal_entity, people, platforms

closed_set(
    GoalState,
    "Where a goal is in its life.",
    {
        GoalState.DRAFT: "Being written; nothing is measured against it.",
        GoalState.ACTIVE: "In force.",
        GoalState.CANCELLED: "Given up; kept for the history.",
    },
)


@output(access=Resource.GOAL, description="Whose goal it is.")
class GoalOwner:
    """A person, a unit, a platform or the legal entity."""

    id: strawberry.ID = shown("The id of the owner.")
    level: GoalLevel = shown("What the owner is.")
    name: str = shown("The name of the owner.")


@output(access=Resource.GOAL, description="One measurable part of a goal.")
class GoalLine:
    """A metric with its target."""

    metric: MetricRef = shown("What is measured.")
    target: Quantity = shown("What is to be reached.")
    baseline: Quantity | None = shown("Where it began.")
    threshold: Quantity | None = shown("Below it nothing counts.")
    stretch: Quantity | None = shown("The ambitious value.")
    weight: Quantity | None = shown("Its share of 100, where the goal itself says so.")


@output(access=Resource.GOAL, description="How the goals below add up to a line of the goal.")
class GoalCoverage:
    """The gap in the cascade."""

    metric: MetricRef = shown("What is measured.")
    target: Quantity = shown("What the goal demands.")
    assigned: Quantity = shown("What the goals below demand together.")
    gap: Quantity = shown("Target less assigned: positive is a hole, negative too much.")
    goals: int = shown("How many goals below have this line.")


@output(access=Resource.GOAL, description="A goal, as known at an instant.")
class Goal(Node):
    """A node of the goal tree."""

    id: strawberry.ID = shown("The id of the goal.")
    owner: GoalOwner = shown("Whose goal it is.")
    parent: GoalRef | None = shown("The goal above it.")
    period: PeriodName = shown("The period it is for.")
    name: str = shown("The name.")
    state: GoalState = shown("Where it is in its life.")
    lines: list[GoalLine] = shown("What is to be reached, metric by metric; at least one.")
    valid_from: date = shown("From which day this version holds.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")
    row: strawberry.Private[GoalNoun]
    batch: strawberry.Private[Batch]

    @resolved(
        "How far it is reached as it stands, one per line; empty where performance is not shown.",
        access=Resource.PERFORMANCE,
    )
    async def progress(self, info: Info) -> list[GoalProgress]:
        """Read what all goals of the answer have reached, once per period and level."""
        return await self.batch.of(self.row, info.context)


@output(access=Resource.GOAL, description="The name of a goal.")
class GoalRef:
    """A goal in another row."""

    id: strawberry.ID = shown("The id of the goal.")


@output(access=Resource.GOAL, description="A goal with the goals below it.")
class GoalTree:
    """A goal, its children and the gaps between them."""

    goal: Goal = shown("The goal.")
    below: list[Goal] = shown("The goals directly below that the viewer may see; at most 1,000.")
    coverage: list[GoalCoverage] = shown("How they add up, at most one per line of the goal.")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that goals need, read once per list."""

    metrics: Mapping[str, Metric]
    owners: Mapping[str, str]
    batch: Batch


def names_of(database: Database, entity_id: str, rows: Sequence[GoalNoun], at: Moment) -> Names:
    """Read the names of metrics and owners: a fixed number of statements."""
    owners = unit_names(database, entity_id, at)
    for platform in platforms(database, entity_id, known_at=at.known_at):
        owners[platform.id] = platform.name
    entity = legal_entity(database, entity_id)
    if entity is not None:
        owners[entity.id] = entity.name
    ids = [row.owner_id for row in rows if row.level is GoalLevel.PERSON]
    # The goals were read with the viewer's reach: whose they are may be named.
    reader = System(name="goal owners")
    for person in people(database, reader, valid_at=at.valid_at, known_at=at.known_at, ids=ids):
        owners[person.id] = person.name
    metrics = metric_names(database, entity_id, at)
    batch = Batch(entity_id=entity_id, at=at, goals=rows, metrics=metrics)
    return Names(metrics, owners, batch)


def goal_from_domain(row: GoalNoun, names: Names, context: Context) -> Goal:
    """Show a goal."""
    return Goal(
        id=strawberry.ID(row.id),
        owner=GoalOwner(
            id=strawberry.ID(row.owner_id),
            level=row.level,
            name=names.owners.get(row.owner_id, row.owner_id),
        ),
        parent=None if row.parent_id is None else GoalRef(id=strawberry.ID(row.parent_id)),
        period=PeriodName(row.period.name),
        name=row.name,
        state=row.state,
        lines=[_line(line, names, context) for line in row.lines],
        valid_from=row.valid_from,
        version=row.version,
        row=row,
        batch=names.batch,
    )


def _line(line: GoalLineNoun, names: Names, context: Context) -> GoalLine:
    return GoalLine(
        metric=metric_ref(line.metric, line.unit, names.metrics, context),
        target=number(line.target, line.unit, context),
        baseline=maybe_number(line.baseline, line.unit, context),
        threshold=maybe_number(line.threshold, line.unit, context),
        stretch=maybe_number(line.stretch, line.unit, context),
        weight=maybe_number(line.weight, "POINT", context),
    )


def _coverage(row: Coverage, names: Names, context: Context) -> GoalCoverage:
    return GoalCoverage(
        metric=metric_ref(row.metric, row.unit, names.metrics, context),
        target=number(row.target, row.unit, context),
        assigned=number(row.assigned, row.unit, context),
        gap=number(row.gap, row.unit, context),
        goals=row.goals,
    )


def _goal_key(row: GoalNoun) -> tuple[str, str]:
    return (row.period.name, row.id)


@output(access=Audience.SIGNED_IN, description="Queries about goals.")
class GoalQuery:
    """Part of the query root."""

    @resolved("The goals the viewer may see, by period.", access=Resource.GOAL)
    async def goals(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        period: Annotated[PeriodName | None, described("Only goals of this period.")] = None,
        owner: Annotated[
            strawberry.ID | None,
            described("Only goals of this person, unit, platform or legal entity."),
        ] = None,
        own: Annotated[bool, described("Only the goals of the viewer's own person.")] = False,
        legal_entity: Entity = None,
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> Connection[Goal] | None:
        """Read a page."""
        context = info.context
        at = moment(context, valid_at, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("goals", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[Goal]:
            rows = stored.goals(
                database,
                context.asker,
                entity,
                known_at=at.known_at,
                owner_ids=_owners(context, owner, own),
                periods=None if period is None else [period],
            )
            part = cut(sorted(rows, key=_goal_key), asked, _goal_key)
            names = names_of(database, entity, part.rows, at)
            return connect(
                "goals", part, lambda row: goal_from_domain(row, names, context), _goal_key
            )

        return await context.read(work)

    @resolved("One goal, the goals below it, and the gaps in between.", access=Resource.GOAL)
    async def goal_tree(
        self,
        info: Info,
        goal: Annotated[strawberry.ID, described("The id of the goal.")],
        legal_entity: Entity = None,
        valid_at: ValidAt = None,
        known_at: KnownAt = None,
    ) -> GoalTree | None:
        """Read a node with its children."""
        context = info.context
        at = moment(context, valid_at, known_at)
        entity = entity_of(context.asker, legal_entity)

        def work(database: Database) -> GoalTree:
            row = _one(database, context, entity, goal, at)
            below = stored.goals(
                database,
                context.asker,
                entity,
                known_at=at.known_at,
                parent_id=goal,
            )[:1000]
            names = names_of(database, entity, [row, *below], at)
            return GoalTree(
                goal=goal_from_domain(row, names, context),
                below=[goal_from_domain(each, names, context) for each in below],
                coverage=[_coverage(each, names, context) for each in coverage(row, below)],
            )

        return await context.read(work)


def _owners(context: Context, owner: str | None, own: bool) -> list[str] | None:
    if own:
        return [context.asker.person_id or ""]
    return None if owner is None else [owner]


def _one(
    database: Database, context: Context, entity_id: str, goal_id: str, at: Moment
) -> GoalNoun:
    rows = stored.goals(
        database,
        context.asker,
        entity_id,
        known_at=at.known_at,
        ids=[goal_id],
    )
    if not rows:
        raise Refused("not_found", {"id": goal_id})
    return rows[0]


async def goal_by_id(context: Context, goal_id: str, at: Moment) -> Goal:
    """Read one goal."""
    entity = entity_of(context.asker, None)

    def work(database: Database) -> Goal:
        row = _one(database, context, entity, goal_id, at)
        return goal_from_domain(row, names_of(database, entity, [row], at), context)

    return await context.read(work)


# ---- setting goals ------------------------------------------------------------------------------


@strawberry.input(
    description="One measurable part of a goal; the server says what is missing in a vague one."
)
class GoalLineInput:
    """Weak on purpose: a vague goal is refused with every reason, not by the type checker."""

    metric: str | None = strawberry.field(default=None, description="The key of the metric.")
    unit: UnitCode | None = strawberry.field(default=None, description="What is counted.")
    target: Decimal | None = strawberry.field(default=None, description="What is to be reached.")
    baseline: Decimal | None = strawberry.field(default=None, description="Where it began.")
    threshold: Decimal | None = strawberry.field(
        default=None, description="Below it nothing counts."
    )
    stretch: Decimal | None = strawberry.field(default=None, description="The ambitious value.")
    weight: Decimal | None = strawberry.field(default=None, description="Its share of 100.")


@strawberry.input(description="A goal is set, or changed.")
class GoalSetInput:
    """Input of ``goalSet``."""

    idempotency_key: Key = key_field()
    goal: strawberry.ID | None = strawberry.field(
        default=None, description="The goal to change; a new one if absent."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the client last saw; needed to change a goal.",
    )
    level: GoalLevel = strawberry.field(description="What the owner is.")
    owner: strawberry.ID = strawberry.field(description="Whose goal it is.")
    parent: strawberry.ID | None = strawberry.field(default=None, description="The goal above it.")
    period: PeriodName | None = strawberry.field(
        default=None, description="The period it is for; without one the goal is vague."
    )
    name: str = strawberry.field(description="The name.")
    lines: list[GoalLineInput] = strawberry.field(
        default_factory=list, description="What is to be reached; without lines the goal is vague."
    )
    valid_from: date = strawberry.field(description="From which day it holds.")


@output(access=Resource.GOAL, description="The goal is set.")
class GoalSetSuccess:
    """Set."""

    goal: Goal = shown("The goal.")
    problems: list[DataProblem] = shown("What somebody should look at nevertheless; may be empty.")


GoalSetResult = Annotated[
    GoalSetSuccess | Refusal,
    strawberry.union("GoalSetResult", description="Set, or every reason why not."),
]


def _document(given: GoalSetInput) -> dict[str, object]:
    lines = [
        {
            name: f"{value:f}" if isinstance(value, Decimal) else value
            for name in ("metric", "unit", "target", "baseline", "threshold", "stretch", "weight")
            if (value := getattr(line, name)) is not None
        }
        for line in given.lines
    ]
    document: dict[str, object] = {"name": given.name, "lines": lines}
    if given.period is not None:
        document["period"] = given.period
    return document


@output(access=Audience.SIGNED_IN, description="Changes of goals.")
class GoalMutation:
    """Part of the mutation root."""

    @resolved(
        "Set a goal, or change it; a vague one is refused with every reason.",
        access=Resource.GOAL,
        deed=Deed.WRITE,
        graphql_type=GoalSetResult,
    )
    async def goal_set(
        self,
        info: Info,
        input: Annotated[GoalSetInput, described("Whose goal, when and what.")],  # noqa: A002
    ) -> GoalSetSuccess:
        """Set."""
        context = info.context
        demand_version(input.goal, input.expected_version)
        document = _document(input)
        done = await act(
            context,
            "goalSet",
            input,
            lambda writing: set_goal(
                writing,
                context.asker,
                document,
                level=input.level,
                owner_id=input.owner,
                parent_id=input.parent,
                valid_from=input.valid_from,
                goal_id=input.goal,
                expected_version=input.expected_version,
            ),
        )
        at = Moment(valid_at=input.valid_from, known_at=ALL_KNOWN)
        entity = entity_of(context.asker, None)

        def work(database: Database) -> GoalSetSuccess:
            row = _one(database, context, entity, done.id, at)
            names = names_of(database, entity, [row], at)
            _, problems = read_goal(document, names.metrics)
            return GoalSetSuccess(
                goal=goal_from_domain(row, names, context),
                problems=[data_problem(problem, context) for problem in problems],
            )

        return await context.read(work)

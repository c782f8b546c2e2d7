"""Incentive plans: drafts and published versions, which never change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from actions.publish_plan import PUBLISHED, draft_plan, publish_plan
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
    act,
    demand_version,
    entity_of,
    key_field,
    moment,
    version_field,
)
from api.context import Context, Info
from api.definitions import PlanVersion, ScopeInput, plan_from_domain
from api.errors import Refusal
from api.paging import Connection, connect, cut, described, page
from api.scalars import Document
from domain.access import Deed, Resource, Viewer, may
from domain.plan_life import PlanState
from domain.problem import Refused
from storage import definitions as stored
from storage.definitions import StoredPlan
from storage.engine import Database


def _plan_key(row: StoredPlan) -> tuple[str, str]:
    return (row.valid_from.isoformat(), row.id)


@output(access=Audience.SIGNED_IN, description="Queries about incentive plans.")
class PlanQuery:
    """Part of the query root."""

    @resolved("Versions of plans in the state known at an instant.", access=Resource.PLAN)
    async def plan_versions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        state: Annotated[PlanState | None, described("Only versions in this state.")] = None,
        valid_at: Annotated[date | None, described("Only versions that hold on this day.")] = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Connection[PlanVersion] | None:
        """Read a page."""
        context = info.context
        at = moment(context, None, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("planVersions", first=first, after=after, last=last, before=before)
        drafts = _sees_drafts(context, entity)
        end = None if valid_at is None else date.fromordinal(valid_at.toordinal() + 1)

        def work(database: Database) -> Connection[PlanVersion]:
            rows = stored.plan_versions(
                database,
                entity,
                known_at=at.known_at,
                start=valid_at,
                end=end,
                state=state and state.value,
            )
            shown_rows = [row for row in rows if drafts or is_open_to(context.asker, row)]
            part = cut(sorted(shown_rows, key=_plan_key), asked, _plan_key)
            return connect(
                "planVersions", part, lambda row: plan_from_domain(row, context), _plan_key
            )

        return await context.read(work)


@strawberry.input(description="A plan is drafted, or a draft is changed.")
class PlanDraftInput:
    """Input of ``planDraft``."""

    idempotency_key: Key = key_field()
    document: Document = strawberry.field(description="The plan, format attain.plan/1.")
    scope: ScopeInput = strawberry.field(description="Whom it is for.")
    valid_from: date = strawberry.field(description="The first day of the plan.")
    valid_to: date | None = strawberry.field(default=None, description="The first day after.")
    plan_version: strawberry.ID | None = strawberry.field(
        default=None, description="The draft to change; a new one if absent."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the client last saw; needed to change a draft.",
    )


@strawberry.input(description="A plan is published.")
class PlanPublishInput:
    """Input of ``planPublish``."""

    idempotency_key: Key = key_field()
    plan_version: strawberry.ID = strawberry.field(
        description="The approved version; a draft where nobody else has to approve it."
    )
    expected_version: int = version_field()
    override_reason: str | None = strawberry.field(
        default=None,
        description="Why it is right in spite of an error of the linter; kept with the version.",
    )


@output(access=Resource.PLAN, description="The draft is kept.")
class PlanDraftSuccess:
    """Drafted."""

    plan_version: PlanVersion = shown("The draft.")


@output(access=Resource.PLAN, description="The plan is published.")
class PlanPublishSuccess:
    """Published."""

    plan_version: PlanVersion = shown("The published version.")


PlanDraftResult = Annotated[
    PlanDraftSuccess | Refusal,
    strawberry.union("PlanDraftResult", description="Drafted, or why not."),
]
PlanPublishResult = Annotated[
    PlanPublishSuccess | Refusal,
    strawberry.union("PlanPublishResult", description="Published, or why not."),
]


async def plan_version_by_id(
    context: Context, version_id: str, known_at: datetime = ALL_KNOWN
) -> PlanVersion:
    """Read a version of a plan of the viewer's legal entities; a draft, if drafts are shown."""

    def work(database: Database) -> PlanVersion:
        for entity in sorted(context.asker.entity_ids):
            for row in stored.plan_versions(
                database, entity, known_at=known_at, version_id=version_id
            ):
                if is_open_to(context.asker, row) or _sees_drafts(context, entity):
                    return plan_from_domain(row, context)
        raise Refused("not_found", {"id": version_id})

    return await context.read(work)


def is_open_to(viewer: Viewer, row: StoredPlan) -> bool:
    """Say whether a version is for the company to read; a pilot is for those whom it names."""
    named = row.scope.people
    return row.state == PUBLISHED and (not named or bool(viewer.persons.intersection(named)))


def _sees_drafts(context: Context, entity_id: str) -> bool:
    """What is being considered is no news for the people it is about."""
    return may(context.asker, Resource.CALCULATION, Deed.READ, entity_id)


@output(access=Audience.SIGNED_IN, description="Changes of incentive plans.")
class PlanMutation:
    """Part of the mutation root."""

    @resolved(
        "Draft a plan, or change one that is not published, which is a draft again; every fault of"
        " the document is named with its place.",
        access=Resource.PLAN,
        deed=Deed.WRITE,
        graphql_type=PlanDraftResult,
    )
    async def plan_draft(
        self,
        info: Info,
        input: Annotated[PlanDraftInput, described("The plan, its scope and days.")],  # noqa: A002
    ) -> PlanDraftSuccess:
        """Draft."""
        context = info.context
        demand_version(input.plan_version, input.expected_version)
        done = await act(
            context,
            "planDraft",
            input,
            lambda writing: draft_plan(
                writing,
                context.asker,
                input.document,
                input.scope.to_scope(),
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                version_id=input.plan_version,
                expected_version=input.expected_version,
            ),
        )
        return PlanDraftSuccess(plan_version=await plan_version_by_id(context, done.id))

    @resolved(
        "Publish an approved plan, or a draft where nobody else has to approve it: from then on it"
        " never changes, and ends the version before.",
        access=Resource.PLAN,
        deed=Deed.WRITE,
        graphql_type=PlanPublishResult,
    )
    async def plan_publish(
        self,
        info: Info,
        input: Annotated[PlanPublishInput, described("Which draft.")],  # noqa: A002
    ) -> PlanPublishSuccess:
        """Publish."""
        context = info.context
        done = await act(
            context,
            "planPublish",
            input,
            lambda writing: publish_plan(
                writing,
                context.asker,
                input.plan_version,
                expected_version=input.expected_version,
                override_reason=input.override_reason,
            ),
        )
        return PlanPublishSuccess(plan_version=await plan_version_by_id(context, done.id))

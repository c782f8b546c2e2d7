"""A plan on its way to being published: submitted, approved by somebody else, or sent back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from actions.offer_plan import offer_plan
from actions.review_plan import approve_plan, reject_plan, submit_plan
from api.access import Audience, output, resolved, shown
from api.asking import REASON, Key, act, key_field, version_field
from api.context import Info
from api.definitions import PlanVersion
from api.errors import Refusal
from api.paging import described
from api.plans import plan_version_by_id
from api.scalars import closed_set
from domain.access import Deed, Resource, may
from domain.plan_life import PlanDeed
from domain.problem import Refused
from storage.engine import Database
from storage.plan_life import plan_steps

closed_set(
    PlanDeed,
    "What is done with a plan version.",
    {
        PlanDeed.DRAFT: "Written or changed; whatever was approved before counts no longer.",
        PlanDeed.SUBMIT: "Shown to whoever approves it.",
        PlanDeed.APPROVE: "Approved by somebody who had no hand in it.",
        PlanDeed.REJECT: "Sent back to its author, with a reason.",
        PlanDeed.PUBLISH: "Published after somebody else approved it.",
        PlanDeed.PUBLISH_UNREVIEWED: "Published although nobody else had approved it.",
    },
)


@output(access=Resource.CALCULATION, description="What was done with a plan version.")
class PlanStep:
    """A step; never changed."""

    number: int = shown("Its place among the steps of the version, counted from one.")
    version: int = shown("The version that it made of the plan version.")
    deed: PlanDeed = shown("What was done.")
    hash: str = shown("SHA-256 of the document that was there.")
    account: strawberry.ID | None = shown("Who did it.")
    on_behalf_of: strawberry.ID | None = shown("For whom, where somebody acted for another.")
    reason: str | None = shown("Why, or what was said to it.")
    at: datetime = shown("When.")


@strawberry.input(description="A draft is shown to whoever approves it.")
class PlanSubmitInput:
    """Input of ``planSubmit``."""

    idempotency_key: Key = key_field()
    plan_version: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int = version_field()
    override_reason: str | None = strawberry.field(
        default=None,
        description="Why it is right in spite of an error of the linter, for whoever approves.",
    )


@strawberry.input(description="A plan that somebody else wrote is approved.")
class PlanApproveInput:
    """Input of ``planApprove``."""

    idempotency_key: Key = key_field()
    plan_version: strawberry.ID = strawberry.field(description="The version in review.")
    expected_version: int = version_field()
    comment: str | None = strawberry.field(default=None, description="What is to be said to it.")


@strawberry.input(description="A submitted or approved plan is sent back.")
class PlanRejectInput:
    """Input of ``planReject``."""

    idempotency_key: Key = key_field()
    plan_version: strawberry.ID = strawberry.field(description="The version in review.")
    expected_version: int = version_field()
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A published plan is put before those whom it pays.")
class PlanOfferInput:
    """Input of ``planOffer``."""

    idempotency_key: Key = key_field()
    plan_version: strawberry.ID = strawberry.field(description="The published version.")


@output(access=Resource.PLAN, description="The draft is in review.")
class PlanSubmitSuccess:
    """Submitted."""

    plan_version: PlanVersion = shown("The version in review.")


@output(access=Resource.PLAN, description="The plan is approved.")
class PlanApproveSuccess:
    """Approved."""

    plan_version: PlanVersion = shown("The approved version.")


@output(access=Resource.PLAN, description="The plan is a draft again.")
class PlanRejectSuccess:
    """Sent back."""

    plan_version: PlanVersion = shown("The draft.")


@output(access=Resource.PLAN, description="Everybody whom the version pays has an offer of it.")
class PlanOfferSuccess:
    """Offered."""

    plan_version: PlanVersion = shown("The version that is offered.")


PlanSubmitResult = Annotated[
    PlanSubmitSuccess | Refusal,
    strawberry.union("PlanSubmitResult", description="Submitted, or why not."),
]
PlanApproveResult = Annotated[
    PlanApproveSuccess | Refusal,
    strawberry.union("PlanApproveResult", description="Approved, or why not."),
]
PlanRejectResult = Annotated[
    PlanRejectSuccess | Refusal,
    strawberry.union("PlanRejectResult", description="Sent back, or why not."),
]
PlanOfferResult = Annotated[
    PlanOfferSuccess | Refusal,
    strawberry.union("PlanOfferResult", description="Offered, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Queries about how a plan came to be published.")
class PlanReviewQuery:
    """Part of the query root."""

    @resolved(
        "What was done with a plan version since its draft, oldest first; at most some dozens.",
        access=Resource.CALCULATION,
    )
    async def plan_steps(
        self,
        info: Info,
        plan_version: Annotated[strawberry.ID, described("The id of the version.")],
    ) -> list[PlanStep] | None:
        """Read all."""
        found = await plan_version_by_id(info.context, plan_version)
        # The right and the legal entity come from one grant: HR of one is nobody in another.
        if not _reads_steps(info, found.texts.version.entity_id):
            raise Refused("not_found", {"id": plan_version})

        def work(database: Database) -> list[PlanStep]:
            return [
                PlanStep(
                    number=each.number,
                    version=each.revision,
                    deed=each.deed,
                    hash=each.hash,
                    account=None if each.made_by is None else strawberry.ID(each.made_by),
                    on_behalf_of=(
                        None if each.on_behalf_of is None else strawberry.ID(each.on_behalf_of)
                    ),
                    reason=each.reason,
                    at=each.at,
                )
                for each in plan_steps(database, plan_version)
            ]

        return await info.context.read(work)


def _reads_steps(info: Info, entity_id: str) -> bool:
    return may(info.context.asker, Resource.CALCULATION, Deed.READ, entity_id)


@output(access=Audience.SIGNED_IN, description="The review of plans, and their offers.")
class PlanReviewMutation:
    """Part of the mutation root."""

    @resolved(
        "Show a draft to whoever approves it; what the linter finds is kept with it.",
        access=Resource.PLAN,
        deed=Deed.WRITE,
        graphql_type=PlanSubmitResult,
    )
    async def plan_submit(
        self,
        info: Info,
        input: Annotated[PlanSubmitInput, described("Which draft.")],  # noqa: A002
    ) -> PlanSubmitSuccess:
        """Submit."""
        context = info.context
        done = await act(
            context,
            "planSubmit",
            input,
            lambda writing: submit_plan(
                writing,
                context.asker,
                input.plan_version,
                expected_version=input.expected_version,
                override_reason=input.override_reason,
            ),
        )
        return PlanSubmitSuccess(plan_version=await plan_version_by_id(context, done.id))

    @resolved(
        "Approve a plan that somebody else wrote and submitted.",
        access=Resource.PLAN,
        deed=Deed.WRITE,
        graphql_type=PlanApproveResult,
    )
    async def plan_approve(
        self,
        info: Info,
        input: Annotated[PlanApproveInput, described("Which version.")],  # noqa: A002
    ) -> PlanApproveSuccess:
        """Approve."""
        context = info.context
        done = await act(
            context,
            "planApprove",
            input,
            lambda writing: approve_plan(
                writing,
                context.asker,
                input.plan_version,
                expected_version=input.expected_version,
                comment=input.comment,
            ),
        )
        return PlanApproveSuccess(plan_version=await plan_version_by_id(context, done.id))

    @resolved(
        "Send a submitted or approved plan back to its author, with a reason.",
        access=Resource.PLAN,
        deed=Deed.WRITE,
        graphql_type=PlanRejectResult,
    )
    async def plan_reject(
        self,
        info: Info,
        input: Annotated[PlanRejectInput, described("Which version, and why.")],  # noqa: A002
    ) -> PlanRejectSuccess:
        """Send back."""
        context = info.context
        done = await act(
            context,
            "planReject",
            input,
            lambda writing: reject_plan(
                writing,
                context.asker,
                input.plan_version,
                input.reason,
                expected_version=input.expected_version,
            ),
        )
        return PlanRejectSuccess(plan_version=await plan_version_by_id(context, done.id))

    @resolved(
        "Offer a published plan to everybody whom it pays and who has no offer of it yet.",
        access=Resource.PLAN,
        deed=Deed.WRITE,
        graphql_type=PlanOfferResult,
    )
    async def plan_offer(
        self,
        info: Info,
        input: Annotated[PlanOfferInput, described("Which version.")],  # noqa: A002
    ) -> PlanOfferSuccess:
        """Offer."""
        context = info.context
        done = await act(
            context,
            "planOffer",
            input,
            lambda writing: offer_plan(writing, context.asker, input.plan_version),
        )
        return PlanOfferSuccess(plan_version=await plan_version_by_id(context, done.id))

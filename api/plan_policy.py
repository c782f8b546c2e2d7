"""What a legal entity decides about its plans, over the API."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.plan_policy import set_plan_policy
from api.access import Audience, output, resolved, shown
from api.asking import REASON, Entity, Key, ValidAt, act, entity_of, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from api.scalars import closed_set
from domain.access import Deed, Resource
from domain.plan_life import Acceptance, Review
from storage.plan_life import plan_policy_on

closed_set(
    Review,
    "Whether somebody else approves a plan before it is published.",
    {
        Review.FOUR_EYES: "Nobody publishes a plan that nobody else has approved.",
        Review.NOT_REQUIRED: "It may be published unreviewed; its steps say that it was.",
    },
)
closed_set(
    Acceptance,
    "Whether people are asked to accept the plans that pay them.",
    {
        Acceptance.NOT_ASKED: "Only what is offered one by one.",
        Acceptance.ASKED: "Publishing offers it; who has not accepted is a warning at the close.",
        Acceptance.REQUIRED: "Publishing offers it; no close before everybody in it has accepted.",
    },
)


@output(access=Resource.SETTING, description="What a legal entity decided about its plans.")
class PlanPolicy:
    """A decision, from a day on."""

    review: Review = shown("Whether somebody else approves a plan before it is published.")
    acceptance: Acceptance = shown("Whether people are asked to accept it.")
    valid_from: date = shown("The first day.")
    version: int = shown("Grows with every change of this day; send it back as expectedVersion.")


@strawberry.input(description="A legal entity decides how its plans are reviewed and accepted.")
class PlanPolicySetInput:
    """Input of ``planPolicySet``; both choices are said, nothing is implied."""

    idempotency_key: Key = key_field()
    valid_from: date = strawberry.field(description="The first day; today or later.")
    review: Review = strawberry.field(description="Whether somebody else approves a plan.")
    acceptance: Acceptance = strawberry.field(description="Whether people are asked to accept it.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of that day the client last saw, 0 for none; leave out if unsure.",
    )


@output(access=Resource.SETTING, description="The policy is set.")
class PlanPolicySetSuccess:
    """Set."""

    policy: PlanPolicy = shown("What holds on the first day.")


PlanPolicySetResult = Annotated[
    PlanPolicySetSuccess | Refusal,
    strawberry.union("PlanPolicySetResult", description="Set, or why not."),
]


async def _held(context: Context, entity_id: str, day: date) -> PlanPolicy | None:
    row = await context.read(lambda database: plan_policy_on(database, entity_id, day))
    if row is None:
        return None
    return PlanPolicy(
        review=row.review,
        acceptance=row.acceptance,
        valid_from=row.valid_from,
        version=row.version,
    )


@output(access=Audience.SIGNED_IN, description="Queries about how plans are decided.")
class PlanPolicyQuery:
    """Part of the query root."""

    @resolved(
        "How plans are reviewed and accepted on a day; null where the legal entity has not decided:"
        " then a plan needs a second pair of eyes wherever two people may publish.",
        access=Resource.SETTING,
    )
    async def plan_policy(
        self, info: Info, legal_entity: Entity = None, valid_at: ValidAt = None
    ) -> PlanPolicy | None:
        """Read what holds."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        return await _held(context, entity, valid_at or context.today)


@output(access=Audience.SIGNED_IN, description="Changes of how plans are decided.")
class PlanPolicyMutation:
    """Part of the mutation root."""

    @resolved(
        "Decide how plans are reviewed and accepted, from a day on; never backwards.",
        access=Resource.SETTING,
        deed=Deed.WRITE,
        graphql_type=PlanPolicySetResult,
    )
    async def plan_policy_set(
        self,
        info: Info,
        input: Annotated[PlanPolicySetInput, described("What is decided.")],  # noqa: A002
    ) -> PlanPolicySetSuccess:
        """Decide."""
        context = info.context
        await act(
            context,
            "planPolicySet",
            input,
            lambda writing: set_plan_policy(
                writing,
                context.asker,
                valid_from=input.valid_from,
                review=input.review,
                acceptance=input.acceptance,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        held = await _held(context, entity_of(context.asker, None), input.valid_from)
        assert held is not None
        return PlanPolicySetSuccess(policy=held)

"""What a legal entity decides about its plans: who reviews them, who is asked to accept them."""

from __future__ import annotations

from datetime import date

from actions.deed import demand_entity
from actions.identifiers import new_id
from actions.periods import business_day
from domain.access import Actor, Resource, System, Viewer
from domain.plan_life import Acceptance, PlanHand, PlanPolicy, Review
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import add_revision, add_row, latest_row
from storage.plan_life import plan_policy_on, plan_writers


def hand_of(viewer: Viewer) -> PlanHand:
    """Name whoever asks, and for whom."""
    behalf = viewer.acting.account_id if viewer.acting else None
    return PlanHand(account=viewer.account_id, behalf=behalf)


def policy_now(writing: Writing) -> PlanPolicy | None:
    """Return what holds today; None where nothing was decided."""
    return plan_policy_on(writing.connection, writing.entity_id, business_day(writing))


def needs_review(writing: Writing, actor: Actor) -> bool:
    """Say whether a plan is published only once somebody else has approved it.

    Until a legal entity decides, it is so wherever there are two who could: a company with one
    person of HR is not locked out. What the product itself publishes was decided by its operator.
    """
    if isinstance(actor, System):
        return False
    policy = policy_now(writing)
    if policy is not None:
        return policy.review is Review.FOUR_EYES
    return plan_writers(writing, business_day(writing)) > 1


def set_plan_policy(
    writing: Writing,
    actor: Actor,
    *,
    valid_from: date,
    review: Review,
    acceptance: Acceptance,
    reason: str,
    expected_version: int | None = None,
) -> str:
    """Decide from a day on, never backwards, and say why."""
    demand_entity(actor, Resource.SETTING, writing.entity_id)
    if valid_from < business_day(writing):
        raise Refused("settings_backdated", {"day": valid_from.isoformat()}, path="validFrom")
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    before = latest_row(
        writing.connection, tables.plan_policy, "id", writing.known_at,
        legal_entity_id=writing.entity_id, valid_from=valid_from,
    )  # fmt: skip
    revision = before.revision if before else 0
    if expected_version is not None and expected_version != revision:
        raise Refused("version_conflict", {"current": str(revision)})
    fields = {
        "review": review.value,
        "acceptance": acceptance.value,
        "reason": reason.strip(),
    }
    if before is not None:
        add_revision(writing, tables.plan_policy, before, **fields)
        return str(before.id)
    identifier = new_id("ppol", writing.known_at)
    add_row(
        writing,
        tables.plan_policy,
        id=identifier,
        revision=1,
        valid_from=valid_from,
        valid_to=None,
        voided=False,
        made_by=writing.actor,
        **fields,
    )
    return identifier

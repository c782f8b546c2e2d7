"""A draft is approved by somebody who had no hand in it before it is published: four eyes."""

from __future__ import annotations

from actions.deed import demand_entity
from actions.plan_policy import hand_of
from actions.publish_plan import checked, plan_row
from domain.access import Actor, Resource, System
from domain.finding import write_finding
from domain.plan_life import PlanDeed, PlanState, moved, refuse_own
from domain.problem import Refused
from storage import tables
from storage.engine import Writing
from storage.people import add_revision
from storage.plan_life import add_plan_step, authors_before, plan_steps

REASON_MOST = 2_000


def submit_plan(
    writing: Writing,
    actor: Actor,
    version_id: str,
    *,
    expected_version: int | None = None,
    override_reason: str | None = None,
) -> str:
    """Show a draft to whoever approves it, with what the linter finds in it."""
    demand_entity(actor, Resource.PLAN, writing.entity_id)
    row = plan_row(writing, version_id, expected_version)
    after = moved(PlanState(row.state), PlanDeed.SUBMIT)
    found = checked(writing, row, override_reason)
    add_revision(
        writing,
        tables.plan_version,
        row,
        state=after.value,
        findings=[write_finding(each) for each in found.findings],
        override_reason=found.override_reason,
    )
    add_plan_step(writing, row.id, row.revision + 1, row.hash, PlanDeed.SUBMIT)
    return version_id


def approve_plan(
    writing: Writing,
    actor: Actor,
    version_id: str,
    *,
    expected_version: int | None = None,
    comment: str | None = None,
) -> str:
    """Approve what somebody else wrote and submitted; whoever had a hand in it may not."""
    demand_entity(actor, Resource.PLAN, writing.entity_id)
    row = plan_row(writing, version_id, expected_version)
    after = moved(PlanState(row.state), PlanDeed.APPROVE)
    if isinstance(actor, System):
        raise Refused("plan_review_own")  # the product itself is nobody's second pair of eyes
    steps = plan_steps(writing.connection, version_id)
    written = [each.hand for each in steps if each.deed in {PlanDeed.DRAFT, PlanDeed.SUBMIT}]
    earlier = authors_before(writing, version_id, steps[0].revision)
    refuse_own((*written, *earlier), hand_of(actor))
    said = (comment or "").strip() or None
    _refuse_long(said or "", "comment")
    add_revision(writing, tables.plan_version, row, state=after.value)
    add_plan_step(writing, row.id, row.revision + 1, row.hash, PlanDeed.APPROVE, said)
    return version_id


def reject_plan(
    writing: Writing,
    actor: Actor,
    version_id: str,
    reason: str,
    *,
    expected_version: int | None = None,
) -> str:
    """Send a submitted or approved version back to its author, and say why."""
    demand_entity(actor, Resource.PLAN, writing.entity_id)
    row = plan_row(writing, version_id, expected_version)
    after = moved(PlanState(row.state), PlanDeed.REJECT)
    said = reason.strip()
    if not said:
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    _refuse_long(said, "reason")
    add_revision(writing, tables.plan_version, row, state=after.value)
    add_plan_step(writing, row.id, row.revision + 1, row.hash, PlanDeed.REJECT, said)
    return version_id


def _refuse_long(text: str, field: str) -> None:
    if len(text) > REASON_MOST:
        raise Refused("text_too_long", {"field": field, "most": str(REASON_MOST)}, path=field)

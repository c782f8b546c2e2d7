"""A plan is drafted, then published from a date on; a published version never changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from actions.check_proration import weighing_problems, whole_problems
from actions.check_scope import refuse_strangers
from actions.deed import demand_entity
from actions.define_metric import refuse_unread
from actions.identifiers import new_id
from actions.lint_plan import lint_draft
from actions.offer_plan import offer_within
from actions.plan_policy import needs_review, policy_now
from actions.publish_scorecard import metric_problems
from domain.access import Actor, Resource
from domain.finding import Finding, FindingWeight, write_finding
from domain.kinds.above_percentile import AbovePercentile
from domain.kinds.reward_above_line import RewardAboveLine
from domain.kinds.reward_above_median import RewardAboveMedian
from domain.lint import blocks
from domain.metric import Direction, FormulaKind, Metric
from domain.peer_rules import Members
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan, plan_hash
from domain.plan_life import Acceptance, PlanDeed, PlanState, moved
from domain.problem import Problem, Refused
from domain.program import NeedKind
from storage import tables
from storage.definitions import (
    Scope,
    add_plan,
    metrics_by_key,
    plan_called,
    plan_version_rows,
    scope_from,
)
from storage.engine import Writing
from storage.people import add_revision, add_row, latest_row
from storage.plan_life import add_plan_step

DRAFT, PUBLISHED, RETIRED = "DRAFT", "PUBLISHED", "RETIRED"


def draft_plan(
    writing: Writing,
    actor: Actor,
    document: object,
    scope: Scope,
    *,
    valid_from: date,
    valid_to: date | None = None,
    version_id: str | None = None,
    expected_version: int | None = None,
    pack_id: str | None = None,
) -> str:
    """Make a draft, or change the version ``version_id``; return the version's id.

    What was submitted or approved is a draft again: nobody has seen what it says now. A draft may
    be wrong only in what publishing checks again: every problem in the document itself is refused
    at once, each with its place.
    """
    demand_entity(actor, Resource.PLAN, writing.entity_id)
    plan, problems = decode_plan(document)
    if plan is None:
        raise refuse_unread("plan", problems)
    if valid_to is not None and valid_to <= valid_from:
        raise Refused(
            "dates_reversed", {"start": valid_from.isoformat(), "end": valid_to.isoformat()}
        )
    refuse_strangers(writing, scope)
    revision = 1
    plan_id = _plan_id(writing, plan.key)
    if version_id is not None:
        before = plan_row(writing, version_id, expected_version)
        moved(PlanState(before.state), PlanDeed.DRAFT)
        revision = before.revision + 1
    identifier = version_id or new_id("pver", writing.known_at)
    add_row(
        writing,
        tables.plan_version,
        id=identifier,
        revision=revision,
        plan_id=plan_id,
        state=DRAFT,
        document=encode_plan(plan),
        hash=plan_hash(plan),
        scope=scope.document(),
        valid_from=valid_from,
        valid_to=valid_to,
        voided=False,
        made_by=writing.actor,
        pack_id=pack_id,
    )
    add_plan_step(writing, identifier, revision, plan_hash(plan), PlanDeed.DRAFT)
    return identifier


def publish_plan(
    writing: Writing,
    actor: Actor,
    version_id: str,
    *,
    expected_version: int | None = None,
    override_reason: str | None = None,
) -> str:
    """Publish what somebody else approved, or a draft where nobody else has to.

    Its metrics must exist, and nobody may have two plans on one day. What the linter finds is kept
    with the version. An error among it needs ``override_reason``, here or when it was submitted.
    """
    demand_entity(actor, Resource.PLAN, writing.entity_id)
    row = plan_row(writing, version_id, expected_version)
    approved = row.state == PlanState.APPROVED.value
    deed = PlanDeed.PUBLISH if approved else PlanDeed.PUBLISH_UNREVIEWED
    after = moved(PlanState(row.state), deed)
    if not approved and needs_review(writing, actor):
        raise Refused("plan_not_approved", {"state": row.state})
    found = checked(writing, row, override_reason)
    _make_room(writing, row)
    add_revision(
        writing,
        tables.plan_version,
        row,
        state=after.value,
        findings=[write_finding(each) for each in found.findings],
        override_reason=found.override_reason,
    )
    add_plan_step(writing, row.id, row.revision + 1, row.hash, deed)
    policy = policy_now(writing)
    if policy is not None and policy.acceptance is not Acceptance.NOT_ASKED:
        offer_within(writing, row.id)
    return version_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the linter finds in a version, and why it is right all the same."""

    findings: tuple[Finding, ...]
    override_reason: str | None


def checked(writing: Writing, row: Any, override_reason: str | None) -> Checked:
    """Check a version against its metrics, and lint it; refuse what must not be published."""
    plan, problems = decode_plan(row.document)
    if plan is None:
        raise refuse_unread("plan", problems)
    metrics = metrics_by_key(
        writing.connection,
        writing.entity_id,
        valid_at=row.valid_from,
        known_at=writing.known_at,
    )
    wrong = [
        replace(problem, path=f"units.{key}")
        for key, unit in plan.units.items()
        for problem in metric_problems(metrics, key, unit, f"units.{key}")
    ]
    wrong.extend(_against_direction(plan, metrics))
    wrong.extend(weighing_problems(plan.proration, metrics))
    wrong.extend(whole_problems(plan))
    wrong.extend(_not_additive(plan, metrics))
    if wrong:
        raise refuse_unread("plan", tuple(wrong))
    found = lint_draft(writing, row, plan, metrics)
    reason = (override_reason or "").strip() or row.override_reason
    if blocks(found) and reason is None:
        codes = sorted({each.code.value for each in found if each.weight is FindingWeight.ERROR})
        raise Refused("plan_lint_blocks", {"findings": ", ".join(codes)}, path="overrideReason")
    return Checked(findings=found, override_reason=reason)


def _against_direction(plan: Plan, metrics: Mapping[str, Metric]) -> Iterator[Problem]:
    """Refuse to reward the upper half of a metric of which less is better: it would pay the worse.

    A plan does not know a metric's direction, so this is seen only where both are at hand.
    """
    for place, component in enumerate(plan.components):
        if not isinstance(component, RewardAboveMedian | AbovePercentile | RewardAboveLine):
            continue
        metric = metrics.get(component.metric)
        if metric is not None and metric.direction is Direction.LOWER:
            values = {"metric": metric.key, "wanted": Direction.HIGHER.value}
            path = f"components[{place}].metric"
            yield Problem(code="direction_differs", path=path, values=values)


def _not_additive(plan: Plan, metrics: Mapping[str, Metric]) -> Iterator[Problem]:
    """Refuse to add up over periods what is no sum: the share of two months is not their sum."""
    for place, component in enumerate(plan.components):
        added_up = [n.metric for n in component.needs(plan) if n.kind is NeedKind.TO_DATE]
        # what is scaled by days has to grow by days
        scaled = [c.measure for c in component.cohorts(plan) if c.members is Members.PRORATED]
        for key in (*added_up, *scaled):
            metric = metrics.get(key)
            if metric is None:
                continue
            if metric.formula.kind not in {FormulaKind.SUM, FormulaKind.COUNT}:
                path = f"components[{place}].metric"
                yield Problem(code="metric_not_additive", path=path, values={"metric": metric.key})


def _make_room(writing: Writing, draft: Any) -> None:
    """End the plan's version before where this one begins; refuse two plans for the same people.

    A pilot ends where the very document that it tried is published for more than its people.
    """
    end = draft.valid_to or date.max
    scope = scope_from(draft.scope)
    published = plan_version_rows(writing, state=PUBLISHED, start=draft.valid_from, end=end)
    for other in published:
        if other.document["cadence"] != draft.document["cadence"]:
            continue  # it pays other periods: nobody is paid twice for one
        before = scope_from(other.scope)
        if not _meet(scope, before) and not _is_rolled_out(draft, scope, other, before):
            continue
        contained = not scope.people or set(before.people) <= set(scope.people)
        is_earlier = other.plan_id == draft.plan_id and other.valid_from < draft.valid_from
        if not contained or not is_earlier:
            raise Refused("plan_scope_overlaps", {"plan": str(other.document["key"])})
        add_revision(writing, tables.plan_version, other, valid_to=draft.valid_from)


def _meet(one: Scope, other: Scope) -> bool:
    """Say whether two scopes are one, or name a person in common for whom neither is narrower."""
    if one == other:
        return True
    return one.limits == other.limits == 0 and bool(set(one.people) & set(other.people))


def _is_rolled_out(draft: Any, scope: Scope, other: Any, before: Scope) -> bool:
    return bool(
        before.people
        and not scope.people
        and other.plan_id == draft.plan_id
        and other.hash == draft.hash
        and other.valid_from < draft.valid_from
    )


def _plan_id(writing: Writing, key: str) -> str:
    found = plan_called(writing.connection, writing.entity_id, key)
    if found is not None:
        return found
    identifier = new_id("plan", writing.known_at)
    add_plan(writing, identifier, key)
    return identifier


def plan_row(writing: Writing, version_id: str, expected_version: int | None) -> Any:
    """Return the newest revision of a version, which is the one that the client last saw."""
    row = latest_row(
        writing.connection, tables.plan_version, "id", writing.known_at,
        id=version_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if row is None:
        raise Refused("not_found", {"id": version_id})
    if expected_version is not None and row.revision != expected_version:
        raise Refused("version_conflict", {"current": str(row.revision)})
    return row

"""The steps of a dispute: assigned, asked about, answered, accepted or rejected, closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actions.closing import Closing
from actions.correct_period import demand_correct
from actions.deed import demand_entity
from actions.open_dispute import demand_text, is_oneself, keep_evidence
from actions.periods import business_day
from actions.post_ledger import post_adjustment
from domain.access import Actor, Deed, Resource, System, Viewer, may_all
from domain.checklist import ChecklistItem, Weight
from domain.dispute import DisputeDeed, Evidence, moved, refuse_evidence
from domain.ledger import Cause
from domain.problem import Refused
from domain.unit import CURRENCIES, to_steps
from storage.accounts import account_of_id
from storage.carrying import Widening, widened
from storage.disputes import Dispute, add_step, disputes, undecided_count
from storage.engine import Writing
from storage.rights import viewer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What is booked because a dispute was accepted, and why that much."""

    amount: Decimal
    period: str  # an open one
    reason: str
    currency: str | None = None  # the one of the disputed line if absent
    component: str | None = None  # the one of the disputed line if absent


def assign_dispute(
    writing: Writing,
    actor: Actor,
    dispute_id: str,
    expected_version: int,
    *,
    account_id: str,
    reason: str = "",
) -> str:
    """Say who is to decide a dispute: somebody who decides about pay, and not about their own."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    found = _found(writing, actor, dispute_id, expected_version)
    with widened(writing.connection, Widening.ACCOUNT):
        account = account_of_id(writing.connection, account_id)
        if account is None or account.entity_id != writing.entity_id:
            raise Refused("not_found", {"id": account_id}, path="assignee")
        viewer = viewer_of(writing.connection, account, business_day(writing), writing.known_at)
    if not may_all(viewer, Resource.PAY, Deed.WRITE, writing.entity_id):
        raise Refused("dispute_assignee_unfit", {"account": account_id}, path="assignee")
    if found.person_id in viewer.persons or account_id == found.made_by:
        raise Refused("dispute_own", path="assignee")
    return _move(writing, found, DisputeDeed.ASSIGN, reason, assignee_id=account_id)


def ask_about_dispute(
    writing: Writing, actor: Actor, dispute_id: str, expected_version: int, text: str
) -> str:
    """Ask for what is needed to decide; the days until the answer do not count."""
    found = _found(writing, actor, dispute_id, expected_version)
    _demand_decider(writing, actor, found)
    demand_text(text, "text")
    return _move(writing, found, DisputeDeed.ASK, text)


def answer_dispute(
    writing: Writing,
    actor: Actor,
    dispute_id: str,
    expected_version: int,
    text: str,
    evidence: Sequence[Evidence] = (),
) -> str:
    """Answer what was asked, with more evidence if there is some."""
    found = _found(writing, actor, dispute_id, expected_version)
    _demand_speaker(writing, actor, found)
    demand_text(text, "text")
    refuse_evidence(evidence)
    _move(writing, found, DisputeDeed.ANSWER, text)
    keep_evidence(writing, found.id, found.person_id, found.version + 1, evidence)
    return found.id


def accept_dispute(
    writing: Writing, actor: Actor, dispute_id: str, expected_version: int, given: Acceptance
) -> str:
    """Accept a dispute: an adjustment is booked in an open period, for the period disputed."""
    demand_correct(actor, writing.entity_id)
    found = _found(writing, actor, dispute_id, expected_version)
    _demand_decider(writing, actor, found)
    demand_text(given.reason, "reason")
    moved(found.state, DisputeDeed.ACCEPT)
    currency = given.currency or found.unit
    if currency not in CURRENCIES:
        raise Refused("dispute_currency_missing", path="currency")
    amount = to_steps(given.amount, currency)
    if amount is None or amount == 0:
        values = {"value": f"{given.amount:f}", "unit": currency}
        raise Refused("number_not_exact", values, path="amount")
    entry = post_adjustment(
        writing,
        found.person_id,
        period=given.period,
        origin_period=found.period,
        component=given.component or found.component or "dispute",
        amount=amount,
        currency=currency,
        cause=Cause.DISPUTE,
        source_id=found.id,
    )
    told = {"amount": str(amount), "currency": currency}
    return _move(writing, found, DisputeDeed.ACCEPT, given.reason, told, entry_id=entry)


def reject_dispute(
    writing: Writing, actor: Actor, dispute_id: str, expected_version: int, reason: str
) -> str:
    """Reject a dispute, and say why."""
    found = _found(writing, actor, dispute_id, expected_version)
    _demand_decider(writing, actor, found)
    demand_text(reason, "reason")
    return _move(writing, found, DisputeDeed.REJECT, reason)


def close_dispute(writing: Writing, actor: Actor, dispute_id: str, expected_version: int) -> str:
    """Close what was decided: whoever it concerns has seen it, or HR says that it is over."""
    found = _found(writing, actor, dispute_id, expected_version)
    _demand_speaker(writing, actor, found)
    return _move(writing, found, DisputeDeed.CLOSE, "")


def withdraw_dispute(
    writing: Writing, actor: Actor, dispute_id: str, expected_version: int, reason: str
) -> str:
    """Take back what one said oneself, as long as nobody has decided."""
    found = _found(writing, actor, dispute_id, expected_version)
    _demand_speaker(writing, actor, found)
    demand_text(reason, "reason")
    return _move(writing, found, DisputeDeed.WITHDRAW, reason)


def disputes_are_decided(closing: Closing) -> Iterator[ChecklistItem]:
    """Every dispute about the period, or one before it, has been decided."""
    waiting = undecided_count(closing.connection, closing.entity_id, closing.period.last_day)
    if waiting:
        yield ChecklistItem(code="check_disputes", count=waiting, weight=Weight.WARNING)


def _found(writing: Writing, actor: Actor, dispute_id: str, expected_version: int) -> Dispute:
    found = disputes(writing.connection, actor, writing.entity_id, [dispute_id]).get(dispute_id)
    if found is None:
        raise Refused("not_found", {"id": dispute_id})
    if found.version != expected_version:
        raise Refused("version_conflict", {"current": str(found.version)})
    return found


def _demand_decider(writing: Writing, actor: Actor, found: Dispute) -> None:
    """Refuse everybody but whom it is assigned to, and them when it is about themselves."""
    if isinstance(actor, System):
        return
    demand_entity(actor, Resource.PAY, writing.entity_id)
    names = _names(actor)
    if found.person_id in actor.persons or found.made_by in names:
        raise Refused("dispute_own")
    if found.assignee_id is not None and found.assignee_id not in names:
        raise Refused("dispute_not_yours")


def _names(viewer: Viewer) -> frozenset[str]:
    behalf = viewer.acting.account_id if viewer.acting else None
    return frozenset(each for each in (viewer.account_id, behalf) if each is not None)


def _demand_speaker(writing: Writing, actor: Actor, found: Dispute) -> None:
    """Refuse everybody but whom it concerns, and HR in their name."""
    if isinstance(actor, System) or is_oneself(actor, writing.entity_id, found.person_id):
        return
    demand_entity(actor, Resource.PAY, writing.entity_id)


def _move(
    writing: Writing,
    found: Dispute,
    deed: DisputeDeed,
    text: str,
    told: dict[str, Any] | None = None,
    *,
    assignee_id: str | None = None,
    entry_id: str | None = None,
) -> str:
    after = moved(found.state, deed)
    add_step(
        writing,
        found.id,
        found.person_id,
        found.version + 1,
        {"text": text.strip(), **(told or {})},
        deed=deed.value,
        state=after.value,
        assignee_id=assignee_id or found.assignee_id,
        entry_id=entry_id,
        on_day=business_day(writing),
    )
    return found.id

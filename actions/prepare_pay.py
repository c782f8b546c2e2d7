"""A pay batch is prepared: one sheet per person and currency, frozen, of one revision."""

from __future__ import annotations

from collections.abc import Sequence

from actions.deed import demand_entity
from actions.gather_pay import Wanted, cadence_of, gather_pay
from actions.identifiers import new_id
from domain.access import Actor, Deed, Resource, Viewer, may_all
from domain.pay_batch import BatchDeed, BatchState, moved
from domain.pay_policy import PayPolicy
from domain.pay_sheet import PaySheet, settle
from domain.period import Period, period_named
from domain.problem import Refused
from domain.program import LineKind
from plugins.policies.reading import DEFAULT, policy_called
from storage.engine import Writing
from storage.pay_batches import (
    Batch,
    BatchTotal,
    StoredSheet,
    add_batch,
    add_sheets,
    add_step,
    add_total,
    batch_of_period,
    batches,
    change_batch,
)
from storage.pay_rules import PaySettings, pay_settings_on
from storage.settling import ledger_head


def demand_pay(actor: Actor, entity_id: str) -> None:
    """Refuse whoever may not both see and decide all pay of the entity, without exception.

    A deputy does not see the pay of whom they stand in for: a batch without it would be wrong.
    """
    demand_entity(actor, Resource.PAY, entity_id)
    if isinstance(actor, Viewer) and not may_all(actor, Resource.PAY, Deed.READ, entity_id):
        values = {"resource": Resource.PAY.value, "deed": Deed.READ.value}
        raise Refused("forbidden", values)


def prepare_batch(
    writing: Writing, actor: Actor, period_name: str, expected_version: int | None = None
) -> str:
    """Make the batch of a period, or make it anew while it is unpaid; return its id.

    The sheets made before stay, as an earlier revision. Batches of one row of periods are made in
    order: each starts from the balances that the one before it leaves.
    """
    demand_pay(actor, writing.entity_id)
    period = period_named(period_name)
    batch = batch_of_period(writing.connection, writing.entity_id, period.name)
    demand_batch_version(batch, expected_version)
    if batch is not None:
        moved(batch.state, BatchDeed.PREPARE)
    before = _before(writing, period)
    # What holds when pay is prepared: the limits are those of the day on which it is taken back.
    today = writing.known_at.date()
    settings = pay_settings_on(writing.connection, writing.entity_id, today, writing.known_at)
    policy = policy_of(settings)
    wanted = list(gather_pay(writing, actor, period, before, policy))
    if not wanted:
        raise Refused("pay_batch_empty", {"period": period.name})
    identifier = batch.id if batch else new_id("pbat", writing.known_at)
    revision = batch.revision + 1 if batch else 1
    values = {
        "revision": revision,
        "ledger_through": ledger_head(writing),
        "before_id": before.id if before else None,
        "before_revision": before.revision if before else None,
        "policy_hash": policy.hash,
        "approvals": 0,
        "approval": [step.document for step in settings.approval],
    }
    if batch is None:
        add_batch(
            writing, identifier, period=period.name, cadence=cadence_of(period),
            state=BatchState.UNPAID.value, **values,
        )  # fmt: skip
    else:
        change_batch(writing, batch, **values)
    _keep(writing, identifier, revision, period, wanted)
    add_step(writing, identifier, revision, BatchDeed.PREPARE.value, None)
    return identifier


def demand_batch_version(batch: Batch | None, expected: int | None) -> None:
    """Refuse when the batch is not the one the client last saw; 0 says that it saw none."""
    current = batch.version if batch else 0
    if expected is not None and expected != current:
        raise Refused("version_conflict", {"current": str(current)})


def policy_of(settings: PaySettings) -> PayPolicy:
    """Return the policy an entity settles by; the strictest until it has chosen one."""
    key = settings.policy or DEFAULT
    policy = policy_called(key, settings.policy_version)
    if policy is None or settings.policy_hash not in {None, policy.hash}:
        raise Refused("pay_policy_unknown", {"policy": key})
    return policy


def _before(writing: Writing, period: Period) -> Batch | None:
    """Return the batch before this one; it must be locked, and none after this one may be."""
    row = sorted(
        batches(writing.connection, writing.entity_id, cadence=cadence_of(period)),
        key=lambda each: period_named(each.period).start,
    )
    later = [
        each
        for each in row
        if period_named(each.period).start > period.start and each.state is not BatchState.UNPAID
    ]
    if later:
        raise Refused("pay_batch_later_locked", {"period": later[0].period})
    earlier = [each for each in row if period_named(each.period).start < period.start]
    if earlier and earlier[-1].state is BatchState.UNPAID:
        raise Refused("pay_batch_earlier_open", {"period": earlier[-1].period})
    return earlier[-1] if earlier else None


def _keep(
    writing: Writing, batch_id: str, revision: int, period: Period, wanted: Sequence[Wanted]
) -> None:
    rows = [_sheet(writing, batch_id, revision, period, each) for each in wanted]
    add_sheets(writing, rows)
    for currency in sorted({row.currency for row in rows}):
        total = _total(currency, [row.sheet for row in rows if row.currency == currency])
        add_total(writing, new_id("ptot", writing.known_at), batch_id, revision, total)


def _sheet(
    writing: Writing, batch_id: str, revision: int, period: Period, wanted: Wanted
) -> StoredSheet:
    subject = {
        "entity": writing.entity_id,
        "person": wanted.person_id,
        "period": period.name,
        "plan": wanted.plan_version_id or "",
        "paid_on": wanted.paid_on.isoformat(),
    }
    return StoredSheet(
        id=new_id("psht", writing.known_at),
        batch_id=batch_id,
        revision=revision,
        person_id=wanted.person_id,
        period=period.name,
        currency=wanted.terms.currency,
        plan_version_id=wanted.plan_version_id,
        releases=wanted.releases,
        sheet=settle(subject, wanted.terms, wanted.facts),
    )


def _total(currency: str, sheets: Sequence[PaySheet]) -> BatchTotal:
    amounts: dict[str, int] = {"adjusted": 0}
    problems: dict[str, int] = {}
    for sheet in sheets:
        for line in sheet.lines:
            is_change = line.name.startswith("adjustment.")
            if line.kind in {LineKind.PAY, LineKind.TOTAL}:
                name = "adjusted" if is_change else line.name
                amounts[name] = amounts.get(name, 0) + (line.value or 0)
        for problem in sheet.problems:
            problems[problem.code] = problems.get(problem.code, 0) + 1
    return BatchTotal(currency=currency, people=len(sheets), amounts=amounts, problems=problems)

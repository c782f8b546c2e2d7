"""The batches of pay: their states, their totals, and every step that was taken with them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of
from api.context import Context, Info
from api.errors import DataProblem, data_problem
from api.paging import described
from api.pay_words import BatchDeed, BatchState
from api.scalars import PeriodName
from api.values import Money, money
from domain.access import Deed, Resource, Role, may_all
from domain.pay_batch import ApprovalStep
from domain.period import period_named
from domain.problem import Problem, Refused, Severity
from storage.carrying import Widening, widened
from storage.engine import Database
from storage.pay_batches import (
    Batch,
    BatchStep,
    BatchTotal,
    batch_by_id,
    batches,
    steps_of,
    totals_of,
)

_MOST = 50


@output(access=Resource.PAY, description="A step of an approval chain.")
class PayApprovalStep:
    """Anybody with one of the roles, or one of the named accounts, and nobody twice."""

    roles: list[Role] = shown("Whoever has one of these roles may take it; a few at most.")
    accounts: list[strawberry.ID] = shown("So may these accounts; a few at most.")


@output(access=Resource.PAY, description="What was done with a batch, by whom and why.")
class PayBatchStep:
    """A line of the history of a batch; the trail has it too."""

    deed: BatchDeed = shown("What was done.")
    revision: int = shown("With which revision of the sheets.")
    account: strawberry.ID | None = shown("Who did it.")
    on_behalf_of: strawberry.ID | None = shown("For which account, when somebody acted for it.")
    reason: str | None = shown("Why, where a reason was needed.")
    at: datetime = shown("When.")


@output(access=Resource.PAY, description="How many sheets have a problem.")
class PayProblemCount:
    """A problem and how often it occurs."""

    problem: DataProblem = shown("The problem.")
    sheets: int = shown("How many sheets have it.")


@output(access=Resource.PAY, description="The sum of one line over all sheets.")
class PayTotalLine:
    """A line of the totals."""

    name: str = shown("The name of the line; adjusted is the sum of all adjustments.")
    amount: Money = shown("The sum.")


@output(access=Resource.PAY, description="What the sheets of one currency come to.")
class PayTotal:
    """Totals of a revision."""

    people: int = shown("How many sheets.")
    paid: Money = shown("What is paid together.")
    lines: list[PayTotalLine] = shown("The sum of every line, some dozens at most.")
    problems: list[PayProblemCount] = shown("What somebody should look at; may be empty.")


@output(access=Resource.PAY, description="The pay of a legal entity and period.")
class PayBatch:
    """A batch."""

    id: strawberry.ID = shown("The id of the batch.")
    period: PeriodName = shown("The period.")
    state: BatchState = shown("How far it has come.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")
    revision: int = shown("How often its sheets have been made.")
    policy_hash: str = shown("The policy whose limits its sheets keep to.")
    approvals: int = shown("How many steps of the chain have been taken.")
    approval: list[PayApprovalStep] = shown(
        "The chain, a few steps at most; frozen when it is submitted."
    )
    totals: list[PayTotal] = shown("The totals, one per currency.")
    steps: list[PayBatchStep] = shown("Everything done with it, oldest first; some dozens at most.")
    updated_at: datetime = shown("When the last step was taken.")


def approval_step(step: ApprovalStep) -> PayApprovalStep:
    """Show a step of a chain."""
    return PayApprovalStep(
        roles=sorted(step.roles, key=lambda role: role.value),
        accounts=[strawberry.ID(each) for each in sorted(step.accounts)],
    )


def _total(total: BatchTotal, context: Context) -> PayTotal:
    return PayTotal(
        people=total.people,
        paid=money(total.amounts.get("sheet.paid", 0), total.currency, context),
        lines=[
            PayTotalLine(name=name, amount=money(amount, total.currency, context))
            for name, amount in sorted(total.amounts.items())
        ],
        problems=[
            PayProblemCount(
                problem=data_problem(Problem(code=code, severity=Severity.WARNING), context),
                sheets=sheets,
            )
            for code, sheets in sorted(total.problems.items())
        ],
    )


def batches_shown(database: Database, context: Context, rows: list[Batch]) -> list[PayBatch]:
    """Show batches with their totals and steps, read for all of them at once."""
    totals = totals_of(database, rows)
    steps = steps_of(database, [each.id for each in rows])
    return [_batch(context, each, totals[each.id], steps[each.id]) for each in rows]


def _batch(
    context: Context,
    batch: Batch,
    totals: tuple[BatchTotal, ...],
    steps: tuple[BatchStep, ...],
) -> PayBatch:
    return PayBatch(
        id=strawberry.ID(batch.id),
        period=PeriodName(batch.period),
        state=batch.state,
        version=batch.version,
        revision=batch.revision,
        policy_hash=batch.policy_hash,
        approvals=batch.approvals,
        approval=[approval_step(step) for step in batch.approval],
        totals=[_total(each, context) for each in totals],
        steps=[
            PayBatchStep(
                deed=BatchDeed(step.deed),
                revision=step.revision,
                account=None if step.account_id is None else strawberry.ID(step.account_id),
                on_behalf_of=None
                if step.on_behalf_of is None
                else strawberry.ID(step.on_behalf_of),
                reason=step.reason,
                at=step.at,
            )
            for step in steps
        ],
        updated_at=batch.updated_at,
    )


def batches_seen(
    database: Database, context: Context, entity_id: str, period: str | None = None
) -> list[PayBatch]:
    """Show the newest batches to who sees all pay, and to each whom a chain names its own."""
    asker = context.asker
    sees_all = may_all(asker, Resource.PAY, Deed.READ, entity_id)
    rows = [
        each
        for each in batches(database, entity_id)
        if period in {None, each.period}
        and (sees_all or any(asker.account_id in step.accounts for step in each.approval))
    ]
    rows.sort(key=_newest, reverse=True)
    if sees_all or not rows:
        return batches_shown(database, context, rows[:_MOST])
    with widened(database, Widening.APPROVAL):
        return batches_shown(database, context, rows[:_MOST])


def _newest(batch: Batch) -> tuple[date, str]:
    return (period_named(batch.period).start, batch.id)


def batch_read(database: Database, context: Context, entity_id: str, batch_id: str) -> PayBatch:
    """Read a batch back after a step of it."""
    with widened(database, Widening.APPROVAL):
        batch = batch_by_id(database, entity_id, batch_id)
        if batch is None:
            raise Refused("not_found", {"id": batch_id})
        return batches_shown(database, context, [batch])[0]


@output(access=Audience.SIGNED_IN, description="Queries about batches of pay.")
class PayBatchQuery:
    """Part of the query root."""

    @resolved(
        "The newest batches of pay, at most 50: for whoever sees all pay, and for whom an approval"
        " chain names.",
        access=Resource.PAY,
    )
    async def pay_batches(self, info: Info, legal_entity: Entity = None) -> list[PayBatch] | None:
        """Read the newest first."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        return await context.read(lambda database: batches_seen(database, context, entity))

    @resolved("The batch of pay of a period.", access=Resource.PAY)
    async def pay_batch(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        legal_entity: Entity = None,
    ) -> PayBatch | None:
        """Read one."""
        context = info.context
        entity, span = entity_of(context.asker, legal_entity), period_named(period)

        def work(database: Database) -> PayBatch:
            wanted = batches_seen(database, context, entity, span.name)
            if not wanted:
                raise Refused("not_found", {"id": span.name})
            return wanted[0]

        return await context.read(work)

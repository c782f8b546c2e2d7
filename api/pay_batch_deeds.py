"""The steps of a batch of pay: made, locked, submitted, approved, rejected, paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import strawberry

from actions.pay_batches import (
    approve_batch,
    lock_batch,
    mark_paid,
    reject_batch,
    release_holdback,
    submit_batch,
    unlock_batch,
)
from actions.prepare_pay import prepare_batch
from api.access import Audience, output, resolved, shown
from api.asking import REASON, Entity, Key, act, entity_of, key_field, version_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from api.pay_batches import PayBatch, batch_read
from api.scalars import PeriodName
from domain.access import Deed, Resource
from storage.engine import Writing

_BATCH = "The id of the batch."
_ENTITY = "The legal entity; the viewer's only or first one if absent."


@strawberry.input(description="The pay of a period is prepared, or made anew while it is unpaid.")
class PayBatchPrepareInput:
    """Input of ``payBatchPrepare``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period.")
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the client last saw, 0 for none; leave out if unsure.",
    )


@strawberry.input(description="A step of a batch that needs no reason.")
class PayBatchLockInput:
    """Input of ``payBatchLock``."""

    idempotency_key: Key = key_field()
    batch: strawberry.ID = strawberry.field(description=_BATCH)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="A locked batch is opened again.")
class PayBatchUnlockInput:
    """Input of ``payBatchUnlock``."""

    idempotency_key: Key = key_field()
    batch: strawberry.ID = strawberry.field(description=_BATCH)
    reason: str = strawberry.field(description=REASON)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="A locked batch is submitted to the approval chain.")
class PayBatchSubmitInput:
    """Input of ``payBatchSubmit``."""

    idempotency_key: Key = key_field()
    batch: strawberry.ID = strawberry.field(description=_BATCH)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="The next step of the approval chain is taken.")
class PayBatchApproveInput:
    """Input of ``payBatchApprove``."""

    idempotency_key: Key = key_field()
    batch: strawberry.ID = strawberry.field(description=_BATCH)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="What was submitted or approved is rejected.")
class PayBatchRejectInput:
    """Input of ``payBatchReject``."""

    idempotency_key: Key = key_field()
    batch: strawberry.ID = strawberry.field(description=_BATCH)
    reason: str = strawberry.field(description=REASON)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="Payroll has paid an approved batch.")
class PayBatchMarkPaidInput:
    """Input of ``payBatchMarkPaid``."""

    idempotency_key: Key = key_field()
    batch: strawberry.ID = strawberry.field(description=_BATCH)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="What a holdback waits for has happened.")
class PayHoldbackReleaseInput:
    """Input of ``payHoldbackRelease``."""

    idempotency_key: Key = key_field()
    entry: strawberry.ID = strawberry.field(description="The entry of the balance.")
    reason: str = strawberry.field(description=REASON)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)


@output(access=Resource.PAY, description="The batch is prepared.")
class PayBatchPrepareSuccess:
    """Prepared."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The batch is locked.")
class PayBatchLockSuccess:
    """Locked."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The batch is open again.")
class PayBatchUnlockSuccess:
    """Unlocked."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The batch is submitted.")
class PayBatchSubmitSuccess:
    """Submitted."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The step is taken.")
class PayBatchApproveSuccess:
    """Approved, or one step nearer to it."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The batch is rejected.")
class PayBatchRejectSuccess:
    """Rejected: unpaid again."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The batch is paid.")
class PayBatchMarkPaidSuccess:
    """Paid."""

    batch: PayBatch = shown("The batch after it.")


@output(access=Resource.PAY, description="The holdback is paid with the next batch.")
class PayHoldbackReleaseSuccess:
    """Released."""

    entry: strawberry.ID = shown("The entry of the balance.")


PayBatchPrepareResult = Annotated[
    PayBatchPrepareSuccess | Refusal,
    strawberry.union("PayBatchPrepareResult", description="Prepared, or why not."),
]
PayBatchLockResult = Annotated[
    PayBatchLockSuccess | Refusal,
    strawberry.union("PayBatchLockResult", description="Locked, or why not."),
]
PayBatchUnlockResult = Annotated[
    PayBatchUnlockSuccess | Refusal,
    strawberry.union("PayBatchUnlockResult", description="Unlocked, or why not."),
]
PayBatchSubmitResult = Annotated[
    PayBatchSubmitSuccess | Refusal,
    strawberry.union("PayBatchSubmitResult", description="Submitted, or why not."),
]
PayBatchApproveResult = Annotated[
    PayBatchApproveSuccess | Refusal,
    strawberry.union("PayBatchApproveResult", description="Approved, or why not."),
]
PayBatchRejectResult = Annotated[
    PayBatchRejectSuccess | Refusal,
    strawberry.union("PayBatchRejectResult", description="Rejected, or why not."),
]
PayBatchMarkPaidResult = Annotated[
    PayBatchMarkPaidSuccess | Refusal,
    strawberry.union("PayBatchMarkPaidResult", description="Paid, or why not."),
]
PayHoldbackReleaseResult = Annotated[
    PayHoldbackReleaseSuccess | Refusal,
    strawberry.union("PayHoldbackReleaseResult", description="Released, or why not."),
]


async def _done(
    context: Context,
    operation: str,
    given: object,
    legal_entity: str | None,
    deed: Callable[[Writing], str],
) -> PayBatch:
    """Take a step and read the batch back."""
    entity = entity_of(context.asker, legal_entity)
    done = await act(context, operation, given, deed, entity_id=entity)
    return await context.read(lambda database: batch_read(database, context, entity, done.id))


@output(access=Audience.SIGNED_IN, description="Changes of batches of pay.")
class PayBatchMutation:
    """Part of the mutation root."""

    @resolved(
        "Make the pay sheets of a period from the ledger, or make them anew while the batch is"
        " unpaid: a new revision, the one before stays.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayBatchPrepareResult,
    )
    async def pay_batch_prepare(
        self,
        info: Info,
        input: Annotated[PayBatchPrepareInput, described("Which period.")],  # noqa: A002
    ) -> PayBatchPrepareSuccess:
        """Prepare."""
        context = info.context
        batch = await _done(
            context,
            "payBatchPrepare",
            input,
            input.legal_entity,
            lambda writing: prepare_batch(
                writing, context.asker, input.period, input.expected_version
            ),
        )
        return PayBatchPrepareSuccess(batch=batch)

    @resolved(
        "Lock a batch: what comes late goes to the next one, and balances change.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayBatchLockResult,
    )
    async def pay_batch_lock(
        self,
        info: Info,
        input: Annotated[PayBatchLockInput, described("Which one.")],  # noqa: A002
    ) -> PayBatchLockSuccess:
        """Lock."""
        context = info.context
        batch = await _done(
            context,
            "payBatchLock",
            input,
            input.legal_entity,
            lambda writing: lock_batch(writing, context.asker, input.batch, input.expected_version),
        )
        return PayBatchLockSuccess(batch=batch)

    @resolved(
        "Open a locked batch again, as long as no later one is locked.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayBatchUnlockResult,
    )
    async def pay_batch_unlock(
        self,
        info: Info,
        input: Annotated[PayBatchUnlockInput, described("Which one, and why.")],  # noqa: A002
    ) -> PayBatchUnlockSuccess:
        """Unlock."""
        context = info.context
        batch = await _done(
            context,
            "payBatchUnlock",
            input,
            input.legal_entity,
            lambda writing: unlock_batch(
                writing, context.asker, input.batch, input.reason, input.expected_version
            ),
        )
        return PayBatchUnlockSuccess(batch=batch)

    @resolved(
        "Submit a locked batch to the approval chain; whoever submits approves nothing.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayBatchSubmitResult,
    )
    async def pay_batch_submit(
        self,
        info: Info,
        input: Annotated[PayBatchSubmitInput, described("Which one.")],  # noqa: A002
    ) -> PayBatchSubmitSuccess:
        """Submit."""
        context = info.context
        batch = await _done(
            context,
            "payBatchSubmit",
            input,
            input.legal_entity,
            lambda writing: submit_batch(
                writing, context.asker, input.batch, input.expected_version
            ),
        )
        return PayBatchSubmitSuccess(batch=batch)

    @resolved(
        "Take the next step of the approval chain: each by another person.",
        access=Resource.PAY,
        graphql_type=PayBatchApproveResult,
    )
    async def pay_batch_approve(
        self,
        info: Info,
        input: Annotated[PayBatchApproveInput, described("Which one.")],  # noqa: A002
    ) -> PayBatchApproveSuccess:
        """Approve."""
        context = info.context
        batch = await _done(
            context,
            "payBatchApprove",
            input,
            input.legal_entity,
            lambda writing: approve_batch(
                writing, context.asker, input.batch, input.expected_version
            ),
        )
        return PayBatchApproveSuccess(batch=batch)

    @resolved(
        "Reject what was submitted or approved, with a reason: it is unpaid again.",
        access=Resource.PAY,
        graphql_type=PayBatchRejectResult,
    )
    async def pay_batch_reject(
        self,
        info: Info,
        input: Annotated[PayBatchRejectInput, described("Which one, and why.")],  # noqa: A002
    ) -> PayBatchRejectSuccess:
        """Reject."""
        context = info.context
        batch = await _done(
            context,
            "payBatchReject",
            input,
            input.legal_entity,
            lambda writing: reject_batch(
                writing, context.asker, input.batch, input.reason, input.expected_version
            ),
        )
        return PayBatchRejectSuccess(batch=batch)

    @resolved(
        "Say that payroll has paid an approved batch: it never moves again.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayBatchMarkPaidResult,
    )
    async def pay_batch_mark_paid(
        self,
        info: Info,
        input: Annotated[PayBatchMarkPaidInput, described("Which one.")],  # noqa: A002
    ) -> PayBatchMarkPaidSuccess:
        """Mark."""
        context = info.context
        batch = await _done(
            context,
            "payBatchMarkPaid",
            input,
            input.legal_entity,
            lambda writing: mark_paid(writing, context.asker, input.batch, input.expected_version),
        )
        return PayBatchMarkPaidSuccess(batch=batch)

    @resolved(
        "Say that what a holdback waits for has happened: the next batch pays it.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayHoldbackReleaseResult,
    )
    async def pay_holdback_release(
        self,
        info: Info,
        input: Annotated[PayHoldbackReleaseInput, described("Which one, and why.")],  # noqa: A002
    ) -> PayHoldbackReleaseSuccess:
        """Release."""
        context = info.context
        done = await act(
            context,
            "payHoldbackRelease",
            input,
            lambda writing: release_holdback(writing, context.asker, input.entry, input.reason),
            entity_id=entity_of(context.asker, input.legal_entity),
        )
        return PayHoldbackReleaseSuccess(entry=strawberry.ID(done.id))

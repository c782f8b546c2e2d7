"""The words in which the contract speaks of pay: states, steps and balances."""

from __future__ import annotations

from api.scalars import closed_set
from domain.pay_batch import BatchDeed, BatchState
from storage.pay_balances import BalanceKind

__all__ = ["BalanceKind", "BatchDeed", "BatchState"]

closed_set(
    BatchState,
    "How far a batch of pay has come.",
    {
        BatchState.UNPAID: "It may be made anew.",
        BatchState.LOCKED: "Its sheets do not move; what comes late goes to the next batch.",
        BatchState.SUBMITTED: "It waits for its approvals.",
        BatchState.APPROVED: "Every step of the chain was taken; payroll may have it.",
        BatchState.PAID: "Payroll has paid it.",
    },
)
closed_set(
    BalanceKind,
    "What is owed, and by whom.",
    {
        BalanceKind.DRAW: "Paid in advance: the person pays it back out of later earnings.",
        BalanceKind.HOLDBACK: "Earned and held back: the company pays it later.",
        BalanceKind.CARRIED: "To be taken back, and carried forward because a limit forbade it.",
    },
)
closed_set(
    BatchDeed,
    "What is done with a batch of pay.",
    {
        BatchDeed.PREPARE: "Its sheets were made, or made anew.",
        BatchDeed.LOCK: "Its sheets were frozen and what they change in balances was booked.",
        BatchDeed.UNLOCK: "It was opened again, and the balances are as before.",
        BatchDeed.SUBMIT: "It was submitted to the approval chain.",
        BatchDeed.APPROVE: "A step of the chain was taken.",
        BatchDeed.REJECT: "It was rejected with a reason, and the balances are as before.",
        BatchDeed.MARK_PAID: "Payroll has paid it.",
    },
)

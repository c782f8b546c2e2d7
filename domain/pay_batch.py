"""The pay batch of a legal entity and period: its states, and who may approve it.

UNPAID <-> LOCKED -> SUBMITTED -> APPROVED -> PAID; what is submitted or approved may be rejected,
and is UNPAID again. Four eyes: whoever submits approves nothing, and no two steps of the chain are
taken by one person, neither in their own name nor on behalf of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.access import Role
from domain.problem import Refused


class BatchState(StrEnum):
    """How far a batch of pay has come."""

    UNPAID = "UNPAID"
    LOCKED = "LOCKED"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    PAID = "PAID"


class BatchDeed(StrEnum):
    """What is done with a batch of pay."""

    PREPARE = "PREPARE"
    LOCK = "LOCK"
    UNLOCK = "UNLOCK"
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    MARK_PAID = "MARK_PAID"


_S, _D = BatchState, BatchDeed
MOVES: Mapping[tuple[BatchState, BatchDeed], BatchState] = {
    (_S.UNPAID, _D.PREPARE): _S.UNPAID,
    (_S.UNPAID, _D.LOCK): _S.LOCKED,
    (_S.LOCKED, _D.UNLOCK): _S.UNPAID,
    (_S.LOCKED, _D.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, _D.APPROVE): _S.APPROVED,  # with the last step; before it stays submitted
    (_S.SUBMITTED, _D.REJECT): _S.UNPAID,
    (_S.APPROVED, _D.REJECT): _S.UNPAID,
    (_S.APPROVED, _D.MARK_PAID): _S.PAID,
}


def moved(state: BatchState, deed: BatchDeed) -> BatchState:
    """Return the state after ``deed``; refused with ``pay_batch_state_wrong`` where it has none."""
    after = MOVES.get((state, deed))
    if after is None:
        raise Refused("pay_batch_state_wrong", {"state": state.value, "deed": deed.value})
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStep:
    """One step of the chain: anybody with one of the roles, or one of the named accounts."""

    roles: frozenset[Role] = frozenset()
    accounts: frozenset[str] = frozenset()

    @property
    def document(self) -> dict[str, list[str]]:
        """Write it as JSON."""
        return {
            "roles": sorted(role.value for role in self.roles),
            "accounts": sorted(self.accounts),
        }


# What holds until an entity decides: one step, by anybody of HR who did not submit.
PLAIN_CHAIN = (ApprovalStep(roles=frozenset({Role.HR})),)
APPROVING_ROLES = frozenset({Role.HR})


def chain_from(steps: Sequence[Mapping[str, Sequence[str]]]) -> tuple[ApprovalStep, ...]:
    """Read a stored chain."""
    return tuple(
        ApprovalStep(
            roles=frozenset(Role(role) for role in step.get("roles", ())),
            accounts=frozenset(step.get("accounts", ())),
        )
        for step in steps
    )


def refuse_chain(chain: Sequence[ApprovalStep]) -> None:
    """Refuse a chain without a step, a step that nobody may take, or a role too wide for pay."""
    if not chain or any(not (step.roles or step.accounts) for step in chain):
        raise Refused("approval_chain_empty", path="approval")
    for step in chain:
        for role in sorted(step.roles.difference(APPROVING_ROLES)):
            raise Refused("approval_role_unfit", {"role": role.value}, path="approval")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whoever does something: the account, for which account it acts, and its roles there."""

    account: str
    behalf: str | None = None
    roles: frozenset[Role] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Everything this hand is known by; two hands that share one are no four eyes."""
        return frozenset(each for each in (self.account, self.behalf) if each)


def refuse_hand(
    chain: Sequence[ApprovalStep], approvals: int, hand: Hand, before: Sequence[Hand]
) -> None:
    """Refuse an approval by somebody who submitted or approved before, or whose step it is not."""
    if any(hand.names & other.names for other in before):
        raise Refused("approval_own")
    step = chain[approvals]
    if not (hand.roles & step.roles or hand.account in step.accounts):
        raise Refused("approval_not_yours", {"step": str(len((*chain[:approvals], step)))})

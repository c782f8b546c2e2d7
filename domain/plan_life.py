"""The life of a plan version: drafted, reviewed by somebody else, published, offered, answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.problem import Refused


class PlanState(StrEnum):
    """Where a plan version is in its life."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class PlanDeed(StrEnum):
    """What is done with a plan version."""

    DRAFT = "DRAFT"
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    PUBLISH = "PUBLISH"
    PUBLISH_UNREVIEWED = "PUBLISH_UNREVIEWED"


class Review(StrEnum):
    """Whether somebody else approves a plan before it is published."""

    FOUR_EYES = "FOUR_EYES"
    NOT_REQUIRED = "NOT_REQUIRED"


class Acceptance(StrEnum):
    """Whether the people whom a plan pays are asked to accept it."""

    NOT_ASKED = "NOT_ASKED"
    ASKED = "ASKED"
    REQUIRED = "REQUIRED"  # a period is not closed before everybody in it has accepted


class OfferState(StrEnum):
    """What became of an offer."""

    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    CONTESTED = "CONTESTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPolicy:
    """What a legal entity decided about its plans, from a day on."""

    review: Review
    acceptance: Acceptance
    valid_from: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHand:
    """Who did something: an account, and the one it acted for."""

    account: str
    behalf: str | None = None

    @property
    def accounts(self) -> frozenset[str]:
        """Both accounts: either of them counts as having done it."""
        return frozenset((self.account, self.behalf or self.account))


_MOVES: Mapping[PlanDeed, Mapping[PlanState, PlanState]] = {
    # A change of what was submitted or approved begins anew: nobody has seen what it says now.
    PlanDeed.DRAFT: dict.fromkeys(
        (PlanState.DRAFT, PlanState.IN_REVIEW, PlanState.APPROVED), PlanState.DRAFT
    ),
    PlanDeed.SUBMIT: {PlanState.DRAFT: PlanState.IN_REVIEW},
    PlanDeed.APPROVE: {PlanState.IN_REVIEW: PlanState.APPROVED},
    PlanDeed.REJECT: dict.fromkeys((PlanState.IN_REVIEW, PlanState.APPROVED), PlanState.DRAFT),
    PlanDeed.PUBLISH: {PlanState.APPROVED: PlanState.PUBLISHED},
    PlanDeed.PUBLISH_UNREVIEWED: dict.fromkeys(
        (PlanState.DRAFT, PlanState.IN_REVIEW), PlanState.PUBLISHED
    ),
}
_ANSWERS: Mapping[OfferState, frozenset[OfferState]] = {
    OfferState.OFFERED: frozenset({OfferState.ACCEPTED, OfferState.CONTESTED}),
    OfferState.CONTESTED: frozenset({OfferState.ACCEPTED}),
    OfferState.ACCEPTED: frozenset(),
}


def moved(state: PlanState, deed: PlanDeed) -> PlanState:
    """Return the state after a deed, or refuse it."""
    after = _MOVES[deed].get(state)
    if after is None:
        wanted = ", ".join(sorted(_MOVES[deed]))
        raise Refused("plan_state_wrong", {"state": state.value, "wanted": wanted})
    return after


def refuse_own(before: Iterable[PlanHand], hand: PlanHand) -> None:
    """Refuse an approval by whoever wrote or submitted the plan, or acts for one who did."""
    written: Collection[str] = {account for each in before for account in each.accounts}
    if any(account in written for account in hand.accounts):
        raise Refused("plan_review_own")


def answered(state: OfferState, answer: OfferState) -> OfferState:
    """Return the state after an answer: an acceptance stands, what is contested may be accepted."""
    if answer not in _ANSWERS[state]:
        raise Refused("plan_offer_answered", {"state": state.value})
    return answer

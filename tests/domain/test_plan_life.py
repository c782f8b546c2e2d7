"""Four eyes are those of two people, whoever acts for whom; an acceptance stands."""

from __future__ import annotations

import pytest

from domain.plan_life import (
    OfferState,
    PlanDeed,
    PlanHand,
    PlanState,
    answered,
    moved,
    refuse_own,
)
from domain.problem import Refused

HR, OTHER, DEPUTY = "acc_hr", "acc_other", "acc_deputy"


@pytest.mark.parametrize(
    ("wrote", "approves"),
    [
        (PlanHand(account=HR), PlanHand(account=HR)),
        (PlanHand(account=HR), PlanHand(account=DEPUTY, behalf=HR)),
        (PlanHand(account=DEPUTY, behalf=HR), PlanHand(account=HR)),
        (PlanHand(account=DEPUTY, behalf=HR), PlanHand(account=DEPUTY, behalf=OTHER)),
    ],
)
def test_nobody_approves_what_they_wrote_or_act_for_who_did(
    wrote: PlanHand, approves: PlanHand
) -> None:
    with pytest.raises(Refused) as refusal:
        refuse_own([PlanHand(account=OTHER + "_first"), wrote], approves)
    assert refusal.value.code == "plan_review_own"
    refuse_own([wrote], PlanHand(account="acc_second"))


def test_a_plan_goes_its_way_and_no_other() -> None:
    allowed = {
        (state, deed): moved(state, deed)
        for state in PlanState
        for deed in PlanDeed
        if _is_allowed(state, deed)
    }
    draft, review, approved = PlanState.DRAFT, PlanState.IN_REVIEW, PlanState.APPROVED
    assert allowed == {
        (draft, PlanDeed.DRAFT): draft,
        (review, PlanDeed.DRAFT): draft,
        (approved, PlanDeed.DRAFT): draft,
        (draft, PlanDeed.SUBMIT): review,
        (review, PlanDeed.APPROVE): approved,
        (review, PlanDeed.REJECT): draft,
        (approved, PlanDeed.REJECT): draft,
        (approved, PlanDeed.PUBLISH): PlanState.PUBLISHED,
        (draft, PlanDeed.PUBLISH_UNREVIEWED): PlanState.PUBLISHED,
        (review, PlanDeed.PUBLISH_UNREVIEWED): PlanState.PUBLISHED,
    }


def _is_allowed(state: PlanState, deed: PlanDeed) -> bool:
    try:
        moved(state, deed)
    except Refused:
        return False
    return True


def test_an_acceptance_stands_and_what_is_contested_may_be_accepted() -> None:
    accepted, contested = OfferState.ACCEPTED, OfferState.CONTESTED
    assert answered(OfferState.OFFERED, accepted) is accepted
    assert answered(OfferState.OFFERED, contested) is contested
    assert answered(contested, accepted) is accepted
    for state, answer in (
        (accepted, contested),
        (accepted, accepted),
        (contested, contested),
        (OfferState.OFFERED, OfferState.OFFERED),
    ):
        with pytest.raises(Refused) as refusal:
            answered(state, answer)
        assert refusal.value.code == "plan_offer_answered"

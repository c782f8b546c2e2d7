"""Disagreeing in a simulated year: opened, assigned, asked about, decided; some end in money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from actions.disputes import (
    Acceptance,
    accept_dispute,
    answer_dispute,
    ask_about_dispute,
    assign_dispute,
    close_dispute,
    reject_dispute,
)
from actions.open_dispute import DisputeDraft, open_dispute
from domain.access import Grant, Role, Viewer
from domain.ids import AccountId, EntityId
from domain.problem import Refused
from storage.engine import Writing

if TYPE_CHECKING:
    from tests.support.sales_year import SalesYear


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Who disagrees with which month, and what it is worth: nothing where it is rejected."""

    name: str
    period: str
    cents: int
    into: str
    asked: bool = False


def hr_of(year: SalesYear, account: str) -> Viewer:
    """Name somebody of human resources."""
    return Viewer(
        account_id=AccountId(account),
        person_id=None,
        grants=(Grant(role=Role.HR, entity_id=EntityId(year.entity)),),
    )


def disagree(year: SalesYear, told: Disagreement) -> None:
    """Go the whole way with a dispute, in one transaction."""
    year.company.write(lambda writing: _decided(writing, year, told))
    if told.cents:
        year.disputed[told.name, told.period] += told.cents


def _decided(writing: Writing, year: SalesYear, told: Disagreement) -> str:
    hr, boss = hr_of(year, "hr"), hr_of(year, year.boss)
    dispute = _opened(writing, hr, year.ids[told.name], told)
    version = 1
    assign_dispute(writing, hr, dispute, version, account_id=year.boss)
    if told.asked:
        ask_about_dispute(writing, boss, dispute, version + 1, "what was promised?")
        answer_dispute(writing, hr, dispute, version + 2, "as the letter says")
        version += 2
    if told.cents:
        given = Acceptance(
            amount=Decimal(told.cents).scaleb(-2), period=told.into, reason="it was", currency="CNY"
        )
        accept_dispute(writing, boss, dispute, version + 1, given)
    else:
        reject_dispute(writing, boss, dispute, version + 1, "it was not")
    return close_dispute(writing, hr, dispute, version + 2)


def _opened(writing: Writing, hr: Viewer, person: str, told: Disagreement) -> str:
    """Disagree with the line of the commission, or where there is none miss a sale."""
    draft = DisputeDraft(
        person_id=person,
        period=told.period,
        text="this is not what was sold",
        line="commission.amount",
    )
    try:
        return open_dispute(writing, hr, draft)
    except Refused:
        return open_dispute(writing, hr, replace(draft, line=None, transaction="an order"))

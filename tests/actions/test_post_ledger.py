"""Adjustments beside what a run posted, and taking entries back, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from actions.deed import Runtime
from actions.post_ledger import post_adjustment, reverse_entry
from domain.ledger import Cause
from domain.period_state import PeriodState
from domain.problem import Refused
from storage.engine import Writing, reading
from storage.periods import add_state
from storage.results import LedgerEntry, ledger
from tests.support.company import SYSTEM, Company, office

COMPONENT = "base_bonus.amount"


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def _adjust(
    company: Company,
    amount: int,
    *,
    source: str = "dsp_1",
    period: str = "2026-10",
    component: str = COMPONENT,
) -> str:
    return company.write(
        lambda writing: post_adjustment(
            writing,
            "per_anna",
            period=period,
            origin_period="2026-08",
            component=component,
            amount=amount,
            currency="CNY",
            cause=Cause.DISPUTE,
            source_id=source,
        )
    )


def _entries(company: Company, period: str = "2026-10") -> tuple[LedgerEntry, ...]:
    with reading(company.engine, SYSTEM) as connection:
        return ledger(
            connection,
            SYSTEM,
            company.entity_id,
            period=period,
            day=date(2026, 10, 31),
            known_at=datetime(2030, 1, 1, tzinfo=UTC),
        )


def test_an_adjustment_says_where_it_comes_from_and_why(company: Company) -> None:
    made = _adjust(company, 12_345)
    (entry,) = _entries(company)
    assert (entry.id, entry.kind, entry.amount) == (made, "ADJUST", 12_345)
    assert (entry.period, entry.origin_period) == ("2026-10", "2026-08")
    assert (entry.cause, entry.source_id, entry.run_id) == ("DISPUTE", "dsp_1", None)


def test_the_same_source_books_once_and_another_amount_is_refused(company: Company) -> None:
    first = _adjust(company, 12_345)
    assert _adjust(company, 12_345) == first
    with pytest.raises(Refused) as refused:
        _adjust(company, 12_346)
    assert refused.value.code == "adjustment_booked"
    _adjust(company, 12_346, component="excess_share.amount")
    _adjust(company, 12_346, source="dsp_2")
    assert [entry.amount for entry in _entries(company)] == [12_345, 12_346, 12_346]


def test_what_is_taken_back_nets_to_zero_with_its_origin_and_cause(company: Company) -> None:
    made = _adjust(company, 12_345)

    def back(writing: Writing) -> str:
        return reverse_entry(writing, made, period="2026-10", source_id="dec_1")

    company.write(back)
    booked, reversed_ = _entries(company)
    assert (reversed_.kind, reversed_.reverses_id) == ("REVERSE", made)
    assert (reversed_.origin_period, reversed_.cause) == (booked.origin_period, booked.cause)
    assert booked.amount + reversed_.amount == 0
    with pytest.raises(Refused) as twice:
        company.write(back)
    assert twice.value.code == "entry_reversed"
    _adjust(company, 99)  # what stands no more does not stand in the way
    assert sum(entry.amount for entry in _entries(company)) == 99


def _state(company: Company, state: PeriodState, revision: int = 1) -> Runtime:
    def deed(writing: Writing) -> str:
        add_state(writing, "2026-10", state, revision=revision)
        return ""

    company.write(deed)
    return company.runtime


def test_nothing_is_booked_in_a_period_that_is_closed_or_lies_ahead(company: Company) -> None:
    with pytest.raises(Refused) as ahead:
        _adjust(company, 1, period="2026-11")
    assert ahead.value.code == "period_not_open"
    _state(company, PeriodState.CLOSED)
    with pytest.raises(Refused) as closed:
        _adjust(company, 1)
    assert closed.value.code == "period_closed"
    _state(company, PeriodState.OPEN, revision=2)
    assert _adjust(company, 1)

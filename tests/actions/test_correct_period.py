"""Late facts of a closed period become differences in the open one, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from actions.calculate import Mode
from actions.close_period import close_period
from actions.correct_period import correct_period
from domain.ledger import Cause
from domain.problem import Refused
from storage.corrections import StoredLine, correction_lines, corrections_of
from storage.engine import reading
from storage.results import LedgerEntry, ledger, payouts_of
from tests.support.closing import BRANCH_PLAN, Branch, changes, sales_of
from tests.support.company import SYSTEM
from tests.support.rules import changed

DAY = date(2026, 8, 12)
LATER = datetime(2031, 1, 1, tzinfo=UTC)
SECOND = 100_000  # what the best two of the company are paid


def _close(branch: Branch, period: str = "2026-08") -> str:
    return close_period(
        branch.runtime, SYSTEM, branch.company.entity_id, period, accept_warnings=True
    ).id


def _correct(branch: Branch, mode: Mode = Mode.POSTED, into: str = "2026-09") -> str:
    return correct_period(
        branch.runtime, SYSTEM, branch.company.entity_id, "2026-08", into=into, mode=mode
    ).id


def _entries(branch: Branch, period: str = "2026-09") -> tuple[LedgerEntry, ...]:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        return ledger(
            connection,
            SYSTEM,
            branch.company.entity_id,
            period=period,
            day=date(2026, 9, 30),
            known_at=LATER,
        )


def _adjusted(branch: Branch) -> Counter[tuple[str, str]]:
    """Add up what is booked in September for the sales of August: by name and cause."""
    names = {person: name for name, person in branch.ids.items()}
    found: Counter[tuple[str, str]] = Counter()
    for entry in _entries(branch):
        if entry.origin_period == "2026-08":
            assert entry.kind == "ADJUST"
            found[names[entry.person_id], entry.cause or ""] += entry.amount
    return Counter({key: amount for key, amount in found.items() if amount})


def _lines(branch: Branch, run_id: str, name: str) -> tuple[StoredLine, ...]:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        return correction_lines(
            connection, SYSTEM, [run_id], day=date(2026, 8, 31), person_id=branch.ids[name]
        )


def test_a_late_order_is_booked_in_the_open_period_with_its_origin_and_cause(
    branch_on_both: Branch,
) -> None:
    branch = branch_on_both
    final = _close(branch)
    before = branch.kept(final), _entries(branch, "2026-08")
    branch.sale("anna", DAY, 30_000)
    _correct(branch)
    # 1 % of 300 above the target, 2 % of 100 above the frozen median of her team, and the reward
    # of the second place, which she holds among the frozen others.
    assert _adjusted(branch) == {("anna", "LATE_FACTS"): 300 + 200 + SECOND}
    assert (branch.kept(final), _entries(branch, "2026-08")) == before


def test_the_same_correction_again_books_nothing(branch: Branch) -> None:
    _close(branch)
    branch.sale("anna", DAY, 30_000)
    _correct(branch)
    entries = _entries(branch)
    again = _correct(branch)
    assert _entries(branch) == entries
    assert [line.booked for line in _lines(branch, again, "anna")] == [0, 0, 0]
    branch.sale("anna", DAY, 10_000)
    third = _correct(branch)
    assert sum(entry.amount for entry in _entries(branch)) == 800 + SECOND
    assert {(line.amount, line.booked) for line in _lines(branch, third, "anna")} == {
        (400, 100),
        (400, 200),
        (SECOND, 0),
    }


def test_a_trial_shows_what_would_be_booked_and_books_nothing(branch: Branch) -> None:
    _close(branch)
    branch.sale("anna", DAY, 30_000)
    trial = _correct(branch, Mode.TRIAL)
    assert _entries(branch) == ()
    assert sum(line.booked for line in _lines(branch, trial, "anna")) == 500 + SECOND


def test_peers_of_a_closed_period_never_move(branch: Branch) -> None:
    _close(branch)
    # Bo sells more than everybody: his own pay rises, nobody's rank, median or best share moves.
    branch.sale("bo", DAY, 10_000_000)
    _correct(branch)
    assert {name for name, _ in _adjusted(branch)} == {"bo"}


def test_a_closed_period_is_corrected_and_an_open_one_is_not(branch: Branch) -> None:
    with pytest.raises(Refused) as refused:
        _correct(branch)
    assert refused.value.code == "period_not_closed"
    _close(branch)
    with pytest.raises(Refused) as closed:
        _correct(branch, into="2026-08")
    assert closed.value.code == "period_closed"


def test_each_cause_has_its_own_line_and_the_lines_add_up(branch_on_both: Branch) -> None:
    branch = branch_on_both
    key = branch.sale("anna", DAY, 20_000)
    gone = branch.sale("anna", DAY, 5_000)
    _close(branch)
    branch.sale("anna", DAY, 30_000)
    branch.revise(key, cents=25_000)
    branch.revise(gone, gone=True)
    branch.goal("anna", "2026-08", 900)
    components = [each | ({"rate": "0.03"} if each["id"] == "excess_share" else {})
                  for each in BRANCH_PLAN["components"]]  # fmt: skip
    branch.plan(changed(BRANCH_PLAN, components=components))
    run = _correct(branch)
    by_cause: Counter[Cause] = Counter()
    for line in _lines(branch, run, "anna"):
        by_cause[line.cause] += line.booked
    assert dict(by_cause) == {
        Cause.LATE_FACTS: 300 + 600 + SECOND,
        Cause.CORRECTED_FACTS: 50 + 100,
        Cause.CREDIT_NOTES: -50 - 100,
        Cause.GOALS: 100,  # 1 % of the 100.00 by which the goal is lower
        Cause.RULES: 2 * (165_000 - 90_000) // 100,
    }


def test_a_credit_note_never_raises_pay_even_where_less_pays_more(branch: Branch) -> None:
    lower = changed(
        BRANCH_PLAN,
        components=[
            BRANCH_PLAN["components"][0]
            | {"id": "little", "comparison": "AT_MOST", "amount": "5000.00"}
        ],
    )
    branch.plan(lower)
    key = branch.sale("anna", DAY, 5_000)
    _close(branch)
    branch.revise(key, gone=True)
    branch.sale("anna", DAY, -60_000)
    branch.sale("bo", DAY, -60_000)
    run = _correct(branch)
    assert _adjusted(branch) == {
        (name, cause): amount
        for name in ("anna", "bo")
        for cause, amount in (("CREDIT_NOTES", 500_000), ("CREDIT_NOTE_HELD", -500_000))
    }
    assert {line.cause: line.booked for line in _lines(branch, run, "anna")} == {
        Cause.CREDIT_NOTES: 500_000,
        Cause.CREDIT_NOTE_HELD: -500_000,
    }


def test_the_close_of_the_next_period_books_what_was_learned_of_the_last(branch: Branch) -> None:
    _close(branch)
    branch.sale("anna", DAY, 30_000)
    _close(branch, "2026-09")
    assert _adjusted(branch) == {("anna", "LATE_FACTS"): 500 + SECOND}
    with pytest.raises(Refused) as late:
        _correct(branch)
    assert late.value.code == "period_closed"


def _walked(branch: Branch, seed: int, count: int) -> None:
    """Close, let anything happen, correct: the parts make the whole for everybody."""
    rng = random.Random(seed)
    for event in sales_of(rng, 8):
        event(branch)
    final = _close(branch)
    for event in changes(rng, count):
        event(branch)
    run = _correct(branch)
    with reading(branch.runtime.engine, SYSTEM) as connection:
        everybody = list(branch.ids.values())
        then, now = (payouts_of(connection, each, everybody) for each in (final, run))
        (made,) = corrections_of(connection, branch.company.entity_id, period="2026-08")
    assert made.problems == ()
    for name, person in branch.ids.items():
        lines = _lines(branch, run, name)
        held = sum(line.amount for line in lines if line.cause is Cause.CREDIT_NOTE_HELD)
        change = sum(line.amount for line in lines) - held
        if person in now:
            assert (now[person] or 0) - (then.get(person) or 0) == change, name
        assert held <= 0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_causes_add_up_to_the_whole_change(branch_on_both: Branch, seed: int) -> None:
    branch = branch_on_both
    _walked(branch, seed, 6)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 50))
def test_the_causes_of_long_histories_add_up(branch: Branch, seed: int) -> None:
    _walked(branch, seed, 14)

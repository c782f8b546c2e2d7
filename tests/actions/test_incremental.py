"""Starting from the last run gives the rows of a run that gathers everybody, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import pytest

from actions.calculate import Mode
from storage.engine import reading
from storage.results import Run, run_by_id
from tests.support.closing import Branch, Event, changes, sales_of
from tests.support.company import SYSTEM
from tests.support.credited_branch import credited_changes, kept_credits, with_credit
from tests.support.rules import SALES, changed

Draw = Callable[[random.Random, int], list[Event]]
DAY = date(2026, 8, 12)


def _run(branch: Branch, run_id: str) -> Run:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        run = run_by_id(connection, branch.company.entity_id, run_id)
    assert run is not None
    return run


def _same_both_ways(branch: Branch) -> Run:
    """Calculate from the last run and from nothing; every row must be the same."""
    quick, whole = branch.run(incremental=True), branch.run(incremental=False)
    assert branch.kept(quick) == branch.kept(whole)
    one, other = _run(branch, quick), _run(branch, whole)
    assert (one.result_hash, one.payout, one.people) == (
        other.result_hash,
        other.payout,
        other.people,
    )
    assert other.gathered == other.people
    return one


def _random_history(branch: Branch, seed: int, steps: int, draw: Draw = changes) -> set[int | None]:
    """Compare both ways after each step; return how many were gathered anew."""
    rng = random.Random(seed)
    for event in sales_of(rng, 12):
        event(branch)
    branch.run()
    gathered = set()
    for _ in range(steps):
        for event in draw(rng, rng.randint(1, 2)):
            event(branch)
        gathered.add(_same_both_ways(branch).gathered)
    return gathered


@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_gives_the_same_rows_either_way(branch_on_both: Branch, seed: int) -> None:
    branch = branch_on_both
    gathered = _random_history(branch, seed, steps=4)
    assert min(each or 0 for each in gathered) < len(branch.ids)


@pytest.mark.parametrize("seed", [3, 4])
def test_any_history_of_credits_gives_the_same_rows_either_way(
    branch_on_both: Branch, seed: int
) -> None:
    with_credit(branch_on_both)
    gathered = _random_history(branch_on_both, seed, steps=4, draw=credited_changes)
    assert min(each or 0 for each in gathered) < len(branch_on_both.ids)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(50, 110))
def test_long_histories_of_credits_give_the_same_rows_either_way(branch: Branch, seed: int) -> None:
    with_credit(branch, leaders=seed % 3 > 0)
    gathered = _random_history(branch, seed, steps=12, draw=credited_changes)
    assert min(each or 0 for each in gathered) < len(branch.ids)


def test_a_posted_run_keeps_every_credit_whatever_it_started_from(branch_on_both: Branch) -> None:
    branch = branch_on_both
    with_credit(branch)
    branch.sale("anna", DAY, 20_000, co_seller="bo", co_share="0.4")
    branch.sale("chen", DAY, 30_000, co_seller="ghost", co_share="0.4")
    branch.run()
    quick = branch.run(Mode.POSTED, incremental=True)
    assert _run(branch, quick).gathered == 0
    whole = branch.run(Mode.POSTED, incremental=False)
    assert kept_credits(branch, quick) == kept_credits(branch, whole) != []
    assert [each["code"] for each in _run(branch, quick).problems] == ["credit_unclear"]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 50))
def test_long_histories_give_the_same_rows_either_way(branch: Branch, seed: int) -> None:
    gathered = _random_history(branch, seed, steps=12)
    assert min(each or 0 for each in gathered) < len(branch.ids)


def test_only_who_was_touched_is_gathered_and_a_rule_touches_everybody(branch: Branch) -> None:
    branch.run()
    assert _same_both_ways(branch).gathered == 0
    key = branch.sale("anna", DAY, 20_000)
    assert _same_both_ways(branch).gathered == 1
    branch.revise(key, name="bo")  # was Anna's, is Bo's
    assert _same_both_ways(branch).gathered == 2
    branch.sale("anna", date(2026, 9, 2), 20_000)  # no day that August reads
    assert _same_both_ways(branch).gathered == 0
    branch.goal("dai", "2026-08", 400)
    assert _same_both_ways(branch).gathered == 1
    branch.metric(changed(SALES, key="later"), date(2026, 9, 1))
    assert _same_both_ways(branch).gathered == 0  # it never held in August
    branch.metric(changed(SALES, key="sooner"), date(2026, 8, 31))
    assert _same_both_ways(branch).gathered == len(branch.ids)
    branch.metric(changed(SALES, refresh="WEEKLY"), date(2026, 9, 1))
    assert _same_both_ways(branch).gathered == len(branch.ids)  # the one of August ends by it
    branch.metric(changed(SALES, refresh="WEEKLY"))
    assert _same_both_ways(branch).gathered == len(branch.ids)


def test_the_job_starts_from_the_last_run_by_itself_where_that_is_less_work(
    branch: Branch,
) -> None:
    first = branch.run()
    branch.sale("anna", DAY, 20_000)
    second = _run(branch, branch.run())
    assert (second.gathered, second.reused_run_id) == (1, first)
    for name in ("anna", "bo", "chen"):
        branch.sale(name, DAY, 20_000)
    third = _run(branch, branch.run())
    assert (third.gathered, third.reused_run_id) == (len(branch.ids), None)

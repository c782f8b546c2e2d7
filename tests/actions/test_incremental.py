"""Starting from the last run gives the rows of a run that gathers everybody, on both databases."""

from __future__ import annotations

import random
from datetime import date

import pytest

from storage.engine import reading
from storage.results import Run, run_by_id
from tests.support.closing import Branch, changes, sales_of
from tests.support.company import SYSTEM
from tests.support.rules import SALES, changed

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


def _random_history(branch: Branch, seed: int, steps: int) -> set[int | None]:
    rng = random.Random(seed)
    for event in sales_of(rng, 12):
        event(branch)
    branch.run()
    gathered = set()
    for _ in range(steps):
        for event in changes(rng, rng.randint(1, 2)):
            event(branch)
        gathered.add(_same_both_ways(branch).gathered)
    return gathered


@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_gives_the_same_rows_either_way(branch_on_both: Branch, seed: int) -> None:
    branch = branch_on_both
    gathered = _random_history(branch, seed, steps=4)
    assert min(each or 0 for each in gathered) < len(branch.ids)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 50))
def test_long_histories_give_the_same_rows_either_way(branch: Branch, seed: int) -> None:
    _random_history(branch, seed, steps=12)


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

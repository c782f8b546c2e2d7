"""A board as of now shows what a calculation of everybody would come to, after any history."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from actions.kept_looks import KeptLooks
from actions.live_board import AskedBoard, LiveBoard, LiveEntry, live_board
from actions.live_state import Fresh, LivePeriod
from domain.period import period_named
from domain.problem import Refused
from storage import tables
from storage.definitions import Scope
from storage.engine import Writing, reading
from storage.sealing import opened_row
from tests.support.closing import MEDIAN, PERIOD, Branch, Event, changes, sales_of
from tests.support.company import SYSTEM
from tests.support.credited_branch import credited_changes, with_credit, with_leaders
from tests.support.peer_components import ABOVE, BANDS, POOL
from tests.support.rules import CARD, PLAN, changed, item

Draw = Callable[[random.Random, int], list[Event]]
DAY = date(2026, 8, 12)
AUGUST = period_named(PERIOD)


def _look(branch: Branch, unit_id: str, measure: str) -> LiveBoard | str:
    try:
        asked = AskedBoard(unit_id=unit_id, measure=measure)
        return live_board(branch.runtime, branch.company.entity_id, AUGUST, asked)
    except Refused as refused:
        return refused.code


def _found(branch: Branch, run_id: str, unit_id: str, measure: str) -> list[Any]:
    """Read a unit's board and pay from what a run stored."""
    standing, result = tables.standing, tables.result
    with reading(branch.runtime.engine, SYSTEM) as connection:
        rows = connection.execute(
            select(standing).where(
                standing.c.run_id == run_id,
                standing.c.measure == measure,
                standing.c.unit_id == unit_id,
            )
        ).all()
        held = connection.execute(select(result).where(result.c.run_id == run_id)).all()
        paid = {row.person_id: opened_row(connection, result, row) for row in held}
    return sorted(
        (
            row.unit_rank,
            row.person_id,
            row.value_num,
            row.value_den,
            paid[row.person_id].score,
            paid[row.person_id].payout,
            paid[row.person_id].currency,
        )
        for row in rows
    )


def _shown(board: LiveBoard) -> list[Any]:
    return [
        (each.rank, each.person_id, *each.value, each.score, each.payout, each.currency)
        for each in board.entries
    ]


def _same_as_calculated(branch: Branch) -> int:
    """Look at every board, then calculate everybody, and compare; return how many were live."""
    boards = {
        (unit, measure): _look(branch, unit, measure)
        for unit in (branch.teams if "rex" in branch.ids else branch.teams[1:])
        for measure in ("sales", "score", "calls")
    }
    run_id = branch.run(incremental=False)
    live = 0
    for (unit, measure), board in boards.items():
        expected = _found(branch, run_id, unit, measure)
        if isinstance(board, LiveBoard):
            assert _shown(board) == expected
            live += 1
        else:
            assert board in {"live_board_needs_run", "not_found"}, board
            assert board != "not_found" or not expected
    return live


def _history(branch: Branch, seed: int, rounds: int, steps: int, draw: Draw = changes) -> int:
    """Let things happen and look after each; return how many boards were live at the ends."""
    rng, live = random.Random(seed), 0
    for event in sales_of(rng, 12):
        event(branch)
    branch.run()
    for _ in range(rounds):
        for event in draw(rng, steps):
            event(branch)
            _look(branch, branch.teams[1 + rng.randrange(2)], "sales")
        live += _same_as_calculated(branch)
    return live


@pytest.mark.parametrize("seed", [2, 3])
def test_any_history_shows_what_a_calculation_comes_to(branch_on_both: Branch, seed: int) -> None:
    assert _history(branch_on_both, seed, rounds=3, steps=2)


@pytest.mark.parametrize("seed", [4, 5])
def test_any_history_of_credits_shows_what_a_calculation_comes_to(
    branch_on_both: Branch, seed: int
) -> None:
    with_credit(branch_on_both)
    assert _history(branch_on_both, seed, rounds=3, steps=2, draw=credited_changes)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(60, 120))
def test_long_histories_of_credits_show_what_a_calculation_comes_to(
    branch: Branch, seed: int
) -> None:
    with_credit(branch, leaders=seed % 3 > 0)
    if seed % 2:
        _with_teams(branch)
    assert _history(branch, seed, rounds=8, steps=4, draw=credited_changes)


BEST = BANDS | {"metric": "score", "members": "EVERYBODY", "tieBreak": ["retention", "sales"]}
UPPER = ABOVE | {"minimumCohort": 2, "fallback": "NO_REWARD"}
WIDE = MEDIAN | {"id": "wide", "minimumCohort": 4}
TEAM_CARD = changed(
    CARD,
    items=[item("sales", "CNY", "100")],
    team={"individual": "70", "team": "30", "missing": "BLOCK"},
)


def _with_teams(branch: Branch) -> None:
    """Score the team as well, pay pools, and compare within teams, around them and over all."""
    branch.card(TEAM_CARD, Scope(positions=("sales",)))
    branch.plan(changed(PLAN, components=[POOL, BEST, UPPER, WIDE]))
    for place, target in ((1, "12000.00"), (2, "8000.00")):
        branch.aim(place, target)


def test_teams_pools_and_wider_comparisons_are_those_of_a_calculation(
    branch_on_both: Branch,
) -> None:
    branch = branch_on_both
    _with_teams(branch)
    for name in branch.ids:
        branch.goal(name, PERIOD, 4_000)
        branch.sale(name, DAY, 100_000)
    branch.run()
    north, south = branch.teams[1:]
    before = _look(branch, north, "score")
    assert isinstance(before, LiveBoard)
    # What Bo sells moves the score of the whole south, and with it the places of the north.
    branch.sale("bo", DAY, 200_000)
    moved = _look(branch, north, "score")
    assert isinstance(moved, LiveBoard)
    assert [each.payout for each in moved.entries] != [each.payout for each in before.entries]
    assert not any(each.is_touched for each in moved.entries)
    branch.sale("chen", DAY, 30_000)
    assert isinstance(_look(branch, south, "score"), LiveBoard)
    assert moved.known_at > before.known_at
    assert _same_as_calculated(branch) == 6


def test_what_a_team_sells_moves_those_who_are_in_the_unit_over_it(branch: Branch) -> None:
    with_leaders(branch)
    _with_teams(branch)
    branch.aim(0, "24000.00")
    for place, name in enumerate(branch.ids):
        branch.goal(name, PERIOD, 4_000)
        branch.sale(name, DAY, 100_000 - 100 * place)
    branch.sale("rex", DAY, 125_000)  # just behind Chen, and just before him when his region sells
    branch.run()
    before = _look(branch, branch.teams[1], "score")
    branch.sale("bo", DAY, 200_000)  # in the south: the region's score is Rex's, too
    after = _look(branch, branch.teams[1], "score")
    assert isinstance(before, LiveBoard)
    assert isinstance(after, LiveBoard)
    assert _same_as_calculated(branch) == 9


def test_a_seat_that_rules_of_credit_ask_for_is_not_followed(branch: Branch) -> None:
    with_credit(branch)
    branch.sale("anna", DAY, 20_000)
    branch.run()
    branch.move("anna", 2)  # what she sold is no longer Lea's
    assert _look(branch, branch.teams[1], "sales") == "live_board_needs_run"
    branch.run()
    branch.sale("anna", DAY, 20_000)
    assert isinstance(_look(branch, branch.teams[1], "sales"), LiveBoard)
    assert _same_as_calculated(branch) == 9


def test_a_name_that_shares_orders_and_turns_out_to_be_somebodys_is_not_followed(
    branch: Branch,
) -> None:
    with_credit(branch, leaders=False)
    branch.sale("anna", DAY, 20_000, co_seller="ghost", co_share="0.4")
    branch.run()
    branch.link("ghost", "bo")
    assert _look(branch, branch.teams[1], "sales") == "live_board_needs_run"
    run = branch.run(incremental=True)
    assert branch.kept(run) == branch.kept(branch.run(incremental=False))
    branch.move("anna", 2)  # nobody asks for seats
    assert _same_as_calculated(branch) == 6


def test_more_credits_than_can_be_kept_ask_for_a_calculation(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.live_state.MOST_RULED", 2)
    with_credit(branch, leaders=False)
    for _ in range(2):
        branch.sale("anna", DAY, 20_000, co_seller="bo", co_share="0.4")
    branch.run()
    branch.run()
    for _ in range(2):
        branch.sale("bo", DAY, 20_000, co_seller="anna", co_share="0.4")
        assert _look(branch, branch.teams[1], "sales") == "live_board_needs_run"


def test_a_comparison_that_a_look_cannot_follow_asks_for_a_calculation(branch: Branch) -> None:
    branch.plan(changed(PLAN, components=[BANDS]))
    branch.sale("anna", DAY, 20_000)
    branch.run()
    assert _look(branch, branch.teams[1], "sales") == "live_board_needs_run"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 60))
def test_long_histories_of_teams_show_what_a_calculation_comes_to(
    branch: Branch, seed: int
) -> None:
    if seed % 2:
        _with_teams(branch)
    assert _history(branch, seed, rounds=8, steps=4)


def test_who_comes_and_who_goes_is_on_the_right_board_at_once(branch: Branch) -> None:
    branch.sale("anna", DAY, 20_000)
    branch.run()
    north, south = branch.teams[1:]
    assert len(_entries(branch, north)) == 3
    branch.move("anna", 2)
    assert branch.ids["anna"] not in {each.person_id for each in _entries(branch, north)}
    assert branch.ids["anna"] in {each.person_id for each in _entries(branch, south)}
    assert _same_as_calculated(branch) == 6


def test_a_name_that_turns_out_to_be_somebody_elses_moves_both(branch: Branch) -> None:
    branch.sale("anna", DAY, 20_000)
    branch.sale("bo", DAY, 30_000)
    branch.run()
    branch.link("anna", "bo")
    (bo,) = (
        each for each in _entries(branch, branch.teams[2]) if each.person_id == branch.ids["bo"]
    )
    assert bo.value == (280_000, 1)  # both had sold before
    assert _same_as_calculated(branch) == 6


def _entries(branch: Branch, unit_id: str) -> tuple[LiveEntry, ...]:
    board = _look(branch, unit_id, "sales")
    assert isinstance(board, LiveBoard)
    return board.entries


def test_nobody_is_gathered_twice_for_what_was_learned_once(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.sale("anna", DAY, 20_000)
    branch.run()
    asked: list[list[str]] = []
    plain = LivePeriod._gathered

    def noted(self: LivePeriod, turn: Writing, ids: Sequence[str]) -> dict[str, Fresh]:
        asked.append([name for name, person in branch.ids.items() if person in ids])
        return plain(self, turn, ids)

    monkeypatch.setattr(LivePeriod, "_gathered", noted)
    for name in ("anna", "bo"):
        branch.sale(name, DAY, 10_000)
        _entries(branch, branch.teams[1])
        _entries(branch, branch.teams[2])
    assert asked == [["anna"], ["bo"]]


def test_a_second_look_at_what_nothing_moved_is_not_computed_again(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.run()
    first = _look(branch, branch.teams[1], "sales")
    assert isinstance(first, LiveBoard)
    branch.sale("anna", date(2025, 3, 3), 10_000)  # no day that August reads
    with monkeypatch.context() as patched:
        patched.setattr(LivePeriod, "people_of", None)
        second = _look(branch, branch.teams[1], "sales")
    assert isinstance(second, LiveBoard)
    assert second == replace(first, known_at=second.known_at)
    assert second.known_at > first.known_at
    branch.sale("anna", DAY, 10_000)
    third = _look(branch, branch.teams[1], "sales")
    assert isinstance(third, LiveBoard)
    assert third.entries != first.entries


def test_many_who_look_while_things_happen_see_one_truth_each(branch: Branch) -> None:
    branch.run()

    def look(number: int) -> LiveBoard | str:
        return _look(branch, branch.teams[1 + number % 2], "sales")

    with ThreadPoolExecutor(4) as pool:
        seen = []
        for number in range(4):
            seen += [pool.submit(look, each) for each in range(4)]
            branch.sale("anna", DAY, 1_000 + number)
        boards = [each.result() for each in seen]
    sold = {
        each.known_at: entry.value
        for each in boards
        if isinstance(each, LiveBoard)
        for entry in each.entries
        if entry.person_id == branch.ids["anna"]
    }
    assert all(isinstance(each, LiveBoard) for each in boards)
    ordered = [sold[each] for each in sorted(sold)]
    assert ordered == sorted(ordered)  # she only ever sells more
    assert _same_as_calculated(branch) == 6


def test_more_than_a_look_can_gather_asks_for_a_calculation(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.sale("anna", DAY, 20_000)
    branch.run()
    monkeypatch.setattr("actions.live_state.MOST_TOUCHED", 1)
    branch.sale("anna", DAY, 10_000)
    _entries(branch, branch.teams[1])
    branch.sale("bo", DAY, 10_000)
    assert _look(branch, branch.teams[1], "sales") == "live_board_many_touched"
    branch.run()
    _entries(branch, branch.teams[1])


def test_what_is_kept_is_bounded_and_of_each_period_its_own() -> None:
    looks = KeptLooks()
    for number in range(20):
        with looks.at("ent_1", f"2026-{number}") as look:
            assert look.kept is None
            look.kept = number
    with looks.at("ent_1", "2026-19") as look:
        assert look.kept == 19
    with looks.at("ent_1", "2026-0") as look:
        assert look.kept is None

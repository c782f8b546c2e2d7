"""A board as of now shows what a calculation of everybody would come to, after any history."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select

from actions.live_board import AskedBoard, LiveBoard, live_board
from domain.period import period_named
from domain.problem import Refused
from storage import tables
from storage.engine import reading
from storage.sealing import opened_row
from tests.support.closing import PERIOD, Branch, changes, sales_of
from tests.support.company import SYSTEM

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
        for unit in branch.teams[1:]
        for measure in ("sales", "score")
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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_history_shows_what_a_calculation_comes_to(branch_on_both: Branch, seed: int) -> None:
    branch, rng = branch_on_both, random.Random(seed)
    for event in sales_of(rng, 12):
        event(branch)
    branch.run()
    live = 0
    for _ in range(4):
        for event in changes(rng, rng.randint(1, 2)):
            event(branch)
            _look(branch, branch.teams[1], "sales")  # what is kept goes on from look to look
        live += _same_as_calculated(branch)
    assert live

"""Keeping a calculation: totals, ranks, cohort facts, frozen inputs, and a hash of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from actions.identifiers import new_id
from actions.post_ledger import Amount
from actions.scoring import Board, Calculation, Paid, Rows, taken
from domain.columns import Column
from domain.document import canonical
from domain.statement import ENGINE_VERSION
from storage import tables
from storage.bulk import add_rows
from storage.engine import Writing
from storage.snapshots import keep_shards, write_shard

SHARD_PEOPLE = 10_000


def keep_results(writing: Writing, run_id: str, calculation: Calculation) -> tuple[str, int]:
    """Store every person's totals and inputs; return the run's hash and the payout in all."""
    ranks = _score_ranks(calculation)
    shards: list[bytes] = []
    hashes: list[str] = []
    payout = 0
    for paid in calculation.paid:
        for rows in _pieces(paid.variant.rows):
            shard, place = len(shards), rows[0]
            people = [calculation.people[row] for row in rows[1]]
            inputs = taken(paid.inputs, np.arange(place, place + len(people), dtype=np.int64))
            shards.append(write_shard([person.person_id for person in people], inputs))
            found = list(_rows(writing, run_id, calculation, paid, shard, rows, inputs, ranks))
            add_rows(writing.connection, tables.result, found)
            hashes.extend(f"{row['person_id']} {row['row_hash']}" for row in found)
            payout += sum(row["payout"] or 0 for row in found)
    keep_shards(writing.connection, writing.entity_id, run_id, shards)
    digest = hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
    return digest, payout


def _pieces(rows: Rows) -> Iterator[tuple[int, Rows]]:
    for start in range(0, len(rows), SHARD_PEOPLE):
        yield start, rows[start : start + SHARD_PEOPLE]


def _score_ranks(calculation: Calculation) -> Column | None:
    for board in calculation.boards:
        if board.measure == "score" and board.peer_group.value == "UNIT":
            return board.compared.rank
    return None


def _rows(
    writing: Writing,
    run_id: str,
    calculation: Calculation,
    paid: Paid,
    shard: int,
    piece: tuple[int, Rows],
    inputs: Mapping[str, Column],
    ranks: Column | None,
) -> Iterator[dict[str, Any]]:
    variant = paid.variant
    names = sorted(inputs)
    rules = [
        ENGINE_VERSION,
        variant.scorecard.hash if variant.scorecard else None,
        variant.plan.hash if variant.plan else None,
    ]
    start, rows = piece
    for place, row in enumerate(rows.tolist()):
        person = calculation.people[row]
        score = None if calculation.score is None else calculation.score.at(row)
        payout = None if paid.payout is None else paid.payout.at(start + place)
        numbers = [inputs[name].at(place) for name in names]
        determined = [person.person_id, *rules, names, numbers, score, payout]
        yield {
            "run_id": run_id,
            "person_id": person.person_id,
            "id": new_id("res", writing.known_at),
            "legal_entity_id": writing.entity_id,
            "unit_id": person.unit_id,
            "platform_id": person.platform_id,
            "position": person.position,
            "scorecard_id": variant.scorecard.id if variant.scorecard else None,
            "scorecard_revision": variant.scorecard.version if variant.scorecard else None,
            "plan_version_id": variant.plan.id if variant.plan else None,
            "shard": shard,
            "shard_row": place,
            "score": score,
            "score_rank": None if ranks is None else ranks.at(row),
            "payout": payout,
            "currency": variant.plan.plan.currency if variant.plan else None,
            "row_hash": hashlib.sha256(canonical(determined)).hexdigest(),
        }


def keep_boards(writing: Writing, run_id: str, calculation: Calculation) -> None:
    """Store where everybody stands and the facts of every peer group, frozen with the run."""
    for board in calculation.boards:
        standings = list(_standings(writing, run_id, calculation, board))
        add_rows(writing.connection, tables.standing, standings)
        cohorts = list(_cohorts(writing, run_id, board))
        add_rows(writing.connection, tables.cohort, cohorts)


def _standings(
    writing: Writing, run_id: str, calculation: Calculation, board: Board
) -> Iterator[dict[str, Any]]:
    for row, person in enumerate(calculation.people):
        rank, value = board.compared.rank.at(row), board.own.num.at(row)
        if rank is None or value is None or not board.groups[row]:
            continue
        yield {
            "run_id": run_id,
            "measure": board.measure,
            "peer_kind": board.peer_group.value,
            "person_id": person.person_id,
            "legal_entity_id": writing.entity_id,
            "group_id": board.groups[row],
            "value_num": value,
            "value_den": _den(board, row),
            "rank": rank,
        }


def _den(board: Board, row: int) -> int:
    if isinstance(board.own.den, int):
        return board.own.den
    return board.own.den.at(row) or 1


def _cohorts(writing: Writing, run_id: str, board: Board) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    compared = board.compared
    for row, group in enumerate(board.groups):
        if not group or group in seen:
            continue
        seen.add(group)
        yield {
            "run_id": run_id,
            "measure": board.measure,
            "peer_kind": board.peer_group.value,
            "group_id": group,
            "legal_entity_id": writing.entity_id,
            "size": compared.size.at(row) or 0,
            "unit": board.unit,
            "median_lo_num": compared.lo_num.at(row),
            "median_lo_den": compared.lo_den.at(row),
            "median_hi_num": compared.hi_num.at(row),
            "median_hi_den": compared.hi_den.at(row),
        }


def amounts_of(calculation: Calculation) -> dict[tuple[str, str], Amount]:
    """List what each component pays each person, as it is posted."""
    found: dict[tuple[str, str], Amount] = {}
    for paid in calculation.paid:
        plan = paid.variant.plan
        if plan is None:
            continue
        for place, row in enumerate(paid.variant.rows.tolist()):
            person_id = calculation.people[row].person_id
            for component, column in paid.amounts.items():
                amount = column.at(place)
                if amount is not None:
                    found[person_id, component] = Amount(
                        person_id=person_id,
                        component=component,
                        amount=amount,
                        currency=plan.plan.currency,
                        plan_version_id=plan.id,
                    )
    return found

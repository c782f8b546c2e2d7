"""Keeping a calculation: totals, ranks, cohort facts, frozen inputs, and a hash of each row.

Rows are built as plain tuples from whole columns: a run keeps several for each of its people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from actions.identifiers import new_id
from actions.participants import Participant
from actions.post_ledger import Amount
from actions.scoring import Board, Calculation, Rows, columns_listed, taken
from actions.seal_run import Piece, Sealing
from domain.columns import Column
from domain.component import SCORE, PeerGroup
from domain.sealed import RunHeader
from domain.workdays import calendar_days
from storage import tables
from storage.bulk import add_tuples
from storage.engine import Writing
from storage.shapes import StoredSegment, StoredShape, write_shape
from storage.snapshots import keep_shards, write_shard

SHARD_PEOPLE = 10_000
POSTED = "POSTED"
_RESULT = [
    "run_id",
    "legal_entity_id",
    "id",
    "person_id",
    "unit_id",
    "platform_id",
    "position",
    "shard",
    "shard_row",
    "score",
    "score_rank",
    "payout",
    "row_hash",
    "scorecard_id",
    "scorecard_revision",
    "plan_version_id",
    "currency",
    "shape",
]
_STANDING = [
    "run_id",
    "legal_entity_id",
    "measure",
    "person_id",
    "value_num",
    "value_den",
    "unit_id",
    "unit_rank",
    "platform_id",
    "platform_rank",
    "company_rank",
]
_COHORT = [
    "run_id",
    "legal_entity_id",
    "measure",
    "peer_kind",
    "unit",
    "group_id",
    "size",
    "median_lo_num",
    "median_lo_den",
    "median_hi_num",
    "median_hi_den",
]
_PERSON, _PAYOUT, _HASH = (_RESULT.index(name) for name in ("person_id", "payout", "row_hash"))


def keep_results(
    writing: Writing, calculation: Calculation, header: RunHeader, sealing: Sealing | None = None
) -> tuple[str, int]:
    """Store every person's totals and inputs; return the run's hash and the payout in all.

    A posted run is sealed: its results and what they lean on become leaves of one tree. Whoever
    has more leaves to add brings the ``sealing`` along.
    """
    run_id = header.run_id
    sealing = sealing or Sealing(header=header, with_leaves=header.mode == POSTED)
    ranks = _score_ranks(calculation)
    shards: list[bytes] = []
    hashes: list[str] = []
    payout = 0
    for paid in calculation.paid:
        for start, rows in _pieces(paid.variant.rows):
            places = np.arange(start, start + len(rows), dtype=np.int64)
            inputs = taken(paid.inputs, places)
            people = [calculation.people[row].person_id for row in rows.tolist()]
            shards.append(write_shard(people, inputs))
            piece = Piece(paid=paid, rows=rows, places=places, inputs=inputs, shard=len(shards) - 1)
            found = list(_rows(writing, calculation, piece, sealing, ranks))
            add_tuples(writing.connection, tables.result, _RESULT, found)
            hashes.extend(f"{row[_PERSON]} {row[_HASH]}" for row in found)
            payout += sum(row[_PAYOUT] or 0 for row in found)
    keep_shards(writing.connection, writing.entity_id, run_id, shards)
    sealing.keep(writing)
    digest = hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
    return digest, payout


def _pieces(rows: Rows) -> Iterator[tuple[int, Rows]]:
    for start in range(0, len(rows), SHARD_PEOPLE):
        yield start, rows[start : start + SHARD_PEOPLE]


def _score_ranks(calculation: Calculation) -> Column | None:
    for board in calculation.boards:
        if board.measure == SCORE and board.peer_group is PeerGroup.UNIT:
            return board.compared.rank
    return None


def _rows(
    writing: Writing,
    calculation: Calculation,
    piece: Piece,
    sealing: Sealing,
    ranks: Column | None,
) -> Iterator[tuple[Any, ...]]:
    variant = piece.paid.variant
    card, plan = variant.scorecard, variant.plan
    last = (
        card.id if card else None,
        card.version if card else None,
        plan.id if plan else None,
        plan.plan.currency if plan else None,
    )
    for place, (row, row_hash, score, rank, payout) in enumerate(
        zip(
            piece.rows.tolist(),
            sealing.hashes(calculation, piece),
            columns_listed(calculation.score, piece.rows),
            columns_listed(ranks, piece.rows),
            columns_listed(piece.paid.payout, piece.places),
            strict=True,
        )
    ):
        person = calculation.people[row]
        shape = write_shape(_shape_of(person)) if variant.is_shaped else None
        yield (
            sealing.header.run_id,
            writing.entity_id,
            new_id("res", writing.known_at),
            person.person_id,
            person.unit_id,
            person.platform_id,
            person.position,
            piece.shard,
            place,
            score,
            rank,
            payout,
            row_hash,
            *last,
            shape,
        )


def _shape_of(person: Participant) -> StoredShape:
    """Say how the rules were applied to somebody, to be kept with the result."""
    segments = []
    for part in person.segments:
        card, plan, place = part.scorecard, part.plan, part.assignment
        segments.append(
            StoredSegment(
                start=part.start,
                end=part.end,
                days=calendar_days(part.spans),
                unit_id=place.unit_id,
                platform_id=place.platform_id,
                position=place.position,
                scorecard_id=card.id if card else None,
                scorecard_revision=card.version if card else None,
                scorecard_hash=card.hash if card else None,
                plan_version_id=plan.id if plan else None,
                plan_hash=plan.hash if plan else None,
            )
        )
    return StoredShape(shape=person.shape, segments=tuple(segments))


def keep_boards(writing: Writing, run_id: str, calculation: Calculation) -> None:
    """Store where everybody stands and the facts of every peer group, frozen with the run."""
    boards: dict[str, dict[PeerGroup, Board]] = {}
    for board in calculation.boards:
        boards.setdefault(board.measure, {})[board.peer_group] = board
        cohorts = _cohorts(writing, run_id, board)
        add_tuples(writing.connection, tables.cohort, _COHORT, cohorts)
    for found in boards.values():
        standings = _standings(writing, run_id, calculation, found)
        add_tuples(writing.connection, tables.standing, _STANDING, standings)


def _standings(
    writing: Writing, run_id: str, calculation: Calculation, boards: Mapping[PeerGroup, Board]
) -> Iterator[tuple[Any, ...]]:
    company, platform = boards[PeerGroup.COMPANY], boards.get(PeerGroup.PLATFORM)
    den = company.own.den
    everyone: list[None] = [None] * len(calculation.people)
    for person, num, bottom, unit_rank, platform_rank, company_rank in zip(
        calculation.people,
        columns_listed(company.own.num),
        repeat(den) if isinstance(den, int) else columns_listed(den),
        columns_listed(boards[PeerGroup.UNIT].compared.rank),
        everyone if platform is None else columns_listed(platform.compared.rank),
        columns_listed(company.compared.rank),
        strict=False,
    ):
        if num is None:
            continue
        yield (
            run_id,
            writing.entity_id,
            company.measure,
            person.person_id,
            num,
            bottom or 1,
            person.unit_id,
            unit_rank,
            person.platform_id,
            # People without a platform are no group.
            None if person.platform_id is None else platform_rank,
            company_rank,
        )


def _cohorts(writing: Writing, run_id: str, board: Board) -> Iterator[tuple[Any, ...]]:
    seen: set[str] = set()
    compared = board.compared
    for row, group in enumerate(board.groups):
        if not group or group in seen:
            continue
        seen.add(group)
        yield (
            run_id,
            writing.entity_id,
            board.measure,
            board.peer_group.value,
            board.unit,
            group,
            compared.size.at(row) or 0,
            compared.lo_num.at(row),
            compared.lo_den.at(row),
            compared.hi_num.at(row),
            compared.hi_den.at(row),
        )


def amounts_of(calculation: Calculation) -> Iterator[Amount]:
    """List what each component pays each person, as it is posted."""
    for paid in calculation.paid:
        plan = paid.variant.plan
        if plan is None:
            continue
        rows = paid.variant.rows.tolist()
        for component, column in paid.amounts.items():
            plan = paid.variant.plan_of(component)
            for row, amount in zip(rows, columns_listed(column), strict=True):
                if amount is not None:
                    person_id = calculation.people[row].person_id
                    yield Amount(person_id, component, amount, plan.plan.currency, plan.id)

"""The pools of a run: each is cut among all people of one plan version who are in one team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from domain.columns import Column
from domain.pooling import pool_columns, pool_needs

if TYPE_CHECKING:
    from actions.scoring import Calculation, Variant

Rows = NDArray[np.int64]


def add_pools(calculation: Calculation, tables: Sequence[dict[str, Column]]) -> None:
    """Put what cutting its pools depends on into the table of each variant.

    Variants that share a plan version and differ in the scorecard share its pools.
    """
    by_plan: dict[str, list[int]] = {}
    for place, variant in enumerate(calculation.variants):
        program = variant.pay_program
        if program is not None and variant.plan is not None and pool_needs(program):
            by_plan.setdefault(variant.plan.id, []).append(place)
    for places in by_plan.values():
        _cut(calculation, [(calculation.variants[at], tables[at]) for at in places])


def _cut(calculation: Calculation, sharing: list[tuple[Variant, dict[str, Column]]]) -> None:
    program = sharing[0][0].pay_program
    assert program is not None
    rows = np.concatenate([variant.rows for variant, _ in sharing])
    ids = [calculation.people[row].person_id for row in rows.tolist()]
    for need in pool_needs(program):
        assert need.peer_group is not None
        groups = calculation.peers_in(need.peer_group).codes[rows]
        together = _joined([table for _, table in sharing])
        found = pool_columns(program, need, together, groups, ids)
        start = 0
        for variant, table in sharing:
            end = start + len(variant.rows)
            table.update((name, _piece(column, start, end)) for name, column in found.items())
            start = end


def _joined(tables: Sequence[Mapping[str, Column]]) -> dict[str, Column]:
    """Put the rows of several tables one after another; what only some have is left out."""
    if len(tables) == 1:
        return dict(tables[0])
    names = set(tables[0]).intersection(*tables[1:])
    return {name: _chained([table[name] for table in tables]) for name in sorted(names)}


def _chained(columns: Sequence[Column]) -> Column:
    present = [
        np.ones(len(each), dtype=np.bool_) if each.present is None else each.present
        for each in columns
    ]
    together = np.concatenate(present)
    values = np.concatenate([each.values for each in columns])
    return Column(values, None if together.all() else together)


def _piece(column: Column, start: int, end: int) -> Column:
    present = None if column.present is None else column.present[start:end]
    return Column(column.values[start:end], None if present is None or present.all() else present)

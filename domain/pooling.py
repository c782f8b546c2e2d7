"""What cutting a pool depends on, for everybody of one plan at once.

The key and the pool itself are lines of the plan's own program, so they are calculated by it and by
nothing else; here they are only added up and cut. The results are inputs of the program's last
line, sealed for each person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.columns import Column
from domain.evaluate import run
from domain.program import Need, NeedKind, Program
from domain.split import split_everyone, sums_within

Codes = NDArray[np.int64]


def pool_needs(program: Program) -> tuple[Need, ...]:
    """List the pools of a program."""
    return tuple(need for need in program.needs if need.kind is NeedKind.POOL)


def pool_columns(
    program: Program,
    need: Need,
    table: Mapping[str, Column | int | None],
    groups: Codes,
    ids: Sequence[str],
) -> dict[str, Column]:
    """Give ``<name>.keys``, ``.extra`` and ``.heads`` by row; ``groups`` are the teams.

    ``table`` holds everything else the program reads, for all people who share the pool and for
    nobody else.
    """
    key_line, whole_line = pool_lines_of(need)
    key = run(program, table, [key_line])[key_line]
    taking_part = key.values > 0
    if key.present is not None:
        taking_part = np.logical_and(taking_part, key.present)
    heads = sums_within(groups, Column(taking_part.astype(np.int64)))
    known = {**table, f"{need.name}.heads": heads}
    whole = run(program, known, [whole_line])[whole_line]
    shares = split_everyone(whole, key, groups, ids)
    return {
        f"{need.name}.keys": shares.total,
        f"{need.name}.extra": shares.extra,
        f"{need.name}.heads": heads,
    }


def pool_lines_of(need: Need) -> tuple[str, str]:
    """Name the lines of the key and of the whole pool."""
    identity = need.name.rsplit(".", 1)[0]
    return f"{identity}.key", f"{identity}.whole"

"""The one way a plan is calculated: for everyone on columns, for one person line by line.

Order of the stages: `compile_score` and `run`, then `compare_everyone` (`domain/compare.py`) for
each of `Program.cohorts`, then `compile_pay` and `run`. `explain` walks the very same lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.columns import Column
from domain.plan import Plan
from domain.program import Line, Program
from domain.scorecard import Scorecard


def compile_score(scorecard: Scorecard) -> Program:
    """Turn a scorecard into named lines that end in ``score`` (POINT steps)."""
    raise NotImplementedError


def compile_pay(plan: Plan, scorecard: Scorecard | None = None) -> Program:
    """Turn a plan into named lines that end in ``payout`` (minor units of its currency)."""
    raise NotImplementedError


def run(
    program: Program, table: Mapping[str, Column | int | None], keep: Sequence[str] | None = None
) -> dict[str, Column]:
    """Calculate everyone. ``keep`` names the lines wanted; None keeps all of them.

    A plain int in the table is the same for everyone, None is missing for everyone.
    """
    raise NotImplementedError


def explain(program: Program, inputs: Mapping[str, int | None]) -> tuple[Line, ...]:
    """Calculate one person and keep every line. A name that is not given is missing."""
    raise NotImplementedError

"""Which clause of a plan's text a line of a statement follows from: always one that is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from domain.plan import Plan
from domain.plan_clauses import component_clause
from domain.program import Line, LineKind

# Ends of names that say how an amount was put together, not what it is.
_ENDS = re.compile(r"([.](amount|whole|limit))?([.]part)?$")
# What a line of a part of a period says, by how its code begins.
_PARTS = {
    "line_part_ramp": "ramp:shares",
    "line_part_days": "proration:targets",
    "line_part_baseline_days": "proration:targets",
    "line_part_limit": "proration:amounts",
    "line_part_amount": "proration:amounts",
    "line_part_threshold": "proration:thresholds",
    "line_segment_": "proration:split",
    "line_whole_weight": "proration:split",
    "line_weight_by_actuals": "proration:by",
}
# Parts of a component's lines that a field of another name says.
_SAID_BY = {"passed": "condition", "met": "comparison", "band": "bands", "places": "shares"}


def clause_of_line(plan: Plan, line: Line, ids: Collection[str]) -> str | None:
    """Give the id of the clause that a line of the plan's pay comes from, narrowest first.

    ``ids`` are those of the plan's clauses, so that no line leads to a clause that is not there.
    None for a line that only shows a number from elsewhere.
    """
    return next((each for each in _candidates(plan, line) if each in ids), None)


def _candidates(plan: Plan, line: Line) -> Iterator[str]:
    of_component = any(each.id == line.key for each in plan.components)
    # What is paid follows from its component, also where only the part of a segment is.
    parts = () if of_component and line.kind is LineKind.PAY else _PARTS.items()
    for beginning, clause in parts:
        if line.code.startswith(beginning):
            yield clause
    if of_component:
        yield from _of_component(line)
    if not line.key:
        yield f"plan:{_part_of(line)}"
    if line.kind is LineKind.TOTAL or line.name.endswith("subtotal"):
        yield "plan"


def _of_component(line: Line) -> Iterator[str]:
    """Name the tier that was reached, then the field whose line it is, then the opening."""
    start = component_clause(line.key)
    part = _part_of(line)
    if part == "tier" and line.value is not None:
        yield f"{start}:tiers:{line.value}"
    yield f"{start}:{_SAID_BY.get(part, part)}"
    yield start


def _part_of(line: Line) -> str:
    """Give what a line is of its component or plan: ``cap`` of ``s1.commission.cap.amount``."""
    return _ENDS.sub("", line.name).rpartition(".")[2]

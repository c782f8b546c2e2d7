"""Goals: who is to reach what, by when; a tree whose parts can be held against the whole.

A goal without metric, target, unit or period is vague and refused with the reason (14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.document import DocumentReader
from domain.ids import EntityId, GoalId
from domain.metric import Direction, Metric
from domain.period import Period, period_named
from domain.problem import Problem, Refused, Severity

ADMINISTRATIVE = "ADMINISTRATIVE"


class GoalLevel(StrEnum):
    """Whose goal it is; the levels of the tree are the company's own choice."""

    COMPANY = "COMPANY"
    PLATFORM = "PLATFORM"
    UNIT = "UNIT"
    TEAM = "TEAM"
    PERSON = "PERSON"


class GoalState(StrEnum):
    """Where a goal is in its life."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalLine:
    """One measurable part of a goal; numbers in steps of ``unit``."""

    metric: str
    unit: str
    target: int
    baseline: int | None = None
    threshold: int | None = None
    stretch: int | None = None
    weight: int | None = None  # POINT steps of 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal as known at an instant and valid on a day."""

    id: GoalId
    entity_id: EntityId
    level: GoalLevel
    owner_id: str  # a person, a unit, a platform or the legal entity
    parent_id: GoalId | None
    period: Period
    name: str
    state: GoalState
    lines: tuple[GoalLine, ...]
    valid_from: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How the goals below a goal add up to one of its lines; a positive gap is a hole (2)."""

    metric: str
    unit: str
    target: int
    assigned: int
    gap: int
    goals: int


def read_goal(
    document: object, metrics: Mapping[str, Metric]
) -> tuple[tuple[Period, str, tuple[GoalLine, ...]] | None, tuple[Problem, ...]]:
    """Read what a goal demands: period, name and lines, or every reason why it is vague."""
    reader = DocumentReader(document)
    period = _read_period(reader)
    name = reader.text("name")
    children = reader.children("lines", required=False)
    if not children:
        reader.note("goal_vague", "lines", {"missing": "metric, target, unit"})
    lines = [_read_line(child, metrics) for child in children]
    reader.finish()
    found = tuple(line for line in lines if line is not None)
    keys = [line.metric for line in found]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        reader.note("name_not_unique", "lines", {"name": key})
    if reader.failed or period is None or name is None:
        return None, tuple(reader.problems)
    return (period, name, found), tuple(reader.problems)


def _read_period(reader: DocumentReader) -> Period | None:
    if not reader.has("period"):
        reader.text("period", required=False)
        reader.note("goal_vague", "period", {"missing": "period"})
        return None
    text = reader.text("period")
    if text is None:
        return None
    try:
        return period_named(text)
    except Refused as refusal:
        reader.note(refusal.code, "period", refusal.values)
        return None


def _read_line(reader: DocumentReader, metrics: Mapping[str, Metric]) -> GoalLine | None:
    missing = [name for name in ("metric", "target", "unit") if not reader.has(name)]
    if missing:
        for name in ("metric", "target", "unit", "baseline", "threshold", "stretch", "weight"):
            reader.raw(name, required=False)
        reader.note("goal_vague", reader.path, {"missing": ", ".join(missing)})
        return None
    key, unit = reader.text("metric"), reader.unit("unit")
    metric = metrics.get(key) if key else None
    if key and metric is None:
        reader.note("metric_unknown", reader.at("metric"), {"metric": key})
    if metric is not None and unit is not None and metric.unit != unit:
        values = {"metric": metric.key, "unit": unit, "wanted": metric.unit}
        reader.note("unit_differs", reader.at("unit"), values)
    target = reader.steps("target", unit)
    baseline = reader.steps("baseline", unit, required=False)
    threshold = reader.steps("threshold", unit, required=False)
    stretch = reader.steps("stretch", unit, required=False)
    weight = reader.steps("weight", "POINT", required=False)
    reader.finish()
    if metric is None or unit is None or target is None or key is None:
        return None
    _check_line(reader, metric, target=target, threshold=threshold, stretch=stretch)
    return GoalLine(
        metric=key,
        unit=unit,
        target=target,
        baseline=baseline,
        threshold=threshold,
        stretch=stretch,
        weight=weight,
    )


def _check_line(
    reader: DocumentReader,
    metric: Metric,
    *,
    target: int,
    threshold: int | None,
    stretch: int | None,
) -> None:
    if ADMINISTRATIVE in metric.tags:
        # Clocking in on time is no business goal (15): allowed, but somebody should look.
        reader.note(
            "goal_administrative",
            reader.at("metric"),
            {"metric": metric.key},
            severity=Severity.WARNING,
        )
    falling = metric.direction is Direction.LOWER
    for name, value, wanted_above in (("threshold", threshold, False), ("stretch", stretch, True)):
        if value is None or value == target:
            continue
        if (value > target) != (wanted_above != falling):
            reader.note("goal_line_order", reader.at(name), {"field": name})


def coverage(goal: Goal, children: Sequence[Goal]) -> tuple[Coverage, ...]:
    """Hold the targets of the goals below against the goal's own, line by line.

    Company 1.30 million over two goals of 0.60 million each: assigned 1.20, a gap of 0.10 million.
    Only amounts and counts add up; a ratio is not the sum of the ratios below it.
    """
    found = []
    for line in goal.lines:
        if line.unit in {"RATIO", "POINT"}:
            continue
        parts = [
            part.target
            for child in children
            for part in child.lines
            if part.metric == line.metric and part.unit == line.unit
        ]
        assigned = sum(parts)
        found.append(
            Coverage(
                metric=line.metric,
                unit=line.unit,
                target=line.target,
                assigned=assigned,
                gap=line.target - assigned,
                goals=len(parts),
            )
        )
    return tuple(found)

"""Goals: what makes one vague, what is odd about it, and whether the parts make the whole."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from domain.goal import Coverage, Goal, GoalLevel, GoalLine, GoalState, coverage, read_goal
from domain.ids import EntityId, GoalId
from domain.metric import Metric, decode_metric
from domain.period import period_named
from domain.problem import Problem, Severity
from tests.support.rules import METRICS, changed, goal, metric


def known(*documents: dict[str, Any]) -> dict[str, Metric]:
    found = {}
    for document in documents:
        read, problems = decode_metric(document)
        assert read is not None, problems
        found[read.key] = read
    return found


COMPLAINTS = metric(
    "complaints", "COUNT", {"kind": "COUNT", "fact": "complaint"}, direction="LOWER"
)
PUNCTUALITY = metric(
    "punctuality",
    "RATIO",
    {"kind": "RATIO", "numerator": {"kind": "COUNT", "fact": "on_time"},
     "denominator": {"kind": "COUNT", "fact": "day"}},
    tags=["ADMINISTRATIVE"],
)  # fmt: skip
KNOWN = known(*METRICS, COMPLAINTS, PUNCTUALITY)
LINE = {"metric": "sales", "unit": "CNY", "target": "1000000.00"}


def read(document: object) -> list[tuple[str, str, str]]:
    """Return code, path and what is missing of every problem."""
    found, problems = read_goal(document, KNOWN)
    assert (found is None) == any(each.severity is Severity.ERROR for each in problems)
    return [(each.code, each.path, each.values.get("missing", "")) for each in problems]


def with_line(**changes: Any) -> dict[str, Any]:
    return changed(goal("2026-09"), lines=[LINE | changes])


def test_a_goal_says_what_how_much_in_which_unit_and_by_when() -> None:
    found, problems = read_goal(with_line(threshold="800000", stretch="1200000.50"), KNOWN)
    assert problems == ()
    assert found is not None
    period, name, lines = found
    assert (period, name) == (period_named("2026-09"), "Goal of 2026-09")
    assert lines == (
        GoalLine(
            metric="sales", unit="CNY", target=100_000_000, threshold=80_000_000,
            stretch=120_000_050,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("document", "problems"), [
    (with_line(metric=None), [("goal_vague", "lines[0]", "metric")]),
    (with_line(target=None), [("goal_vague", "lines[0]", "target")]),
    (with_line(unit=None), [("goal_vague", "lines[0]", "unit")]),
    (changed(with_line(), lines=[{}]), [("goal_vague", "lines[0]", "metric, target, unit")]),
    (changed(with_line(), lines=[]), [("goal_vague", "lines", "metric, target, unit")]),
    (changed(with_line(), lines=None), [("goal_vague", "lines", "metric, target, unit")]),
    (changed(with_line(), period=None), [("goal_vague", "period", "period")]),
    (changed(with_line(), period="autumn"), [("period_invalid", "period", "")]),
    (changed(with_line(), name=None), [("field_missing", "name", "")]),
])  # fmt: skip
def test_a_vague_goal_is_refused_with_the_reason(
    document: dict[str, Any], problems: list[tuple[str, str, str]]
) -> None:
    assert read(document) == problems


def test_every_reason_is_given_at_once() -> None:
    assert read({"name": "More", "lines": [{"metric": "sales"}, {"unit": "CNY"}]}) == [
        ("goal_vague", "period", "period"),
        ("goal_vague", "lines[0]", "target, unit"),
        ("goal_vague", "lines[1]", "metric, target"),
    ]


@pytest.mark.parametrize(("document", "code", "path"), [
    (with_line(metric="profit"), "metric_unknown", "lines[0].metric"),
    (with_line(unit="USD"), "unit_differs", "lines[0].unit"),
    (with_line(target="1.005"), "number_not_exact", "lines[0].target"),
    (with_line(target=1.5), "field_wrong_type", "lines[0].target"),
    (with_line(deadline="soon"), "field_unknown", "lines[0].deadline"),
    (with_line(threshold="1000000.01"), "goal_line_order", "lines[0].threshold"),
    (with_line(stretch="999999.99"), "goal_line_order", "lines[0].stretch"),
    (changed(with_line(), lines=[LINE, LINE]), "name_not_unique", "lines"),
])  # fmt: skip
def test_a_goal_that_says_something_wrong_is_refused_with_its_place(
    document: dict[str, Any], code: str, path: str
) -> None:
    assert read(document) == [(code, path, "")]


@pytest.mark.parametrize(("threshold", "stretch", "problems"), [
    ("8", "2", []),
    ("5", "5", []),
    ("4", "2", [("goal_line_order", "lines[0].threshold", "")]),
    ("8", "6", [("goal_line_order", "lines[0].stretch", "")]),
])  # fmt: skip
def test_where_less_is_better_the_stretch_is_below(
    threshold: str, stretch: str, problems: list[tuple[str, str, str]]
) -> None:
    line = {"metric": "complaints", "unit": "COUNT", "target": "5"}
    document = changed(goal("2026-09"), lines=[line | {"threshold": threshold, "stretch": stretch}])
    assert read(document) == problems


def test_clocking_in_on_time_is_pointed_out_and_not_forbidden() -> None:
    line = {"metric": "punctuality", "unit": "RATIO", "target": "0.98"}
    found, problems = read_goal(changed(goal("2026-09"), lines=[line]), KNOWN)
    assert found is not None
    assert problems == (
        Problem(
            code="goal_administrative",
            path="lines[0].metric",
            values={"metric": "punctuality"},
            severity=Severity.WARNING,
        ),
    )


def set_for(name: str, *lines: GoalLine) -> Goal:
    return Goal(
        id=GoalId(f"goal_{name}"),
        entity_id=EntityId("ent_a"),
        level=GoalLevel.TEAM,
        owner_id=name,
        parent_id=None,
        period=period_named("2026"),
        name=name,
        state=GoalState.ACTIVE,
        lines=lines,
        valid_from=date(2026, 1, 1),
        version=1,
    )


def sales(cents: int, unit: str = "CNY") -> GoalLine:
    return GoalLine(metric="sales", unit=unit, target=cents)


def test_goals_that_fall_short_of_the_whole_leave_a_gap() -> None:
    # The whole needs 1.30 million, 1.20 are assigned: 0.10 are nobody's, 7.69 % of the whole.
    whole = set_for("company", sales(130_000_000))
    parts = [set_for("north", sales(60_000_000)), set_for("south", sales(60_000_000))]
    (found,) = coverage(whole, parts)
    assert found == Coverage(
        metric="sales", unit="CNY", target=130_000_000, assigned=120_000_000, gap=10_000_000,
        goals=2,
    )  # fmt: skip
    assert round(100 * Fraction(found.gap, found.target), 2) == Fraction("7.69")


def test_goals_above_the_whole_are_an_over_assignment() -> None:
    (found,) = coverage(
        set_for("a", sales(100)), [set_for("b", sales(70)), set_for("c", sales(50))]
    )
    assert (found.assigned, found.gap) == (120, -20)


def test_without_goals_below_the_whole_is_open() -> None:
    (found,) = coverage(set_for("a", sales(100)), [])
    assert (found.assigned, found.gap, found.goals) == (0, 100, 0)


def test_only_the_same_metric_in_the_same_unit_adds_up() -> None:
    other = GoalLine(metric="visits", unit="COUNT", target=10)
    parts = [set_for("b", sales(70, "USD"), other), set_for("c", sales(50))]
    (found,) = coverage(set_for("a", sales(100)), parts)
    assert (found.assigned, found.goals) == (50, 1)


def test_ratios_do_not_add_up() -> None:
    retention = GoalLine(metric="retention", unit="RATIO", target=750_000)
    assert coverage(set_for("a", retention), [set_for("b", retention)]) == ()

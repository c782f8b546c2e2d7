"""Golden goals: a tree of goals, what is assigned below each, and the gap it leaves."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.goal import Coverage, Goal, GoalLevel, GoalLine, GoalState, coverage, read_goal
from domain.ids import EntityId, GoalId
from domain.metric import Metric, decode_metric
from domain.unit import DECIMALS
from messages.render import Catalogue, Locale
from tests.golden.answer import Answer, Row, name_in
from tests.golden.words import say, shown
from tests.support.rules import texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The goals of a case, and what the goals below each add up to."""

    rows: Sequence[Row]
    goals: Mapping[str, Goal]
    covered: Mapping[str, tuple[Coverage, ...]]


def metrics_of(told: Mapping[str, Row]) -> dict[str, Metric]:
    """Make a metric of each key from what a case says of it."""
    found = {}
    for key, about in told.items():
        document = {
            "format": "attain.metric/1",
            "key": key,
            "name": texts(key),
            "explanation": texts(key),
            "dimension": "RESULT",
            "direction": about.get("direction", "HIGHER"),
            "unit": about["unit"],
            "empty": "NO_DATA",
            "refresh": "DAILY",
            "tags": about.get("tags", []),
            "formula": {"kind": "COUNT", "fact": "any"}
            if about["unit"] == "COUNT"
            else {"kind": "LAST", "fact": "any", "unit": about["unit"]},
        }
        metric, problems = decode_metric(document)
        assert metric is not None, problems
        found[key] = metric
    return found


def read(path: Path) -> Answer:
    """Read a tree of goals and hold each against those below it."""
    document = tomllib.loads(path.read_text("utf-8"))
    tree = _tree(document)

    def page(_: Catalogue, locale: Locale) -> str:
        roots = [row for row in tree.rows if "parent" not in row]
        lines = [line for row in roots for line in _printed(document, tree, row, locale, 0)]
        return "\n".join(lines) + "\n"

    return Answer(rows=tree.rows, numbers=[_numbers(tree, row) for row in tree.rows], page=page)


def _tree(document: Mapping[str, Any]) -> Tree:
    metrics = metrics_of(document["metrics"])
    goals = {row["id"]: _goal(document, row, metrics) for row in document["goals"]}
    covered = {}
    for key, goal in goals.items():
        below = [each for each in goals.values() if each.parent_id == key]
        covered[key] = coverage(goal, below) if below else ()
    return Tree(rows=document["goals"], goals=goals, covered=covered)


def _goal(document: Mapping[str, Any], row: Row, metrics: Mapping[str, Metric]) -> Goal:
    written = {"period": row.get("period", document["period"]), "name": row["id"]}
    found, problems = read_goal({**written, "lines": row["lines"]}, metrics)
    assert found is not None, problems
    period, name, lines = found
    return Goal(
        id=GoalId(row["id"]),
        entity_id=EntityId("ent"),
        level=GoalLevel(row["level"]),
        owner_id=row["id"],
        parent_id=GoalId(row["parent"]) if "parent" in row else None,
        period=period,
        name=name,
        state=GoalState.ACTIVE,
        lines=lines,
        valid_from=date(2026, 1, 1),
        version=1,
    )


def _numbers(tree: Tree, row: Row) -> dict[str, Fraction | None]:
    goal = tree.goals[row["id"]]
    found: dict[str, Fraction | None] = {"lines": Fraction(len(goal.lines))}
    for line in goal.lines:
        scale = 10 ** DECIMALS[line.unit]
        for part in ("target", "baseline", "threshold", "stretch"):
            steps = getattr(line, part)
            found[f"{line.metric}.{part}"] = None if steps is None else Fraction(steps, scale)
    for each in tree.covered[row["id"]]:
        scale = 10 ** DECIMALS[each.unit]
        for part in ("assigned", "gap"):
            found[f"{each.metric}.{part}"] = Fraction(getattr(each, part), scale)
    return found


def _beside(line: GoalLine, locale: Locale) -> str:
    """Write what a goal says beside its target: where one starts, the least, the most."""
    told = []
    for part in ("baseline", "threshold", "stretch"):
        steps = getattr(line, part)
        if steps is not None:
            value = shown(Fraction(steps, 10 ** DECIMALS[line.unit]), line.unit, locale)
            told.append(say(part, locale, value=value))
    return "".join(told)


def _printed(
    document: Mapping[str, Any], tree: Tree, row: Row, locale: Locale, depth: int
) -> list[str]:
    inset = "  " * depth
    goal = tree.goals[row["id"]]
    names = document["metrics"]
    lines = [
        f"{inset}== {name_in(row, locale)} · {say(goal.level.value, locale)} · {goal.period.name}"
    ]
    held = {each.metric: each for each in tree.covered[row["id"]]}
    for line in goal.lines:
        name = name_in(names[line.metric], locale)
        target = shown(Fraction(line.target, 10 ** DECIMALS[line.unit]), line.unit, locale)
        told = {"name": name, "target": target}
        each = held.get(line.metric)
        if each is None:
            lines.append(f"{inset}   {say('target', locale, **told)}{_beside(line, locale)}")
            continue
        scale = 10 ** DECIMALS[each.unit]
        told["assigned"] = shown(Fraction(each.assigned, scale), each.unit, locale)
        told["gap"] = shown(Fraction(abs(each.gap), scale), each.unit, locale)
        told["part"] = shown(Fraction(abs(each.gap), each.target), "RATIO", locale)
        word = "assigned" if each.gap > 0 else "over" if each.gap else "covered"
        lines.append(f"{inset}   {say(word, locale, **told)}")
    for below in tree.rows:
        if below.get("parent") == row["id"]:
            lines.extend(_printed(document, tree, below, locale, depth + 1))
    return lines

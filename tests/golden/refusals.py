"""Golden refusals: documents that are not taken, and what their writer is told, place by place."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.credit_document import decode_credit
from domain.goal import read_goal
from domain.metric import decode_metric
from domain.plan import decode_plan
from domain.problem import Problem, Severity
from domain.scorecard import decode_scorecard
from messages.render import Catalogue, Locale
from tests.golden.answer import Answer, Row, name_in
from tests.golden.goals import metrics_of
from tests.golden.words import say

_DECODERS: dict[str, Callable[[Any], tuple[Any, tuple[Problem, ...]]]] = {
    "metric": decode_metric,
    "scorecard": decode_scorecard,
    "plan": decode_plan,
    "credit": decode_credit,
}


def read(path: Path) -> Answer:
    """Read a case whose documents have faults; a wrong list of faults is a fault of the case."""
    document = tomllib.loads(path.read_text("utf-8"))
    rows = document["rows"]
    told = [_problems(document, row) for row in rows]

    def page(catalogue: Catalogue, locale: Locale) -> str:
        pairs = zip(rows, told, strict=True)
        return "\n\n".join(_printed(row, found, catalogue, locale) for row, found in pairs) + "\n"

    for row, found in zip(rows, told, strict=True):
        named = {each.path: each.code for each in found}
        assert named == row["refused"], (path.stem, name_in(row, Locale.EN), named)
    counted = [{"expected": {"faults": str(len(row["refused"]))}, **row} for row in rows]
    return Answer(rows=counted, numbers=[{"faults": len(found)} for found in told], page=page)  # type: ignore[dict-item]


def _problems(document: Row, row: Row) -> tuple[Problem, ...]:
    (kind,) = set(row) & {"goal", *_DECODERS}
    if kind == "goal":
        return read_goal(row["goal"], metrics_of(document["metrics"]))[1]
    return _DECODERS[kind](row[kind])[1]


def _printed(row: Row, found: tuple[Problem, ...], catalogue: Catalogue, locale: Locale) -> str:
    lines = [f"== {name_in(row, locale)}"]
    for each in found:
        sign = "!" if each.severity is Severity.WARNING else "✗"
        lines.append(f"{sign} {each.path}: {catalogue.text(each.code, each.values, locale)}")
    return "\n".join(lines if found else [*lines, say("taken", locale)])

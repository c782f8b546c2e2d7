"""Every finding has an example on its page; the linter finds it there, with a proof that holds."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from domain.finding import FindingCode
from domain.lint import holds, lint, pay_route
from domain.plan import decode_plan
from domain.sections import decode_sections, lint_sections, sections_hold
from tests.support.source import ROOT

PAGE = (ROOT / "docs" / "plan-lint.md").read_text("utf-8")
HEADING = re.compile(r"^#{2,3} `([A-Z_]+)`$", re.MULTILINE)
FRAME = {
    "format": "attain.plan/1",
    "key": "example",
    "name": {"zh-CN": "例", "en": "Example"},
    "cadence": "MONTH",
    "currency": "CNY",
    "rounding": "HALF_UP",
    "units": {"sales": "CNY", "retention": "RATIO"},
}
# What needs more than a document; tests/domain/test_lint.py and tests/actions find them.
_ELSEWHERE = {
    FindingCode.ADMINISTRATIVE_METRIC,
    FindingCode.PLANS_OVERLAP,
    FindingCode.MORE_LOSE_THAN_WIN,
    FindingCode.NOBODY_REACHES,
    FindingCode.NOT_SEARCHED_COMPLETELY,
}


def examples() -> list[tuple[str, str, str, dict[str, Any]]]:
    """List code, weight, kind and document of every example on the page."""
    parts = HEADING.split(PAGE)[1:]
    found = []
    for code, text in zip(parts[::2], parts[1::2], strict=True):
        weight = text.split()[0].strip(".,")
        for kind, body in re.findall(r"```json (lint|sections)\n(.*?)```", text, re.DOTALL):
            found.append((code, weight, kind, json.loads(body)))
    return found


def test_every_finding_is_on_the_page() -> None:
    assert set(HEADING.findall(PAGE)) == {code.value for code in FindingCode}
    shown = {code for code, *_ in examples()}
    assert shown == {code.value for code in FindingCode} - {code.value for code in _ELSEWHERE}


@pytest.mark.parametrize(
    ("code", "weight", "kind", "document"), examples(), ids=[each[0] for each in examples()]
)
def test_the_example_has_the_finding(
    code: str, weight: str, kind: str, document: dict[str, Any]
) -> None:
    if kind == "sections":
        table, problems = decode_sections(document)
        assert table is not None, problems
        (found,) = lint_sections(table)
        assert (found.code.value, found.weight.value) == (code, weight)
        assert sections_hold(found, table)
        return
    plan, problems = decode_plan({**FRAME, **document})
    assert plan is not None, problems
    of_code = [each for each in lint(plan) if each.code.value == code]
    assert of_code, f"{code} is not found"
    assert {each.weight.value for each in of_code} == {weight}
    assert all(holds(each, pay_route(plan)) for each in of_code)
    assert code == "NO_PRORATION" or all(len(each.witness) == 2 for each in of_code)

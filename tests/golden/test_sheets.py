"""Golden pay sheets: cases that finance can read and edit, month after month, in both languages.

``./run golden`` writes the printed pages anew; a person reviews the difference.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from domain.exact import Rounding
from domain.pay_sheet import PaySheet, SheetFacts, SheetTerms, read_sheet, settle
from domain.plan import decode_plan
from domain.program import LineKind
from domain.unit import from_steps
from messages.pay import say_pay_line
from messages.render import Locale, load
from plugins.policies.reading import policy_called
from tests.support.paying import PLAN

CASES = Path(__file__).parent / "sheets"
FILES = sorted(CASES.glob("*.toml"))
CATALOGUE = load()
Month = Mapping[str, Any]


def _cents(text: str | None) -> int | None:
    return None if text is None else int(Fraction(text) * 100)


def _some(text: str | None) -> int:
    return _cents(text) or 0


def settled(document: Mapping[str, Any]) -> Iterator[tuple[Month, PaySheet]]:
    """Settle the months of a case, each from the balances of the one before."""
    whole = {**PLAN, "settlement": document["settlement"]} if "settlement" in document else PLAN
    plan, problems = decode_plan(whole)
    policy = policy_called(document["policy"])
    assert plan is not None, problems
    assert policy is not None
    terms = SheetTerms(
        currency="CNY", rounding=Rounding.HALF_UP, settlement=plan.settlement, policy=policy
    )
    waiting: dict[int, int] = {}
    draw = held = owed = 0
    for number, month in enumerate(document["months"]):
        facts = SheetFacts(
            earned=_some(month.get("earned")),
            holdback_base=_some(month.get("base", month.get("earned"))),
            adjustments={name: _some(text) for name, text in month.get("changes", {}).items()},
            month=month.get("month"),
            draw_before=draw,
            held_before=held,
            owed_before=owed,
            due_now=waiting.pop(number, 0),
            wage=_cents(month.get("wage")),
            minimum_wage=_cents(month.get("minimum_wage")),
        )
        sheet = settle({"person": "ann", "period": month["period"]}, terms, facts)
        if plan.settlement is not None and plan.settlement.holdback is not None:
            due = number + (plan.settlement.holdback.periods or 0)
            waiting[due] = -sheet.value("holdback.withheld")
        draw, held = sheet.value("draw.balance"), sheet.value("holdback.balance")
        owed = sheet.value("carried.balance")
        yield month, sheet


def read(path: Path) -> list[tuple[Month, PaySheet]]:
    return list(settled(tomllib.loads(path.read_text("utf-8"))))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sheet_gives_the_expected_amounts(path: Path) -> None:
    for month, sheet in read(path):
        assert month["expected"]
        for name, wanted in month["expected"].items():
            assert sheet.value(name) == _cents(wanted), (month["period"], name)
        assert read_sheet(sheet.document).hash == sheet.hash


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sheet_is_printed_as_it_was_reviewed(path: Path, locale: Locale) -> None:
    page = path.with_suffix(f".{locale.folder}.txt")
    found = "\n\n".join(_printed(month, sheet, locale) for month, sheet in read(path)) + "\n"
    if os.environ.get("ATTAIN_GOLDEN") == "write":
        page.write_text(found, "utf-8")
    assert found == page.read_text("utf-8")


def _printed(month: Month, sheet: PaySheet, locale: Locale) -> str:
    shown = [
        f"{_amount(line.value):>12}  {say_pay_line(CATALOGUE, line, locale)}"
        for line in sheet.lines
        if line.value or line.kind is LineKind.TOTAL or line.value is None
    ]
    said = [
        f"           !  {CATALOGUE.text(each.code, each.values, locale)}" for each in sheet.problems
    ]
    return "\n".join([f"== {month['period']}", *shown, *said])


def _amount(value: int | None) -> str:
    return "-" if value is None else f"{from_steps(value, 'CNY'):,f}"


def test_no_printed_sheet_is_left_without_its_case() -> None:
    pages = {path.name.split(".")[0] for path in CASES.glob("*.txt")}
    assert pages <= {path.stem for path in FILES}

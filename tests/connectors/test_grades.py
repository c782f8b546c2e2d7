"""The page of grades says what the kit finds, no more and no less.

Each check of each case is compared with the page when it runs (``conftest.py``), so what is left to
do here costs nothing: the tiers follow from the page's own marks, and nobody is left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attain import commands_grade
from attain.commands_grade import TIERS, grade, graded_all, own_suites
from attain.grades_page import PAGE, built_in_files, page_of, read_page
from tests.support.source import ROOT

PRINT = "attain plugin grades"
_CASE = re.compile(r"= contract_suite\((\w+)\)")
FIRST_FIVE = {"fxiaoke", "odoo", "rest", "tryton", "wecom"}


def test_the_tiers_on_the_page_follow_from_its_own_marks() -> None:
    text = PAGE.read_text("utf-8")
    assert page_of(read_page(text)) == text, PRINT


def test_every_built_in_connector_is_on_the_page_with_every_case() -> None:
    found = read_page(PAGE.read_text("utf-8"))
    assert {each["attain_connector"] for each in found} == set(built_in_files()), PRINT
    cases = {case for path in own_suites() for case in _CASE.findall(path.read_text("utf-8"))}
    assert {each["attain_case"] for each in found} == cases - {"sample_case"}, PRINT


def test_the_first_five_are_gold_and_all_others_at_least_silver() -> None:
    tiers = {g.connector: g.tier for g in graded_all(read_page(PAGE.read_text("utf-8")), ROOT)}
    assert {name for name, tier in tiers.items() if TIERS.index(tier) < TIERS.index("Silver")} == (
        set()
    )
    assert {tiers[name] for name in FIRST_FIVE} == {"Gold"}


def test_the_command_grades_a_built_in_connector_by_its_id_as_the_page_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = read_page(PAGE.read_text("utf-8"))
    asked: list[str] = []

    def run(paths: list[Path], _root: Path) -> list[commands_grade.Outcome]:
        asked.extend(path.name for path in paths)
        return found

    monkeypatch.setattr(commands_grade, "run", run)
    (wecom,) = [each for each in graded_all(found, ROOT) if each.connector == "wecom"]
    assert grade("wecom") == [wecom]
    assert asked == ["test_wecom_contract.py"]

"""The golden statements: the specification's own examples, to the cent, in both languages.

``./run golden`` writes the printed pages anew; a person reviews the difference.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from messages.render import Locale, load
from tests.golden.printed import CASES, printed, read_case

FILES = sorted(CASES.glob("*.toml"))
CATALOGUE = load()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_case_gives_the_expected_numbers(path: Path) -> None:
    case = read_case(path)
    checked = 0
    for row, person in enumerate(case.people):
        for name, wanted in person["expected"].items():
            assert case.value(row, name) == Fraction(wanted), (person["name"], name)
            checked += 1
        for name in person.get("held", ()):
            assert case.value(row, name) is None, (person["name"], name)
    assert checked


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everyone_together_gets_the_lines_of_each_alone(path: Path) -> None:
    case = read_case(path)
    for statement, together in zip(case.statements, case.together, strict=True):
        lines = (*statement.score_lines, *statement.pay_lines)
        assert {line.name: line.value for line in lines} == together


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_case_is_printed_as_it_was_reviewed(path: Path, locale: Locale) -> None:
    page = path.with_suffix(f".{locale.folder}.txt")
    found = printed(read_case(path), CATALOGUE, locale)
    if os.environ.get("ATTAIN_GOLDEN") == "write":
        page.write_text(found, "utf-8")
    assert found == page.read_text("utf-8")


def test_no_printed_page_is_left_without_its_case() -> None:
    pages = {path.name.split(".")[0] for path in CASES.glob("*.txt")}
    assert pages <= {path.stem for path in FILES}

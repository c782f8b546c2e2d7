"""The golden cases: the examples of the product's documents and our own, to the cent.

``./run golden`` writes the printed pages anew; a person reviews the difference. How to read and
write a case is said in the README beside this file.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from messages.render import Locale
from tests.golden.answer import faults_of, plain_name
from tests.golden.arithmetic import worked_out
from tests.golden.kinds import FILES, HERE, KINDS, answer, name_of
from tests.golden.printed import CASES, read_case
from tests.support import sentences

CATALOGUE = sentences.catalogue()


def test_every_case_gives_the_expected_numbers() -> None:
    faults = {name_of(path): found for path in FILES if (found := faults_of(answer(path)))}
    assert faults == {}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_case_is_printed_as_it_was_reviewed(path: Path) -> None:
    for locale in Locale:
        page = path.with_suffix(f".{locale.folder}.txt")
        found = answer(path).page(CATALOGUE, locale)
        if os.environ.get("ATTAIN_GOLDEN") == "write":
            page.write_text(found, "utf-8")
        assert found == page.read_text("utf-8")


def test_everyone_together_gets_the_lines_of_each_alone() -> None:
    for path in sorted(CASES.glob("*.toml")):
        case = read_case(path)
        for statement, together in zip(case.statements, case.together, strict=True):
            lines = (*statement.score_lines, *statement.pay_lines)
            assert {line.name: line.value for line in lines} == together, path.stem


def test_the_arithmetic_beside_a_number_comes_to_that_number() -> None:
    checked = 0
    for path in FILES:
        for row in answer(path).rows:
            for name, text in row.get("checked", {}).items():
                place = (name_of(path), plain_name(row), name)
                assert worked_out(text) == Fraction(row["expected"][name]), place
                checked += 1
    assert checked > 400


def test_no_printed_page_is_left_without_its_case() -> None:
    for kind in KINDS:
        pages = {path.name.split(".")[0] for path in (HERE / kind).glob("*.txt")}
        assert pages <= {path.stem for path in FILES if path.parent.name == kind}

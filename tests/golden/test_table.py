"""The list of examples and the folder agree, and a wrong digit in a case does not pass."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from messages.render import Locale
from tests.golden.answer import Answer, faults_of
from tests.golden.arithmetic import worked_out
from tests.golden.kinds import FILES, HERE, answer, name_of
from tests.support import sentences

README = (HERE / "README.md").read_text("utf-8")
_EXAMPLES = "## The examples of the product"
_OWN = "## Our own cases"


def section(title: str) -> str:
    """Cut one section out of the page."""
    return README.split(f"\n{title}\n")[1].split("\n## ")[0]


def rows_of(text: str) -> Iterator[list[str]]:
    """Read the rows of the tables of a section."""
    for line in text.splitlines():
        is_head = line.startswith(("| place", "| case"))
        if line.startswith("| ") and not is_head:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def quoted(cell: str) -> list[str]:
    return cell.split("`")[1::2]


def numbers_in(path: Path) -> set[Fraction]:
    """Collect every number that a case expects, in whatever row."""
    return {
        Fraction(each) for row in answer(path).rows for each in row.get("expected", {}).values()
    }


def lacking(cells: list[str]) -> list[str]:
    """Say what of a row of the table is not in the folder."""
    place, example, where, number = cells
    if where == "none":
        named = [name for name in quoted(number) if not _exists(name)]
        if len(number) < 30:
            named.append("a reason")
        return [f"{place}, {example}: there is no {name}" for name in named]
    paths = {name_of(path): path for path in FILES}
    held = [paths[name] for name in quoted(where) if name in paths]
    missing = [name for name in quoted(where) if name not in paths]
    known = set[Fraction]().union(*(numbers_in(path) for path in held))
    written = "".join(path.read_text("utf-8") for path in held)
    for text in quoted(number):
        is_number = set(text) <= set("-.0123456789")
        # the rest are codes of a refusal, and names of lines that are held back
        if not (Fraction(text) in known if is_number else f'"{text}"' in written):
            missing.append(text)
    if not quoted(number):
        missing.append("a number")
    return [f"{place}, {example}: no {each} in {where}" for each in missing]


def _exists(name: str) -> bool:
    return (HERE / f"{name}.toml").exists() or (HERE.parents[1] / name).exists()


def test_every_example_of_the_product_is_a_case_or_says_why_it_is_none() -> None:
    rows = list(rows_of(section(_EXAMPLES)))
    assert [fault for cells in rows for fault in lacking(cells)] == []
    assert len(rows) > 100


def test_a_row_of_the_table_that_names_another_number_is_seen() -> None:
    cells = ["114", "5,000 + 1 %", "`cases/base_bonus_and_excess`", "`7000`"]
    assert lacking(cells) == []
    assert lacking([*cells[:3], "`7001`"]) != []
    assert lacking([*cells[:2], "`cases/no_such_case`", "`7000`"]) != []


def test_every_case_is_an_example_of_the_product_or_in_the_list_of_our_own() -> None:
    examples = {name for cells in rows_of(section(_EXAMPLES)) for name in quoted(cells[2])}
    own = {quoted(cells[0])[0]: cells for cells in rows_of(section(_OWN))}
    assert examples | own.keys() == {name_of(path) for path in FILES}
    assert examples & own.keys() == set()
    assert len(own) >= 100


def is_checked(path: Path) -> bool:
    """Say whether every row that expects an amount has its arithmetic, or the case its source."""
    document = tomllib.loads(path.read_text("utf-8"))
    if "source" in document:
        return True
    rows = [row for row in answer(path).rows if set(row.get("expected", {})) - {"faults"}]
    return all("checked" in row for row in rows)


def test_every_case_of_our_own_is_checked_by_hand_or_names_its_source() -> None:
    own = {quoted(cells[0])[0] for cells in rows_of(section(_OWN))}
    paths = [path for path in FILES if name_of(path) in own]
    assert [name_of(path) for path in paths if not is_checked(path)] == []


CATALOGUE = sentences.catalogue()


def with_digit(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Change the last digit of a number that a row expects."""
    text = row["expected"][name]
    last = str((int(text[-1]) + 1) % 10)
    return {**row, "expected": {**row["expected"], name: text[:-1] + last}}


@pytest.mark.parametrize("kind", ["cases", "sheets", "comparisons", "goals", "metrics", "credits"])
def test_one_wrong_digit_in_an_expected_number_is_a_fault(kind: str) -> None:
    for path in [path for path in FILES if path.parent.name == kind][::5]:
        found = answer(path)
        for place, row in enumerate(found.rows):
            for name in row.get("expected", {}):
                rows = [*found.rows]
                rows[place] = with_digit(row, name)
                changed: Answer = replace(found, rows=rows)
                assert len(faults_of(changed)) == 1, (path.stem, name)


@pytest.mark.parametrize("locale", list(Locale))
def test_one_wrong_digit_in_a_printed_page_is_seen(locale: Locale) -> None:
    path = HERE / "cases" / "base_bonus_and_excess.toml"
    page = path.with_suffix(f".{locale.folder}.txt").read_text("utf-8")
    assert answer(path).page(CATALOGUE, locale) == page
    assert answer(path).page(CATALOGUE, locale) != page.replace("7,000.00", "7,000.01", 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("IF(999999.99 >= 1000000, 5000, 0)", "0"),
        ("ROUND(2.675, 2)", "2.68"),
        ("ROUND(-2.675, 2)", "-2.68"),
        ("ROUNDEVEN(2.665, 2)", "2.66"),
        ("ROUNDDOWN(8.53459, 2)", "8.53"),
        ("ROUNDUP(8.53159, 2)", "8.54"),
        ("10% * 7000", "700"),
        ("MEDIAN(80, 95, 105, 120)", "100"),
        ("PERCENTILE.EXC(5, 15, 25, 50, 65, 45%)", "22"),
        ("PERCENTILE.INC(1, 2, 3, 4, 30%)", "1.9"),
        ("LARGE(10, 30, 20, 2)", "20"),
        ("IF(1 <> 2, 1 / 4, 1 / 3)", "0.25"),
    ],
)
def test_the_arithmetic_of_a_case_is_that_of_a_spreadsheet(text: str, value: str) -> None:
    assert worked_out(text) == Fraction(value)


@pytest.mark.parametrize("text", ["open", "x.y", "2 ** 3", "[1]", "NOW()", "'a'.b()"])
def test_what_no_spreadsheet_knows_is_no_arithmetic(text: str) -> None:
    with pytest.raises((ValueError, KeyError, SyntaxError)):
        worked_out(text)

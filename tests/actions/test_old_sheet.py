"""An old sheet as people write it: amounts, names, layouts, and rows that are left out by name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actions.old_sheet import (
    AmountColumn,
    NamedBy,
    OldLayout,
    old_amount,
    read_layout,
    read_rows,
    refuse_layout,
)
from domain.problem import Refused

LAYOUT = OldLayout(
    person="name", named_by=NamedBy.NAME, amounts=(AmountColumn(component="a", column="pay"),)
)


@pytest.mark.parametrize(
    ("cell", "steps"),
    [
        ("1,234.50", 123_450),
        ("¥1,234.50", 123_450),
        ("１２３．４５", 12_345),
        ("(12.00)", -1_200),
        ("-3", -300),
        ("12元", 1_200),
        ("12 CNY", 1_200),
        (Decimal("0.1"), 10),
        (7, 700),
        ("-", None),
        ("", None),
        (None, None),
    ],
)
def test_an_amount_is_read_as_people_write_it(cell: object, steps: int | None) -> None:
    assert old_amount(cell, "CNY") == (steps, [])


@pytest.mark.parametrize("cell", ["12,34", "1,2345", "1e3", "abc", "1.2.3", "--5", "NaN", "9" * 16])
def test_what_is_no_amount_is_never_guessed(cell: str) -> None:
    amount, problems = old_amount(cell, "CNY")
    assert amount is None
    assert [code for code, _ in problems] == ["old_amount_unreadable"]


@pytest.mark.parametrize(("cell", "steps"), [("0.005", 1), ("0.0049", 0), ("-0.005", -1)])
def test_an_unrounded_amount_is_rounded_as_a_payslip_would_and_says_so(
    cell: str, steps: int
) -> None:
    amount, problems = old_amount(cell, "CNY")
    assert (amount, [code for code, _ in problems]) == (steps, ["old_amount_rounded"])


def test_a_row_without_a_name_or_twice_is_left_out_and_the_others_are_read() -> None:
    cells = [{"name": "an", "pay": "1"}, {"name": " ", "pay": "2"}, {"name": "an", "pay": "3"}]
    found = read_rows(LAYOUT, enumerate(cells, 2), "CNY")
    assert [(row.number, row.amounts) for row in found.rows] == [(2, {"a": 100})]
    assert [(each.number, each.problem.code) for each in found.problems] == [
        (3, "old_person_missing"),
        (4, "old_row_twice"),
    ]


def test_a_component_without_pay_needs_the_sales() -> None:
    bare = OldLayout(person="name", named_by=NamedBy.NAME, amounts=(AmountColumn(component="a"),))
    with pytest.raises(Refused, match="old_column_needed"):
        refuse_layout(bare, ["name"])


@pytest.mark.parametrize(
    "document", [[], {"person": "x"}, {"person": "x", "namedBy": "SHOE_SIZE", "amounts": []}]
)
def test_a_layout_that_cannot_be_read_says_why(document: object) -> None:
    with pytest.raises(Refused, match="old_layout_invalid"):
        read_layout(document)

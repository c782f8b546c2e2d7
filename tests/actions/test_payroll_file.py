"""What payroll is handed: exact amounts, safe cells, and totals that show a changed file."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from actions.payroll_file import csv_file, xlsx_file
from domain.payroll import (
    AMOUNTS,
    PLAIN_COLUMNS,
    PayrollColumns,
    PayrollRow,
    Source,
    control_totals,
    decode_columns,
    safe,
)

MADE_AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
COLUMNS: dict[str, Any] = {
    "format": "attain.payroll_columns/1",
    "decimals": "POINT",
    "footer": True,
    "columns": [
        {"heading": "工号", "source": "STAFF_NUMBER"},
        {"heading": "=name", "source": "PERSON"},
        {"heading": "cost centre", "source": "NOTHING"},
        {"heading": "paid", "source": "PAID"},
    ],
}


def columns(**changes: Any) -> PayrollColumns:
    found, problems = decode_columns({**COLUMNS, **changes})
    assert found is not None, problems
    return found


def row(number: str, name: str, paid: int, currency: str = "CNY") -> PayrollRow:
    amounts = {**dict.fromkeys((*AMOUNTS, Source.ADJUSTED), 0), Source.PAID: paid}
    return PayrollRow(
        texts={Source.STAFF_NUMBER: number, Source.PERSON: name, Source.CURRENCY: currency},
        amounts=amounts,
        currency=currency,
    )


ROWS = [
    row("007", '=HYPERLINK("http" & 1)', 123_450),
    row("+86", "陈, 安", 5),
    row("@SUM(A1)", "a\n=b", 9_007_199_254_740_993),
    row("-1", "佐藤", 1234, "JPY"),
]


def text_of(found: PayrollColumns) -> str:
    return csv_file(found, ROWS, control_totals(found, ROWS)).decode("utf-8-sig")


def test_csv_is_exact_and_nothing_in_it_is_a_formula() -> None:
    found = columns()
    text = text_of(found)
    assert text.startswith("工号,'=name,cost centre,paid\r\n")
    assert '\r\n007,"\'=HYPERLINK(""http"" & 1)",,1234.50\r\n' in text
    assert '\'+86,"陈, 安",,0.05\r\n' in text
    assert "'@SUM(A1)," in text
    assert "90071992547409.93\r\n" in text
    assert "'-1,佐藤,,1234\r\n" in text
    totals = control_totals(found, ROWS)
    assert totals.sums == {"CNY": 9_007_199_254_864_448, "JPY": 1234}
    end = f"#ROWS,4\r\n#SUM CNY,90071992548644.48\r\n#SUM JPY,1234\r\n#SHA256,{totals.sha256}\r\n"
    assert text.endswith(end)


@pytest.mark.parametrize(
    ("decimals", "wanted"),
    [("POINT", ",1234.50"), ("COMMA", ";1234,50"), ("MINOR_UNITS", ",123450")],
)
def test_decimals_are_written_as_the_columns_say(decimals: str, wanted: str) -> None:
    text = text_of(columns(decimals=decimals, footer=False))
    assert f"{wanted}\r\n" in text
    assert "#ROWS" not in text


def test_the_hash_changes_with_every_cell_and_not_with_the_footer() -> None:
    one = control_totals(columns(), ROWS).sha256
    assert control_totals(columns(footer=False), ROWS).sha256 == one
    assert control_totals(columns(), [*ROWS[:3], row("-1", "佐藤", 1235, "JPY")]).sha256 != one
    assert control_totals(columns(), ROWS[:3]).sha256 != one


def test_a_workbook_keeps_texts_as_texts_and_has_its_totals_on_a_sheet() -> None:
    found = columns()
    content = xlsx_file(found, ROWS, control_totals(found, ROWS), MADE_AT)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = book.get_sheet_by_name("Payroll").to_python()
    assert rows[0] == ["工号", "=name", "cost centre", "paid"]
    assert [each[0] for each in rows[1:]] == ["007", "+86", "@SUM(A1)", "-1"]
    assert rows[1][1] == '=HYPERLINK("http" & 1)'
    # Sixteen digits are more than a spreadsheet's number holds: a text is exact.
    assert [each[3] for each in rows[1:]] == [1234.5, 0.05, "90071992547409.93", 1234]
    totals = {each[0]: each[1] for each in book.get_sheet_by_name("Totals").to_python()}
    assert totals["ROWS"] == "4"
    assert totals["SHA256"] == control_totals(found, ROWS).sha256
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>1234.50</v>" in sheet


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "＝1"])
def test_what_looks_like_a_formula_is_made_safe(text: str) -> None:
    assert safe(text) == f"'{text}"
    assert safe(f"a{text}") == f"a{text}"


def test_the_plain_columns_can_be_read_and_wrong_ones_are_named() -> None:
    assert decode_columns(PLAIN_COLUMNS)[0] is not None
    twice = [*COLUMNS["columns"], COLUMNS["columns"][0]]
    _, problems = decode_columns({**COLUMNS, "columns": twice, "decimals": "SPACE"})
    assert [(each.code, each.path) for each in problems] == [
        ("choice_unknown", "decimals"),
        ("name_not_unique", "columns[4].heading"),
    ]

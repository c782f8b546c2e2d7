"""A payroll export as a file: CSV for programs, XLSX for people; the same rows in both."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from domain.payroll import (
    Amount,
    ControlTotals,
    Decimals,
    PayrollColumns,
    PayrollRow,
    csv_text,
    footer_of,
    table_of,
)
from domain.unit import DECIMALS, from_steps

_BOM = "\ufeff"  # without it a spreadsheet reads Chinese names of a CSV in the machine's code page
_EXACT_DIGITS = 15  # a spreadsheet's number holds no more
_WIDTH = 16


def csv_file(columns: PayrollColumns, rows: Sequence[PayrollRow], totals: ControlTotals) -> bytes:
    """Write CSV in UTF-8, with the control totals below when the columns ask for them."""
    table = table_of(columns, rows)
    if columns.footer:
        table = [*table, *footer_of(totals, columns.decimals)]
    return (_BOM + csv_text(columns, table)).encode()


def xlsx_file(
    columns: PayrollColumns,
    rows: Sequence[PayrollRow],
    totals: ControlTotals,
    made_at: datetime,
) -> bytes:
    """Write a workbook: the rows, and the control totals on a sheet of their own.

    Texts are texts whatever they look like: no formula, no link, no number is made of a staff
    number. An amount is a number of the sheet where that is exact, and a text where it is not.
    """
    raw = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(raw, options)
    book.set_properties({"created": made_at.replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "num_format": "@"})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("Payroll")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns.columns), _WIDTH)
    for place, (heading, _source) in enumerate(columns.columns):
        sheet.write_string(0, place, heading, bold)
    formats: dict[str, Any] = {}
    for number, row in enumerate(rows, start=1):
        for place, (_heading, source) in enumerate(columns.columns):
            cell = row.cell(source)
            if isinstance(cell, Amount):
                _write_amount(book, sheet, (number, place), cell, columns.decimals, formats)
            else:
                sheet.write_string(number, place, cell, text)
    control = book.add_worksheet("Totals")
    control.set_column(0, 1, 4 * _WIDTH)
    for number, (name, value) in enumerate(footer_of(totals, Decimals.POINT)):
        control.write_string(number, 0, name.removeprefix("#"), bold)
        control.write_string(number, 1, value, text)
    book.close()
    return raw.getvalue()


def _write_amount(
    book: Any,
    sheet: Any,
    place: tuple[int, int],
    cell: Amount,
    decimals: Decimals,
    formats: dict[str, Any],
) -> None:
    if decimals is Decimals.MINOR_UNITS or len(str(abs(cell.steps))) > _EXACT_DIGITS:
        sheet.write_string(*place, cell.text(decimals))
        return
    if cell.currency not in formats:
        digits = "0" * DECIMALS[cell.currency]
        form = f"#,##0.{digits}" if digits else "#,##0"
        formats[cell.currency] = book.add_format({"num_format": form})
    sheet.write_number(*place, from_steps(cell.steps, cell.currency), formats[cell.currency])

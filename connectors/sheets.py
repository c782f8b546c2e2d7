"""Read spreadsheet files cell by cell, and refuse the numbers a spreadsheet has already spoilt.

A spreadsheet keeps 15 significant digits. An 18-digit identity number typed as a number has lost
its end before we see it, so such a row is a Fault that names the cell; up to 15 digits the number
is exact and becomes an int or a Decimal, never a float.

Rows are handed over one at a time. The reader itself holds the cells of the sheet, outside of
Python: about 90 bytes a cell (200,000 rows of 8 columns: 140 MB). A CSV has no such cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO

import python_calamine

from connectors.contract import Scalar
from connectors.rows import Fault, Finding, Row, Table, Unreadable, fit, name_columns

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
FILE_BYTES_MAX = 200_000_000
EXACT_BELOW = 10**15


def open_sheet(handle: BinaryIO, sheet: str, header_row: int | None) -> Table:
    """Open the named sheet ("" means the first) of a spreadsheet file."""
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(handle)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise Unreadable("file_unreadable", {"detail": type(error).__name__}) from error
    names = book.sheet_names
    if not names or (sheet and sheet not in names):
        raise Unreadable("sheet_missing", {"sheet": sheet, "found": ", ".join(names)})
    chosen = sheet or names[0]
    found_sheet = book.get_sheet_by_name(chosen)
    heading = _first_row(found_sheet, header_row)
    if heading is None:
        raise Unreadable("header_missing")
    at, cells = heading
    header, findings = name_columns(tuple(str(_heading(cell)) for cell in cells), at)
    if not header:
        raise Unreadable("header_missing")
    findings.insert(0, Finding(code="sheet_found", row=at, values={"sheet": chosen}))

    def rows() -> Iterator[Row | Fault]:
        for number, cells in _numbered(found_sheet):
            row = _row(number, cells, len(header)) if number > at else None
            if row is not None:
                yield row

    return Table(header=header, findings=tuple(findings), rows=rows, sheet=chosen)


def _numbered(sheet: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[object]]]:
    """Turn the rows one at a time, each with its number and the empty cells at its left."""
    left: list[object] = [""] * (sheet.start[1] if sheet.start else 0)
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [*left, *cells]


def _first_row(
    sheet: python_calamine.CalamineSheet, header_row: int | None
) -> tuple[int, list[object]] | None:
    """Find the row with the headings: the named one, else the first with anything in it."""
    for number, cells in _numbered(sheet):
        if number == header_row or (header_row is None and any(cell != "" for cell in cells)):
            return number, cells
    return None


def address(column: int, row: int) -> str:
    """Name a cell as spreadsheets do: ``address(0, 1) == "A1"``, ``address(27, 3) == "AB3"``."""
    letters = ""
    rest = column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def _heading(cell: object) -> object:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _row(number: int, cells: Sequence[object], width: int) -> Row | Fault | None:
    plain: list[Scalar] = []
    for column, cell in enumerate(cells):
        value, exact = _plain(cell)
        if not exact:
            return Fault(
                number=number,
                reason="number_spoilt",
                column=column,
                values={"cell": address(column, number)},
                cells=tuple(str(c) for c in cells),
            )
        plain.append(value)
    row = fit(number, tuple(plain), width)
    if isinstance(row, Row):
        for column, value in enumerate(row.cells):
            if isinstance(value, str) and "\0" in value:
                text = tuple(str(c) for c in row.cells)
                return Fault(number=number, reason="row_holds_nul", column=column, cells=text)
    return row


def _plain(cell: object) -> tuple[Scalar, bool]:
    """Return the cell as a scalar of the contract, and whether it is exact."""
    if isinstance(cell, bool | str):
        return cell, True
    if isinstance(cell, float | int):
        if not abs(cell) < EXACT_BELOW:
            return None, False
        exact = Decimal(format(cell, ".15g"))  # what the spreadsheet itself shows and keeps
        return (int(exact), True) if exact == exact.to_integral_value() else (exact, True)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" "), True
    if isinstance(cell, date | time):
        return cell.isoformat(), True
    if isinstance(cell, timedelta):
        return Decimal(cell // timedelta(milliseconds=1)).scaleb(-3), True  # seconds
    return None, cell is None

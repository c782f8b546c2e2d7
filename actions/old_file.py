"""The file of an old sheet, opened as people send it: a title above the headings, totals below.

The headings are the row that has most columns of the layout. A row of totals is no person;
a name in Chinese is the same with spaces in it, which people put there to align a column.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from itertools import islice

from connectors.delimited import DelimitedOptions, open_delimited
from connectors.rows import Fault, Row, Table, name_columns
from connectors.sheets import SUFFIXES, address, open_sheet
from domain.problem import Problem

HEADINGS_WITHIN = 30  # rows; below them nobody writes a title
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff\u00b7\s]+\Z")
_SPACES = re.compile(r"\s+")
_TOTALS = frozenset(
    {
        *("合计", "总计", "小计", "汇总", "总额", "本页合计", "本页小计"),
        *("total", "totals", "subtotal", "sub-total", "grand total", "sum"),
    }
)


def open_old(content: bytes, file_name: str, sheet: str, columns: Collection[str]) -> Table:
    """Open a file; the headings are the row that has most of the columns, the first of such."""
    table = _opened(content, file_name, sheet, None)
    most, at = len(set(columns) & set(table.header)), None
    if most == len(set(columns)):
        return table
    for row in islice(table.rows(), HEADINGS_WITHIN):
        there = len(set(columns) & set(_headings(row)))
        if there > most:
            most, at = there, row.number
    return table if at is None else _opened(content, file_name, sheet, at)


def _opened(content: bytes, file_name: str, sheet: str, header_row: int | None) -> Table:
    handle = io.BytesIO(content)
    if file_name.lower().endswith(SUFFIXES):
        return open_sheet(handle, sheet, header_row)
    return open_delimited(handle, DelimitedOptions(header_row=header_row))


def _headings(row: Row | Fault) -> tuple[str, ...]:
    cells = tuple("" if cell is None else str(cell) for cell in row.cells)
    return name_columns(cells, row.number)[0]


def fault_said(fault: Fault, file_name: str) -> Problem:
    """Say what is wrong with a row by the sentence of its reason."""
    values = {"file": file_name[:80], "row": str(fault.number)}
    if fault.column is not None:
        values["cell"] = address(fault.column, fault.number)
    return Problem(code=fault.reason, values=values | dict(fault.values))


def called(text: str) -> str:
    """Return a name as it is compared: a Chinese one without the spaces that align it."""
    return _SPACES.sub("", text) if _HAN.match(text) else _SPACES.sub(" ", text)


def is_total(text: str) -> bool:
    """Say whether a row is a sum of others, by what stands where a person should."""
    plain = text.strip(" :：").casefold()
    return (called(plain) if plain else plain) in _TOTALS

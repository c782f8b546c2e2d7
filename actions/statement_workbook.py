"""A printed statement as a workbook: a sheet per table, texts as texts and money as numbers."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from actions.statement_sheet import Amount, Cell, Section, Sheet
from domain.unit import DECIMALS, from_steps

_EXACT_DIGITS = 15  # a spreadsheet's number holds no more
_WIDTH = 110  # characters that a page is wide
_LONGEST_NAME = 31  # of a sheet, by the format


def workbook(sheet: Sheet, made_at: datetime) -> bytes:
    """Write a workbook; ``made_at`` is the run's, so that the same statement is the same bytes.

    Texts are texts whatever they look like: nothing that a source wrote becomes a formula or a
    link. An amount is a number where that is exact, and a text where it is not.
    """
    raw = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(raw, options)
    book.set_properties(
        {"title": sheet.title, "author": sheet.author, "created": made_at.replace(tzinfo=None)}
    )
    formats = _Formats(book)
    for section in sheet.sections:
        _write(book, section, formats)
    book.close()
    return raw.getvalue()


class _Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        wrapped = {"num_format": "@", "text_wrap": True, "valign": "top"}
        self.heading = book.add_format({**wrapped, "bold": True, "bottom": 1})
        self.text = book.add_format(wrapped)
        self._money: dict[str, Any] = {}

    def money(self, currency: str) -> Any:
        """Return the format of a currency: with its decimals, and its code beside the number."""
        if currency not in self._money:
            digits = "0" * DECIMALS[currency]
            form = f"#,##0.{digits}" if digits else "#,##0"
            wanted = {"num_format": f'{form} "{currency}"', "valign": "top"}
            self._money[currency] = self._book.add_format(wanted)
        return self._money[currency]


def _write(book: Any, section: Section, formats: _Formats) -> None:
    page = book.add_worksheet(section.title[:_LONGEST_NAME])
    page.freeze_panes(1, 0)
    for place, width in enumerate(section.widths):
        page.set_column(place, place, max(12, width * _WIDTH // 100))
    for place, heading in enumerate(section.headings):
        page.write_string(0, place, heading, formats.heading)
    rows = [*section.rows, *([(section.note,)] if section.note else [])]
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            _write_cell(page, (number, place), cell, formats)


def _write_cell(page: Any, place: tuple[int, int], cell: Cell, formats: _Formats) -> None:
    if not isinstance(cell, Amount):
        page.write_string(*place, cell, formats.text)
    elif len(str(abs(cell.steps))) > _EXACT_DIGITS:
        page.write_string(*place, cell.text, formats.text)
    else:
        exact = from_steps(cell.steps, cell.currency)
        page.write_number(*place, exact, formats.money(cell.currency))

"""Write rows as the files a real system exports: CSV in its encoding, workbooks as XLSX.

Nothing here depends on the machine: no clock, no locale, and the workbook's parts are stored
without compression, because compressed bytes differ between builds of zlib.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

Cell = str | int | date | datetime
_CREATED = datetime(2026, 10, 1, 8, 0, 0)  # noqa: DTZ001 - a workbook's properties have no zone
_ZIP_TIME = (2026, 10, 1, 8, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: its name, its heading and its rows."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def csv_line(cells: Sequence[str], encoding: str = "utf-8") -> bytes:
    """Write one row with the line end of a Windows export."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode(encoding)


def csv_file(lines: Iterable[bytes], *, mark: bool = False) -> bytes:
    """Put lines together, with a byte order mark where the exporting system writes one."""
    return (b"\xef\xbb\xbf" if mark else b"") + b"".join(lines)


def money(cents: int, *, grouped: bool = False) -> str:
    """Write cents as yuan: ``money(1234560, grouped=True) == "12,345.60"``."""
    sign = "-" if cents < 0 else ""
    yuan, rest = divmod(abs(cents), 100)
    return f"{sign}{yuan:,}.{rest:02d}" if grouped else f"{sign}{yuan}.{rest:02d}"


def full_width(text: str) -> str:
    """Write digits and the point in full width, as some input methods do."""
    return text.translate(str.maketrans("0123456789.,-", "０１２３４５６７８９．，－"))


def workbook_file(sheets: Sequence[Sheet]) -> bytes:
    """Write a workbook; dates become real date cells, a whole number becomes a number cell."""
    import xlsxwriter  # type: ignore[import-untyped]

    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": "export", "author": "HJ", "created": _CREATED})
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    bold = book.add_format({"bold": True})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        for column, heading in enumerate(sheet.header):
            page.write_string(0, column, heading, bold)
        for row, cells in enumerate(sheet.rows, start=1):
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    moment = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - a day
                    page.write_datetime(row, column, moment, day_format)
                elif isinstance(cell, int):
                    page.write_number(row, column, cell)
                elif cell:
                    page.write_string(row, column, cell)
        page.freeze_panes(1, 0)
    book.close()
    return _stored(raw.getvalue())


def _stored(packed: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            plain = zipfile.ZipInfo(entry.filename, _ZIP_TIME)
            plain.create_system = 0
            plain.external_attr = 0
            plain.compress_type = zipfile.ZIP_STORED
            target.writestr(plain, source.read(entry))
    return out.getvalue()

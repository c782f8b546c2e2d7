"""Read CSV files as they really are: three encodings, stray quotes, NUL bytes, ragged rows.

A row that cannot be trusted becomes a Fault and the next line is read as if nothing had happened;
an unclosed quote in particular never swallows the rows behind it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from connectors.rows import Fault, Finding, Row, Table, Unreadable, fit, name_columns

if TYPE_CHECKING:
    from typing_extensions import Buffer

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")
DELIMITERS = (",", ";", "\t", "|")
LINE_CHARACTERS_MAX = 1_000_000
LINES_IN_ROW_MAX = 50  # a quoted cell may hold line breaks, but not a whole file

_BROKEN = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedOptions:
    """What the configuration says of a file; "" means: find out and report it."""

    encoding: str = ""
    delimiter: str = ""
    header_row: int | None = None


def find_encoding(handle: BinaryIO) -> str:
    """Name the encoding of the whole file.

    A byte order mark decides. Otherwise text that is not ASCII is UTF-8 when most of its lines
    decode as UTF-8: text in GB18030 practically never does by chance, while a UTF-8 file with a
    few broken bytes would decode as GB18030 from end to end, into rubbish.
    """
    handle.seek(0)
    if handle.read(3) == _BOM:
        return "utf-8-sig"
    handle.seek(0)
    foreign = utf8 = 0
    for line in iter(lambda: handle.readline(LINE_CHARACTERS_MAX), b""):
        if line.isascii():
            continue
        foreign += 1
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        utf8 += 1
    return "utf-8" if 2 * utf8 >= foreign else "gb18030"


def open_delimited(handle: BinaryIO, options: DelimitedOptions) -> Table:
    """Read the header and return a Table whose rows can be iterated again and again."""
    encoding = options.encoding or find_encoding(handle)
    lines = _Lines(handle, encoding)
    found = _first_line(lines, options.header_row)
    if found is None:
        raise Unreadable("header_missing")
    number, text = found
    delimiter = options.delimiter or _find_delimiter(text)
    cells = _split([text], delimiter)
    if cells is None or _BROKEN.search(text):
        raise Unreadable("header_unreadable", {"row": str(number)})
    header, findings = name_columns(tuple(cells), number)
    if not header:
        raise Unreadable("header_missing")
    findings.insert(
        0,
        Finding(
            code="encoding_declared" if options.encoding else "encoding_found",
            row=number,
            values={"encoding": encoding, "delimiter": "TAB" if delimiter == "\t" else delimiter},
        ),
    )

    def rows() -> Iterator[Row | Fault]:
        again = _Lines(handle, encoding)
        _first_line(again, options.header_row)
        return _rows(again, delimiter, len(header))

    return Table(header=header, findings=tuple(findings), rows=rows)


class _Lines:
    """Physical lines with their numbers, with the power to give some back."""

    def __init__(self, handle: BinaryIO, encoding: str) -> None:
        handle.seek(0)
        self._text = io.TextIOWrapper(
            io.BufferedReader(_Borrowed(handle)),
            encoding=encoding,
            errors="surrogateescape",
            newline="",
        )
        self._number = 0
        self._back: deque[tuple[int, str]] = deque()

    def take(self) -> tuple[int, str] | None:
        if self._back:
            return self._back.popleft()
        line = self._text.readline(LINE_CHARACTERS_MAX)
        if not line:
            return None
        self._number += 1
        rest = line
        while len(rest) == LINE_CHARACTERS_MAX and rest[-1] not in "\r\n":
            rest = self._text.readline(LINE_CHARACTERS_MAX)
        return self._number, line

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        self._back.extendleft(reversed(lines))


class _Borrowed(io.RawIOBase):
    """A file that stays open when the wrappers around it are thrown away."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        room = memoryview(buffer).cast("B")
        data = self._handle.read(len(room))
        room[: len(data)] = data
        return len(data)


def _first_line(lines: _Lines, header_row: int | None) -> tuple[int, str] | None:
    while (found := lines.take()) is not None:
        number, text = found
        if number == header_row or (header_row is None and text.strip(" \t\r\n,;|\ufeff")):
            return found
    return None


def _find_delimiter(text: str) -> str:
    return max(DELIMITERS, key=text.count)  # the first of equals: a comma


def _split(lines: list[str], delimiter: str) -> list[str] | None:
    """Split one row; None when a quote is still open at its end. csv.Error: quotes misplaced."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            return None
        raise
    return rows[0] if rows else []


def _rows(lines: _Lines, delimiter: str, width: int) -> Iterator[Row | Fault]:
    while (found := lines.take()) is not None:
        number, text = found
        simple = _simple(text, delimiter, width)
        if simple is not None:
            yield Row(number=number, cells=simple)
            continue
        if not text.strip():
            continue
        row = _plain(number, text, delimiter, width)
        if row is None:
            row = _quoted(found, lines, delimiter, width)
        if row is not None:
            fitted = row if isinstance(row, Fault) else fit(number, row.cells, width)
            if fitted is not None:
                yield fitted


def _simple(text: str, delimiter: str, width: int) -> tuple[str, ...] | None:
    """Split a line in which nothing is odd, as nearly all are; the others are looked at closely."""
    if '"' in text or "\0" in text or len(text) >= LINE_CHARACTERS_MAX:
        return None
    cells = tuple(text.rstrip("\r\n").split(delimiter))
    if len(cells) != width or not any(cells):
        return None
    return None if not text.isascii() and _BROKEN.search(text) else cells


def _plain(number: int, text: str, delimiter: str, width: int) -> Row | Fault | None:
    """Read a line without quotes (almost all of them), or say what is wrong with it."""
    if len(text) >= LINE_CHARACTERS_MAX:
        values = {"limit": str(LINE_CHARACTERS_MAX)}
        return Fault(number=number, reason="line_too_long", values=values)
    if "\0" in text:
        cells = tuple(text.rstrip("\r\n").split(delimiter))
        column = next((i for i, cell in enumerate(cells) if "\0" in cell), None)
        return Fault(number=number, reason="row_holds_nul", column=column, cells=cells)
    if '"' in text:
        return None
    cells = tuple(text.rstrip("\r\n").split(delimiter))
    return _decoded(number, cells)


def _decoded(number: int, cells: tuple[str, ...]) -> Row | Fault:
    for column, cell in enumerate(cells):
        if not cell.isascii() and _BROKEN.search(cell):
            return Fault(number=number, reason="encoding_broken", column=column, cells=cells)
    return Row(number=number, cells=cells)


def _quoted(
    first: tuple[int, str], lines: _Lines, delimiter: str, width: int
) -> Row | Fault | None:
    """Read a row with quotes, over several lines if need be; give back what is not its own."""
    taken = [first]
    try:
        cells = _split([first[1]], delimiter)
        while cells is None and len(taken) < LINES_IN_ROW_MAX:
            following = lines.take()
            if following is None:
                break
            taken.append(following)
            cells = _split([text for _, text in taken], delimiter)
    except csv.Error:
        cells = None
    several = len(taken) > 1
    if cells is None or (several and len(cells) != width) or any("\0" in cell for cell in cells):
        lines.give_back(taken[1:])
        raw = tuple(first[1].rstrip("\r\n").split(delimiter))
        return Fault(number=first[0], reason="quote_misplaced", values={}, cells=raw)
    return _decoded(first[0], tuple(cells))

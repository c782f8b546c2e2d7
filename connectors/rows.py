"""Rows of a table file, whatever its format: what a reader of files hands to the connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.contract import Scalar

# What spreadsheets leave around a heading: byte order mark, no-break, zero width, full width space.
_EDGE = " \t\r\n\ufeff\u00a0\u200b\u3000"
_INNER = re.compile(r"[\s\u00a0\u3000]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row under the header; ``number`` is the row's (or first line's) number from 1."""

    number: int
    cells: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row that cannot be trusted; ``cells`` is what could be read of it, as text.

    ``column`` counts from 0; None when the fault is not in one cell.
    """

    number: int
    reason: str
    column: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to report about the table as a whole."""

    code: str
    row: int
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A header, what was noticed while finding it, and the rows, as often as one asks for them."""

    header: tuple[str, ...]
    findings: tuple[Finding, ...]
    rows: Callable[[], Iterator[Row | Fault]]
    sheet: str = ""


class Unreadable(Exception):  # noqa: N818 - an answer about a file, turned into a Rejected message
    """The file as a whole cannot be read; ``code`` and ``values`` say why."""

    def __init__(self, code: str, values: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.values = dict(values or {})
        super().__init__(f"{code} {self.values}")


def name_columns(cells: tuple[str, ...], row: int) -> tuple[tuple[str, ...], list[Finding]]:
    """Turn the header's cells into unique names, and report what had to be done for it.

    Headings are trimmed. A heading that stands twice names neither column (``amount#1`` and
    ``amount#2``), so that no mapping takes the wrong one; a column without one is ``column#4``.
    """
    trimmed = [_INNER.sub(" ", cell.strip(_EDGE)) for cell in cells]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    findings: list[Finding] = []
    names: list[str] = []
    seen: dict[str, int] = {}
    for index, heading in enumerate(trimmed):
        if not heading:
            names.append(f"column#{index + 1}")
            findings.append(
                Finding(code="header_unnamed", row=row, values={"column": str(index + 1)})
            )
        elif trimmed.count(heading) > 1:
            seen[heading] = seen.get(heading, 0) + 1
            names.append(f"{heading}#{seen[heading]}")
        else:
            names.append(heading)
    findings.extend(
        Finding(code="header_duplicate", row=row, values={"column": heading, "count": str(count)})
        for heading, count in seen.items()
    )
    return tuple(names), findings


def fit(number: int, cells: tuple[Scalar, ...], width: int) -> Row | Fault | None:
    """Hold a row against the header: None when blank, a Fault when it has other columns.

    Empty cells beyond the header are dropped; missing cells are never filled in.
    """
    if all(cell is None or cell == "" for cell in cells):
        return None
    while len(cells) > width and cells[-1] in (None, ""):
        cells = cells[:-1]
    if len(cells) != width:
        return Fault(
            number=number,
            reason="row_ragged",
            values={"expected": str(width), "found": str(len(cells))},
            cells=tuple("" if cell is None else str(cell) for cell in cells),
        )
    return Row(number=number, cells=cells)

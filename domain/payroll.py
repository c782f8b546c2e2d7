"""What payroll is handed: configurable columns, exact amounts, control totals, safe cells.

The columns are a document, ``attain.payroll_columns/1``. A cell is a text or an amount; a text that
a spreadsheet would take for a formula is given an apostrophe, and an amount is written out with the
decimals of its currency, never as a float.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.document import DocumentReader
from domain.exact import INTS
from domain.problem import Problem
from domain.unit import from_steps

COLUMNS_FORMAT = "attain.payroll_columns/1"
_MOST_COLUMNS = 60
# What a spreadsheet may take for a formula, and what makes it look at the next character.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Source(StrEnum):
    """Where a column comes from."""

    STAFF_NUMBER = "STAFF_NUMBER"
    PERSON = "PERSON"
    PERSON_ID = "PERSON_ID"
    UNIT = "UNIT"
    PERIOD = "PERIOD"
    PAID_ON = "PAID_ON"
    CURRENCY = "CURRENCY"
    EARNED = "EARNED"
    ADJUSTED = "ADJUSTED"
    GUARANTEE = "GUARANTEE"
    DRAW = "DRAW"
    RECOVERED = "RECOVERED"
    WITHHELD = "WITHHELD"
    RELEASED = "RELEASED"
    CARRIED = "CARRIED"  # carried into this sheet and out of it: the sum of both
    PAID = "PAID"
    DRAW_BALANCE = "DRAW_BALANCE"
    HOLDBACK_BALANCE = "HOLDBACK_BALANCE"
    CARRIED_BALANCE = "CARRIED_BALANCE"
    SHEET_HASH = "SHEET_HASH"
    NOTHING = "NOTHING"  # an empty column that the payroll system wants to see


class Decimals(StrEnum):
    """How an amount is written."""

    POINT = "POINT"  # 1234.50
    COMMA = "COMMA"  # 1234,50, with semicolons between the cells
    MINOR_UNITS = "MINOR_UNITS"  # 123450


# The lines of a sheet behind each column of money.
AMOUNTS: Mapping[Source, tuple[str, ...]] = {
    Source.EARNED: ("sheet.earned",),
    Source.GUARANTEE: ("guarantee.paid",),
    Source.DRAW: ("draw.paid",),
    Source.RECOVERED: ("draw.recovered",),
    Source.WITHHELD: ("holdback.withheld",),
    Source.RELEASED: ("holdback.released",),
    Source.CARRIED: ("clawback.before", "clawback.carried"),
    Source.PAID: ("sheet.paid",),
    Source.DRAW_BALANCE: ("draw.balance",),
    Source.HOLDBACK_BALANCE: ("holdback.balance",),
    Source.CARRIED_BALANCE: ("carried.balance",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollColumns:
    """The columns of an export in their order: heading and source."""

    decimals: Decimals
    footer: bool
    columns: tuple[tuple[str, Source], ...]

    @property
    def delimiter(self) -> str:
        """What stands between two cells of a CSV file."""
        return ";" if self.decimals is Decimals.COMMA else ","


PLAIN_COLUMNS: Mapping[str, object] = {
    "format": COLUMNS_FORMAT,
    "decimals": "POINT",
    "footer": True,
    "columns": [
        {"heading": heading, "source": source}
        for heading, source in (
            ("staff_number", "STAFF_NUMBER"),
            ("name", "PERSON"),
            ("period", "PERIOD"),
            ("pay_date", "PAID_ON"),
            ("currency", "CURRENCY"),
            ("earned", "EARNED"),
            ("adjustments", "ADJUSTED"),
            ("guarantee", "GUARANTEE"),
            ("draw", "DRAW"),
            ("recovered", "RECOVERED"),
            ("held_back", "WITHHELD"),
            ("released", "RELEASED"),
            ("carried", "CARRIED"),
            ("paid", "PAID"),
        )
    ],
}


def decode_columns(document: object) -> tuple[PayrollColumns | None, tuple[Problem, ...]]:
    """Read a document of columns; every problem is reported with its path."""
    reader = DocumentReader(document)
    reader.format(COLUMNS_FORMAT)
    decimals, footer = reader.choice("decimals", Decimals), reader.flag("footer")
    found: list[tuple[str, Source]] = []
    children = reader.children("columns")
    if not children and reader.has("columns"):
        reader.note("list_empty", "columns", {"field": "columns"})
    for child in children[:_MOST_COLUMNS]:
        heading, source = child.text("heading"), child.choice("source", Source)
        child.finish()
        if heading is not None and source is not None:
            if heading in {each for each, _ in found}:
                child.note("name_not_unique", child.at("heading"), {"name": heading[:80]})
            found.append((heading, source))
    if children[_MOST_COLUMNS:]:
        values = {"field": "columns", "low": "1", "high": str(_MOST_COLUMNS)}
        reader.note("number_out_of_range", "columns", values)
    reader.finish()
    if reader.failed or decimals is None or footer is None:
        return None, tuple(reader.problems)
    return (
        PayrollColumns(decimals=decimals, footer=footer, columns=tuple(found)),
        tuple(reader.problems),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A cell of money."""

    steps: int
    currency: str

    def text(self, decimals: Decimals) -> str:
        """Write it out exactly."""
        if decimals is Decimals.MINOR_UNITS:
            return str(self.steps)
        written = f"{from_steps(self.steps, self.currency):f}"
        return written.replace(".", ",") if decimals is Decimals.COMMA else written


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollRow:
    """One person's row: what each source gives."""

    texts: Mapping[Source, str]
    amounts: Mapping[Source, int]
    currency: str

    def cell(self, source: Source) -> str | Amount:
        """Return what a column shows of this row."""
        if source in self.amounts:
            return Amount(steps=self.amounts[source], currency=self.currency)
        return self.texts.get(source, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotals:
    """By what payroll sees that the file arrived whole and unchanged."""

    rows: int
    sums: Mapping[str, int]  # paid, per currency
    sha256: str  # of the table in its plain form, heading included, footer left out


def safe(text: str) -> str:
    """Keep a text from being taken for a formula: ``=1+1`` becomes ``'=1+1``."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def table_of(columns: PayrollColumns, rows: Sequence[PayrollRow]) -> list[list[str]]:
    """Write heading and rows as texts, each of them safe to open."""
    found = [[safe(heading) for heading, _ in columns.columns]]
    for row in rows:
        cells = [row.cell(source) for _, source in columns.columns]
        found.append(
            [
                cell.text(columns.decimals) if isinstance(cell, Amount) else safe(cell)
                for cell in cells
            ]
        )
    return found


def control_totals(columns: PayrollColumns, rows: Sequence[PayrollRow]) -> ControlTotals:
    """Count the rows, add up what is paid per currency, and hash the table."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.currency] = INTS.plus(sums.get(row.currency, 0), row.amounts[Source.PAID])
    text = csv_text(columns, table_of(columns, rows))
    return ControlTotals(
        rows=len(rows),
        sums=dict(sorted(sums.items())),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def footer_of(totals: ControlTotals, decimals: Decimals) -> list[list[str]]:
    """Write the totals as lines that no payroll system takes for a person."""
    return [
        ["#ROWS", str(totals.rows)],
        *(
            [f"#SUM {currency}", Amount(steps=steps, currency=currency).text(decimals)]
            for currency, steps in totals.sums.items()
        ),
        ["#SHA256", totals.sha256],
    ]


def csv_text(columns: PayrollColumns, table: Sequence[Sequence[str]]) -> str:
    """Write a table as CSV (RFC 4180): every text that needs it in quotes, CR LF at line ends."""
    lines = [
        columns.delimiter.join(_quoted(cell, columns.delimiter) for cell in row) for row in table
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _quoted(cell: str, delimiter: str) -> str:
    if any(mark in cell for mark in ('"', "\r", "\n", delimiter)):
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell

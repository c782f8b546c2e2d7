"""The results of an old system as its sheet has them: which column says what, and the cells read.

A sheet has one row per person (a column per component), or one per sale, then with its number.
Numbers of a sheet are often unrounded; what was paid was not. An amount with more decimals than the
currency is rounded half up, as a payslip would, and the row says so. Nothing else is guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from types import MappingProxyType

import msgspec

from domain.problem import Problem, Refused, Severity
from domain.unit import CURRENCIES, decimals_of, to_steps

COMPONENTS_MOST = 40
ROWS_MOST = 200_000
_SIGNS = ("¥", "￥", "$", "€", "£")
_NOTHING = frozenset({"", "-", "--", "—", "/"})
_NO_UNITS: Mapping[str, str] = MappingProxyType({})


class NamedBy(StrEnum):
    """What the old system calls people by."""

    STAFF_NUMBER = "STAFF_NUMBER"
    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountColumn:
    """Where the pay of a component stands; without a column only the sales are known."""

    component: str
    column: str | None = None


class ValueKind(StrEnum):
    """What a column says of a metric."""

    ACTUAL = "ACTUAL"  # what was achieved
    TARGET = "TARGET"  # the goal it was held against


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueColumn:
    """Where a number stands that the old system paid for: a metric of ours, or the score."""

    metric: str
    column: str
    says: ValueKind = ValueKind.ACTUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLayout:
    """Which column says what. With ``record`` each row is a sale, without it a person."""

    person: str
    named_by: NamedBy
    amounts: tuple[AmountColumn, ...]
    record: str | None = None
    base: str | None = None
    values: tuple[ValueColumn, ...] = ()
    fact: str | None = None  # of what kind the sales are, where several feed what they pay for

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The fields that name a column, each with its name."""
        found = [("person", self.person), ("record", self.record), ("base", self.base)]
        found += [(f"amounts[{n}].column", each.column) for n, each in enumerate(self.amounts)]
        found += [(f"values[{n}].column", each.column) for n, each in enumerate(self.values)]
        return tuple((path, name) for path, name in found if name is not None)

    def document(self) -> dict[str, object]:
        """Write it as it is kept."""
        return {
            "person": self.person,
            "namedBy": self.named_by.value,
            "record": self.record,
            "base": self.base,
            "amounts": [{"component": a.component, "column": a.column} for a in self.amounts],
            "fact": self.fact,
            "values": [
                {"metric": each.metric, "column": each.column, "says": each.says.value}
                for each in self.values
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRow:
    """One row: whose it is by the old name, and what was paid for each component."""

    number: int
    given: str
    record: str | None
    base: int | None
    amounts: Mapping[str, int | None]
    values: tuple[tuple[str, str, int, int], ...] = ()  # metric, what it says, steps and grain


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong with a row; an error keeps it out, a warning lets it in."""

    number: int
    problem: Problem

    @property
    def is_error(self) -> bool:
        """Whether the row was left out."""
        return self.problem.severity is Severity.ERROR


@dataclass(slots=True)
class OldRows:
    """What was read of a sheet."""

    rows: list[OldRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    read: int = 0


def read_layout(document: object) -> OldLayout:
    """Read a layout as it is written in a file, with the names of the API."""
    try:
        found = msgspec.convert(document, _LayoutDocument)
    except msgspec.ValidationError as fault:
        raise Refused("old_layout_invalid", {"reason": str(fault)[:200]}, path="layout") from fault
    return OldLayout(
        person=found.person,
        named_by=found.named_by,
        record=found.record,
        base=found.base,
        amounts=tuple(
            AmountColumn(component=each.component, column=each.column) for each in found.amounts
        ),
        fact=found.fact,
        values=tuple(
            ValueColumn(metric=each.metric, column=each.column, says=each.says)
            for each in found.values
        ),
    )


class _AmountDocument(msgspec.Struct, forbid_unknown_fields=True):
    component: str
    column: str | None = None


class _ValueDocument(msgspec.Struct, forbid_unknown_fields=True):
    metric: str
    column: str
    says: ValueKind = ValueKind.ACTUAL


class _LayoutDocument(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    person: str
    named_by: NamedBy
    amounts: list[_AmountDocument]
    record: str | None = None
    base: str | None = None
    fact: str | None = None
    values: list[_ValueDocument] = []


def refuse_layout(layout: OldLayout, header: Sequence[str]) -> None:
    """Refuse a layout that names columns which are not there, or nothing to compare."""
    for path, name in layout.columns:
        if name not in header:
            values = {"column": name[:80], "columns": ", ".join(header)[:400]}
            raise Refused("old_column_missing", values, path=f"layout.{path}")
    components = [each.component for each in layout.amounts]
    if not components or len(components) > COMPONENTS_MOST:
        values = {"field": "amounts", "low": "1", "high": str(COMPONENTS_MOST)}
        raise Refused("number_out_of_range", values, path="layout.amounts")
    for place, component in enumerate(components):
        if component in components[:place]:
            path = f"layout.amounts[{place}].component"
            raise Refused("old_component_twice", {"component": component[:80]}, path=path)
    _refuse_values(layout)
    for place, each in enumerate(layout.amounts):
        if each.column is None and layout.base is None and layout.record is None:
            path = f"layout.amounts[{place}].column"
            raise Refused("old_column_needed", {"component": each.component[:80]}, path=path)


def _refuse_values(layout: OldLayout) -> None:
    if len(layout.values) > COMPONENTS_MOST:
        values = {"field": "values", "low": "0", "high": str(COMPONENTS_MOST)}
        raise Refused("number_out_of_range", values, path="layout.values")
    if layout.values and layout.record is not None:
        # of a person there is one number, and of a sale none
        raise Refused("old_values_by_sale", {}, path="layout.values")
    said = [(each.metric, each.says) for each in layout.values]
    for place, each in enumerate(said):
        if each in said[:place]:
            path = f"layout.values[{place}].metric"
            raise Refused("old_component_twice", {"component": each[0][:80]}, path=path)


def read_rows(
    layout: OldLayout,
    rows: Iterable[tuple[int, Mapping[str, object]]],
    currency: str,
    units: Mapping[str, str] = _NO_UNITS,
) -> OldRows:
    """Read the rows of a sheet; a row that cannot be read is named and left out."""
    found = OldRows()
    seen: set[str] = set()
    for number, cells in rows:
        found.read += 1
        if found.read > ROWS_MOST:
            raise Refused("old_rows_many", {"most": str(ROWS_MOST)}, path="content")
        row, problems = _read(layout, number, cells, currency, units)
        if row is not None and layout.record is None:
            if row.given in seen:
                problems.append(_problem("old_row_twice", layout.person))
            seen.add(row.given)
        found.problems.extend(RowProblem(number=number, problem=each) for each in problems)
        if row is not None and not any(each.severity is Severity.ERROR for each in problems):
            found.rows.append(row)
    return found


def _read(
    layout: OldLayout,
    number: int,
    cells: Mapping[str, object],
    currency: str,
    units: Mapping[str, str],
) -> tuple[OldRow | None, list[Problem]]:
    problems: list[Problem] = []
    given = text_of(cells.get(layout.person))
    if not given:
        return None, [_problem("old_person_missing", layout.person)]
    record = None
    if layout.record is not None:
        record = text_of(cells.get(layout.record))
        if not record:
            return None, [_problem("old_record_missing", layout.record)]

    def money(column: str | None) -> int | None:
        if column is None:
            return None
        amount, found = old_amount(cells.get(column), currency)
        problems.extend(_problem(code, column, severity) for code, severity in found)
        return amount

    def values() -> Iterator[tuple[str, str, int, int]]:
        for each in layout.values:
            steps, grain, found = old_number(cells.get(each.column), units[each.metric])
            problems.extend(_problem(code, each.column, severity) for code, severity in found)
            if steps is not None:
                yield each.metric, each.says.value, steps, grain

    row = OldRow(
        number=number,
        given=given,
        record=record,
        base=money(layout.base),
        amounts={each.component: money(each.column) for each in layout.amounts},
        values=tuple(values()),
    )
    return row, problems


def old_number(cell: object, unit: str) -> tuple[int | None, int, list[tuple[str, Severity]]]:
    """Read a number of a unit, and how fine it is written: ``75%`` is 0.75 to the hundredth.

    Money is read as amounts are. What is written shorter than the unit is a rounded number: ours
    is the same if it rounds to it.
    """
    if unit in CURRENCIES:
        amount, problems = old_amount(cell, unit)
        return amount, 1, problems
    text = text_of(cell)
    if text in _NOTHING:
        return None, 1, []
    is_percent = text.endswith("%")
    plain = _without_groups(text.removesuffix("%").strip())
    if plain is None:
        return None, 1, [("old_amount_unreadable", Severity.ERROR)]
    number = Decimal(plain).scaleb(-2) if is_percent else Decimal(plain)
    if abs(number) >= Decimal(10) ** 12:
        return None, 1, [("old_amount_unreadable", Severity.ERROR)]
    finest = decimals_of(unit)
    rounded = number.quantize(Decimal(1).scaleb(-finest), ROUND_HALF_UP)
    warned = [] if rounded == number else [("old_amount_rounded", Severity.WARNING)]
    exponent = number.as_tuple().exponent
    written = -exponent if isinstance(exponent, int) else 0
    return to_steps(rounded, unit), 10 ** max(finest - max(written, 0), 0), warned


def old_amount(cell: object, currency: str) -> tuple[int | None, list[tuple[str, Severity]]]:
    """Read an amount as people write it: ``¥1,234.50``, ``(12.00)``, full width, ``-`` for none.

    Thousands are told by commas in the right places only; more decimals than the currency has are
    rounded half up, with a warning.
    """
    text = text_of(cell)
    for sign in _SIGNS:
        text = text.removeprefix(sign).strip()
    text = text.removesuffix(currency).removesuffix("元").strip()
    if text in _NOTHING:
        return None, []
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    plain = _without_groups(_bare(text))
    if plain is None:
        return None, [("old_amount_unreadable", Severity.ERROR)]
    number = Decimal(plain)
    if abs(number) >= Decimal(10) ** 15:
        return None, [("old_amount_unreadable", Severity.ERROR)]
    rounded = number.quantize(Decimal(1).scaleb(-decimals_of(currency)), ROUND_HALF_UP)
    steps = to_steps(rounded, currency)
    warned = [] if rounded == number else [("old_amount_rounded", Severity.WARNING)]
    return steps, warned


def _bare(text: str) -> str:
    """Take out a currency sign behind the minus: ``-¥3``, ``(¥3)``."""
    body = text.removeprefix("-").strip()
    return f"-{body[1:].strip() if body[:1] in _SIGNS else body}" if text[:1] == "-" else text


def _without_groups(text: str) -> str | None:
    """Take commas out where they group thousands; None where the rest is no number."""
    sign = "-" if text[:1] == "-" else ""
    body = text[1:] if text[:1] in {"-", "+"} else text
    whole, point, rest = body.partition(".")
    first, *groups = whole.split(",")
    if groups and not (1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)):
        return None
    digits = first + "".join(groups)
    if not _is_digits(digits + rest) or (point and not rest and not digits):
        return None
    return f"{sign}{digits or '0'}{point}{rest}"


def _is_digits(text: str) -> bool:
    return bool(text) and text.isascii() and text.isdigit()


_PLAIN = {0x200B: None, 0x2212: "-"}  # no width at all, and the minus of typesetters


def text_of(cell: object) -> str:
    """Read a cell as text: full width made half, edges cut, a whole number without a point."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return unicodedata.normalize("NFKC", str(cell)).translate(_PLAIN).strip()


def _problem(code: str, column: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(code=code, path=column, values={"column": column}, severity=severity)


def counted(problems: Iterable[RowProblem]) -> Iterator[tuple[str, int]]:
    """Count the problems of a sheet by their codes, in the order of the codes."""
    found: dict[str, int] = {}
    for each in problems:
        found[each.problem.code] = found.get(each.problem.code, 0) + 1
    yield from sorted(found.items())

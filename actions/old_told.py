"""What the rows of an old system say of one person: amounts, sales, numbers and goals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.correction import plus
from domain.parallel_run import OldResult
from domain.problem import Severity
from storage.old_results import OldResultSet, StoredOldRow

ACTUAL, TARGET = "ACTUAL", "TARGET"
ADDS_UP_OTHERS = "old_row_total"  # sheets that were taken long ago call it a warning


@dataclass(slots=True)
class ToldOfComponent:
    """What the rows say of one component."""

    amount: int | None = None
    base: int | None = None
    by_sales: int | None = None
    rounded: int = 0  # how many single sales have an amount
    records: dict[str, int | None] = field(default_factory=dict)  # what each sold, in money

    @property
    def paid(self) -> int | None:
        """The amount told as a whole, else the sum of those of its sales."""
        return self.by_sales if self.amount is None else self.amount

    @property
    def result(self) -> OldResult | None:
        """The same, as the core takes it."""
        return None if self.paid is None else OldResult(amount=self.paid, sales=self.rounded)


@dataclass(slots=True)
class ToldOfPerson:
    """What the rows say of one person, or of one name."""

    given: str
    components: dict[str, ToldOfComponent] = field(default_factory=dict)
    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    goals: dict[str, int] = field(default_factory=dict)

    def add(self, row: StoredOldRow) -> None:
        """Add a row."""
        told = self.components.setdefault(row.component, ToldOfComponent())
        if row.record is None:
            told.amount = _added(told.amount, row.amount)
            told.base = _added(told.base, row.base)
        else:
            told.by_sales = _added(told.by_sales, row.amount)
            told.rounded += row.amount is not None
            told.records[row.record] = _added(told.records.get(row.record), row.base)
        for key, says, steps, grain in row.values:
            if says == TARGET:
                self.goals[key] = steps
            else:
                self.values[key] = (steps, grain)


def _added(one: int | None, other: int | None) -> int | None:
    return one if other is None else plus(one or 0, other)


def told_of_people(rows: Iterable[StoredOldRow]) -> dict[str, ToldOfPerson]:
    """Put the rows of each person together; a name that is nobody's has a question mark."""
    found: dict[str, ToldOfPerson] = {}
    for row in rows:
        key = row.person_id or f"?{row.given}"
        found.setdefault(key, ToldOfPerson(given=row.given)).add(row)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Why rows of a sheet are not compared, and how many; an example of what the sentence needs."""

    code: str
    rows: int
    values: Mapping[str, str]


def left_out(sheets: Iterable[OldResultSet]) -> tuple[LeftOut, ...]:
    """Say why rows of some sheets are not compared, by code.

    A row can have several faults, so these may add up to more than the rows that were left out.
    """
    counts: dict[str, int] = {}
    values: dict[str, Mapping[str, str]] = {}
    for sheet in sheets:
        first = {each["code"]: each for each in reversed(sheet.problems.get("first", ()))}
        for code, rows in sheet.problems.get("counts", {}).items():
            # Of a fault that is not among the first hundred nothing but its code is kept.
            severity = first.get(code, {}).get("severity", Severity.ERROR.value)
            if severity == Severity.ERROR.value or code == ADDS_UP_OTHERS:
                counts[code] = counts.get(code, 0) + rows
                values.setdefault(code, first.get(code, {}).get("values", {}))
    return tuple(
        LeftOut(code=code, rows=rows, values=values[code]) for code, rows in sorted(counts.items())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """The sheets of a period, and what they say as a whole."""

    sets: tuple[OldResultSet, ...]

    @property
    def currency(self) -> str:
        """The currency of the amounts."""
        return self.sets[0].currency

    @property
    def unsaid(self) -> frozenset[str]:
        """Components of which the sheets say the sales alone: there is no pay to compare."""
        columns = [each for sheet in self.sets for each in sheet.layout["amounts"]]
        said = {each["component"] for each in columns if each["column"] is not None}
        return frozenset({each["component"] for each in columns} - said)

    @property
    def by_sales(self) -> Mapping[str, str | None]:
        """The components told sale by sale, each with the kind of fact its sales are, if said."""
        return {
            each["component"]: sheet.layout.get("fact")
            for sheet in self.sets
            if sheet.layout.get("record") is not None
            for each in sheet.layout["amounts"]
        }

    @property
    def ids(self) -> Sequence[str]:
        """The sheets by their ids."""
        return [each.id for each in self.sets]

"""One row of a source through its mapping: drafts of what it says, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from domain.fact import FactDraft
from domain.mapping import (
    DIRECTORY_FIELDS,
    Cell,
    Comparison,
    DirectoryDraft,
    DirectoryTarget,
    FactTarget,
    Moment,
    Quantity,
    Sign,
    StreamMapping,
    Target,
    WhenMissing,
    Where,
)
from domain.problem import Problem, Severity
from domain.unit import DECIMALS, to_steps

# Full-width forms and nothing else: a superscript two is no two.
_HALF_WIDTH = {0xFF01 + place: 0x21 + place for place in range(94)} | {0x3000: 0x20}
_DATES = (date(1970, 1, 1), date(2200, 1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a row's dates depend on: the day of reading, the zone and the entity's day cut-off.

    ``zone`` is where the source wrote instants without an offset, ``home`` the zone of the legal
    entity, in which the business date is decided; a day ends ``cutoff_minutes`` after midnight.
    """

    today: date
    zone: tzinfo
    home: tzinfo
    cutoff_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What one row makes, by the name of the target; nothing at all when a problem is an error."""

    facts: Mapping[str, FactDraft]
    directory: tuple[DirectoryDraft, ...]
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        """Say whether the row is not used."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def to_drafts(
    content: Mapping[str, object], position: str, mapping: StreamMapping, around: Surroundings
) -> Drafts:
    """Apply the mapping to one row of the source.

    ``position`` is the row's place for people (``file:orders.csv/row:17``); every problem's path
    is that place and the column. A row that no target wants makes nothing and has no problem.
    """
    row = _Row(content, position, around)
    for choice in mapping.choices:
        value = row.text(choice.column)
        if value and value not in choice.values:
            values = {"column": choice.column, "value": value, "choices": ", ".join(choice.values)}
            row.note("cell_not_a_choice", choice.column, values)
    facts: dict[str, FactDraft] = {}
    directory: list[DirectoryDraft] = []
    for target in mapping.targets:
        if all(row.holds(where) for where in target.where):
            _make(row, target, facts, directory)
    if row.failed:
        return Drafts(facts={}, directory=(), problems=tuple(row.problems))
    return Drafts(facts=facts, directory=tuple(directory), problems=tuple(row.problems))


def normal(text: str) -> str:
    """Write digits and signs in half width, as numbers need: ``１２３，４`` is ``123,4``."""
    return text if text.isascii() else text.translate(_HALF_WIDTH).strip()


def _make(
    row: _Row, target: Target, facts: dict[str, FactDraft], directory: list[DirectoryDraft]
) -> None:
    if target.fact is not None:
        draft = _fact(row, target.fact)
        if draft is not None:
            facts[target.name] = draft
    elif target.directory is not None:
        directory.append(_directory(row, target, target.directory))


def _fact(row: _Row, target: FactTarget) -> FactDraft | None:
    identity = row.cell(target.person, "person_missing")
    instant = row.instant(target.instant) if target.instant else None
    day = row.day(target.day) if target.day else None
    if target.day is None and instant is not None and target.instant is not None:
        day = row.business_date(instant, target.instant)
    unit = target.quantity.unit
    if target.quantity.unit_cell is not None:
        unit = row.unit(target.quantity.unit_cell)
    quantity = row.quantity(target.quantity, unit)
    subject = row.cell(target.subject, "subject_missing") if target.subject else None
    attributes = {}
    for name, cell in target.attributes.items():
        value = row.cell(cell, "cell_missing")
        if value is not None:
            attributes[name] = value
    if identity is None or day is None or unit is None or quantity is None:
        return None
    return FactDraft(
        kind=target.kind,
        namespace=target.namespace,
        identity=identity,
        business_date=day,
        instant=instant,
        quantity=quantity,
        unit=unit,
        subject=subject,
        attributes=attributes,
    )


def _directory(row: _Row, target: Target, own: DirectoryTarget) -> DirectoryDraft:
    texts = {name: row.cell(cell, "cell_missing") for name, cell in own.cells.items()}
    days = {name: row.day(moment) for name, moment in own.moments.items()}
    identities = {name: row.cell(cell, "cell_missing") for name, cell in own.identities.items()}
    needed_texts, _, needed_days, _ = DIRECTORY_FIELDS[target.make]
    for name in needed_texts:
        row.demand(texts[name], own.cells[name])
    for name in needed_days:
        row.demand(days[name], own.moments[name])
    return DirectoryDraft(
        name=target.name,
        make=target.make,
        texts={name: text for name, text in texts.items() if text is not None},
        days={name: day for name, day in days.items() if day is not None},
        identities={name: text for name, text in identities.items() if text is not None},
    )


class _Row:
    """The cells of one row and the problems found in them."""

    def __init__(self, content: Mapping[str, object], position: str, around: Surroundings) -> None:
        self._content = content
        self._position = position
        self._around = around
        self.problems: list[Problem] = []
        self.failed = False

    def note(
        self, code: str, column: str, values: Mapping[str, str], *, warns: bool = False
    ) -> None:
        severity = Severity.WARNING if warns else Severity.ERROR
        path = f"{self._position}/column:{column}"
        problem = Problem(code=code, path=path, values=values, severity=severity)
        if problem not in self.problems:  # several targets may trip over one cell
            self.problems.append(problem)
        self.failed = self.failed or not warns

    def text(self, column: str) -> str:
        if column not in self._content:
            self.note("column_missing", column, {"column": column})
            return ""
        value = self._content[column]
        return "" if value is None else str(value).strip()

    def holds(self, where: Where) -> bool:
        text = self.text(where.column)
        match where.comparison:
            case Comparison.IN:
                return text in where.values
            case Comparison.NOT_IN:
                return text not in where.values
            case Comparison.EMPTY:
                return not text
            case Comparison.NOT_EMPTY:
                return bool(text)
            case Comparison.STARTS_WITH:
                return text.startswith(where.values)

    def cell(self, cell: Cell, code: str) -> str | None:
        if cell.column is None:
            return cell.constant
        text = self.text(cell.column)
        if not text or text in cell.missing:
            self._missing(cell.when_missing, code, cell.column)
            return None
        return cell.values.get(text, text)

    def _missing(self, when: WhenMissing, code: str, column: str) -> None:
        if when is not WhenMissing.ALLOW:
            self.note(code, column, {"column": column}, warns=when is WhenMissing.WARN)

    def demand(self, found: object, source: Cell | Moment) -> None:
        """Fail a row without what it needs, although the mapping lets that cell be empty."""
        if found is None and source.when_missing is not WhenMissing.REJECT:
            column = source.column or ""
            self.note("cell_missing", column, {"column": column})

    def unit(self, cell: Cell) -> str | None:
        unit = self.cell(cell, "cell_missing")
        if unit is not None and unit not in DECIMALS:
            self.note("unit_unknown", cell.column or "", {"unit": unit})
            return None
        return unit

    def quantity(self, quantity: Quantity, unit: str | None) -> int | None:
        if unit is None:
            return None
        if quantity.column is None:
            return to_steps(quantity.constant or "", unit)
        text = normal(self.text(quantity.column))
        values = {"column": quantity.column, "value": text, "unit": unit}
        if not text:
            self.note("quantity_missing", quantity.column, {"column": quantity.column})
            return None
        plain = _ungrouped(text, quantity.grouping)
        steps = to_steps(plain, unit) if _is_number(plain) else None
        if steps is None:
            code = "number_not_exact" if _is_number(plain) else "cell_not_a_number"
            self.note(code, quantity.column, values)
            return None
        if steps < 0 and quantity.sign is Sign.NOT_NEGATIVE:
            self.note("quantity_negative", quantity.column, values)
        return -steps if quantity.sign is Sign.NEGATED else steps

    def day(self, moment: Moment) -> date | None:
        found = self._moment(moment)
        if found is None or moment.column is None:
            return moment.constant
        return self._plausible(found.date(), moment, moment.column)

    def instant(self, moment: Moment) -> datetime | None:
        found = self._moment(moment)
        if found is None:
            return None
        aware = found if found.tzinfo else found.replace(tzinfo=self._around.zone)
        return aware.astimezone(UTC)

    def business_date(self, instant: datetime, moment: Moment) -> date | None:
        local = instant.astimezone(self._around.home)
        shifted = local - timedelta(minutes=self._around.cutoff_minutes)
        return self._plausible(shifted.date(), moment, moment.column or "")

    def _plausible(self, day: date, moment: Moment, column: str) -> date | None:
        low, high = _DATES
        if moment.ahead_days is not None:
            high = min(high, self._around.today + timedelta(days=moment.ahead_days + 1))
        if low <= day < high:
            return day
        self.note("date_implausible", column, {"column": column, "value": day.isoformat()})
        return None

    def _moment(self, moment: Moment) -> datetime | None:
        if moment.column is None:
            return None
        text = normal(self.text(moment.column))
        if not text:
            self._missing(moment.when_missing, "date_missing", moment.column)
            return None
        for pattern in moment.formats:
            read = _read_moment(text, pattern)
            if read is not None:
                return read
        self.note("date_unreadable", moment.column, {"column": moment.column, "value": text})
        return None


@lru_cache(maxsize=10_000)
def _read_moment(text: str, pattern: str) -> datetime | None:
    """Read a moment as ``strptime`` does; a file says the same few days many times."""
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is put on by the caller
    except ValueError:
        return None


def _ungrouped(text: str, grouping: str) -> str:
    """Take separators of thousands out, but only where they stand in the right places."""
    if not grouping or grouping not in text:
        return text
    whole, point, rest = text.partition(".")
    first, *groups = whole.lstrip("+-").split(grouping)
    good = 1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)
    if not good or grouping in rest:
        return text
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{first}{''.join(groups)}{point}{rest}"


def _is_number(text: str) -> bool:
    body = text.removeprefix("-").removeprefix("+") if text[:2] not in ("+-", "-+") else "x"
    whole, _, rest = body.partition(".")
    digits = whole + rest
    return bool(digits) and digits.isascii() and digits.isdigit()

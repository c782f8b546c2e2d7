"""What a metric is: a name, a unit, a direction and a formula over facts, as a document.

The formula says what is counted; ``measure`` says how its parts are put together; ``storage``
adds up the facts. A metric that names no fact kind or no refresh cannot be published (27, 42).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.credit_kind import CreditChoice, read_choice, write_choice
from domain.document import DocumentReader
from domain.problem import Problem

METRIC_FORMAT = "attain.metric/1"
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


class Dimension(StrEnum):
    """The side of performance a metric shows (36, 37)."""

    RESULT = "RESULT"
    PROCESS = "PROCESS"
    BEHAVIOR = "BEHAVIOR"
    GROWTH = "GROWTH"


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "HIGHER"
    LOWER = "LOWER"
    TARGET = "TARGET"
    BOOLEAN = "BOOLEAN"


class EmptyPolicy(StrEnum):
    """What it means that a person has no fact at all in the window."""

    NO_DATA = "NO_DATA"
    ZERO = "ZERO"


class Refresh(StrEnum):
    """How often the source is read."""

    LIVE = "LIVE"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class Operator(StrEnum):
    """How an attribute is compared."""

    IN = "IN"
    NOT_IN = "NOT_IN"


class FormulaKind(StrEnum):
    """The shapes a formula may have."""

    SUM = "SUM"
    COUNT = "COUNT"
    DISTINCT = "DISTINCT"
    MEAN = "MEAN"
    LAST = "LAST"
    RATIO = "RATIO"
    RETURNING = "RETURNING"
    RATE = "RATE"
    GROWTH = "GROWTH"


class Per(StrEnum):
    """The span a RATE counts by."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A filter on one attribute of a fact: ``channel IN (online, shop)``."""

    attribute: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A formula; which fields are filled depends on ``kind``.

    SUM, COUNT, MEAN, LAST read ``fact`` and ``where``; all but COUNT name the ``unit`` of the
    quantity, and facts of another unit stay out (currencies never mix). DISTINCT counts ``of``:
    ``subject``, ``person`` or the name of an attribute. RATIO has two formulas in ``parts``.
    RETURNING counts the subjects of the ``base_months`` before the window who come back in the
    ``return_months`` that end with the period, over all subjects of the base. RATE divides
    ``parts[0]`` by the number of ``per`` in the period. GROWTH compares ``parts[0]`` with
    ``periods_back`` periods before: (now - then) / |then|. ``credit`` names the credits that count
    for somebody; without it those that make up the fact.
    """

    kind: FormulaKind
    fact: str | None = None
    where: tuple[Condition, ...] = ()
    unit: str | None = None
    of: str | None = None
    parts: tuple[Formula, ...] = ()
    base_months: int = 0
    return_months: int = 0
    per: Per | None = None
    periods_back: int = 0
    credit: CreditChoice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric definition. ``key`` is permanent: ``consumer_goods.sales_amount``."""

    key: str
    name: Mapping[str, str]
    explanation: Mapping[str, str]
    dimension: Dimension
    direction: Direction
    unit: str
    empty: EmptyPolicy
    refresh: Refresh
    tags: tuple[str, ...]
    formula: Formula

    @property
    def fact_kinds(self) -> frozenset[str]:
        """The kinds of facts the metric is fed by."""
        return frozenset(_kinds(self.formula))


def _kinds(formula: Formula) -> list[str]:
    own = [formula.fact] if formula.fact else []
    return own + [kind for part in formula.parts for kind in _kinds(part)]


def decode_metric(document: object) -> tuple[Metric | None, tuple[Problem, ...]]:
    """Read a metric document; every fault is reported with its JSON path."""
    reader = DocumentReader(document)
    reader.format(METRIC_FORMAT)
    key = read_key(reader, "key")
    name, explanation = reader.texts("name"), reader.texts("explanation")
    dimension = reader.choice("dimension", Dimension)
    direction = reader.choice("direction", Direction)
    unit = reader.unit("unit")
    empty = reader.choice("empty", EmptyPolicy)
    refresh = reader.choice("refresh", Refresh)
    tags = reader.names("tags", required=False)
    child = reader.child("formula")
    formula = _read_formula(child) if child else None
    reader.finish()
    if reader.failed:
        return None, tuple(reader.problems)
    # All were read above, or a problem was noted.
    assert key is not None
    assert name is not None
    assert explanation is not None
    assert dimension is not None
    assert direction is not None
    assert unit is not None
    assert empty is not None
    assert refresh is not None
    assert formula is not None
    metric = Metric(
        key=key,
        name=name,
        explanation=explanation,
        dimension=dimension,
        direction=direction,
        unit=unit,
        empty=empty,
        refresh=refresh,
        tags=tags,
        formula=formula,
    )
    return metric, tuple(reader.problems)


def read_key(reader: DocumentReader, name: str) -> str | None:
    """Read a permanent key: small letters, digits, underscores, dots between the parts."""
    found = reader.text(name)
    if found is not None and (KEY.fullmatch(found) is None or len(found) > 120):
        reader.note("key_invalid", reader.at(name), {"field": name, "key": found[:80]})
        return None
    return found


def _read_formula(reader: DocumentReader) -> Formula | None:
    kind = reader.choice("kind", FormulaKind)
    if kind is None:
        return None
    formula = _READERS[kind](reader, kind)
    reader.finish()
    return formula


_WITH_UNIT = frozenset({FormulaKind.SUM, FormulaKind.MEAN, FormulaKind.LAST})


def _read_plain(reader: DocumentReader, kind: FormulaKind) -> Formula | None:
    fact = reader.text("fact")
    where = read_where(reader)
    of = reader.text("of") if kind is FormulaKind.DISTINCT else None
    unit = reader.unit("unit") if kind in _WITH_UNIT else None
    credit = read_choice(reader)
    if fact is None:
        return None
    return Formula(kind=kind, fact=fact, where=where, of=of, unit=unit, credit=credit)


def _read_returning(reader: DocumentReader, kind: FormulaKind) -> Formula | None:
    fact = reader.text("fact")
    where = read_where(reader)
    base = reader.whole("baseMonths", 1, 36)
    back = reader.whole("returnMonths", 1, 36)
    credit = read_choice(reader)
    if fact is None or base is None or back is None:
        return None
    return Formula(
        kind=kind, fact=fact, where=where, base_months=base, return_months=back, credit=credit
    )


def _read_ratio(reader: DocumentReader, kind: FormulaKind) -> Formula | None:
    parts = [
        _read_formula(child)
        for child in (reader.child("numerator"), reader.child("denominator"))
        if child is not None
    ]
    found = tuple(part for part in parts if part is not None)
    return Formula(kind=kind, parts=found) if len(found) == 2 else None


def _read_rate(reader: DocumentReader, kind: FormulaKind) -> Formula | None:
    part = _read_child(reader)
    per = reader.choice("per", Per)
    return Formula(kind=kind, parts=(part,), per=per) if part and per else None


def _read_growth(reader: DocumentReader, kind: FormulaKind) -> Formula | None:
    part = _read_child(reader)
    back = reader.whole("periodsBack", 1, 60)
    return Formula(kind=kind, parts=(part,), periods_back=back) if part and back else None


def _read_child(reader: DocumentReader) -> Formula | None:
    child = reader.child("of")
    return _read_formula(child) if child else None


_READERS = {
    FormulaKind.SUM: _read_plain,
    FormulaKind.COUNT: _read_plain,
    FormulaKind.DISTINCT: _read_plain,
    FormulaKind.MEAN: _read_plain,
    FormulaKind.LAST: _read_plain,
    FormulaKind.RATIO: _read_ratio,
    FormulaKind.RETURNING: _read_returning,
    FormulaKind.RATE: _read_rate,
    FormulaKind.GROWTH: _read_growth,
}


def read_where(reader: DocumentReader) -> tuple[Condition, ...]:
    """Read ``where``: filters on attributes, all of which must hold; absent is no filter."""
    conditions = []
    for child in reader.children("where", required=False):
        attribute = child.text("attribute")
        operator = child.choice("operator", Operator)
        values = child.names("values")
        if child.raw("values", required=False) == []:
            # A filter that names nothing must not be dropped: the metric would count everything.
            child.note("list_empty", child.at("values"), {"field": "values"})
        child.finish()
        if attribute and operator and values:
            conditions.append(Condition(attribute=attribute, operator=operator, values=values))
    return tuple(conditions)


def write_where(where: tuple[Condition, ...]) -> list[dict[str, object]]:
    """Write filters back as they are read."""
    return [
        {"attribute": c.attribute, "operator": c.operator.value, "values": list(c.values)}
        for c in where
    ]


def encode_metric(metric: Metric) -> dict[str, object]:
    """Write a metric back as its document."""
    return {
        "format": METRIC_FORMAT,
        "key": metric.key,
        "name": dict(metric.name),
        "explanation": dict(metric.explanation),
        "dimension": metric.dimension.value,
        "direction": metric.direction.value,
        "unit": metric.unit,
        "empty": metric.empty.value,
        "refresh": metric.refresh.value,
        "tags": list(metric.tags),
        "formula": _write_formula(metric.formula),
    }


def _write_formula(formula: Formula) -> dict[str, object]:
    written: dict[str, object] = {"kind": formula.kind.value}
    if formula.fact:
        written["fact"] = formula.fact
    if formula.where:
        written["where"] = write_where(formula.where)
    if formula.unit:
        written["unit"] = formula.unit
    if formula.of:
        written["of"] = formula.of
    if formula.kind is FormulaKind.RATIO:
        written["numerator"] = _write_formula(formula.parts[0])
        written["denominator"] = _write_formula(formula.parts[1])
    elif formula.parts:
        written["of"] = _write_formula(formula.parts[0])
    if formula.kind is FormulaKind.RETURNING:
        written["baseMonths"] = formula.base_months
        written["returnMonths"] = formula.return_months
    if formula.per:
        written["per"] = formula.per.value
    if formula.periods_back:
        written["periodsBack"] = formula.periods_back
    if formula.credit:
        written["credit"] = write_choice(formula.credit)
    return written

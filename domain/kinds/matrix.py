"""An amount, or a factor of a base, from a table of two metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.axis import On, read_on
from domain.component import TOTAL, Kind, MatrixPays, Negative, Terms
from domain.curve import Axis
from domain.document import DocumentReader, decimal_text
from domain.exact import Boundary, Comparison, Value, Words
from domain.factors import base_line, changed
from domain.kinds.base import Component
from domain.line_parts import shown_of, with_policy
from domain.plan_reader import PlanReader
from domain.program import NUMBER, LineKind, LineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a matrix: what is held against its rising edges."""

    on: On
    boundary: Boundary
    edges: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many rows or columns the edges cut."""
        return len((None, *self.edges))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Component):
    """The cell in which two metrics meet; it has one row and one column more than edges."""

    kind = Kind.MATRIX
    amount_codes = ("line_matrix_amount", "line_matrix_factor_amount")
    step_codes = (
        "line_attained",
        "line_matrix_row",
        "line_matrix_column",
        "line_matrix_factor",
        "line_multiplier_base",
    )

    rows: Side
    columns: Side
    pays: MatrixPays
    cells: tuple[tuple[int, ...], ...]
    base: tuple[str, ...] = ()
    negative: Negative | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own; only a factor has a base."""
        rows, columns = _read_side(reader, plan, "rows"), _read_side(reader, plan, "columns")
        pays = reader.choice("pays", MatrixPays)
        unit = "RATIO" if pays is MatrixPays.FACTOR else plan.currency or None
        own: dict[str, object] = {"rows": rows, "columns": columns, "pays": pays}
        own["cells"] = _read_cells(reader, unit, rows, columns)
        if pays is MatrixPays.FACTOR:
            own["base"] = plan.base(reader)
            own["negative"] = reader.choice("negative", Negative)
        return own

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        factor = self.pays is MatrixPays.FACTOR
        unit = "RATIO" if factor else terms.currency
        return {
            "rows": _write_side(self.rows, terms),
            "columns": _write_side(self.columns, terms),
            "pays": self.pays.value,
            "cells": [[decimal_text(each, unit) for each in row] for row in self.cells],
            "base": (list(self.base) or TOTAL) if factor else None,
            "negative": None if self.negative is None else self.negative.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.rows.on.metric, self.columns.on.metric)

    @property
    def targets(self) -> tuple[str, ...]:
        """The metrics whose targets it reads."""
        return (*self.rows.on.targets, *self.columns.on.targets)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        sides = [
            *_side_lines(terms, self.id, "row", self.rows),
            *_side_lines(terms, self.id, "column", self.columns),
        ]
        if self.pays is MatrixPays.AMOUNT:
            return [*sides, _amount_line(terms, self)]
        return [*sides, *_factor_lines(terms, self, earlier)]


def _read_side(reader: DocumentReader, plan: PlanReader, name: str) -> Side | None:
    inner = reader.child(name)
    if inner is None:
        return None
    on, boundary = read_on(inner, plan), inner.choice("boundary", Boundary)
    unit = None
    if on is not None:
        unit = "RATIO" if on.axis is Axis.ATTAINMENT else plan.unit(on.metric)
    edges = _read_edges(inner, unit)
    inner.finish()
    if on is None or boundary is None or unit is None:
        return None
    return Side(on=on, boundary=boundary, edges=edges)


def _read_edges(reader: DocumentReader, unit: str | None) -> tuple[int, ...]:
    texts = reader.names("edges")
    if not texts and reader.has("edges"):
        reader.note("list_empty", reader.at("edges"), {"field": "edges"})
    edges: list[int] = []
    for place, text in enumerate(texts):
        found = reader.exact(text, f"edges[{place}]", unit)
        if found is not None and edges and found <= edges[-1]:
            reader.note("points_not_rising", reader.at(f"edges[{place}]"), {})
        if found is not None:
            edges.append(found)
    return tuple(edges)


def _read_cells(
    reader: DocumentReader, unit: str | None, rows: Side | None, columns: Side | None
) -> tuple[tuple[int, ...], ...]:
    found = reader.raw("cells")
    if found is None or rows is None or columns is None:
        return ()
    height, width = rows.size, columns.size
    table = found if isinstance(found, list) else []
    if len(table) != height or any(not isinstance(r, list) or len(r) != width for r in table):
        values = {"rows": str(height), "columns": str(width)}
        reader.note("cells_do_not_fit", reader.at("cells"), values)
        return ()
    cells = []
    for place, row in enumerate(table):
        steps = [
            reader.exact(each, f"cells[{place}][{at}]", unit, least=0)
            for at, each in enumerate(row)
        ]
        cells.append(tuple(each or 0 for each in steps))
    return tuple(cells)


def _write_side(side: Side, terms: Terms) -> dict[str, object]:
    unit = side.on.unit(terms)
    return {
        "metric": side.on.metric,
        "axis": side.on.axis.value,
        "boundary": side.boundary.value,
        "edges": [decimal_text(each, unit) for each in side.edges],
    }


def _side_lines(terms: Terms, identity: str, name: str, side: Side) -> list[LineSpec]:
    upper = side.boundary is Boundary.UPPER_TIER
    operator = Comparison.AT_LEAST if upper else Comparison.MORE_THAN

    def work(words: Words, *values: Value) -> Value:
        num, den = side.on.fraction(words, values)
        passed = [words.compare(num, operator, words.times(each, den)) for each in side.edges]
        return words.plus(words.count(passed), 1)

    lines, shown = [], shown_of(side.on.metric)
    if side.on.axis is Axis.ATTAINMENT:
        lines.append(side.on.line(terms, identity, f"{name}_attainment"))
    return [
        *lines,
        LineSpec(
            name=f"{identity}.{name}",
            code=f"line_matrix_{name}",
            unit=NUMBER,
            kind=LineKind.STEP,
            key=identity,
            inputs=side.on.inputs,
            work=work,
            shown=shown,
        ),
    ]


def _cell(words: Words, component: Matrix, row: Value, column: Value) -> Value:
    width = component.columns.size
    index = words.plus(words.times(words.minus(row, 1), width), words.minus(column, 1))
    return words.pick(index, [each for row in component.cells for each in row])


def _amount_line(terms: Terms, component: Matrix) -> LineSpec:
    identity = component.id

    def work(words: Words, row: Value, column: Value) -> Value:
        return with_policy(words, _cell(words, component, row, column), component.missing)

    return LineSpec(
        name=f"{identity}.amount",
        code="line_matrix_amount",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=identity,
        inputs=(f"{identity}.row", f"{identity}.column"),
        work=work,
    )


def _factor_lines(terms: Terms, component: Matrix, earlier: Sequence[Component]) -> list[LineSpec]:
    identity = component.id

    def factor(words: Words, row: Value, column: Value) -> Value:
        return _cell(words, component, row, column)

    def work(words: Words, base: Value, top: Value) -> Value:
        assert component.negative is not None
        pay = changed(words, terms, base, (top, 1), component.negative)
        return with_policy(words, pay, component.missing)

    return [
        LineSpec(
            name=f"{identity}.factor",
            code="line_matrix_factor",
            unit="RATIO",
            kind=LineKind.STEP,
            key=identity,
            inputs=(f"{identity}.row", f"{identity}.column"),
            work=factor,
        ),
        base_line(terms, identity, component.base, earlier),
        LineSpec(
            name=f"{identity}.amount",
            code="line_matrix_factor_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(f"{identity}.base", f"{identity}.factor"),
            work=work,
            shown=(f"{identity}.row", f"{identity}.column"),
        ),
    ]

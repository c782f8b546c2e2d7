"""A factor from a table or curve on top of named components: a modifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.axis import On, read_on
from domain.component import TOTAL, Beyond, Kind, Negative, TableForm, Terms
from domain.curve import Axis
from domain.document import DocumentReader, decimal_text
from domain.exact import Boundary, Value, Words
from domain.factors import base_line, changed
from domain.kinds.base import Component
from domain.line_parts import shown_of, with_policy
from domain.pay_points import Point, curve_of, read_beyond, read_points, write_points
from domain.plan_reader import PlanReader
from domain.program import LineKind, LineSpec
from domain.scorecard import optional_text, read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier(Component):
    """What a factor adds to its base or takes from it: base x (factor - 1).

    An empty ``base`` is TOTAL: everything that stands before it.
    """

    kind = Kind.MULTIPLIER
    amount_codes = ("line_multiplier_amount",)
    step_codes = ("line_attained", "line_multiplier_factor", "line_multiplier_base")

    on: On
    form: TableForm
    points: tuple[Point, ...]
    boundary: Boundary
    below: int
    beyond: Beyond | None
    slope: int | None
    base: tuple[str, ...]
    negative: Negative

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own; its base must stand before it."""
        on, form = read_on(reader, plan), reader.choice("form", TableForm)
        unit = None
        if on is not None:
            unit = "RATIO" if on.axis is Axis.ATTAINMENT else plan.unit(on.metric)
        beyond, slope = read_beyond(reader) if form is TableForm.PIECEWISE else (None, None)
        return {
            "on": on,
            "form": form,
            "points": read_points(reader, unit, "factor"),
            "boundary": reader.choice("boundary", Boundary),
            "below": read_at_least(reader, "below", "RATIO"),
            "beyond": beyond,
            "slope": slope,
            "base": plan.base(reader),
            "negative": reader.choice("negative", Negative),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.on.metric,
            "axis": self.on.axis.value,
            "form": self.form.value,
            "points": write_points(self.points, self.on.unit(terms), "factor"),
            "boundary": self.boundary.value,
            "below": decimal_text(self.below, "RATIO"),
            "beyond": None if self.beyond is None else self.beyond.value,
            "slope": optional_text(self.slope, "RATIO"),
            "base": list(self.base) or TOTAL,
            "negative": self.negative.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.on.metric,)

    @property
    def targets(self) -> tuple[str, ...]:
        """The metric whose target it reads, if it looks at an attainment."""
        return self.on.targets

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self, earlier)


def _lines(terms: Terms, component: Multiplier, earlier: Sequence[Component]) -> list[LineSpec]:
    identity, on = component.id, component.on
    curve = curve_of(
        component.points,
        unit=on.unit(terms),
        boundary=component.boundary,
        below=component.below,
        slope=component.slope,
        step=component.form is TableForm.STEP,
    )

    def factor(words: Words, *values: Value) -> Value:
        top, bottom = curve.height(words, *on.fraction(words, values))
        return words.muldiv(top, 1, bottom, terms.rounding)

    def work(words: Words, base: Value, *values: Value) -> Value:
        top, bottom = curve.height(words, *on.fraction(words, values))
        pay = changed(words, terms, base, (top, bottom), component.negative)
        return with_policy(words, pay, component.missing)

    shown = shown_of(on.metric)
    lines = []
    if on.axis is Axis.ATTAINMENT:
        lines.append(on.line(terms, identity, "attainment"))
        shown = (*shown, f"{identity}.attainment")
    return [
        *lines,
        LineSpec(
            name=f"{identity}.factor",
            code="line_multiplier_factor",
            unit="RATIO",
            kind=LineKind.STEP,
            key=identity,
            inputs=on.inputs,
            work=factor,
            shown=shown,
        ),
        base_line(terms, identity, component.base, earlier),
        LineSpec(
            name=f"{identity}.amount",
            code="line_multiplier_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(f"{identity}.base", *on.inputs),
            work=work,
            shown=(f"{identity}.factor",),
        ),
    ]

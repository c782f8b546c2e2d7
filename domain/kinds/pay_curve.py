"""A target amount times a pay curve over the attainment of a metric, with accelerators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.axis import On
from domain.component import BelowFirst, Beyond, Condition, Kind, Terms
from domain.curve import Axis
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Boundary, Value, Words
from domain.kinds.base import Component, with_minimum
from domain.line_parts import amount_constant, gate_lines, gated, shown_of, with_policy
from domain.pay_points import Point, curve_of, read_beyond, read_points, write_points
from domain.plan_reader import PlanReader, write_condition
from domain.program import LineKind, LineSpec
from domain.scorecard import optional_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PayCurve(Component):
    """``amount`` times what the curve gives at actual / target.

    The points are usually threshold, target and excellence; a steeper piece is an accelerator.
    """

    kind = Kind.PAY_CURVE
    amount_codes = ("line_curve_amount",)
    step_codes = ("line_attained", "line_curve_percent")

    metric: str
    amount: int
    points: tuple[Point, ...]
    boundary: Boundary
    below: BelowFirst
    beyond: Beyond
    slope: int | None = None
    minimum: Condition | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        beyond, slope = read_beyond(reader)
        return {
            "metric": plan.metric(reader),
            "amount": plan.amount(reader, "amount"),
            "points": read_points(reader, "RATIO", "pays"),
            "boundary": reader.choice("boundary", Boundary),
            "below": reader.choice("below", BelowFirst),
            "beyond": beyond,
            "slope": slope,
            "minimum": plan.condition(reader, "minimum", required=False),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "amount": decimal_text(self.amount, terms.currency),
            "points": write_points(self.points, "RATIO", "pays"),
            "boundary": self.boundary.value,
            "below": self.below.value,
            "beyond": self.beyond.value,
            "slope": optional_text(self.slope, "RATIO"),
            "minimum": write_condition(self.minimum, terms),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return with_minimum(self.metric, self.minimum)

    @property
    def targets(self) -> tuple[str, ...]:
        """The metric whose target it reads."""
        return (self.metric,)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self)


def _lines(terms: Terms, component: PayCurve) -> list[LineSpec]:
    identity, on = component.id, On(metric=component.metric, axis=Axis.ATTAINMENT)
    first = component.points[0].gives
    curve = curve_of(
        component.points,
        unit="RATIO",
        boundary=component.boundary,
        below=0 if component.below is BelowFirst.NOTHING else first,
        slope=component.slope,
    )
    gate = gate_lines(terms, identity, component.minimum)

    def percent(words: Words, *values: Value) -> Value:
        top, bottom = curve.height(words, *on.fraction(words, values))
        return words.muldiv(top, 1, bottom, terms.rounding)

    def work(words: Words, num: Value, den: Value, target: Value, *gates: Value) -> Value:
        top, bottom = curve.height(words, *on.fraction(words, (num, den, target)))
        pay = words.muldiv(top, component.amount, words.times(bottom, RATIO_ONE), terms.rounding)
        return with_policy(words, gated(words, gates, pay), component.missing)

    return [
        on.line(terms, identity, "attainment"),
        LineSpec(
            name=f"{identity}.percent",
            code="line_curve_percent",
            unit="RATIO",
            kind=LineKind.STEP,
            key=identity,
            inputs=on.inputs,
            work=percent,
            shown=(f"{identity}.attainment",),
        ),
        *gate,
        LineSpec(
            name=f"{identity}.amount",
            code="line_curve_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(*on.inputs, *(line.name for line in gate)),
            work=work,
            shown=(*shown_of(component.metric), f"{identity}.attainment", f"{identity}.percent"),
            constants=(amount_constant(terms, component.amount),),
        ),
    ]

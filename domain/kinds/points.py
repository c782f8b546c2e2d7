"""An amount for each point of a metric: team points, or points of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import SCORE, Condition, Kind, Negative, Parts, Terms, unit_of
from domain.document import DocumentReader, decimal_text
from domain.exact import Value, Words
from domain.kinds.base import Component, with_minimum
from domain.line_parts import (
    amount_constant,
    gate_lines,
    gated,
    measured,
    names_of,
    shown_of,
    with_policy,
)
from domain.plan_reader import PlanReader, write_condition
from domain.program import LineKind, LineSpec
from domain.windows import per_unit

UNITS = frozenset({"POINT", "COUNT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Points(Component):
    """``amount`` for each point of the metric."""

    kind = Kind.POINTS
    amount_codes = ("line_points_amount",)

    metric: str
    amount: int
    parts_paid: Parts
    negative: Negative
    minimum: Condition | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own; points are counted in POINT or COUNT."""
        metric = plan.metric(reader, score=True)
        unit = plan.unit(metric)
        if metric is not None and metric != SCORE and unit not in UNITS:
            values = {"metric": metric, "unit": unit or "", "wanted": "POINT"}
            reader.note("unit_differs", reader.at("metric"), values)
        return {
            "metric": metric,
            "amount": plan.amount(reader, "amount"),
            "parts_paid": reader.choice("parts", Parts),
            "negative": reader.choice("negative", Negative),
            "minimum": plan.condition(reader, "minimum", required=False),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "amount": decimal_text(self.amount, terms.currency),
            "parts": self.parts_paid.value,
            "negative": self.negative.value,
            "minimum": write_condition(self.minimum, terms),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return with_minimum(self.metric, self.minimum)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        unit, gate = unit_of(terms, self.metric), gate_lines(terms, self.id, self.minimum)

        def work(words: Words, num: Value, den: Value, *gates: Value) -> Value:
            pay = per_unit(
                words,
                (num, den),
                unit,
                amount=self.amount,
                parts=self.parts_paid,
                negative=self.negative,
                mode=terms.rounding,
            )
            return with_policy(words, gated(words, gates, pay), self.missing)

        return [
            *gate,
            LineSpec(
                name=f"{self.id}.amount",
                code="line_points_amount",
                unit=terms.currency,
                kind=LineKind.PAY,
                key=self.id,
                inputs=(*names_of(self.metric), *(line.name for line in gate)),
                work=measured(self.metric, work),
                shown=shown_of(self.metric),
                constants=(amount_constant(terms, self.amount),),
            ),
        ]

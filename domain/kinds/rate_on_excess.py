"""A rate on what exceeds the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import Condition, Kind, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Comparison, Value, Words, lowest_terms
from domain.kinds.base import Component, with_minimum
from domain.line_parts import gate_lines, met_line, names_of, rate_constant, with_policy
from domain.plan_reader import PlanReader, read_comparison, write_condition
from domain.program import LineKind, LineSpec
from domain.scorecard import read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOnExcess(Component):
    """A rate on what exceeds the person's target, only when the target is met."""

    kind = Kind.RATE_ON_EXCESS
    amount_codes = ("line_excess_amount",)
    step_codes = ("line_excess",)

    metric: str
    comparison: Comparison
    rate: int
    minimum: Condition | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        return {
            "metric": plan.metric(reader, money=True),
            "comparison": read_comparison(reader, upwards=True),
            "rate": read_at_least(reader, "rate", "RATIO"),
            "minimum": plan.condition(reader, "minimum", required=False),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "comparison": self.comparison.value,
            "rate": decimal_text(self.rate, "RATIO"),
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


def _lines(terms: Terms, component: RateOnExcess) -> list[LineSpec]:
    gate = gate_lines(terms, component.id, component.minimum)
    part, whole = lowest_terms(component.rate, RATIO_ONE)

    def excess(words: Words, met: Value, num: Value, den: Value, target: Value) -> Value:
        over = words.minus(num, words.times(target, den))
        return words.choose(met, words.muldiv(over, 1, den, terms.rounding), 0)

    def work(
        words: Words, met: Value, num: Value, den: Value, target: Value, *gates: Value
    ) -> Value:
        truth = met
        for each in gates:
            truth = words.both(truth, each)
        over = words.minus(num, words.times(target, den))
        pay = words.muldiv(over, part, words.times(den, whole), terms.rounding)
        return with_policy(words, words.choose(truth, pay, 0), component.missing)

    compared = (f"{component.id}.met", *names_of(component.metric), f"{component.metric}.target")
    return [
        met_line(component.id, component.metric, component.comparison),
        *gate,
        LineSpec(
            name=f"{component.id}.excess",
            code="line_excess",
            unit=terms.currency,
            kind=LineKind.STEP,
            key=component.id,
            inputs=compared,
            work=excess,
            shown=(f"{component.metric}.actual",),
        ),
        LineSpec(
            name=f"{component.id}.amount",
            code="line_excess_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=component.id,
            inputs=(*compared, *(line.name for line in gate)),
            work=work,
            shown=(f"{component.metric}.actual", f"{component.id}.excess"),
            constants=(rate_constant("rate", component.rate),),
        ),
    ]

"""A flat commission: a rate on the whole actual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import Condition, Kind, Negative, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Value, Words, lowest_terms
from domain.kinds.base import Component, with_minimum
from domain.line_parts import (
    gate_lines,
    gated,
    measured,
    names_of,
    rate_constant,
    shown_of,
    with_policy,
)
from domain.plan_reader import PlanReader, write_condition
from domain.program import LineKind, LineSpec
from domain.scorecard import read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Component):
    """A flat commission: a rate on the whole actual."""

    kind = Kind.RATE
    amount_codes = ("line_rate_amount",)

    metric: str
    rate: int
    negative: Negative
    minimum: Condition | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        return {
            "metric": plan.metric(reader, money=True),
            "rate": read_at_least(reader, "rate", "RATIO"),
            "negative": reader.choice("negative", Negative),
            "minimum": plan.condition(reader, "minimum", required=False),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "rate": decimal_text(self.rate, "RATIO"),
            "negative": self.negative.value,
            "minimum": write_condition(self.minimum, terms),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return with_minimum(self.metric, self.minimum)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self)


def _lines(terms: Terms, component: Rate) -> list[LineSpec]:
    gate = gate_lines(terms, component.id, component.minimum)
    part, whole = lowest_terms(component.rate, RATIO_ONE)

    def work(words: Words, num: Value, den: Value, *gates: Value) -> Value:
        base = num if component.negative is Negative.KEEP else words.highest(num, 0)
        pay = words.muldiv(base, part, words.times(den, whole), terms.rounding)
        return with_policy(words, gated(words, gates, pay), component.missing)

    amount = LineSpec(
        name=f"{component.id}.amount",
        code="line_rate_amount",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=component.id,
        inputs=(*names_of(component.metric), *(line.name for line in gate)),
        work=measured(component.metric, work),
        shown=shown_of(component.metric),
        constants=(rate_constant("rate", component.rate),),
    )
    return [*gate, amount]

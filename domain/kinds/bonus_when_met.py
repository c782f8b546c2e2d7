"""A flat amount when the target is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import Condition, Kind, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import Comparison, Value, Words
from domain.kinds.base import Component, with_minimum
from domain.line_parts import amount_constant, gate_lines, met_line, with_policy
from domain.plan_reader import PlanReader, read_comparison, write_condition
from domain.program import LineKind, LineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusWhenMet(Component):
    """A flat amount when the actual passes the person's target, and the minimum if there is one."""

    kind = Kind.BONUS_WHEN_MET
    amount_codes = ("line_bonus_amount",)

    metric: str
    comparison: Comparison
    amount: int
    minimum: Condition | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        return {
            "metric": plan.metric(reader),
            "comparison": read_comparison(reader),
            "amount": plan.amount(reader, "amount"),
            "minimum": plan.condition(reader, "minimum", required=False),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "comparison": self.comparison.value,
            "amount": decimal_text(self.amount, terms.currency),
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


def _lines(terms: Terms, component: BonusWhenMet) -> list[LineSpec]:
    gate = gate_lines(terms, component.id, component.minimum)

    def work(words: Words, met: Value, *gates: Value) -> Value:
        truth = met
        for each in gates:
            truth = words.both(truth, each)
        return with_policy(words, words.choose(truth, component.amount, 0), component.missing)

    amount = LineSpec(
        name=f"{component.id}.amount",
        code="line_bonus_amount",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=component.id,
        inputs=(f"{component.id}.met", *(line.name for line in gate)),
        work=work,
        shown=(f"{component.metric}.actual", f"{component.metric}.target"),
        constants=(amount_constant(terms, component.amount),),
    )
    return [met_line(component.id, component.metric, component.comparison), *gate, amount]

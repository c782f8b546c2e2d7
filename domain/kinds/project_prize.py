"""A fixed amount when a project reaches what it was to reach within its days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import Condition, Kind, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import Comparison, Value, Words
from domain.kinds.base import Component
from domain.line_parts import amount_constant, with_policy
from domain.plan_reader import PlanReader, read_comparison
from domain.program import LineKind, LineSpec, Need, WindowPays
from domain.windows import OwnDays, due_name, passed_line, read_days, window_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPrize(Component):
    """``amount``, once, in the period that contains the last day, when the condition holds."""

    kind = Kind.PROJECT_PRIZE
    amount_codes = ("line_prize_amount",)
    truth_codes = tuple(
        f"line_condition_{each.value.lower()}" for each in Comparison if each != Comparison.WITHIN
    )
    step_codes = ("line_window_actual",)

    condition: Condition
    amount: int
    days: OwnDays

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        metric, comparison = plan.metric(reader), read_comparison(reader)
        value = reader.steps("value", plan.unit(metric))
        condition = None
        if metric is not None and comparison is not None and value is not None:
            condition = Condition(metric=metric, comparison=comparison, value=value)
        return {
            "condition": condition,
            "amount": plan.amount(reader, "amount"),
            "days": read_days(reader, WindowPays.AT_THE_END),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.condition.metric,
            "comparison": self.condition.comparison.value,
            "value": decimal_text(self.condition.value, terms.units[self.condition.metric]),
            "amount": decimal_text(self.amount, terms.currency),
            "from": self.days.first.isoformat(),
            "to": self.days.last.isoformat(),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """It reads no metric over the period."""
        return ()

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """The metric over the days of the project."""
        metric = self.condition.metric
        return self.days.needs(self.id, metric, terms.units[metric])

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        unit = terms.units[self.condition.metric]
        passed = passed_line(terms, self.id, self.condition, unit)

        def work(words: Words, due: Value, reached: Value) -> Value:
            pay = words.choose(due, words.choose(reached, self.amount, 0), 0)
            return with_policy(words, pay, self.missing)

        return [
            self.days.line(terms, self.id, unit),
            passed,
            LineSpec(
                name=f"{self.id}.amount",
                code="line_prize_amount",
                unit=terms.currency,
                kind=LineKind.PAY,
                key=self.id,
                inputs=(due_name(self.id), passed.name),
                work=work,
                shown=(f"{window_name(self.id)}.actual",),
                constants=(*passed.constants, amount_constant(terms, self.amount)),
            ),
        ]

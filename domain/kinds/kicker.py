"""A percentage on top of other components when a condition holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.bases import base_of
from domain.component import TOTAL, Condition, Kind, Terms, unit_of
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Comparison, Value, Words, lowest_terms
from domain.kinds.base import Component
from domain.line_parts import condition_line, rate_constant, shown_of, with_policy
from domain.plan_reader import PlanReader, write_condition
from domain.program import Constant, LineKind, LineSpec
from domain.scorecard import read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Kicker(Component):
    """A percentage on top of named components when a condition holds.

    An empty ``base`` is TOTAL: everything that stands before it.
    """

    kind = Kind.KICKER
    truth_codes = tuple(
        f"line_condition_{each.value.lower()}" for each in Comparison if each != Comparison.WITHIN
    )
    amount_codes = ("line_kicker_amount",)
    step_codes = ("line_kicker_base",)

    percent: int
    base: tuple[str, ...]
    condition: Condition

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        base = plan.base(reader)
        return {
            "percent": read_at_least(reader, "percent", "RATIO"),
            "base": base,
            "condition": plan.condition(reader, "condition", required=True),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "percent": decimal_text(self.percent, "RATIO"),
            "base": list(self.base) or TOTAL,
            "condition": write_condition(self.condition, terms),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.condition.metric,)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self, earlier)


def _lines(terms: Terms, component: Kicker, earlier: Sequence[Component]) -> list[LineSpec]:
    named = base_of(component.base, earlier)
    part, whole = lowest_terms(component.percent, RATIO_ONE)

    def base(words: Words, *amounts: Value) -> Value:
        return named.total(words, amounts)

    def work(words: Words, passed: Value, total: Value) -> Value:
        # when the condition fails nothing is due, even while the base is still open
        pay = words.choose(passed, words.muldiv(total, part, whole, terms.rounding), 0)
        return with_policy(words, pay, component.missing)

    gate = condition_line(terms, component.id, "condition", component.condition)
    return [
        gate,
        LineSpec(
            name=f"{component.id}.base",
            code="line_kicker_base",
            unit=terms.currency,
            kind=LineKind.STEP,
            key=component.id,
            inputs=named.inputs,
            work=base,
        ),
        LineSpec(
            name=f"{component.id}.amount",
            code="line_kicker_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=component.id,
            inputs=(gate.name, f"{component.id}.base"),
            work=work,
            shown=shown_of(component.condition.metric),
            constants=(
                rate_constant("percent", component.percent),
                Constant(
                    name="threshold",
                    value=component.condition.value,
                    unit=unit_of(terms, component.condition.metric),
                ),
            ),
        ),
    ]

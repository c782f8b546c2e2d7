"""A condition without which named components pay nothing; what was lost is a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.bases import base_of, kept_when_shut
from domain.component import TOTAL, Condition, Kind, Negative, Terms, Unmeasured, unit_of
from domain.document import DocumentReader
from domain.exact import Comparison, Value, Words
from domain.kinds.base import Component
from domain.line_parts import condition_line, shown_of, with_policy
from domain.plan_reader import PlanReader, write_condition
from domain.program import Constant, LineKind, LineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Component):
    """When the condition fails, its amount is what ``base`` pays, taken away.

    An empty ``base`` is TOTAL: everything that stands before it.
    """

    kind = Kind.GATE
    truth_codes = tuple(
        f"line_passed_{each.value.lower()}" for each in Comparison if each != Comparison.WITHIN
    )
    amount_codes = ("line_gate_amount",)
    step_codes = ("line_gate_base",)
    limited = False

    condition: Condition
    base: tuple[str, ...]
    negative: Negative
    unmeasured: Unmeasured

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own; what it takes away must stand before it."""
        return {
            "condition": plan.condition(reader, "condition", required=True),
            "base": plan.base(reader),
            "negative": reader.choice("negative", Negative),
            "unmeasured": reader.choice("unmeasured", Unmeasured),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "condition": write_condition(self.condition, terms),
            "base": list(self.base) or TOTAL,
            "negative": self.negative.value,
            "unmeasured": self.unmeasured.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.condition.metric,)

    @property
    def takes_away(self) -> bool:
        """It is a gate."""
        return True

    @property
    def keeps_losses(self) -> bool:
        """Whether a negative amount stays when it is shut."""
        return self.negative is Negative.KEEP

    def stops(self, identity: str) -> bool:
        """Say whether it takes away what a component before it pays."""
        return not self.base or identity in self.base

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self, earlier)


def _lines(terms: Terms, component: Gate, earlier: Sequence[Component]) -> list[LineSpec]:
    identity, base = component.id, base_of(component.base, earlier)

    def lost(words: Words, *amounts: Value) -> Value:
        paid = base.each(words, amounts)
        kept = [kept_when_shut(words, each, keeps=component.keeps_losses) for each in paid]
        return words.minus(words.total(paid), words.total(kept))

    def work(words: Words, passed: Value, at_stake: Value) -> Value:
        # open, nothing is lost, even while what is at stake is not known yet
        taken = with_policy(words, words.minus(0, at_stake), component.missing)
        return words.choose(passed, 0, taken)

    return [
        _passed_line(terms, component),
        LineSpec(
            name=f"{identity}.base",
            code="line_gate_base",
            unit=terms.currency,
            kind=LineKind.STEP,
            key=identity,
            inputs=base.inputs,
            work=lost,
        ),
        LineSpec(
            name=f"{identity}.amount",
            code="line_gate_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(component.passed, f"{identity}.base"),
            work=work,
            shown=shown_of(component.condition.metric),
            constants=(
                Constant(
                    name="threshold",
                    value=component.condition.value,
                    unit=unit_of(terms, component.condition.metric),
                ),
            ),
        ),
    ]


def _passed_line(terms: Terms, component: Gate) -> LineSpec:
    """Say whether the gate is open; without data it is what the plan says."""
    line = condition_line(terms, component.id, "passed", component.condition)
    if component.unmeasured is Unmeasured.BLOCK:
        return line
    unknown = int(component.unmeasured is Unmeasured.OPEN)

    def work(words: Words, *values: Value) -> Value:
        return words.otherwise(line.work(words, *values), unknown)

    return replace(line, work=work)

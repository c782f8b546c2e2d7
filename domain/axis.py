"""What a table is held against: an actual, or its attainment, both as exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import SCORE, Terms, unit_of
from domain.curve import Axis
from domain.document import DocumentReader
from domain.exact import RATIO_ONE, Comparison, Value, Words
from domain.line_parts import names_of, shown_of
from domain.plan_reader import PlanReader
from domain.program import LineKind, LineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class On:
    """A metric, or the score, as it is held against a table."""

    metric: str
    axis: Axis

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs it is made of."""
        if self.axis is Axis.ATTAINMENT:
            return (*names_of(self.metric), f"{self.metric}.target")
        return names_of(self.metric)

    @property
    def targets(self) -> tuple[str, ...]:
        """The metric whose target it reads, if it does."""
        return (self.metric,) if self.axis is Axis.ATTAINMENT else ()

    def unit(self, terms: Terms) -> str:
        """The unit in whose steps the fraction counts."""
        return "RATIO" if self.axis is Axis.ATTAINMENT else unit_of(terms, self.metric)

    def fraction(self, words: Words, values: Sequence[Value]) -> tuple[Value, Value]:
        """Give num and den, den positive; missing when there is no attainment (target <= 0)."""
        if self.axis is Axis.ATTAINMENT:
            num, den, target = values
            return attained(words, num, den, target)
        return (values[0], 1) if self.metric == SCORE else (values[0], values[1])

    def line(self, terms: Terms, identity: str, name: str) -> LineSpec:
        """Make the line that shows the attainment; nothing is decided by it."""

        def work(words: Words, *values: Value) -> Value:
            num, den = self.fraction(words, values)
            return words.muldiv(num, 1, den, terms.rounding)

        return LineSpec(
            name=f"{identity}.{name}",
            code="line_attained",
            unit="RATIO",
            kind=LineKind.STEP,
            key=identity,
            inputs=self.inputs,
            work=work,
            shown=shown_of(self.metric),
        )


def attained(words: Words, num: Value, den: Value, target: Value) -> tuple[Value, Value]:
    """Give ``num/den`` over the target in RATIO steps, exactly; none for a target of 0 or less."""
    positive = words.compare(target, Comparison.MORE_THAN, 0)
    bottom = words.choose(positive, words.times(den, target), None)
    return words.times(num, RATIO_ONE), bottom


def read_on(reader: DocumentReader, plan: PlanReader) -> On | None:
    """Read ``metric`` and ``axis``; a score has no target and so no attainment."""
    metric, axis = plan.metric(reader, score=True), reader.choice("axis", Axis)
    if metric == SCORE and axis is Axis.ATTAINMENT:
        values = {"field": "axis", "value": axis.value, "choices": Axis.ACTUAL.value}
        reader.note("choice_unknown", reader.at("axis"), values)
        return None
    return On(metric=metric, axis=axis) if metric and axis else None

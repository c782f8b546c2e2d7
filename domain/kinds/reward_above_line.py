"""A reward for being strictly above a line that is known before the period ends.

The line is a fixed value, or the median that the peer group had in the period before. It is the
absolute counterpart of a reward above the median of the same period, in which the gain of one is
the loss of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.component import Condition, Kind, PeerGroup, Terms, unit_of
from domain.document import DocumentReader
from domain.exact import Value, Words
from domain.kinds.above_line import LineAt, Reward, above_lines
from domain.kinds.base import Component, with_minimum
from domain.kinds.peer_parts import LINE_PARTS, read_reward
from domain.plan_reader import PlanReader, write_condition
from domain.program import LineKind, LineSpec, Need, NeedKind
from domain.scorecard import optional_text


class LineFrom(StrEnum):
    """Where the line comes from."""

    VALUE = "VALUE"  # a fixed value of the plan
    MEDIAN_BEFORE = "MEDIAN_BEFORE"  # of the same group in the posted period before


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardAboveLine(Component):
    """Paid strictly above a line, if the minimum is reached.

    ``value`` belongs to VALUE and ``peer_group`` to MEDIAN_BEFORE.
    """

    kind = Kind.REWARD_ABOVE_LINE
    truth_codes = ("line_above_line",)
    amount_codes = ("line_line_amount",)
    step_codes = ("line_line_value", "line_line_median_before")

    metric: str
    line: LineFrom
    value: int | None
    peer_group: PeerGroup | None
    minimum: Condition | None
    amount: int | None
    rate: int | None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        metric, amount, rate = read_reward(reader, plan)
        line = reader.choice("line", LineFrom)
        value, peer_group = None, None
        if line is LineFrom.VALUE:
            value = reader.steps("value", plan.unit(metric))
        elif line is LineFrom.MEDIAN_BEFORE:
            peer_group = reader.choice("peerGroup", PeerGroup)
        return {
            "metric": metric,
            "line": line,
            "value": value,
            "peer_group": peer_group,
            "minimum": plan.condition(reader, "minimum", required=False),
            "amount": amount,
            "rate": rate,
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "line": self.line.value,
            "value": optional_text(self.value, unit_of(terms, self.metric)),
            "peerGroup": None if self.peer_group is None else self.peer_group.value,
            "minimum": write_condition(self.minimum, terms),
            "amount": optional_text(self.amount, terms.currency),
            "rate": optional_text(self.rate, "RATIO"),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return with_minimum(self.metric, self.minimum)

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """The median of the period before."""
        if self.peer_group is None:
            return ()
        return (
            Need(
                name=f"{self.id}.before",
                kind=NeedKind.MEDIAN_BEFORE,
                unit=unit_of(terms, self.metric),
                metric=self.metric,
                peer_group=self.peer_group,
            ),
        )

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines: the line, above or not, the minimum, the amount."""
        line_at = _line_at(self)
        facts: tuple[str, ...] = ()
        if self.line is LineFrom.MEDIAN_BEFORE:
            facts = tuple(f"{self.id}.before.{part}" for part in LINE_PARTS)
        reward = Reward(
            id=self.id,
            missing=self.missing,
            metric=self.metric,
            amount=self.amount,
            rate=self.rate,
            minimum=self.minimum,
            alone=False,
        )

        def shown(words: Words, *values: Value) -> Value:
            top, bottom = line_at(words, *values)
            return words.muldiv(top, 1, bottom, terms.rounding)

        line = LineSpec(
            name=f"{self.id}.line",
            code=f"line_line_{self.line.value.lower()}",
            unit=unit_of(terms, self.metric),
            kind=LineKind.STEP,
            key=self.id,
            inputs=facts,
            work=shown,
        )
        return [
            line,
            *above_lines(
                terms, reward, code="line", facts=facts, line_at=line_at, shown=(line.name,)
            ),
        ]


def _line_at(component: RewardAboveLine) -> LineAt:
    def fixed(words: Words) -> tuple[Value, Value]:
        return component.value, 1

    def before(
        words: Words, lo: Value, lo_den: Value, hi: Value, hi_den: Value
    ) -> tuple[Value, Value]:
        middle = words.plus(words.times(lo, hi_den), words.times(hi, lo_den))
        return middle, words.times(words.times(lo_den, hi_den), 2)

    return fixed if component.line is LineFrom.VALUE else before

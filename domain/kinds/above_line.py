"""A reward for being strictly above a line, written once for every kind that draws such a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from domain.component import Condition, Terms
from domain.exact import RATIO_ONE, Comparison, Value, Words, lowest_terms
from domain.line_parts import (
    amount_constant,
    gate_lines,
    gated,
    measured,
    names_of,
    rate_constant,
    shown_of,
    with_policy,
)
from domain.program import TRUTH, Constant, LineKind, LineSpec
from domain.scorecard import MissingInput

# From the values of its inputs to the line, as an exact fraction.
LineAt: TypeAlias = Callable[..., tuple[Value, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What is paid above a line: a flat amount, a rate on the part above, or both."""

    id: str
    missing: MissingInput
    metric: str
    amount: int | None
    rate: int | None
    minimum: Condition | None
    alone: bool  # in a small group the minimum decides alone

    def constants(self, terms: Terms) -> tuple[Constant, ...]:
        """Name the amounts of the document."""
        flat = () if self.amount is None else (amount_constant(terms, self.amount),)
        return flat if self.rate is None else (*flat, rate_constant("rate", self.rate))

    def paid(self, words: Words, terms: Terms, over: Value, bottom: Value) -> Value:
        """Give the pay for ``over / bottom`` above the line."""
        flat = self.amount or 0
        if self.rate is None:
            return flat
        part, whole = lowest_terms(self.rate, RATIO_ONE)
        return words.plus(
            words.muldiv(over, part, words.times(bottom, whole), terms.rounding), flat
        )


def over_line(
    words: Words, own: tuple[Value, Value], line: tuple[Value, Value]
) -> tuple[Value, Value]:
    """Give the distance of the own value above a line, as an exact fraction."""
    over = words.minus(words.times(own[0], line[1]), words.times(line[0], own[1]))
    return over, words.times(own[1], line[1])


def above_lines(
    terms: Terms,
    reward: Reward,
    *,
    code: str,
    facts: tuple[str, ...],
    line_at: LineAt,
    group: tuple[str, str] | None = None,
    shown: tuple[str, ...] = (),
) -> list[LineSpec]:
    """Make the lines above or not, minimum, amount.

    ``facts`` name what the line is drawn from. ``group`` names the size of the peer group and the
    truth whether the person counts in it; without a group the line is there or it is missing.
    """
    gates = gate_lines(terms, reward.id, reward.minimum)

    def above(words: Words, num: Value, den: Value, *values: Value) -> Value:
        over, _ = over_line(words, (num, den), line_at(words, *values))
        return words.compare(over, Comparison.MORE_THAN, 0)

    truth = LineSpec(
        name=f"{reward.id}.above",
        code=f"line_above_{code}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=reward.id,
        inputs=(*names_of(reward.metric), *facts),
        work=measured(reward.metric, above),
        shown=(*shown_of(reward.metric), *shown),
    )
    amount = LineSpec(
        name=f"{reward.id}.amount",
        code=f"line_{code}_amount",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=reward.id,
        inputs=(
            *names_of(reward.metric),
            *facts,
            truth.name,
            *(group or ()),
            *(line.name for line in gates),
        ),
        work=measured(
            reward.metric, _amount(terms, reward, len(facts), line_at, grouped=group is not None)
        ),
        shown=(*shown_of(reward.metric), *shown),
        constants=reward.constants(terms),
    )
    return [truth, *gates, amount]


def _amount(
    terms: Terms, reward: Reward, facts: int, line_at: LineAt, *, grouped: bool
) -> Callable[..., Value]:
    def work(words: Words, num: Value, den: Value, *values: Value) -> Value:
        drawn, (above, *rest) = values[:facts], values[facts:]
        line = line_at(words, *drawn)
        over, bottom = over_line(words, (num, den), line)
        pay = words.choose(above, reward.paid(words, terms, over, bottom), 0)
        gates = rest
        if grouped:
            size, counts, *gates = rest
            pay = words.choose(words.present(line[0]), pay, _small(words, num, den, gates))
            pay = words.choose(counts, pay, words.choose(words.present(num), 0, None))
            # a cohort that was never compared is a missing input, not a small cohort
            pay = words.choose(words.present(size), pay, None)
        return with_policy(words, gated(words, gates, pay), reward.missing)

    def _small(words: Words, num: Value, den: Value, gates: list[Value]) -> Value:
        if reward.alone and reward.minimum is not None:
            least = words.minus(num, words.times(reward.minimum.value, den))
            paid = reward.paid(words, terms, words.highest(least, 0), den)
            return words.choose(gates[0], paid, 0)
        return words.choose(words.present(num), 0, None)

    return work

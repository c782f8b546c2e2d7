"""A reward for being strictly above the median of the peer group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.component import Condition, Fallback, Kind, PeerGroup, Terms, unit_of
from domain.document import DocumentReader
from domain.exact import RATIO_ONE, Comparison, Value, Words, lowest_terms
from domain.kinds.base import Component, with_minimum
from domain.kinds.peer_parts import check_minimum_only, line_inputs, read_reward, whole_group
from domain.line_parts import (
    amount_constant,
    condition_line,
    gated,
    measured,
    names_of,
    rate_constant,
    shown_of,
    with_policy,
)
from domain.peers import twice_above_median
from domain.plan_reader import PlanReader, write_condition
from domain.program import NUMBER, TRUTH, Cohort, Constant, Input, LineKind, LineSpec
from domain.scorecard import optional_text


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardAboveMedian(Component):
    """Paid strictly above the median of the peer group, if the minimum is reached.

    ``amount`` is flat, ``rate`` is on the part above the median; at least one is there.
    """

    kind = Kind.REWARD_ABOVE_MEDIAN
    truth_codes = ("line_above_median",)
    amount_codes = ("line_median_amount",)
    step_codes = ("line_median",)

    metric: str
    peer_group: PeerGroup
    minimum: Condition | None
    amount: int | None
    rate: int | None
    minimum_cohort: int
    fallback: Fallback

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        metric, amount, rate = read_reward(reader, plan)
        minimum = plan.condition(reader, "minimum", required=False)
        fallback = reader.choice("fallback", Fallback)
        check_minimum_only(reader, fallback, minimum, metric)
        return {
            "metric": metric,
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "minimum": minimum,
            "amount": amount,
            "rate": rate,
            "minimum_cohort": reader.whole("minimumCohort", 1, 1_000_000),
            "fallback": fallback,
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "peerGroup": self.peer_group.value,
            "minimumCohort": self.minimum_cohort,
            "fallback": self.fallback.value,
            "amount": optional_text(self.amount, terms.currency),
            "minimum": write_condition(self.minimum, terms),
            "rate": optional_text(self.rate, "RATIO"),
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return with_minimum(self.metric, self.minimum)

    def inputs(self, terms: Terms) -> tuple[Input, ...]:
        """The facts of the peer group."""
        return line_inputs(self.id, terms, self.metric)

    def cohorts(self, terms: Terms) -> tuple[Cohort, ...]:
        """The comparison with the peer group."""
        small = (self.minimum_cohort, self.fallback)
        return whole_group(self.id, self.metric, terms, self.peer_group, small)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self)


def _lines(terms: Terms, component: RewardAboveMedian) -> list[LineSpec]:
    """Make the lines of the second target: median, above or not, minimum, amount."""
    identity, peers = component.id, f"{component.id}.peers"
    unit = unit_of(terms, component.metric)
    pair = tuple(f"{peers}.{part}" for part in ("lo_num", "lo_den", "hi_num", "hi_den"))
    lines = [_median_line(terms, component, unit, pair), _above_line(terms, component, pair)]
    gates: tuple[str, ...] = ()
    if component.minimum is not None:
        lines.append(condition_line(terms, identity, "minimum", component.minimum))
        gates = (f"{identity}.minimum",)
    constants = []
    if component.amount is not None:
        constants.append(amount_constant(terms, component.amount))
    if component.rate is not None:
        constants.append(rate_constant("rate", component.rate))
    lines.append(
        LineSpec(
            name=f"{identity}.amount",
            code="line_median_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(
                *names_of(component.metric),
                f"{peers}.size",
                *pair,
                f"{identity}.above",
                *gates,
            ),
            work=measured(component.metric, _median_amount(terms, component)),
            shown=(*shown_of(component.metric), f"{identity}.median"),
            constants=tuple(constants),
        )
    )
    return lines


def _median_line(
    terms: Terms, component: RewardAboveMedian, unit: str, pair: tuple[str, ...]
) -> LineSpec:
    def work(words: Words, lo: Value, lo_den: Value, hi: Value, hi_den: Value) -> Value:
        middle = words.plus(words.times(lo, hi_den), words.times(hi, lo_den))
        twice = words.times(words.times(lo_den, hi_den), 2)
        return words.muldiv(middle, 1, twice, terms.rounding)

    return LineSpec(
        name=f"{component.id}.median",
        code="line_median",
        unit=unit,
        kind=LineKind.STEP,
        key=component.id,
        inputs=pair,
        work=work,
        shown=(f"{component.id}.peers.size",),
        constants=(Constant(name="minimum_cohort", value=component.minimum_cohort, unit=NUMBER),),
    )


def _above_line(terms: Terms, component: RewardAboveMedian, pair: tuple[str, ...]) -> LineSpec:
    def work(
        words: Words, num: Value, den: Value, lo: Value, lo_den: Value, hi: Value, hi_den: Value
    ) -> Value:
        over, _ = twice_above_median(words, (num, den), (lo, lo_den), (hi, hi_den))
        return words.compare(over, Comparison.MORE_THAN, 0)

    return LineSpec(
        name=f"{component.id}.above",
        code="line_above_median",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=component.id,
        inputs=(*names_of(component.metric), *pair),
        work=measured(component.metric, work),
        shown=(*shown_of(component.metric), f"{component.id}.median"),
    )


def _median_amount(terms: Terms, component: RewardAboveMedian) -> Callable[..., Value]:
    flat = component.amount or 0
    part, whole = lowest_terms(component.rate or 0, RATIO_ONE)
    alone = component.fallback is Fallback.MINIMUM_ONLY

    def paid(words: Words, over: Value, bottom: Value) -> Value:
        if component.rate is None:
            return flat
        share = words.muldiv(over, part, words.times(bottom, whole), terms.rounding)
        return words.plus(share, flat)

    def work(
        words: Words,
        num: Value,
        den: Value,
        size: Value,
        lo: Value,
        lo_den: Value,
        hi: Value,
        hi_den: Value,
        above: Value,
        *gates: Value,
    ) -> Value:
        over, bottom = twice_above_median(words, (num, den), (lo, lo_den), (hi, hi_den))
        usual = words.choose(above, paid(words, over, words.times(bottom, 2)), 0)
        small: Value = words.choose(words.present(num), 0, None)
        if alone and component.minimum is not None:
            least = words.minus(num, words.times(component.minimum.value, den))
            small = words.choose(gates[0], paid(words, words.highest(least, 0), den), 0)
        pay = words.choose(words.present(lo), usual, small)
        pay = gated(words, gates, pay)
        # a cohort that was never compared is a missing input, not a small cohort
        known = words.choose(words.present(size), pay, None)
        return with_policy(words, known, component.missing)

    return work

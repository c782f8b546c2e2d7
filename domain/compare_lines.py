"""Pay lines that look at a peer group: the reward above the median and the best share."""

from __future__ import annotations

from collections.abc import Callable

from domain.component import (
    SCORE,
    CutTie,
    Fallback,
    RewardAboveMedian,
    ShareRounding,
    TopShare,
)
from domain.exact import RATIO_ONE, Comparison, Rounding, Value, Words, lowest_terms
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
from domain.plan import Plan
from domain.program import NUMBER, TRUTH, Constant, LineKind, LineSpec

SHARE_ROUNDINGS = {
    ShareRounding.FLOOR: Rounding.DOWN,
    ShareRounding.CEIL: Rounding.UP,
    ShareRounding.HALF_UP: Rounding.HALF_UP,
}


def twice_above_median(
    words: Words, own: tuple[Value, Value], low: tuple[Value, Value], high: tuple[Value, Value]
) -> tuple[Value, Value]:
    """Give ``2 x own - (lo + hi)`` as an exact fraction; its sign says above, at or below.

    The median of an even group is the mean of two values; it is never rounded before it decides.
    """
    num, den = own
    both = words.times(low[1], high[1])
    middle = words.plus(words.times(low[0], high[1]), words.times(high[0], low[1]))
    twice = words.times(words.times(num, 2), both)
    return words.minus(twice, words.times(middle, den)), words.times(den, both)


def median_lines(plan: Plan, component: RewardAboveMedian) -> list[LineSpec]:
    """Make the lines of the second target: median, above or not, minimum, amount."""
    identity, peers = component.id, f"{component.id}.peers"
    unit = "POINT" if component.metric == SCORE else plan.units[component.metric]
    pair = tuple(f"{peers}.{part}" for part in ("lo_num", "lo_den", "hi_num", "hi_den"))
    lines = [_median_line(plan, component, unit, pair), _above_line(plan, component, pair)]
    gates: tuple[str, ...] = ()
    if component.minimum is not None:
        lines.append(condition_line(plan, identity, "minimum", component.minimum))
        gates = (f"{identity}.minimum",)
    constants = []
    if component.amount is not None:
        constants.append(amount_constant(plan, component.amount))
    if component.rate is not None:
        constants.append(rate_constant("rate", component.rate))
    lines.append(
        LineSpec(
            name=f"{identity}.amount",
            code="line_median_amount",
            unit=plan.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(
                *names_of(component.metric),
                f"{peers}.size",
                *pair,
                f"{identity}.above",
                *gates,
            ),
            work=measured(component.metric, _median_amount(plan, component)),
            shown=(*shown_of(component.metric), f"{identity}.median"),
            constants=tuple(constants),
        )
    )
    return lines


def _median_line(
    plan: Plan, component: RewardAboveMedian, unit: str, pair: tuple[str, ...]
) -> LineSpec:
    def work(words: Words, lo: Value, lo_den: Value, hi: Value, hi_den: Value) -> Value:
        middle = words.plus(words.times(lo, hi_den), words.times(hi, lo_den))
        twice = words.times(words.times(lo_den, hi_den), 2)
        return words.muldiv(middle, 1, twice, plan.rounding)

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


def _above_line(plan: Plan, component: RewardAboveMedian, pair: tuple[str, ...]) -> LineSpec:
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


def _median_amount(plan: Plan, component: RewardAboveMedian) -> Callable[..., Value]:
    flat = component.amount or 0
    part, whole = lowest_terms(component.rate or 0, RATIO_ONE)
    alone = component.fallback is Fallback.MINIMUM_ONLY

    def paid(words: Words, over: Value, bottom: Value) -> Value:
        if component.rate is None:
            return flat
        share = words.muldiv(over, part, words.times(bottom, whole), plan.rounding)
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


def places_of(words: Words, component: TopShare, size: Value) -> Value:
    """Say how many places the best share of so many people has."""
    part, whole = lowest_terms(component.share, RATIO_ONE)
    places = words.muldiv(size, part, whole, SHARE_ROUNDINGS[component.rounding])
    return words.highest(places, component.least)


def in_top(words: Words, rank: Value, tied: Value, places: Value, tie: CutTie) -> Value:
    """Say whether a competition rank lies within so many places; ties at the cut by policy."""
    last = rank if tie is CutTie.INCLUDE_ALL else words.minus(words.plus(rank, tied), 1)
    return words.compare(last, Comparison.AT_MOST, places)


def top_lines(plan: Plan, component: TopShare) -> list[LineSpec]:
    """Make the lines of the reward for the best share of a peer group."""
    identity, peers = component.id, f"{component.id}.peers"

    def places(words: Words, size: Value) -> Value:
        return places_of(words, component, size)

    def top(words: Words, rank: Value, tied: Value, cut: Value) -> Value:
        return in_top(words, rank, tied, cut, component.tie)

    def work(words: Words, num: Value, den: Value, size: Value, rank: Value, best: Value) -> Value:
        pay = words.choose(best, component.amount, 0)
        small = words.choose(words.present(num), 0, None)
        held = words.choose(words.present(rank), pay, small)
        known = words.choose(words.present(size), held, None)
        return with_policy(words, known, component.missing)

    return [
        LineSpec(
            name=f"{identity}.places",
            code="line_top_places",
            unit=NUMBER,
            kind=LineKind.STEP,
            key=identity,
            inputs=(f"{peers}.size",),
            work=places,
            constants=(rate_constant("share", component.share),),
        ),
        LineSpec(
            name=f"{identity}.top",
            code="line_in_top",
            unit=TRUTH,
            kind=LineKind.STEP,
            key=identity,
            inputs=(f"{peers}.rank", f"{peers}.tied", f"{identity}.places"),
            work=top,
        ),
        LineSpec(
            name=f"{identity}.amount",
            code="line_top_amount",
            unit=plan.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(
                *names_of(component.metric),
                f"{peers}.size",
                f"{peers}.rank",
                f"{identity}.top",
            ),
            work=measured(component.metric, work),
            shown=(f"{identity}.places",),
            constants=(amount_constant(plan, component.amount),),
        ),
    ]

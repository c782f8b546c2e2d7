"""Pay lines that look something up in a table: rate tiers and the pay curve over the score."""

from __future__ import annotations

from collections.abc import Callable

from domain.component import (
    SCORE,
    BelowFirst,
    Negative,
    ScorePay,
    Tiered,
    TierMeasure,
    TierMode,
)
from domain.exact import (
    RATIO_ONE,
    Boundary,
    Comparison,
    TierRates,
    Value,
    Words,
    slopes,
    straight,
    tier_rates,
)
from domain.line_parts import amount_constant, names_of, shown_of, with_policy
from domain.plan import Plan
from domain.program import NUMBER, LineKind, LineSpec


def tier_lines(plan: Plan, component: Tiered) -> list[LineSpec]:
    """Make the lines of a rate table: the tier reached, the rate there, the amount."""
    table = tier_rates(
        [tier.up_to for tier in component.tiers if tier.up_to is not None],
        [tier.rate for tier in component.tiers],
        added_up=component.mode is TierMode.ADDITIVE_PRORATED,
    )
    inputs = names_of(component.metric)
    if component.measure is TierMeasure.EXCESS_OVER_TARGET:
        inputs = (*inputs, f"{component.metric}.target")
    identity = component.id
    return [
        LineSpec(
            name=f"{identity}.tier",
            code="line_tier",
            unit=NUMBER,
            kind=LineKind.STEP,
            key=identity,
            inputs=inputs,
            work=_tier_reached(component, table),
            shown=shown_of(component.metric),
        ),
        LineSpec(
            name=f"{identity}.rate",
            code=f"line_tier_rate_{component.mode.value.lower()}",
            unit="RATIO",
            kind=LineKind.STEP,
            key=identity,
            inputs=(*inputs, f"{identity}.tier"),
            work=_tier_rate(plan, component, table),
        ),
        LineSpec(
            name=f"{identity}.amount",
            code=f"line_tier_amount_{component.mode.value.lower()}",
            unit=plan.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(*inputs, f"{identity}.tier"),
            work=_tier_amount(plan, component, table),
            shown=(*shown_of(component.metric), f"{identity}.rate"),
        ),
    ]


def _amount(words: Words, component: Tiered, num: Value, den: Value, target: Value) -> Value:
    """Give the numerator of the amount that is held against the tiers."""
    if component.measure is TierMeasure.EXCESS_OVER_TARGET:
        return words.highest(words.minus(num, words.times(target, den)), 0)
    return num if component.negative is Negative.KEEP else words.highest(num, 0)


def _tier_reached(component: Tiered, table: TierRates) -> Callable[..., Value]:
    operator = (
        Comparison.AT_LEAST if component.boundary is Boundary.UPPER_TIER else Comparison.MORE_THAN
    )

    def work(words: Words, num: Value, den: Value, target: Value = None) -> Value:
        amount = _amount(words, component, num, den, target)
        reached = [words.compare(amount, operator, words.times(end, den)) for end in table.ends]
        tier = words.plus(words.count(reached), 1)
        return words.choose(words.present(amount), tier, None)

    return work


def _rate_at(
    words: Words, table: TierRates, index: Value, amount: Value, den: Value
) -> tuple[Value, Value]:
    """Give the rate at ``amount/den`` as a fraction, in units of ``1/table.whole``."""
    run = words.times(words.pick(index, table.run), den)
    way = words.minus(amount, words.times(words.pick(index, table.starts), den))
    top = words.plus(
        words.times(words.pick(index, table.base), run),
        words.times(words.pick(index, table.rise), way),
    )
    return top, run


def _is_flat(component: Tiered) -> bool:
    return component.mode in {TierMode.WHOLE, TierMode.MARGINAL}


def _read(values: tuple[Value, ...]) -> tuple[Value, Value]:
    return (values[0], values[1]) if values[1:] else (None, values[0])


def _tier_rate(plan: Plan, component: Tiered, table: TierRates) -> Callable[..., Value]:
    def work(words: Words, num: Value, den: Value, *rest: Value) -> Value:
        target, tier = _read(rest)
        index = words.minus(tier, 1)
        if _is_flat(component):
            return words.muldiv(
                words.pick(index, table.rates), RATIO_ONE, table.whole, plan.rounding
            )
        amount = _amount(words, component, num, den, target)
        top, bottom = _rate_at(words, table, index, amount, den)
        return words.muldiv(top, RATIO_ONE, words.times(bottom, table.whole), plan.rounding)

    return work


def _tier_amount(plan: Plan, component: Tiered, table: TierRates) -> Callable[..., Value]:
    def work(words: Words, num: Value, den: Value, *rest: Value) -> Value:
        target, tier = _read(rest)
        index = words.minus(tier, 1)
        amount = _amount(words, component, num, den, target)
        pay = _applied(words, component.mode, table, index, amount, den)
        whole = words.times(pay[1], words.times(den, table.whole))
        return with_policy(
            words, words.muldiv(pay[0], pay[2], whole, plan.rounding), component.missing
        )

    return work


def _applied(
    words: Words, mode: TierMode, table: TierRates, index: Value, amount: Value, den: Value
) -> tuple[Value, Value, Value]:
    """Give the pay as ``first x third / second``, over ``den x table.whole``."""
    if mode is TierMode.WHOLE:
        return amount, 1, words.pick(index, table.rates)
    if mode is TierMode.MARGINAL:
        start = words.times(words.pick(index, table.starts), den)
        slice_ = words.times(words.minus(amount, start), words.pick(index, table.rates))
        return words.plus(words.times(words.pick(index, table.earned), den), slice_), 1, 1
    top, bottom = _rate_at(words, table, index, amount, den)
    return amount, bottom, top


def score_pay_lines(plan: Plan, component: ScorePay) -> list[LineSpec]:
    """Make the lines of a base amount paid by a curve over the score."""
    below = 0 if component.below is BelowFirst.NOTHING else None
    pieces = slopes([(point.score, point.pays) for point in component.points], 1, below)

    def part(words: Words, score: Value) -> tuple[Value, Value]:
        reached = [
            words.compare(score, Comparison.AT_LEAST, point.score) for point in component.points
        ]
        return straight(words, pieces, words.count(reached), score, 1)

    def percent(words: Words, score: Value) -> Value:
        top, bottom = part(words, score)
        return words.muldiv(top, 1, bottom, plan.rounding)

    def work(words: Words, score: Value) -> Value:
        top, bottom = part(words, score)
        pay = words.muldiv(top, component.amount, words.times(bottom, RATIO_ONE), plan.rounding)
        return with_policy(words, pay, component.missing)

    return [
        LineSpec(
            name=f"{component.id}.percent",
            code="line_score_percent",
            unit="RATIO",
            kind=LineKind.STEP,
            key=component.id,
            inputs=(SCORE,),
            work=percent,
        ),
        LineSpec(
            name=f"{component.id}.amount",
            code="line_score_amount",
            unit=plan.currency,
            kind=LineKind.PAY,
            key=component.id,
            inputs=(SCORE,),
            work=work,
            shown=(f"{component.id}.percent",),
            constants=(amount_constant(plan, component.amount),),
        ),
    ]

"""A plan as named lines: for each component its steps and one amount, then the payout.

Money is rounded once, in the amount's line; whatever decides (met, gate, tier, above the median)
is compared on unrounded numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.compare_lines import median_lines, top_lines
from domain.component import (
    SCORE,
    BonusWhenMet,
    Component,
    Condition,
    Kicker,
    Negative,
    Rate,
    RateOnExcess,
    RewardAboveMedian,
    ScorePay,
    Tiered,
    TopShare,
    metrics_of,
)
from domain.exact import RATIO_ONE, Value, Words, lowest_terms
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
from domain.problem import Problem
from domain.program import NUMBER, TRUTH, Cohort, Constant, Input, LineKind, LineSpec, Program
from domain.score_lines import actual_line
from domain.scorecard import Scorecard
from domain.table_lines import score_pay_lines, tier_lines


def compile_pay(plan: Plan, scorecard: Scorecard | None = None) -> Program:
    """Turn a plan into named lines that end in ``payout`` (minor units of its currency).

    With a scorecard, units that contradict each other are a fault of the caller, who asks
    `check_together` first.
    """
    assert scorecard is None or not check_together(plan, scorecard)
    lines = [
        actual_line(metric, plan.units[metric], plan.rounding)
        for metric in _metrics_used(plan)
        if metric != SCORE
    ]
    for place, component in enumerate(plan.components):
        lines.extend(_component_lines(plan, component, plan.components[:place]))
    lines.extend(_payout_lines(plan))
    return Program(
        inputs=_inputs(plan),
        lines=tuple(lines),
        metrics=tuple(metric for metric in _metrics_used(plan) if metric != SCORE),
        cohorts=tuple(
            Cohort(
                id=each.id,
                measure=each.metric,
                unit=_unit(plan, each.metric),
                peer_group=each.peer_group,
                minimum=each.minimum_cohort,
                fallback=each.fallback,
            )
            for each in plan.components
            if isinstance(each, RewardAboveMedian | TopShare)
        ),
        rounding=plan.rounding,
    )


def check_together(plan: Plan, scorecard: Scorecard) -> tuple[Problem, ...]:
    """Find metrics that the plan and the scorecard count in different units."""
    units = {item.metric: item.unit for item in scorecard.items}
    units.update({each.metric: each.unit for each in scorecard.adjustments})
    return tuple(
        Problem(
            code="unit_differs",
            path=f"units.{metric}",
            values={"metric": metric, "unit": unit, "wanted": units[metric]},
        )
        for metric, unit in plan.units.items()
        if units.get(metric, unit) != unit
    )


def _metrics_used(plan: Plan) -> tuple[str, ...]:
    found = dict.fromkeys(key for each in plan.components for key in metrics_of(each))
    return tuple(found)


def _unit(plan: Plan, metric: str) -> str:
    return "POINT" if metric == SCORE else plan.units[metric]


def _inputs(plan: Plan) -> tuple[Input, ...]:
    found: dict[str, Input] = {}
    for component in plan.components:
        for metric in metrics_of(component):
            unit = _unit(plan, metric)
            for name in names_of(metric):
                held = NUMBER if name.endswith(".den") else unit
                found.setdefault(name, Input(name=name, unit=held))
        if _reads_target(component):
            name = f"{metrics_of(component)[0]}.target"
            found.setdefault(name, Input(name=name, unit=_unit(plan, metrics_of(component)[0])))
        if isinstance(component, RewardAboveMedian | TopShare):
            for part, held in _peer_inputs(component, _unit(plan, component.metric)):
                name = f"{component.id}.peers.{part}"
                found[name] = Input(name=name, unit=held)
    return tuple(found.values())


def _reads_target(component: Component) -> bool:
    if isinstance(component, Tiered):
        return component.measure is component.measure.EXCESS_OVER_TARGET
    return isinstance(component, BonusWhenMet | RateOnExcess)


def _peer_inputs(component: Component, unit: str) -> tuple[tuple[str, str], ...]:
    if isinstance(component, TopShare):
        return (("size", NUMBER), ("rank", NUMBER), ("tied", NUMBER))
    return (
        ("size", NUMBER),
        ("lo_num", unit),
        ("lo_den", NUMBER),
        ("hi_num", unit),
        ("hi_den", NUMBER),
    )


def _component_lines(
    plan: Plan, component: Component, earlier: Sequence[Component]
) -> list[LineSpec]:
    match component:
        case BonusWhenMet():
            return _bonus_lines(plan, component)
        case RateOnExcess():
            return _excess_lines(plan, component)
        case Rate():
            return _rate_lines(plan, component)
        case Kicker():
            return _kicker_lines(plan, component, earlier)
        case RewardAboveMedian():
            return median_lines(plan, component)
        case TopShare():
            return top_lines(plan, component)
        case Tiered():
            return tier_lines(plan, component)
        case ScorePay():
            return score_pay_lines(plan, component)


def _met_line(plan: Plan, component: BonusWhenMet | RateOnExcess) -> LineSpec:
    """The target is met or not, exactly: 999,999.99 does not meet 1,000,000."""

    def work(words: Words, num: Value, den: Value, target: Value) -> Value:
        return words.compare(num, component.comparison, words.times(target, den))

    return LineSpec(
        name=f"{component.id}.met",
        code=f"line_met_{component.comparison.value.lower()}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=component.id,
        inputs=(*names_of(component.metric), f"{component.metric}.target"),
        work=work,
        shown=(f"{component.metric}.actual",),
    )


def _gate(plan: Plan, identity: str, minimum: Condition | None) -> list[LineSpec]:
    if minimum is None:
        return []
    return [condition_line(plan, identity, "minimum", minimum)]


def _bonus_lines(plan: Plan, component: BonusWhenMet) -> list[LineSpec]:
    gate = _gate(plan, component.id, component.minimum)

    def work(words: Words, met: Value, *gates: Value) -> Value:
        truth = met
        for each in gates:
            truth = words.both(truth, each)
        return with_policy(words, words.choose(truth, component.amount, 0), component.missing)

    amount = LineSpec(
        name=f"{component.id}.amount",
        code="line_bonus_amount",
        unit=plan.currency,
        kind=LineKind.PAY,
        key=component.id,
        inputs=(f"{component.id}.met", *(line.name for line in gate)),
        work=work,
        shown=(f"{component.metric}.actual", f"{component.metric}.target"),
        constants=(amount_constant(plan, component.amount),),
    )
    return [_met_line(plan, component), *gate, amount]


def _excess_lines(plan: Plan, component: RateOnExcess) -> list[LineSpec]:
    gate = _gate(plan, component.id, component.minimum)
    part, whole = lowest_terms(component.rate, RATIO_ONE)

    def excess(words: Words, met: Value, num: Value, den: Value, target: Value) -> Value:
        over = words.minus(num, words.times(target, den))
        return words.choose(met, words.muldiv(over, 1, den, plan.rounding), 0)

    def work(
        words: Words, met: Value, num: Value, den: Value, target: Value, *gates: Value
    ) -> Value:
        truth = met
        for each in gates:
            truth = words.both(truth, each)
        over = words.minus(num, words.times(target, den))
        pay = words.muldiv(over, part, words.times(den, whole), plan.rounding)
        return with_policy(words, words.choose(truth, pay, 0), component.missing)

    compared = (f"{component.id}.met", *names_of(component.metric), f"{component.metric}.target")
    return [
        _met_line(plan, component),
        *gate,
        LineSpec(
            name=f"{component.id}.excess",
            code="line_excess",
            unit=plan.currency,
            kind=LineKind.STEP,
            key=component.id,
            inputs=compared,
            work=excess,
            shown=(f"{component.metric}.actual",),
        ),
        LineSpec(
            name=f"{component.id}.amount",
            code="line_excess_amount",
            unit=plan.currency,
            kind=LineKind.PAY,
            key=component.id,
            inputs=(*compared, *(line.name for line in gate)),
            work=work,
            shown=(f"{component.metric}.actual", f"{component.id}.excess"),
            constants=(rate_constant("rate", component.rate),),
        ),
    ]


def _rate_lines(plan: Plan, component: Rate) -> list[LineSpec]:
    gate = _gate(plan, component.id, component.minimum)
    part, whole = lowest_terms(component.rate, RATIO_ONE)

    def work(words: Words, num: Value, den: Value, *gates: Value) -> Value:
        base = num if component.negative is Negative.KEEP else words.highest(num, 0)
        pay = words.muldiv(base, part, words.times(den, whole), plan.rounding)
        return with_policy(words, gated(words, gates, pay), component.missing)

    amount = LineSpec(
        name=f"{component.id}.amount",
        code="line_rate_amount",
        unit=plan.currency,
        kind=LineKind.PAY,
        key=component.id,
        inputs=(*names_of(component.metric), *(line.name for line in gate)),
        work=measured(component.metric, work),
        shown=shown_of(component.metric),
        constants=(rate_constant("rate", component.rate),),
    )
    return [*gate, amount]


def _kicker_lines(plan: Plan, component: Kicker, earlier: Sequence[Component]) -> list[LineSpec]:
    names = component.base or tuple(each.id for each in earlier)
    part, whole = lowest_terms(component.percent, RATIO_ONE)

    def base(words: Words, *amounts: Value) -> Value:
        return words.total(amounts)

    def work(words: Words, passed: Value, total: Value) -> Value:
        # when the condition fails nothing is due, even while the base is still open
        pay = words.choose(passed, words.muldiv(total, part, whole, plan.rounding), 0)
        return with_policy(words, pay, component.missing)

    gate = condition_line(plan, component.id, "condition", component.condition)
    return [
        gate,
        LineSpec(
            name=f"{component.id}.base",
            code="line_kicker_base",
            unit=plan.currency,
            kind=LineKind.STEP,
            key=component.id,
            inputs=tuple(f"{name}.amount" for name in names),
            work=base,
        ),
        LineSpec(
            name=f"{component.id}.amount",
            code="line_kicker_amount",
            unit=plan.currency,
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
                    unit=_unit(plan, component.condition.metric),
                ),
            ),
        ),
    ]


def _payout_lines(plan: Plan) -> list[LineSpec]:
    """The sum of the amounts, then cap and floor as lines of their own, then the payout."""
    amounts = tuple(f"{each.id}.amount" for each in plan.components)
    lines = [_sum_line(plan, "subtotal", amounts, LineKind.STEP)]
    parts = ["subtotal"]
    if plan.cap is not None:
        lines.append(_limit_line(plan, "cap", plan.cap, tuple(parts), _over(plan.cap)))
        parts.append("cap.amount")
    if plan.floor is not None:
        lines.append(_limit_line(plan, "floor", plan.floor, tuple(parts), _under(plan.floor)))
        parts.append("floor.amount")
    lines.append(_sum_line(plan, "payout", tuple(parts), LineKind.TOTAL))
    return lines


def _sum_line(plan: Plan, name: str, parts: tuple[str, ...], kind: LineKind) -> LineSpec:
    def work(words: Words, *amounts: Value) -> Value:
        return words.total(amounts)

    return LineSpec(
        name=name,
        code=f"line_{name}",
        unit=plan.currency,
        kind=kind,
        key="",
        inputs=parts,
        work=work,
    )


def _limit_line(
    plan: Plan, name: str, limit: int, parts: tuple[str, ...], work: Callable[..., Value]
) -> LineSpec:
    return LineSpec(
        name=f"{name}.amount",
        code=f"line_{name}_amount",
        unit=plan.currency,
        kind=LineKind.PAY,
        key="",
        inputs=parts,
        work=work,
        constants=(Constant(name="limit", value=limit, unit=plan.currency),),
    )


def _over(cap: int) -> Callable[..., Value]:
    def work(words: Words, *parts: Value) -> Value:
        return words.lowest(words.minus(cap, words.total(parts)), 0)

    return work


def _under(floor: int) -> Callable[..., Value]:
    def work(words: Words, *parts: Value) -> Value:
        return words.highest(words.minus(floor, words.total(parts)), 0)

    return work

"""A plan as named lines: for each component its steps and one amount, then the payout.

Money is rounded once, in the amount's line; whatever decides (met, gate, tier, above the median)
is compared on unrounded numbers. The lines of a kind of component are in `domain/kinds`.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.component import SCORE, unit_of
from domain.exact import Value, Words
from domain.kinds.base import Component
from domain.line_parts import names_of
from domain.plan import Plan
from domain.problem import Problem
from domain.program import NUMBER, Constant, Input, LineKind, LineSpec, Program
from domain.score_lines import actual_line
from domain.scorecard import Scorecard


def compile_pay(plan: Plan, scorecard: Scorecard | None = None) -> Program:
    """Turn a plan into named lines that end in ``payout`` (minor units of its currency).

    With a scorecard, units that contradict each other are a fault of the caller, who asks
    `check_together` first.
    """
    assert scorecard is None or not check_together(plan, scorecard)
    used = [metric for metric in _metrics_used(plan) if metric != SCORE]
    needs = tuple(need for each in plan.components for need in each.needs(plan))
    needed = [need.metric for need in needs if need.metric != SCORE]
    lines = [actual_line(metric, plan.units[metric], plan.rounding) for metric in used]
    for place, component in enumerate(plan.components):
        lines.extend(component.lines(plan, plan.components[:place]))
        lines.extend(_own_limits(plan, component))
    lines.extend(_payout_lines(plan))
    return Program(
        inputs=_inputs(plan),
        lines=tuple(lines),
        metrics=tuple(dict.fromkeys(each for each in (*used, *needed) if each)),
        cohorts=tuple(each for component in plan.components for each in component.cohorts(plan)),
        needs=needs,
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
    return tuple(dict.fromkeys(key for each in plan.components for key in each.metrics))


def _inputs(plan: Plan) -> tuple[Input, ...]:
    found: dict[str, Input] = {}
    for component in plan.components:
        for metric in component.metrics:
            unit = unit_of(plan, metric)
            for name in names_of(metric):
                held = NUMBER if name.endswith(".den") else unit
                found.setdefault(name, Input(name=name, unit=held))
        for metric in component.targets:
            name = f"{metric}.target"
            found.setdefault(name, Input(name=name, unit=unit_of(plan, metric)))
        own = [each for need in component.needs(plan) for each in need.inputs]
        found.update((each.name, each) for each in (*component.inputs(plan), *own))
    return tuple(found.values())


def _payout_lines(plan: Plan) -> list[LineSpec]:
    """The sum of the amounts, then cap and floor as lines of their own, then the payout."""
    amounts = tuple(name for each in plan.components for name in each.pay_names)
    lines = [_sum_line(plan, "subtotal", amounts, LineKind.STEP)]
    parts = ["subtotal"]
    if plan.cap is not None:
        lines.append(_limit_line(plan, "cap", "", plan.cap, tuple(parts)))
        parts.append("cap.amount")
    if plan.floor is not None:
        lines.append(_limit_line(plan, "floor", "", plan.floor, tuple(parts)))
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


def _own_limits(plan: Plan, component: Component) -> list[LineSpec]:
    """Cap and floor of one component: lines of their own, so that the statement shows both."""
    lines, parts = [], [f"{component.id}.amount"]
    for name, limit in (("cap", component.cap), ("floor", component.floor)):
        if limit is not None:
            lines.append(_limit_line(plan, name, component.id, limit, tuple(parts)))
            parts.append(lines[-1].name)
    return lines


def _limit_line(plan: Plan, name: str, key: str, limit: int, parts: tuple[str, ...]) -> LineSpec:
    return LineSpec(
        name=f"{key}.{name}.amount" if key else f"{name}.amount",
        code=f"line_own_{name}_amount" if key else f"line_{name}_amount",
        unit=plan.currency,
        kind=LineKind.PAY,
        key=key,
        inputs=parts,
        work=_over(limit) if name == "cap" else _under(limit),
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

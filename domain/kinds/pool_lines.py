"""The lines of a pool: the team's value, its condition, the own key, the pool, the own part."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.component import SCORE, Negative, Terms, unit_of
from domain.exact import RATIO_ONE, Value, Words, lowest_terms, ten_to
from domain.kinds.peer_parts import counted_line
from domain.kinds.pool_terms import Against, PoolOf, SplitKey, TeamCondition
from domain.line_parts import (
    amount_constant,
    gate_lines,
    names_of,
    rate_constant,
    shown_of,
    with_policy,
)
from domain.program import TRUTH, Constant, LineKind, LineSpec
from domain.split import part_of
from domain.unit import decimals_of

if TYPE_CHECKING:
    from domain.kinds.pool import Pool


def pool_lines(terms: Terms, component: Pool) -> list[LineSpec]:
    """Make the lines of a pool, of which the last is the person's part."""
    identity = component.id
    lines: list[LineSpec] = []
    if component.funding.metric is not None:
        lines.append(_value_line(terms, identity, "team", component.funding.metric))
    if component.condition is not None:
        metric = component.condition.metric
        lines.append(_value_line(terms, identity, "team_held", metric))
        lines.append(_condition_line(terms, identity, component.condition))
    gates = gate_lines(terms, identity, component.minimum)
    return [
        *lines,
        counted_line(identity, component.members, "pool"),
        *gates,
        _key_line(terms, component, [line.name for line in gates]),
        _whole_line(terms, component),
        _amount_line(terms, component),
    ]


def _value_line(terms: Terms, identity: str, name: str, metric: str) -> LineSpec:
    def work(words: Words, num: Value, den: Value) -> Value:
        return words.muldiv(num, 1, den, terms.rounding)

    return LineSpec(
        name=f"{identity}.{name}.actual",
        code="line_team_value",
        unit=unit_of(terms, metric),
        kind=LineKind.STEP,
        key=identity,
        inputs=(f"{identity}.{name}.num", f"{identity}.{name}.den"),
        work=work,
    )


def _condition_line(terms: Terms, identity: str, condition: TeamCondition) -> LineSpec:
    """The team's value against its line, exactly, as a person's against his target."""
    held = f"{identity}.team_held"
    to_target = condition.against is Against.TEAM_TARGET

    def work(words: Words, num: Value, den: Value, target: Value = condition.value) -> Value:
        return words.compare(num, condition.comparison, words.times(target, den))

    code = "line_team_target" if to_target else "line_team"
    unit = unit_of(terms, condition.metric)
    value = condition.value or 0
    return LineSpec(
        name=f"{identity}.condition",
        code=f"{code}_{condition.comparison.value.lower()}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=identity,
        inputs=(f"{held}.num", f"{held}.den", *((f"{held}.target",) if to_target else ())),
        work=work,
        shown=(f"{held}.actual",),
        constants=() if to_target else (Constant(name="threshold", value=value, unit=unit),),
    )


def _key_line(terms: Terms, component: Pool, gates: list[str]) -> LineSpec:
    """The own key in whole steps: what is shared by is rounded here, once, and never below 0."""
    identity = component.id
    facts: tuple[str, ...] = ()
    if component.key is SplitKey.METRIC and component.key_metric is not None:
        facts = names_of(component.key_metric)
    elif component.key is SplitKey.SCORE:
        facts = (SCORE,)
    elif component.key is SplitKey.DAYS:
        facts = (f"{identity}.pool.days",)
    width = len(facts)

    def work(words: Words, counts: Value, *values: Value) -> Value:
        own, passed = values[:width], values[width:]
        key: Value = 1
        if own:
            num, den = (*own, 1)[:2]
            key = words.highest(words.muldiv(num, 1, den, terms.rounding), 0)
        for gate in passed:
            key = words.choose(gate, key, 0)
        return words.choose(counts, key, 0)

    return LineSpec(
        name=f"{identity}.key",
        code="line_pool_key",
        unit=component.key_unit(terms),
        kind=LineKind.STEP,
        key=identity,
        inputs=(f"{identity}.counts", *facts, *gates),
        work=work,
        shown=shown_of(component.key_metric) if component.key_metric is not None else (),
    )


def _whole_line(terms: Terms, component: Pool) -> LineSpec:
    funding, identity = component.funding, component.id
    gate = () if component.condition is None else (f"{identity}.condition",)
    facts: tuple[str, ...] = ()
    if funding.metric is not None:
        facts = (f"{identity}.team.num", f"{identity}.team.den")
    elif funding.of is PoolOf.PER_HEAD:
        facts = (f"{identity}.pool.heads",)
    constants: tuple[Constant, ...] = ()
    if funding.amount is not None:
        constants = (amount_constant(terms, funding.amount),)
    if funding.rate is not None:
        constants = (rate_constant("rate", funding.rate),)
    earned, width = _earned(terms, component), len(facts)

    def work(words: Words, *values: Value) -> Value:
        whole = earned(words, *values[:width])
        for passed in values[width:]:
            # when the team misses its condition there is no pool, even while it is still open
            whole = words.choose(passed, whole, 0)
        return whole

    shown = (f"{identity}.team.actual",) if funding.metric is not None else ()
    return LineSpec(
        name=f"{identity}.whole",
        code=f"line_pool_{funding.of.value.lower()}",
        unit=terms.currency,
        kind=LineKind.STEP,
        key=identity,
        inputs=(*facts, *gate),
        work=work,
        shown=shown,
        constants=constants,
    )


def _earned(terms: Terms, component: Pool) -> Callable[..., Value]:
    funding = component.funding
    factor, whole = funding.amount or 0, 1
    if funding.of is PoolOf.RATE:
        factor, whole = lowest_terms(funding.rate or 0, RATIO_ONE)
    elif funding.of is PoolOf.PER_UNIT and funding.metric is not None:
        steps = ten_to(decimals_of(unit_of(terms, funding.metric)))
        factor, whole = lowest_terms(factor, steps)

    def fixed(words: Words) -> Value:
        return factor

    def per_head(words: Words, heads: Value) -> Value:
        return words.times(heads, factor)

    def by_value(words: Words, num: Value, den: Value) -> Value:
        base = num if funding.negative is Negative.KEEP else words.highest(num, 0)
        return words.muldiv(base, factor, words.times(den, whole), terms.rounding)

    if funding.of is PoolOf.FIXED:
        return fixed
    return per_head if funding.of is PoolOf.PER_HEAD else by_value


def _amount_line(terms: Terms, component: Pool) -> LineSpec:
    """The own part: rounded towards zero, and one of the cents left over if it is ours."""
    identity = component.id

    def work(words: Words, whole: Value, key: Value, total: Value, extra: Value) -> Value:
        return with_policy(words, part_of(words, whole, key, total, extra), component.missing)

    return LineSpec(
        name=f"{identity}.amount",
        code="line_pool_amount",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=identity,
        inputs=(
            f"{identity}.whole",
            f"{identity}.key",
            f"{identity}.pool.keys",
            f"{identity}.pool.extra",
        ),
        work=work,
    )

"""Small pieces that several pay lines share: conditions, missing policies, named constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.component import SCORE, Condition
from domain.exact import Value, Words
from domain.plan import Plan
from domain.program import TRUTH, Constant, LineKind, LineSpec
from domain.scorecard import MissingInput


def names_of(metric: str) -> tuple[str, ...]:
    """Name the inputs that hold a metric's exact value: a fraction, or the score as it is."""
    return (SCORE,) if metric == SCORE else (f"{metric}.num", f"{metric}.den")


def shown_of(metric: str) -> tuple[str, ...]:
    """Name what a sentence shows of a metric."""
    return (SCORE,) if metric == SCORE else (f"{metric}.actual",)


def measured(metric: str, work: Callable[..., Value]) -> Callable[..., Value]:
    """Let a line written for num and den read the score, which is a whole number of steps."""
    if metric != SCORE:
        return work

    def with_one(words: Words, num: Value, *others: Value) -> Value:
        return work(words, num, 1, *others)

    return with_one


def with_policy(words: Words, amount: Value, missing: MissingInput) -> Value:
    """Say what an amount is when something it needs is missing: nothing, or not known yet."""
    return words.otherwise(amount, 0) if missing is MissingInput.ZERO else amount


def gated(words: Words, gates: Sequence[Value], pay: Value) -> Value:
    """Pay nothing when a gate is shut; what is missing stays missing whatever the gates say."""
    nothing = words.choose(words.present(pay), 0, None)
    for gate in gates:
        pay = words.choose(gate, pay, nothing)
    return pay


def condition_line(plan: Plan, identity: str, name: str, condition: Condition) -> LineSpec:
    """Make the line that holds a metric against a fixed value, exactly."""

    def work(words: Words, num: Value, den: Value) -> Value:
        return words.compare(num, condition.comparison, words.times(condition.value, den))

    unit = "POINT" if condition.metric == SCORE else plan.units[condition.metric]
    return LineSpec(
        name=f"{identity}.{name}",
        code=f"line_{name}_{condition.comparison.value.lower()}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=identity,
        inputs=names_of(condition.metric),
        work=measured(condition.metric, work),
        shown=shown_of(condition.metric),
        constants=(Constant(name="threshold", value=condition.value, unit=unit),),
    )


def amount_constant(plan: Plan, amount: int) -> Constant:
    """Name a flat amount of the plan."""
    return Constant(name="flat", value=amount, unit=plan.currency)


def rate_constant(name: str, rate: int) -> Constant:
    """Name a rate of the plan."""
    return Constant(name=name, value=rate, unit="RATIO")

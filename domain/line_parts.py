"""Small pieces that several pay lines share: conditions, missing policies, named constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.component import SCORE, Condition, Terms, unit_of
from domain.exact import Comparison, Value, Words
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


def condition_line(
    terms: Terms, identity: str, name: str, condition: Condition, unit: str | None = None
) -> LineSpec:
    """Make the line that holds a metric against a fixed value, exactly.

    ``unit`` is that of a metric which the plan does not name, such as a window.
    """

    def work(words: Words, num: Value, den: Value) -> Value:
        return words.compare(num, condition.comparison, words.times(condition.value, den))

    held = unit or unit_of(terms, condition.metric)
    return LineSpec(
        name=f"{identity}.{name}",
        code=f"line_{name}_{condition.comparison.value.lower()}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=identity,
        inputs=names_of(condition.metric),
        work=measured(condition.metric, work),
        shown=shown_of(condition.metric),
        constants=(Constant(name="threshold", value=condition.value, unit=held),),
    )


def gate_lines(terms: Terms, identity: str, minimum: Condition | None) -> list[LineSpec]:
    """Make the line of a minimum, if there is one."""
    return [] if minimum is None else [condition_line(terms, identity, "minimum", minimum)]


def met_line(identity: str, metric: str, comparison: Comparison) -> LineSpec:
    """The target is met or not, exactly: 999,999.99 does not meet 1,000,000."""

    def work(words: Words, num: Value, den: Value, target: Value) -> Value:
        return words.compare(num, comparison, words.times(target, den))

    return LineSpec(
        name=f"{identity}.met",
        code=f"line_met_{comparison.value.lower()}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=identity,
        inputs=(*names_of(metric), f"{metric}.target"),
        work=work,
        shown=(f"{metric}.actual",),
    )


def amount_constant(terms: Terms, amount: int) -> Constant:
    """Name a flat amount of the plan."""
    return Constant(name="flat", value=amount, unit=terms.currency)


def rate_constant(name: str, rate: int) -> Constant:
    """Name a rate of the plan."""
    return Constant(name=name, value=rate, unit="RATIO")

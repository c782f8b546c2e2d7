"""The lines of one rate table, over a period or over the part of a span that is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from domain.axis import attained
from domain.component import Negative, SpanTarget, Terms, TierMeasure, TierMode
from domain.exact import RATIO_ONE, Boundary, Comparison, TierRates, Value, Words, tier_rates
from domain.line_parts import names_of, shown_of, with_policy
from domain.program import NUMBER, LineKind, LineSpec
from domain.scorecard import MissingInput

if TYPE_CHECKING:
    from domain.kinds.tiered import Tiered

Work: TypeAlias = Callable[..., Value]


class TierTable:
    """The lines of one rate table, over the period or over the span to date."""

    def __init__(self, terms: Terms, component: Tiered) -> None:
        self.terms, self.component = terms, component
        self.rates = tier_rates(
            [tier.up_to for tier in component.tiers if tier.up_to is not None],
            [tier.rate for tier in component.tiers],
            added_up=component.mode is TierMode.ADDITIVE_PRORATED,
        )
        identity, metric = component.id, component.metric
        targets: tuple[str, ...] = ()
        if component.reads_target:
            targets = {
                None: (f"{metric}.target",),
                SpanTarget.SPAN: (f"{identity}.goal",),
                SpanTarget.TO_DATE: (f"{metric}.target", f"{identity}.goal_before"),
            }[component.span_target]
        before = () if component.span is None else names_of(f"{identity}.before")
        self.inputs = (*names_of(metric), *targets, *before)

    def _step(self, name: str, code: str, unit: str, work: Work, **more: Any) -> LineSpec:
        identity = self.component.id
        fields = {"kind": LineKind.STEP, "inputs": self.inputs, **more}
        return LineSpec(
            name=f"{identity}.{name}", code=code, unit=unit, key=identity, work=work, **fields
        )

    def total(self, words: Words, values: Sequence[Value]) -> tuple[Value, Value]:
        """Give the actual as a fraction: of the period, or of the span up to its end."""
        num, den = values[:2]
        if self.component.span is not None:
            before, below = values[-2:]
            if self.component.missing is MissingInput.ZERO:
                num, den = words.otherwise(num, 0), words.otherwise(den, 1)
            num = words.plus(words.times(num, below), words.times(before, den))
            den = words.times(den, below)
        return num, den

    def target(self, words: Words, values: Sequence[Value]) -> Value:
        """Give the target of the period, of the span, or of the span so far."""
        if self.component.span_target is SpanTarget.TO_DATE:
            return words.plus(values[2], values[3])
        return values[2]

    def held(self, words: Words, values: Sequence[Value]) -> tuple[Value, Value]:
        """Give what is held against the tiers as a fraction, in the steps of their ends."""
        num, den = self.total(words, values)
        component = self.component
        if component.measure is TierMeasure.EXCESS_OVER_TARGET:
            target = words.times(self.target(words, values), den)
            return words.highest(words.minus(num, target), 0), den
        num = num if component.negative is Negative.KEEP else words.highest(num, 0)
        if component.measure is TierMeasure.ATTAINMENT:
            return attained(words, num, den, self.target(words, values))
        return num, den

    def total_line(self) -> LineSpec:
        """Show the actual of the span so far."""

        def work(words: Words, *values: Value) -> Value:
            num, den = self.total(words, values)
            return words.muldiv(num, 1, den, self.terms.rounding)

        unit = self.terms.units[self.component.metric]
        inputs = (*self.inputs[:2], *self.inputs[-2:])
        return self._step("total", "line_total_to_date", unit, work, inputs=inputs)

    def attainment_line(self) -> LineSpec:
        """Show the attainment; nothing is decided by it."""

        def work(words: Words, *values: Value) -> Value:
            num, den = self.held(words, values)
            return words.muldiv(num, 1, den, self.terms.rounding)

        if self.component.span is None:
            shown = shown_of(self.component.metric)
            return self._step("attainment", "line_attained", "RATIO", work, shown=shown)
        shown = (f"{self.component.id}.total",)
        return self._step("attainment", "line_attained_to_date", "RATIO", work, shown=shown)

    def tier_line(self) -> LineSpec:
        """Say which tier is reached, exactly."""
        component, upper = self.component, self.component.boundary is Boundary.UPPER_TIER
        operator = Comparison.AT_LEAST if upper else Comparison.MORE_THAN

        def work(words: Words, *values: Value) -> Value:
            num, den = self.held(words, values)
            ends = self.rates.ends
            reached = [words.compare(num, operator, words.times(end, den)) for end in ends]
            tier = words.plus(words.count(reached), 1)
            known = words.present(num)
            if component.measure is TierMeasure.ATTAINMENT:
                known = words.both(known, words.present(den))
            return words.choose(known, tier, None)

        code, shown = "line_tier", shown_of(component.metric)
        if component.measure is TierMeasure.ATTAINMENT:
            code, shown = "line_tier_attained", (f"{component.id}.attainment",)
        elif component.span is not None:
            code, shown = "line_tier_to_date", (f"{component.id}.total",)
        return self._step("tier", code, NUMBER, work, shown=shown)

    def rate_line(self) -> LineSpec:
        """Show the rate of the tier, or at the place within it."""
        rates, mode = self.rates, self.component.mode

        def work(words: Words, *values: Value) -> Value:
            index = words.minus(values[-1], 1)
            top, bottom = words.pick(index, rates.rates), 1
            if mode not in {TierMode.WHOLE, TierMode.MARGINAL}:
                top, bottom = _rate_at(words, rates, index, *self.held(words, values[:-1]))
            whole = words.times(bottom, rates.whole)
            return words.muldiv(top, RATIO_ONE, whole, self.terms.rounding)

        code = f"line_tier_rate_{mode.value.lower()}"
        return self._step("rate", code, "RATIO", work, inputs=self._with_tier)

    @property
    def _with_tier(self) -> tuple[str, ...]:
        return (*self.inputs, f"{self.component.id}.tier")

    def paid(self, words: Words, values: Sequence[Value]) -> Value:
        """Give what the table pays, rounded once; ``values`` end with the tier."""
        *given, tier = values
        num, den = self.held(words, given)
        mode, index = self.component.mode, words.minus(tier, 1)
        top, bottom, rate = _applied(words, mode, self.rates, index, num, den)
        whole = words.times(bottom, words.times(den, self.rates.whole))
        if self.component.measure is TierMeasure.ATTAINMENT:
            # the table ran over parts of the target: what it pays is a part of the target too
            top = words.times(top, self.target(words, given))
            whole = words.times(whole, RATIO_ONE)
        return words.muldiv(top, rate, whole, self.terms.rounding)

    def amount_line(self) -> LineSpec:
        """Pay for the period."""
        component = self.component

        def work(words: Words, *values: Value) -> Value:
            return with_policy(words, self.paid(words, values), component.missing)

        return self._step(
            "amount",
            f"line_tier_amount_{component.mode.value.lower()}",
            self.terms.currency,
            work,
            kind=LineKind.PAY,
            inputs=self._with_tier,
            shown=(*shown_of(component.metric), f"{component.id}.rate"),
        )

    def to_date_line(self) -> LineSpec:
        """Say what the table pays for the span so far."""

        def work(words: Words, *values: Value) -> Value:
            return self.paid(words, values)

        return self._step(
            "to_date",
            "line_tiers_to_date",
            self.terms.currency,
            work,
            inputs=self._with_tier,
            shown=(f"{self.component.id}.total",),
        )

    def difference_line(self) -> LineSpec:
        """Pay what the span so far pays, less what was already earned."""
        component = self.component

        def work(words: Words, to_date: Value, earned: Value) -> Value:
            return with_policy(words, words.minus(to_date, earned), component.missing)

        return self._step(
            "amount",
            "line_tiers_amount_to_date",
            self.terms.currency,
            work,
            kind=LineKind.PAY,
            inputs=(f"{component.id}.to_date", f"{component.id}.earned"),
            # not in its sentence: so that who asks for the facts behind it gets those of the span
            shown=(*shown_of(component.metric), f"{component.id}.before.num"),
        )


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

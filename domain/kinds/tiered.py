"""A rate table over an amount."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.component import Kind, Negative, Terms, TierMeasure, TierMode
from domain.document import DocumentReader, decimal_text, without_absent
from domain.exact import (
    RATIO_ONE,
    Boundary,
    Comparison,
    TierRates,
    Value,
    Words,
    tier_rates,
)
from domain.kinds.base import Component
from domain.line_parts import names_of, shown_of, with_policy
from domain.plan_reader import PlanReader
from domain.problem import Severity
from domain.program import NUMBER, LineKind, LineSpec
from domain.scorecard import optional_text, read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One tier: from where the last one ended up to ``up_to``; the last one is open (None)."""

    up_to: int | None
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered(Component):
    """A rate table over an amount."""

    kind = Kind.TIERED
    amount_codes = tuple(f"line_tier_amount_{mode.value.lower()}" for mode in TierMode)
    step_codes = ("line_tier", *(f"line_tier_rate_{mode.value.lower()}" for mode in TierMode))

    metric: str
    measure: TierMeasure
    mode: TierMode
    boundary: Boundary
    negative: Negative
    tiers: tuple[Tier, ...]

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        mode = reader.choice("mode", TierMode)
        own = {
            "metric": plan.metric(reader, money=True),
            "measure": reader.choice("measure", TierMeasure),
            "mode": mode,
            "boundary": reader.choice("boundary", Boundary),
            "negative": reader.choice("negative", Negative),
        }
        if mode is TierMode.ADDITIVE_PRORATED and own["negative"] is Negative.KEEP:
            # part of a rate times a negative amount would be a reward for refunds
            values = {"field": "negative", "value": "KEEP", "choices": "ZERO"}
            reader.note("choice_unknown", reader.at("negative"), values)
        tiers = _read_tiers(reader, plan.currency)
        if mode is not None:
            _check_tiers(reader, tiers, mode)
        return {**own, "tiers": tiers}

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "measure": self.measure.value,
            "mode": self.mode.value,
            "boundary": self.boundary.value,
            "negative": self.negative.value,
            "tiers": [
                without_absent(
                    {
                        "upTo": optional_text(tier.up_to, terms.currency),
                        "rate": decimal_text(tier.rate, "RATIO"),
                    }
                )
                for tier in self.tiers
            ],
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.metric,)

    @property
    def targets(self) -> tuple[str, ...]:
        """The metric whose target it reads, if it pays on the excess."""
        return (self.metric,) if self.measure is TierMeasure.EXCESS_OVER_TARGET else ()

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self)


def _read_tiers(reader: DocumentReader, unit: str | None) -> tuple[Tier, ...]:
    children = reader.children("tiers")
    if not children and reader.has("tiers"):
        reader.note("list_empty", reader.at("tiers"), {"field": "tiers"})
    tiers: list[Tier] = []
    end = 0
    for child in children:
        up_to = child.steps("upTo", unit, required=False)
        rate = read_at_least(child, "rate", "RATIO")
        child.finish()
        last = child is children[-1]
        if last and child.has("upTo"):
            reader.note("last_tier_not_open", child.at("upTo"), {})
        if not last and not child.has("upTo"):
            reader.note("field_missing", child.at("upTo"), {"field": "upTo"})
        if up_to is not None:
            if up_to <= end:
                reader.note("tiers_not_rising", child.at("upTo"), {})
            end = up_to
        tiers.append(Tier(up_to=up_to, rate=rate or 0))
    return tuple(tiers)


def _check_tiers(reader: DocumentReader, tiers: tuple[Tier, ...], mode: TierMode) -> None:
    if not tiers:
        return
    *_, (index, _last) = enumerate(tiers)
    place = f"{reader.at('tiers')}[{index}].rate"
    before = tiers[:-1][-1].rate if tiers[:-1] else tiers[-1].rate
    if mode is TierMode.ADDITIVE_PRORATED and tiers[-1].rate != 0:
        reader.note("last_tier_rate", place, {"mode": mode.value, "wanted": "0"})
    if mode is TierMode.INTERPOLATED and tiers[-1].rate != before:
        wanted = optional_text(before, "RATIO") or ""
        reader.note("last_tier_rate", place, {"mode": mode.value, "wanted": wanted})
    if mode in {TierMode.WHOLE, TierMode.INTERPOLATED}:
        for index, (lower, upper) in enumerate(pairwise(tiers), start=1):
            if upper.rate < lower.rate:
                path = f"{reader.at('tiers')}[{index}].rate"
                reader.note("pay_decreases", path, {}, Severity.WARNING)


def _lines(terms: Terms, component: Tiered) -> list[LineSpec]:
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
            work=_tier_rate(terms, component, table),
        ),
        LineSpec(
            name=f"{identity}.amount",
            code=f"line_tier_amount_{component.mode.value.lower()}",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(*inputs, f"{identity}.tier"),
            work=_tier_amount(terms, component, table),
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


def _tier_rate(terms: Terms, component: Tiered, table: TierRates) -> Callable[..., Value]:
    def work(words: Words, num: Value, den: Value, *rest: Value) -> Value:
        target, tier = _read(rest)
        index = words.minus(tier, 1)
        if _is_flat(component):
            return words.muldiv(
                words.pick(index, table.rates), RATIO_ONE, table.whole, terms.rounding
            )
        amount = _amount(words, component, num, den, target)
        top, bottom = _rate_at(words, table, index, amount, den)
        return words.muldiv(top, RATIO_ONE, words.times(bottom, table.whole), terms.rounding)

    return work


def _tier_amount(terms: Terms, component: Tiered, table: TierRates) -> Callable[..., Value]:
    def work(words: Words, num: Value, den: Value, *rest: Value) -> Value:
        target, tier = _read(rest)
        index = words.minus(tier, 1)
        amount = _amount(words, component, num, den, target)
        pay = _applied(words, component.mode, table, index, amount, den)
        whole = words.times(pay[1], words.times(den, table.whole))
        return with_policy(
            words, words.muldiv(pay[0], pay[2], whole, terms.rounding), component.missing
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

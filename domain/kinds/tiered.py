"""A rate table over an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.component import Kind, Negative, SpanTarget, Terms, TierMeasure, TierMode
from domain.document import DocumentReader, decimal_text, without_absent
from domain.exact import (
    Boundary,
)
from domain.kinds.base import Component
from domain.kinds.tier_lines import TierTable
from domain.period import MONTHS
from domain.plan_reader import PlanReader
from domain.problem import Severity
from domain.program import LineSpec, Need, NeedKind, Span, SpanStart
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
    amount_codes = (
        "line_tiers_amount_to_date",
        *(f"line_tier_amount_{mode.value.lower()}" for mode in TierMode),
    )
    step_codes = (
        "line_tier",
        "line_tier_attained",
        "line_tier_to_date",
        "line_attained",
        "line_attained_to_date",
        "line_total_to_date",
        "line_tiers_to_date",
        *(f"line_tier_rate_{mode.value.lower()}" for mode in TierMode),
    )

    metric: str
    measure: TierMeasure
    mode: TierMode
    boundary: Boundary
    negative: Negative
    tiers: tuple[Tier, ...]
    span: Span | None = None
    span_start: SpanStart | None = None
    span_target: SpanTarget | None = None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        mode = reader.choice("mode", TierMode)
        own: dict[str, object] = {
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
        unit = "RATIO" if own["measure"] is TierMeasure.ATTAINMENT else plan.currency
        tiers = _read_tiers(reader, unit or None)
        if mode is not None:
            _check_tiers(reader, tiers, mode)
        span = _read_span(reader, plan)
        own.update({"tiers": tiers, "span": span})
        if span is not None:
            own["span_start"] = reader.choice("spanStart", SpanStart)
        if span is not None and own["measure"] is not TierMeasure.ACTUAL:
            own["span_target"] = reader.choice("spanTarget", SpanTarget)
        return own

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        unit = "RATIO" if self.measure is TierMeasure.ATTAINMENT else terms.currency
        return {
            "metric": self.metric,
            "measure": self.measure.value,
            "mode": self.mode.value,
            "boundary": self.boundary.value,
            "negative": self.negative.value,
            "tiers": [
                without_absent(
                    {
                        "upTo": optional_text(tier.up_to, unit),
                        "rate": decimal_text(tier.rate, "RATIO"),
                    }
                )
                for tier in self.tiers
            ],
            "span": None if self.span is None else self.span.value,
            "spanStart": None if self.span_start is None else self.span_start.value,
            "spanTarget": None if self.span_target is None else self.span_target.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.metric,)

    @property
    def targets(self) -> tuple[str, ...]:
        """The metric whose target of the period it reads, if it does."""
        of_the_span = self.span_target is SpanTarget.SPAN
        return (self.metric,) if self.reads_target and not of_the_span else ()

    @property
    def reads_target(self) -> bool:
        """Say whether the tiers are held against a target."""
        return self.measure is not TierMeasure.ACTUAL

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """What came before in the span, and what was already earned by it."""
        if self.span is None:
            return ()
        unit, money = terms.units[self.metric], terms.currency
        parts = [("before", NeedKind.TO_DATE, unit), ("earned", NeedKind.EARNED, money)]
        if self.span_target is SpanTarget.SPAN:
            parts.append(("goal", NeedKind.SPAN_TARGET, unit))
        if self.span_target is SpanTarget.TO_DATE:
            parts.append(("goal_before", NeedKind.TARGET_TO_DATE, unit))
        return tuple(
            Need(
                name=f"{self.id}.{name}",
                kind=kind,
                unit=held,
                metric="" if kind is NeedKind.EARNED else self.metric,
                line=f"{self.id}.amount" if kind is NeedKind.EARNED else "",
                span=self.span,
                since=self.span_start,
            )
            for name, kind, held in parts
        )

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


_MONTHS = {Span.QUARTER: 3, Span.HALF: 6, Span.YEAR: 12}


def _read_span(reader: DocumentReader, plan: PlanReader) -> Span | None:
    """Read the span, which must be made of several of the plan's periods."""
    span = reader.choice("span", Span, required=False)
    if span is None or plan.cadence is None:
        return span
    months = MONTHS.get(plan.cadence)
    if months is None or months >= _MONTHS[span]:
        values = {"span": span.value, "cadence": plan.cadence.value}
        reader.note("span_not_longer", reader.at("span"), values)
    return span


def _lines(terms: Terms, component: Tiered) -> list[LineSpec]:
    """Make the lines of a rate table: the tier reached, the rate there, the amount."""
    table = TierTable(terms, component)
    lines = []
    if component.span is not None:
        lines.append(table.total_line())
    if component.measure is TierMeasure.ATTAINMENT:
        lines.append(table.attainment_line())
    lines.extend([table.tier_line(), table.rate_line()])
    if component.span is None:
        return [*lines, table.amount_line()]
    return [*lines, table.to_date_line(), table.difference_line()]

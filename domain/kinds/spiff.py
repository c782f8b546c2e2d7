"""A special programme with a first and a last day: a bonus, a rate, or an amount per unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.component import Condition, Kind, Negative, Parts, SpiffForm, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Value, Words, lowest_terms
from domain.kinds.base import Component
from domain.line_parts import amount_constant, rate_constant, with_policy
from domain.plan_reader import PlanReader, read_comparison
from domain.program import Constant, LineKind, LineSpec, Need, WindowPays
from domain.scorecard import optional_text, read_at_least
from domain.windows import (
    OwnDays,
    due_name,
    fraction_names,
    passed_line,
    per_unit,
    read_days,
    window_name,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spiff(Component):
    """Pays for the value of a metric over its own days; ``form`` says which fields are there."""

    kind = Kind.SPIFF
    amount_codes = tuple(f"line_spiff_amount_{form.value.lower()}" for form in SpiffForm)
    step_codes = ("line_window_actual",)

    metric: str
    form: SpiffForm
    days: OwnDays
    amount: int | None = None  # BONUS, PER_UNIT
    rate: int | None = None  # RATE
    condition: Condition | None = None  # BONUS
    parts_paid: Parts | None = None  # PER_UNIT
    negative: Negative | None = None  # RATE, PER_UNIT

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        form = reader.choice("form", SpiffForm)
        metric = plan.metric(reader, money=form is SpiffForm.RATE)
        days = read_days(reader, reader.choice("pays", WindowPays))
        own: dict[str, object] = {"form": form, "metric": metric, "days": days}
        if form is SpiffForm.BONUS:
            comparison = read_comparison(reader)
            value = reader.steps("value", plan.unit(metric))
            if metric is not None and comparison is not None and value is not None:
                own["condition"] = Condition(metric=metric, comparison=comparison, value=value)
        if form is SpiffForm.RATE:
            own["rate"] = read_at_least(reader, "rate", "RATIO")
        if form in {SpiffForm.RATE, SpiffForm.PER_UNIT}:
            own["negative"] = reader.choice("negative", Negative)
        if form is SpiffForm.PER_UNIT:
            own["parts_paid"] = reader.choice("parts", Parts)
        if form in {SpiffForm.BONUS, SpiffForm.PER_UNIT}:
            own["amount"] = plan.amount(reader, "amount")
        return own

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        held = self.condition
        return {
            "metric": self.metric,
            "form": self.form.value,
            "from": self.days.first.isoformat(),
            "to": self.days.last.isoformat(),
            "pays": self.days.pays.value,
            "comparison": None if held is None else held.comparison.value,
            "value": None if held is None else decimal_text(held.value, terms.units[self.metric]),
            "amount": optional_text(self.amount, terms.currency),
            "rate": optional_text(self.rate, "RATIO"),
            "parts": None if self.parts_paid is None else self.parts_paid.value,
            "negative": None if self.negative is None else self.negative.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """It reads no metric over the period."""
        return ()

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """The metric over the days of the programme."""
        return self.days.needs(self.id, self.metric, terms.units[self.metric])

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        shown = self.days.line(terms, self.id, terms.units[self.metric])
        match self.form:
            case SpiffForm.BONUS:
                return [shown, *_bonus_lines(terms, self)]
            case SpiffForm.RATE:
                return [shown, _rate_line(terms, self)]
            case SpiffForm.PER_UNIT:
                return [shown, _unit_line(terms, self)]


def _amount_line(
    terms: Terms,
    component: Spiff,
    inputs: tuple[str, ...],
    work: Callable[..., Value],
    constants: tuple[Constant, ...],
) -> LineSpec:
    """Make the amount: what ``work`` gives in a period in which the days are paid, else nothing."""

    def paid(words: Words, due: Value, *values: Value) -> Value:
        pay = words.choose(due, work(words, *values), 0)
        return with_policy(words, pay, component.missing)

    return LineSpec(
        name=f"{component.id}.amount",
        code=f"line_spiff_amount_{component.form.value.lower()}",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=component.id,
        inputs=(due_name(component.id), *inputs),
        work=paid,
        shown=(f"{window_name(component.id)}.actual",),
        constants=constants,
    )


def _bonus_lines(terms: Terms, component: Spiff) -> list[LineSpec]:
    assert component.condition is not None
    assert component.amount is not None
    amount = component.amount
    passed = passed_line(terms, component.id, component.condition, terms.units[component.metric])

    def work(words: Words, reached: Value) -> Value:
        return words.choose(reached, amount, 0)

    constants = (*passed.constants, amount_constant(terms, amount))
    return [passed, _amount_line(terms, component, (passed.name,), work, constants)]


def _rate_line(terms: Terms, component: Spiff) -> LineSpec:
    assert component.rate is not None
    part, whole = lowest_terms(component.rate, RATIO_ONE)

    def work(words: Words, num: Value, den: Value) -> Value:
        held = num if component.negative is Negative.KEEP else words.highest(num, 0)
        return words.muldiv(held, part, words.times(den, whole), terms.rounding)

    constants = (rate_constant("rate", component.rate),)
    return _amount_line(terms, component, fraction_names(component.id), work, constants)


def _unit_line(terms: Terms, component: Spiff) -> LineSpec:
    assert component.amount is not None
    assert component.parts_paid is not None
    assert component.negative is not None
    amount, parts, negative = component.amount, component.parts_paid, component.negative

    def work(words: Words, num: Value, den: Value) -> Value:
        return per_unit(
            words,
            (num, den),
            terms.units[component.metric],
            amount=amount,
            parts=parts,
            negative=negative,
            mode=terms.rounding,
        )

    constants = (amount_constant(terms, amount),)
    return _amount_line(terms, component, fraction_names(component.id), work, constants)

"""How a pool comes about and by what it is shared, and how that is read and written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.component import Negative, Terms, unit_of
from domain.document import DocumentReader, decimal_text
from domain.exact import Comparison
from domain.plan_reader import PlanReader, read_comparison
from domain.scorecard import optional_text, read_at_least


class PoolOf(StrEnum):
    """How the pool comes about."""

    FIXED = "FIXED"  # an amount
    RATE = "RATE"  # a rate on the team's value, which is money
    PER_UNIT = "PER_UNIT"  # an amount for each whole unit of the team's value: per team point
    PER_HEAD = "PER_HEAD"  # an amount for each person who takes part


class SplitKey(StrEnum):
    """By what the pool is shared."""

    EQUAL = "EQUAL"
    METRIC = "METRIC"  # a metric of the person, in whole steps of its unit; nothing below zero
    SCORE = "SCORE"
    DAYS = "DAYS"  # the calendar days of the period on which the person was assigned


class Against(StrEnum):
    """What the team's value is held against."""

    VALUE = "VALUE"  # a fixed value of the plan
    TEAM_TARGET = "TEAM_TARGET"  # the team's own goal of the period


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """The amount of the pool. ``metric`` is the team's; ``negative`` is for what can fall."""

    of: PoolOf
    amount: int | None = None
    metric: str | None = None
    rate: int | None = None
    negative: Negative | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCondition:
    """The team's metric held against a fixed value or the team's target."""

    metric: str
    comparison: Comparison
    against: Against
    value: int | None = None


def read_funding(reader: DocumentReader, plan: PlanReader) -> Funding | None:
    """Read how the pool comes about."""
    inner = reader.child("pool")
    if inner is None:
        return None
    of = inner.choice("of", PoolOf)
    amount = metric = rate = negative = None
    if of is PoolOf.RATE:
        metric, rate = plan.metric(inner, money=True), read_at_least(inner, "rate", "RATIO")
    elif of is not None:
        amount = plan.amount(inner, "amount")
        metric = plan.metric(inner) if of is PoolOf.PER_UNIT else None
    if of in {PoolOf.RATE, PoolOf.PER_UNIT}:
        negative = inner.choice("negative", Negative)
    inner.finish()
    if of is None:
        return None
    return Funding(of=of, amount=amount, metric=metric, rate=rate, negative=negative)


def write_funding(funding: Funding, terms: Terms) -> dict[str, object]:
    """Write how the pool comes about."""
    fields = {
        "of": funding.of.value,
        "amount": optional_text(funding.amount, terms.currency),
        "metric": funding.metric,
        "rate": optional_text(funding.rate, "RATIO"),
        "negative": None if funding.negative is None else funding.negative.value,
    }
    return {name: value for name, value in fields.items() if value is not None}


def read_team_condition(reader: DocumentReader, plan: PlanReader) -> TeamCondition | None:
    """Read what the team must reach, if anything."""
    inner = reader.child("condition", required=False)
    if inner is None:
        return None
    metric, comparison = plan.metric(inner), read_comparison(inner)
    against = inner.choice("against", Against)
    value = inner.steps("value", plan.unit(metric)) if against is Against.VALUE else None
    inner.finish()
    if metric is None or comparison is None or against is None:
        return None
    return TeamCondition(metric=metric, comparison=comparison, against=against, value=value)


def write_team_condition(condition: TeamCondition | None, terms: Terms) -> dict[str, object] | None:
    """Write what the team must reach, if anything."""
    if condition is None:
        return None
    fields: dict[str, object] = {
        "metric": condition.metric,
        "comparison": condition.comparison.value,
        "against": condition.against.value,
    }
    if condition.value is not None:
        fields["value"] = decimal_text(condition.value, unit_of(terms, condition.metric))
    return fields

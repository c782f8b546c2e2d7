"""Deciding whose every fact is that a calculation reads, whether or not it is added up anew.

A calculation that starts from the last run adds up little. But a posted run keeps every credit, and
each run says how many facts count for nobody: both are about all facts that it stands on.
"""

from __future__ import annotations

from collections.abc import Iterator

from actions.gather_needs import MEASURED
from actions.scoring import Calculation, metrics_needed
from domain.measure import Aggregate, aggregates
from domain.period import Days, Period
from storage.measures import windows_of


def decide_credits(calculation: Calculation, period: Period) -> None:
    """Decide the credits of every fact that the rules of its people read."""
    crediting = calculation.crediting
    if crediting is None or not crediting.rules():
        return
    for aggregate in _sums(calculation, period):
        for window in windows_of(aggregate):
            crediting.of(aggregate.fact, window)


def _sums(calculation: Calculation, period: Period) -> Iterator[Aggregate]:
    for key in metrics_needed(calculation.variants):
        yield from aggregates(calculation.metrics[key], period)
    for variant in calculation.variants:
        program, plan = variant.pay_program, variant.plan
        if program is None or plan is None:
            continue
        for need in program.needs:
            days: Days | None = None
            if need.kind in MEASURED:
                days = need.days_in(period, plan.valid_from)
            if days is not None:
                yield from aggregates(calculation.metrics[need.metric], days)

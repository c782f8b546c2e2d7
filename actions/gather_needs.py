"""Getting ready what components read beyond the period: days of their own, and what was before.

Each need of a program becomes columns under its name, for the people whose plan it is. They are
inputs like all others and frozen with the run, so a statement can be made again by a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from actions.gather import listed, metric_columns, target_columns
from actions.scoring import Calculation
from domain.columns import Column
from domain.metric import EmptyPolicy, Metric
from domain.period import Period, PeriodKind, Window, earlier_within, span_of
from domain.program import Need, NeedKind
from storage.earned import earned_in
from storage.engine import Writing

Found = tuple[Column, ...]  # as many as the need has inputs


def gather_needs(writing: Writing, calculation: Calculation, period: Period) -> None:
    """Put a column for every input of every need into the calculation."""
    found: dict[Need, Found] = {}
    for variant in calculation.variants:
        program = variant.pay_program
        for need in program.needs if program else ():
            asked = replace(need, name="")  # equal needs of two plans are gathered once
            if asked not in found:
                found[asked] = _GATHER[need.kind](writing, calculation, period, need)
            for given, column in zip(need.inputs, found[asked], strict=True):
                _put(calculation, given.name, variant.rows, column)


def _put(calculation: Calculation, name: str, rows: np.ndarray, found: Column) -> None:
    """Fill the rows of one variant: two plans may give one name to different numbers."""
    count = len(calculation.people)
    before = calculation.columns.get(name)
    values = np.zeros(count, dtype=np.int64) if before is None else before.values.copy()
    present = np.zeros(count, dtype=np.bool_)
    if before is not None:
        present[:] = True if before.present is None else before.present
    values[rows] = found.values[rows]
    present[rows] = True if found.present is None else found.present[rows]
    calculation.columns[name] = Column(values, None if present.all() else present)


def _same(calculation: Calculation, number: int | None) -> Column:
    return listed([number] * len(calculation.people))


def _window(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    days = need.days_in(period)
    if days is None:
        return _same(calculation, 0), _same(calculation, 1)  # not due: nothing is paid of it
    return _measured(writing, calculation, calculation.metrics[need.metric], days)


def _due(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    return (_same(calculation, int(need.days_in(period) is not None)),)


def _to_date(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    days = need.days_in(period)
    if days is None:
        return _same(calculation, 0), _same(calculation, 1)
    # Nothing happened earlier in the span: that adds nothing, whatever it means for the period.
    metric = replace(calculation.metrics[need.metric], empty=EmptyPolicy.ZERO)
    return _measured(writing, calculation, metric, days)


def _measured(writing: Writing, calculation: Calculation, metric: Metric, days: Window) -> Found:
    found = metric_columns(
        writing.connection,
        writing.entity_id,
        [metric],
        days,
        known_at=calculation.knowledge,
        groups=[person.person_id for person in calculation.people],
        named=calculation.named,
    )
    return found[f"{metric.key}.num"], found[f"{metric.key}.den"]


def _span(need: Need, period: Period) -> Period:
    assert need.span is not None
    return span_of(period, PeriodKind(need.span.value))


def _targets(writing: Writing, calculation: Calculation, metric: str, period: Period) -> Column:
    found = target_columns(
        writing.connection,
        writing.entity_id,
        [metric],
        period,
        known_at=calculation.knowledge,
        owners=[person.person_id for person in calculation.people],
        named=calculation.named,
    )
    return found[f"{metric}.target"]


def _span_target(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    return (_targets(writing, calculation, need.metric, _span(need, period)),)


def _target_to_date(
    writing: Writing, calculation: Calculation, period: Period, need: Need
) -> Found:
    """Add up the goals of the earlier periods; who had none in one of them has less to reach."""
    total = [0] * len(calculation.people)
    for earlier in earlier_within(period, _span(need, period)):
        column = _targets(writing, calculation, need.metric, earlier)
        total = [sum_ + (column.at(row) or 0) for row, sum_ in enumerate(total)]
    return (listed(total),)


def _earned(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    earlier = earlier_within(period, _span(need, period))
    found: Mapping[str, int] = earned_in(
        writing,
        [each.name for each in earlier],
        need.line,
        known_at=calculation.knowledge.earned,
    )
    return (listed([found.get(person.person_id, 0) for person in calculation.people]),)


_GATHER: Mapping[NeedKind, Callable[[Writing, Calculation, Period, Need], Found]] = {
    NeedKind.WINDOW: _window,
    NeedKind.DUE: _due,
    NeedKind.TO_DATE: _to_date,
    NeedKind.SPAN_TARGET: _span_target,
    NeedKind.TARGET_TO_DATE: _target_to_date,
    NeedKind.EARNED: _earned,
}

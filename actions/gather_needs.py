"""Getting ready what components read beyond the period: days of their own, and what was before.

Each need of a program becomes columns under its name, for the people whose plan it is. They are
inputs like all others and frozen with the run, so a statement can be made again by a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np

from actions.gather import NAMED_MOST, listed, metric_columns, target_columns
from actions.gather_peers import (
    counted,
    days,
    median_before,
    period_days,
    team,
    team_target,
)
from actions.participants import participants
from actions.scoring import Calculation
from domain.columns import Column
from domain.metric import EmptyPolicy, Metric
from domain.period import Period, PeriodKind, Window, span_of
from domain.program import Need, NeedKind
from storage.earned import earned_in
from storage.engine import Writing

Found = tuple[Column, ...]  # as many as the need has inputs


class Asked(NamedTuple):
    """A need, and everything that answers it."""

    writing: Writing
    calculation: Calculation
    period: Period
    need: Need
    valid_from: date  # the first day of the version of the plan

    @property
    def days(self) -> Window | None:
        """The days over which it is measured."""
        return self.need.days_in(self.period, self.valid_from)

    @property
    def earlier(self) -> tuple[Period, ...]:
        """The earlier periods of its span that count."""
        return self.need.earlier_in(self.period, self.valid_from)

    @property
    def metric(self) -> Metric:
        """The metric it is about."""
        return self.calculation.metrics[self.need.metric]


Gather = Callable[[Asked], Found]


def gather_needs(writing: Writing, calculation: Calculation, period: Period) -> None:
    """Put a column for every input of every need of one person into the calculation."""
    gather_by(writing, calculation, period, _OWN)


def gather_group_needs(writing: Writing, calculation: Calculation, period: Period) -> None:
    """Put in what is read of other people; they move although nothing about the person did.

    What cutting a pool depends on is not among it: it needs scores first, see `actions/pools.py`.
    """
    gather_by(writing, calculation, period, _OF_GROUPS)


def gather_by(
    writing: Writing, calculation: Calculation, period: Period, kinds: Mapping[NeedKind, Gather]
) -> None:
    """Put in the needs of some kinds, each by its own way of gathering."""
    found: dict[tuple[Need, date], Found] = {}
    for variant in calculation.variants:
        program = variant.pay_program
        for need in program.needs if program else ():
            if need.kind not in kinds:
                continue
            assert variant.plan is not None
            # equal needs of two plans are gathered once
            asked = replace(need, name=""), variant.plan.valid_from
            if asked not in found:
                how = Asked(writing, calculation, period, need, variant.plan.valid_from)
                found[asked] = kinds[need.kind](how)
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


def _window(asked: Asked) -> Found:
    if asked.days is None:
        # not due: nothing is paid of it
        return _same(asked.calculation, 0), _same(asked.calculation, 1)
    return _measured(asked, asked.metric, asked.days)


def _due(asked: Asked) -> Found:
    return (_same(asked.calculation, int(asked.days is not None)),)


def _to_date(asked: Asked) -> Found:
    if asked.days is None:
        return _same(asked.calculation, 0), _same(asked.calculation, 1)
    # Nothing happened earlier in the span: that adds nothing, whatever it means for the period.
    return _measured(asked, replace(asked.metric, empty=EmptyPolicy.ZERO), asked.days)


def _measured(asked: Asked, metric: Metric, days: Window) -> Found:
    calculation = asked.calculation
    found = metric_columns(
        asked.writing.connection,
        asked.writing.entity_id,
        [metric],
        days,
        known_at=calculation.knowledge,
        groups=[person.person_id for person in calculation.people],
        named=calculation.named,
        crediting=calculation.crediting,
    )
    return found[f"{metric.key}.num"], found[f"{metric.key}.den"]


def _targets(asked: Asked, period: Period) -> Column:
    calculation, metric = asked.calculation, asked.need.metric
    found = target_columns(
        asked.writing.connection,
        asked.writing.entity_id,
        [metric],
        period,
        known_at=calculation.knowledge,
        owners=[person.person_id for person in calculation.people],
        named=calculation.named,
    )
    return found[f"{metric}.target"]


def _span_target(asked: Asked) -> Found:
    assert asked.need.span is not None
    span = span_of(asked.period, PeriodKind(asked.need.span.value))
    return (_targets(asked, span),)


def _target_to_date(asked: Asked) -> Found:
    """Add up the goals of the earlier periods.

    A goal that nobody set does not lower what is to be reached, which would raise pay: the sum is
    missing. Only who was in no plan in that period had nothing to reach in it.
    """
    people = asked.calculation.people
    total: list[int | None] = [0] * len(people)
    for earlier in asked.earlier:
        column = _targets(asked, earlier)
        for row, person in enumerate(people):
            sum_, goal = total[row], column.at(row)
            if goal is None and person.person_id not in _planned(asked, earlier):
                continue
            total[row] = None if sum_ is None or goal is None else sum_ + goal
    return (listed(total),)


def _planned(asked: Asked, earlier: Period) -> frozenset[str]:
    """Name everybody whom a plan paid for an earlier period; read once, and only when asked."""
    calculation, writing = asked.calculation, asked.writing
    if earlier.name not in calculation.planned:
        ids = [person.person_id for person in calculation.people]
        found, _ = participants(
            writing.connection,
            writing.entity_id,
            earlier,
            calculation.knowledge,
            instead=calculation.instead,
            tried=calculation.tried,
            only=ids if calculation.named and len(ids) <= NAMED_MOST else None,
        )
        paid = (each for each in found if each.plan is not None)
        calculation.planned[earlier.name] = frozenset(each.person_id for each in paid)
    return calculation.planned[earlier.name]


def _earned(asked: Asked) -> Found:
    people = [person.person_id for person in asked.calculation.people]
    few = asked.calculation.named and len(people) <= NAMED_MOST
    found: Mapping[str, int] = earned_in(
        asked.writing,
        [each.name for each in asked.earlier],
        asked.need.line,
        known_at=asked.calculation.knowledge.earned,
        only=people if few else None,
    )
    return (listed([found.get(person_id, 0) for person_id in people]),)


_OWN: Mapping[NeedKind, Gather] = {
    NeedKind.WINDOW: _window,
    NeedKind.DUE: _due,
    NeedKind.TO_DATE: _to_date,
    NeedKind.SPAN_TARGET: _span_target,
    NeedKind.TARGET_TO_DATE: _target_to_date,
    NeedKind.EARNED: _earned,
}
MEASURED = frozenset({NeedKind.WINDOW, NeedKind.TO_DATE})  # of these, what adds up facts


def _of_a_group(gather: Callable[[Writing, Calculation, Period, Need], Found]) -> Gather:
    def answer(asked: Asked) -> Found:
        return gather(asked.writing, asked.calculation, asked.period, asked.need)

    return answer


_OF_GROUPS: Mapping[NeedKind, Gather] = {
    NeedKind.TEAM: _of_a_group(team),
    NeedKind.TEAM_TARGET: _of_a_group(team_target),
    NeedKind.MEDIAN_BEFORE: _of_a_group(median_before),
    NeedKind.COUNTED: _of_a_group(counted),
    NeedKind.DAYS: _of_a_group(days),
    NeedKind.PERIOD_DAYS: _of_a_group(period_days),
}

GATHERED: Mapping[NeedKind, Gather] = {**_OWN, **_OF_GROUPS}  # every kind, from facts and goals

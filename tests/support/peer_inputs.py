"""Everything a program reads of other people, gathered for a small crowd without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from domain.columns import Column
from domain.compare import Measure
from domain.metric import Direction
from domain.peer_facts import Compare, compare_cohort
from domain.pooling import pool_columns, pool_needs
from domain.presence import Presence, presence_of
from domain.program import Need, NeedKind, Program

Person = dict[str, int | None]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A few people: their inputs, groups and days, and what their groups did.

    ``teams[group]`` holds what the whole group reached by the name of the input without the
    component: ``sales.num``, ``sales.den``, ``sales.target``, and the median of the period before
    as ``sales.before`` = (lo_num, lo_den, hi_num, hi_den).
    """

    people: Sequence[Person]
    groups: Sequence[int] = ()
    parents: Sequence[int] = ()
    days: Sequence[tuple[int, bool]] = ()
    period_days: int = 30
    teams: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    lower: frozenset[str] = frozenset()  # the metrics of which less is better
    ids: Sequence[str] = ()

    @property
    def presence(self) -> Presence:
        days = self.days or [(self.period_days, True)] * len(self.people)
        return presence_of(days, self.period_days)

    def codes(self, groups: Sequence[int]) -> np.ndarray:
        return np.array(list(groups) or [0] * len(self.people), dtype=np.int64)


def column(values: Sequence[int | None]) -> Column:
    present = np.array([value is not None for value in values], dtype=np.bool_)
    numbers = np.array([-(2**62) if value is None else value for value in values], dtype=np.int64)
    return Column(numbers, None if present.all() else present)


def gathered(program: Program, crowd: Crowd) -> list[Person]:
    """Return the inputs of everybody with all peer facts in them."""
    inputs = [dict(person) for person in crowd.people]
    for need in program.needs:
        _need(need, crowd, inputs)
    for cohort in program.cohorts:
        measures = [
            (_measure(crowd, each), _direction(crowd, each))
            for each in (cohort.measure, *cohort.tie_breaks)
        ]
        compared = compare_cohort(
            cohort,
            Compare(
                own=measures[0][0],
                direction=measures[0][1],
                groups=crowd.codes(crowd.groups),
                parents=crowd.codes(crowd.parents),
                tie_breaks=measures[1:],
                presence=crowd.presence,
            ),
        )
        _put(inputs, compared.inputs(cohort.id))
    for need in pool_needs(program):
        names = {name for person in inputs for name in person}
        table = {name: column([person.get(name) for person in inputs]) for name in names}
        ids = crowd.ids or [f"per_{row:03}" for row in range(len(inputs))]
        _put(inputs, pool_columns(program, need, table, crowd.codes(crowd.groups), ids))
    return inputs


def _need(need: Need, crowd: Crowd, inputs: list[Person]) -> None:
    there = crowd.presence
    if need.kind is NeedKind.COUNTED and need.members is not None:
        _put(inputs, {need.name: Column(there.counted(need.members).astype(np.int64))})
    elif need.kind is NeedKind.DAYS:
        _put(inputs, {need.name: Column(there.days)})
    elif need.kind is NeedKind.PERIOD_DAYS:
        _put(inputs, {need.name: column([there.period_days] * len(inputs))})
    elif need.kind in {NeedKind.TEAM, NeedKind.TEAM_TARGET, NeedKind.MEDIAN_BEFORE}:
        for group, person in zip(crowd.codes(crowd.groups).tolist(), inputs, strict=True):
            team = crowd.teams.get(group, {})
            if need.kind is NeedKind.MEDIAN_BEFORE:
                before = team.get(f"{need.metric}.before", (None,) * 4)
                values: Sequence[int | None] = before
            elif need.kind is NeedKind.TEAM_TARGET:
                values = [team.get(f"{need.metric}.target")]
            else:
                values = [team.get(f"{need.metric}.num"), team.get(f"{need.metric}.den")]
            person.update(zip((each.name for each in need.inputs), values, strict=True))


def _put(inputs: list[Person], columns: Mapping[str, Column]) -> None:
    for name, found in columns.items():
        for row, person in enumerate(inputs):
            person[name] = found.at(row)


def _measure(crowd: Crowd, measure: str) -> Measure:
    if measure == "score":
        return Measure(num=column([person.get("score") for person in crowd.people]))
    nums = column([person.get(f"{measure}.num") for person in crowd.people])
    dens = [person.get(f"{measure}.den") or 1 for person in crowd.people]
    return Measure(num=nums, den=column(dens))


def _direction(crowd: Crowd, measure: str) -> Direction:
    return Direction.LOWER if measure in crowd.lower else Direction.HIGHER

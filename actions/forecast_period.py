"""One period that is not over, paid under one scenario by the programs that pay everybody.

What does not depend on the scenario is gathered once. What does is made of `forecast_numbers`:
the numbers of the period, of windows and spans of days, of teams, and the medians before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from actions.backtest_period import History, crews_of, remember, whole_of
from actions.forecast_numbers import (
    Numbers,
    by_group,
    is_sum,
    pooled,
    present,
    summed,
)
from actions.gather import listed, target_columns
from actions.gather_needs import GATHERED, Asked, Found, gather_by
from actions.gather_peers import median_before
from actions.gather_segments import add_segments
from actions.participants import Instead, Participant, participants
from actions.peer_groups import peers_of
from actions.scoring import TEAM_SCORE, Calculation, Variant, metrics_needed, variants_of
from domain.columns import Column, column_of
from domain.company_pay import Earned, Whole, pay_whole, score_whole
from domain.compare import CohortPolicy, Measure, compare_everyone
from domain.component import SCORE, PeerGroup
from domain.evaluate import compile_score, run
from domain.knowledge import Knowledge
from domain.metric import Direction, Metric
from domain.period import Period, Window
from domain.problem import Refused
from domain.program import Need, NeedKind
from domain.scenario import Newcomers, Scenario
from domain.segments import Shape
from storage.crediting import Crediting
from storage.definitions import metrics_by_key
from storage.earned import earned_in
from storage.engine import Writing

Truths = NDArray[np.bool_]
Median = tuple[int | None, ...]
_MOVING = frozenset(
    {
        NeedKind.WINDOW,
        NeedKind.TO_DATE,
        NeedKind.EARNED,
        NeedKind.TEAM,
        NeedKind.MEDIAN_BEFORE,
    }
)
_PLAINLY = Shape()


@dataclass(slots=True, kw_only=True, eq=False)
class Course:
    """What one scenario came to in the periods before."""

    history: History = field(default_factory=History)
    numbers: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)  # period, metric
    medians: dict[tuple[str, str], dict[str, Median]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """A period that is not over, and all about it that no scenario changes."""

    writing: Writing
    period: Period
    first: Period
    people: tuple[Participant, ...]
    metrics: Mapping[str, Metric]
    variants: tuple[Variant, ...]
    numbers: Numbers
    still: Mapping[str, Column]  # goals, days, who counts
    knowledge: Knowledge
    uncut: int

    @classmethod
    def prepared(
        cls,
        writing: Writing,
        period: Period,
        first: Period,
        today: date,
        newcomers: Newcomers,
        instead: Instead | None,
    ) -> Ahead:
        """Find who takes part as far as is known now, and gather what stands still."""
        known = Knowledge.at(writing.known_at)
        found, _ = participants(
            writing.connection, writing.entity_id, period, known, instead=instead
        )
        if not found:
            raise Refused("nobody_to_calculate", {"period": period.name})
        people = tuple(_uncut(each) for each in found)
        metrics = metrics_by_key(
            writing.connection, writing.entity_id, valid_at=period.start, known_at=known.rules
        )
        calculation = Calculation(
            people=people,
            metrics=metrics,
            columns={},
            variants=variants_of(people),
            entity_id=writing.entity_id,
            knowledge=known,
            crediting=Crediting(writing.connection, writing.entity_id, known),
        )
        calculation.columns.update(
            target_columns(
                writing.connection,
                writing.entity_id,
                metrics_needed(calculation.variants),
                period,
                known_at=known,
                owners=[each.person_id for each in people],
            )
        )
        gather_by(writing, calculation, period, {
            kind: gather for kind, gather in GATHERED.items() if kind not in _MOVING
        })  # fmt: skip
        add_segments(writing, calculation, period)
        assert calculation.crediting is not None
        units = peers_of(people, writing.entity_id, PeerGroup.UNIT)
        return cls(
            writing=writing,
            period=period,
            first=first,
            people=people,
            metrics=metrics,
            variants=calculation.variants,
            numbers=Numbers(
                writing=writing,
                period=period,
                today=today,
                people=people,
                crediting=calculation.crediting,
                newcomers=newcomers,
                units=units.codes,
            ),
            still=calculation.columns,
            knowledge=known,
            uncut=sum(each.shape != mine.shape for each, mine in zip(found, people, strict=True)),
        )


def _uncut(person: Participant) -> Participant:
    """Take the last rules of a period that is cut for all of it: nothing of its parts is known."""
    if not person.shape.score.cut and not person.shape.pay.cut:
        return person
    return replace(person, shape=_PLAINLY, segments=())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paid:
    """What everybody earns in a period of a scenario."""

    earned: Earned
    off_goal: int


def paid(ahead: Ahead, scenario: Scenario, course: Course) -> Paid:
    """Pay one period; ``course`` is what the scenario came to before, and grows."""
    calculation = Calculation(
        people=ahead.people,
        metrics=ahead.metrics,
        columns=dict(ahead.still),
        variants=ahead.variants,
        entity_id=ahead.writing.entity_id,
        knowledge=ahead.knowledge,
        crediting=ahead.numbers.crediting,
    )
    off = _put_numbers(ahead, scenario, calculation)
    _put_needs(ahead, scenario, course, calculation)
    _put_team_scores(ahead, calculation)
    crews, whole = crews_of(calculation.variants, len(ahead.people)), whole_of(calculation)
    score = score_whole(whole, crews)
    lines = _earned_lines(calculation.variants)
    earned = pay_whole(whole, crews, score, keep=lines)
    remember(course.history, ahead.period.name, ahead.people, crews, earned, lines)
    _keep_numbers(ahead, course, calculation)
    _keep_medians(calculation, course, whole, score)
    return Paid(earned=earned, off_goal=int(off.sum()))


def _put_numbers(ahead: Ahead, scenario: Scenario, calculation: Calculation) -> Truths:
    """Put in what everybody does; return who lacks the goal at whose height everybody is put."""
    off = np.zeros(len(ahead.people), dtype=np.bool_)
    for key in metrics_needed(ahead.variants):
        metric = ahead.metrics.get(key)
        if metric is None:
            raise Refused("metric_unknown", {"metric": key}, path=f"period:{ahead.period.name}")
        num, den = ahead.numbers.measured(metric, ahead.period, scenario)
        part = scenario.level.part
        if part is not None:
            num, den, lacks = _at_height(
                num, den, ahead.still[f"{key}.{part}"], ahead.still[f"{key}.target"]
            )
            off |= lacks
        calculation.columns[f"{key}.num"], calculation.columns[f"{key}.den"] = num, den
    return off


def _at_height(
    num: Column, den: Column, goal: Column, target: Column
) -> tuple[Column, Column, Truths]:
    """Put everybody who has such a goal at it; who has a target but not this lacks it."""
    has = present(goal)
    values = np.where(has, goal.values, num.values)
    dens = np.where(has, 1, den.values)
    there = np.logical_or(has, present(num))
    lacks = np.logical_and(present(target), np.logical_not(has))
    return column_of(values, there), column_of(dens, there), lacks


def _put_needs(ahead: Ahead, scenario: Scenario, course: Course, calculation: Calculation) -> None:
    def window(asked: Asked) -> Found:
        if asked.days is None:
            count = len(ahead.people)
            return listed([0] * count), listed([1] * count)
        return ahead.numbers.measured(asked.metric, asked.days, scenario)

    def to_date(asked: Asked) -> Found:
        return _to_date(ahead, course, asked)

    def earned(asked: Asked) -> Found:
        return _earned_before(ahead, course, asked)

    def team(asked: Asked) -> Found:
        return _team(asked)

    def median(asked: Asked) -> Found:
        return _median_before(ahead, course, asked)

    gather_by(ahead.writing, calculation, ahead.period, {
        NeedKind.WINDOW: window,
        NeedKind.TO_DATE: to_date,
        NeedKind.EARNED: earned,
        NeedKind.TEAM: team,
        NeedKind.MEDIAN_BEFORE: median,
    })  # fmt: skip


def _to_date(ahead: Ahead, course: Course, asked: Asked) -> Found:
    """Add what happened before the forecast to what the forecast itself came to since."""
    count = len(ahead.people)
    ones = listed([1] * count)
    if asked.days is None:
        return listed([0] * count), ones
    parts = []
    if asked.days.start < ahead.first.start:
        before = Window(start=asked.days.start, end=min(asked.days.end, ahead.first.start))
        parts.append(ahead.numbers.over(asked.metric, before)[0])
    for period in asked.earlier:
        mine = course.numbers.get((period.name, asked.need.metric))
        if mine is not None:
            parts.append(listed([mine.get(each.person_id) for each in ahead.people]))
    return Column(summed(parts, count).values), ones


def _earned_before(ahead: Ahead, course: Course, asked: Asked) -> Found:
    names = [each.name for each in asked.earlier]
    history = course.history
    ledger = earned_in(
        ahead.writing,
        [name for name in names if name not in history.periods],
        asked.need.line,
        known_at=ahead.knowledge.earned,
    )
    own = [history.lines.get((name, asked.need.line), {}) for name in names]
    return (
        listed(
            [
                ledger.get(each.person_id, 0) + sum(mine.get(each.person_id, 0) for mine in own)
                for each in ahead.people
            ]
        ),
    )


def _team(asked: Asked) -> Found:
    """Let a group be what its people are together."""
    assert asked.need.peer_group is not None
    calculation, key = asked.calculation, asked.need.metric
    groups = calculation.peers_in(asked.need.peer_group).groups
    num, den = calculation.columns[f"{key}.num"], calculation.columns[f"{key}.den"]
    nums, dens = pooled(asked.metric, groups, num, den)
    return by_group(groups, nums), by_group(groups, dens)


def _median_before(ahead: Ahead, course: Course, asked: Asked) -> Found:
    if ahead.period == ahead.first:
        return median_before(asked.writing, asked.calculation, asked.period, asked.need)
    assert asked.need.peer_group is not None
    groups = asked.calculation.peers_in(asked.need.peer_group).groups
    found = course.medians.get((asked.need.metric, asked.need.peer_group.value), {})
    rows = [found.get(group, (None,) * 4) for group in groups]
    return tuple(listed([row[part] for row in rows]) for part in range(4))


def _put_team_scores(ahead: Ahead, calculation: Calculation) -> None:
    """Score each unit by the sum of its people, for cards with a second line."""
    count = len(ahead.people)
    values, there = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    asked = False
    for variant in calculation.variants:
        card = variant.scorecard.scorecard if variant.scorecard else None
        if card is None or card.team is None:
            continue
        asked = True
        alone = replace(card, team=None)
        rows = variant.rows.tolist()
        units = sorted({ahead.people[row].unit_id for row in rows})
        groups = [each.unit_id for each in ahead.people]
        columns = dict(
            target_columns(
                ahead.writing.connection,
                ahead.writing.entity_id,
                alone.metrics,
                ahead.period,
                known_at=ahead.knowledge,
                owners=units,
                named=True,
            )
        )
        for key in alone.metrics:
            num, den = calculation.columns[f"{key}.num"], calculation.columns[f"{key}.den"]
            nums, dens = pooled(ahead.metrics[key], groups, num, den)
            columns[f"{key}.num"] = by_group(units, nums)
            columns[f"{key}.den"] = by_group(units, dens)
        scored = run(compile_score(alone), columns, [SCORE])[SCORE]
        scores = {unit: scored.at(place) for place, unit in enumerate(units)}
        for row in rows:
            score = scores[ahead.people[row].unit_id]
            values[row], there[row] = score or 0, score is not None
    if asked:
        calculation.columns[TEAM_SCORE] = column_of(values, there)


def _needs(variants: Sequence[Variant], kind: NeedKind) -> list[Need]:
    programs = [each.pay_program for each in variants]
    return [need for each in programs if each for need in each.needs if need.kind is kind]


def _earned_lines(variants: Sequence[Variant]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.line for each in _needs(variants, NeedKind.EARNED)))


def _keep_numbers(ahead: Ahead, course: Course, calculation: Calculation) -> None:
    """Keep what spans to date will ask for."""
    for need in _needs(calculation.variants, NeedKind.TO_DATE):
        column = calculation.columns[f"{need.metric}.num"]
        assert is_sum(ahead.metrics[need.metric]), "only sums are added up over periods"
        held = present(column)
        course.numbers[ahead.period.name, need.metric] = {
            person.person_id: amount
            for person, amount, there in zip(
                ahead.people, column.values.tolist(), held.tolist(), strict=True
            )
            if there
        }


def _keep_medians(calculation: Calculation, course: Course, whole: Whole, score: Column) -> None:
    """Keep the medians that the next period will be held against, as every run keeps them."""
    for need in _needs(calculation.variants, NeedKind.MEDIAN_BEFORE):
        assert need.peer_group is not None
        peers, metric = calculation.peers_in(need.peer_group), calculation.metrics[need.metric]
        own = Measure(
            num=whole.columns[f"{need.metric}.num"], den=whole.columns[f"{need.metric}.den"]
        )
        lower = metric.direction is Direction.LOWER
        policy = CohortPolicy(direction=Direction.LOWER if lower else Direction.HIGHER)
        facts = compare_everyone(own, peers.codes, peers.parents, policy)
        parts = (facts.lo_num, facts.lo_den, facts.hi_num, facts.hi_den)
        course.medians[need.metric, need.peer_group.value] = {
            group: tuple(each.at(row) for each in parts)
            for row, group in enumerate(peers.groups)
            if group
        }

"""One closed or posted period, paid again by other plans from what its run froze.

Whatever the run froze of somebody is taken as it is; what his plan in force never read is gathered
as it was known at that run. Comparisons and pools are made anew over everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from actions.gather import listed, target_columns
from actions.gather_needs import gather_group_needs, gather_needs
from actions.gather_segments import add_segments
from actions.participants import Instead, Participant, TriedRules, participants
from actions.prepare import add_team_scores, gathered
from actions.scoring import (
    Calculation,
    Variant,
    input_names,
    metrics_needed,
    variants_of,
)
from domain.columns import Column
from domain.company_pay import Crew, Earned, Groups, Whole, pay_whole, score_whole, taken
from domain.component import PeerGroup
from domain.knowledge import Knowledge
from domain.lint import refused_together
from domain.metric import Metric
from domain.period import Period
from domain.problem import Problem, Refused
from domain.program import NeedKind
from domain.segments import is_shaped_input
from storage.definitions import metrics_by_key
from storage.earned import earned_in
from storage.engine import Writing
from storage.frozen_columns import FrozenWhole, frozen_whole
from storage.results import Run

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
PARTS = ("num", "den", "target", "baseline", "threshold", "stretch")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """What one plan, or those in force, give everybody of a period, by row of ``people``."""

    people: tuple[Participant, ...]
    crews: tuple[Crew, ...]
    variants: tuple[Variant, ...]
    score: Column
    earned: Earned
    gathered: tuple[str, ...]  # metrics that were not frozen of everybody
    calculation: Calculation | None = None  # what the tried rules read; None for those in force


@dataclass(slots=True, kw_only=True, eq=False)
class History:
    """What a tried plan gave by line in the periods that were tried before."""

    lines: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)  # (period, line)
    periods: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A goal that nobody set, and that is assumed where there is none."""

    part: str  # target or baseline
    steps: int | None = None  # the same for everybody
    like: str | None = None  # or that of another metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Rules that are tried beside those in force, with metrics and goals of their own.

    What they read and no run has frozen is gathered as it is known at ``known_at``: the source may
    have been connected only now.
    """

    rules: TriedRules
    known_at: datetime
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    assumed: Mapping[str, tuple[Assumed, ...]] = field(default_factory=dict)  # by metric


class FrozenPeriod:
    """A period with what its run froze; plans are tried on it and nothing is changed."""

    def __init__(self, writing: Writing, period: Period, base: Run) -> None:
        self.writing = writing
        self.period = period
        self.base = base
        self.knowledge = Knowledge.at(base.known_at)
        self.frozen: FrozenWhole = frozen_whole(writing.connection, base.id)
        ids = self.frozen.ids()
        self._places = {person: place for place, person in enumerate(ids)}
        self._shaped = _shaped_rows(self.frozen)
        self._metrics: dict[str, Metric] | None = None
        self.problems: tuple[Problem, ...] = ()  # with whose rules what is tried collides

    def in_force(self) -> Tried:
        """Pay everybody once more by his plan in force, from nothing but what was frozen."""
        people = self._people(None)
        variants, rows = variants_of(people), self._rows(people)
        columns = {name: taken(each, rows) for name, each in self.frozen.columns.items()}
        whole = Whole(count=len(people), columns=columns)
        crews = crews_of(variants, len(people))
        score = score_whole(whole, crews)
        earned = pay_whole(whole, crews, score, frozen=True)
        return Tried(
            people=people, crews=crews, variants=variants, score=score, earned=earned, gathered=()
        )

    def with_plans(self, instead: Instead, history: History) -> Tried:
        """Pay everybody by other plans; ``history`` is what they gave before, and grows."""
        calculation = self._calculation(self._people(instead))
        calculation.instead = instead
        return self._tried(calculation, history)

    def with_rules(self, trial: Trial, history: History) -> Tried:
        """Score and pay everybody by what is tried; ``history`` is what it gave before."""
        calculation = self._calculation(self._people(None, trial.rules))
        calculation.tried = trial.rules
        calculation.metrics = {**calculation.metrics, **trial.metrics}
        return self._tried(calculation, history, trial)

    def _tried(
        self, calculation: Calculation, history: History, trial: Trial | None = None
    ) -> Tried:
        _refuse_cards(calculation.variants)
        people = calculation.people
        more = self._fill(calculation, trial)
        gather_needs(self.writing, calculation, self.period)
        add_team_scores(self.writing, calculation, self.period)
        add_segments(self.writing, calculation, self.period)
        gather_group_needs(self.writing, calculation, self.period)
        crews = crews_of(calculation.variants, len(people))
        lines = self._earned_before(calculation, crews, history)
        whole = whole_of(calculation)
        score = score_whole(whole, crews)
        earned = pay_whole(whole, crews, score, keep=lines)
        remember(history, self.period.name, people, crews, earned, lines)
        return Tried(
            people=people,
            crews=crews,
            variants=calculation.variants,
            score=score,
            earned=earned,
            gathered=more,
            calculation=calculation,
        )

    def _people(
        self, instead: Instead | None, rules: TriedRules | None = None
    ) -> tuple[Participant, ...]:
        """List who takes part in the order of the snapshot; who was not in it comes last."""
        writing = self.writing
        found, problems = participants(
            writing.connection,
            writing.entity_id,
            self.period,
            self.knowledge,
            instead=instead,
            tried=rules,
        )
        if rules is not None:
            self.problems = problems
        last = len(self._places)
        return tuple(sorted(found, key=lambda each: self._places.get(each.person_id, last)))

    def _rows(self, people: Sequence[Participant]) -> Codes | None:
        places = [self._places.get(each.person_id, -1) for each in people]
        rows = np.array(places, dtype=np.int64)
        in_order = len(rows) == len(self._places) and np.array_equal(rows, np.arange(len(rows)))
        return None if in_order else rows

    def _calculation(self, people: tuple[Participant, ...]) -> Calculation:
        if self._metrics is None:
            self._metrics = metrics_by_key(
                self.writing.connection,
                self.writing.entity_id,
                valid_at=self.period.start,
                known_at=self.knowledge.rules,
            )
        return Calculation(
            people=people,
            metrics=self._metrics,
            columns={},
            variants=variants_of(people),
            entity_id=self.writing.entity_id,
            knowledge=self.knowledge,
        )

    def _fill(self, calculation: Calculation, trial: Trial | None) -> tuple[str, ...]:
        """Take the frozen numbers, and gather those that were not frozen of somebody."""
        rows = self._rows(calculation.people)
        places = np.arange(len(calculation.people), dtype=np.int64) if rows is None else rows
        needed = _names_needed(calculation.variants, len(places))
        other = frozenset(self._redefined(trial))
        missing = {
            name: np.logical_and(who, self._lacks(name, places, other))
            for name, who in needed.items()
        }
        short = {name for name, who in missing.items() if who.any()}
        fresh: Mapping[str, Column] = {}
        if short:
            fresh = self._gathered(calculation, trial)
        for name in needed:
            calculation.columns[name] = (
                self._mixed(name, places, missing[name], fresh[name])
                if name in short
                else taken(self.frozen.columns[name], rows)
            )
        if trial is not None:
            self._assume(calculation, trial)
        return tuple(sorted({name.rpartition(".")[0] for name in short}))

    def _redefined(self, trial: Trial | None) -> Iterator[str]:
        """Name the numbers of metrics that are tried and were another definition when frozen."""
        for key, metric in ({} if trial is None else trial.metrics).items():
            if (self._metrics or {}).get(key) != metric:
                yield from (f"{key}.num", f"{key}.den")

    def _gathered(self, calculation: Calculation, trial: Trial | None) -> Mapping[str, Column]:
        if trial is None:
            return gathered(self.writing, self.period, self.knowledge, calculation.people).columns
        now = trial.known_at
        knowledge = replace(self.knowledge, facts=now, links=now, goals=now)
        people, metrics = calculation.people, trial.metrics
        return gathered(self.writing, self.period, knowledge, people, metrics=metrics).columns

    def _assume(self, calculation: Calculation, trial: Trial) -> None:
        """Put goals in where nobody set any."""
        people = [each.person_id for each in calculation.people]
        for key, assumed in trial.assumed.items():
            for each in assumed:
                name = f"{key}.{each.part}"
                column = calculation.columns.get(name)
                if column is None or column.present is None:
                    continue
                other = listed([each.steps] * len(people))
                if each.like is not None:
                    other = target_columns(
                        self.writing.connection,
                        self.writing.entity_id,
                        [each.like],
                        self.period,
                        known_at=replace(self.knowledge, goals=trial.known_at),
                        owners=people,
                    )[f"{each.like}.{each.part}"]
                there = np.logical_or(column.present, _present(other))
                values = np.where(column.present, column.values, other.values)
                calculation.columns[name] = Column(values, None if there.all() else there)

    def _lacks(self, name: str, places: Codes, other: frozenset[str]) -> Truths:
        """Say of whom a number was not frozen as one of the whole period."""
        if name not in self.frozen.columns or name in other:
            return np.ones(len(places), dtype=np.bool_)
        missing = np.logical_or(places < 0, self._shaped[places])
        if name in self.frozen.lacking:
            missing = np.logical_or(missing, self.frozen.lacking[name][places])
        return missing

    def _mixed(self, name: str, places: Codes, missing: Truths, fresh: Column) -> Column:
        if name not in self.frozen.columns or missing.all():
            return fresh
        held = self.frozen.columns[name]
        there = np.where(missing, _present(fresh), _present(held)[places])
        values = np.where(missing, fresh.values, held.values[places])
        return Column(values, None if there.all() else there)

    def _earned_before(
        self, calculation: Calculation, crews: Sequence[Crew], history: History
    ) -> tuple[str, ...]:
        """Put in what the tried plan itself gave earlier, and not what was really paid then.

        Of periods that are not tried the ledger speaks. Return the lines to remember.
        """
        lines: dict[str, None] = {}
        for variant, crew in zip(calculation.variants, crews, strict=True):
            for need in crew.pay.needs if crew.pay else ():
                if need.kind is not NeedKind.EARNED or variant.plan is None:
                    continue
                lines[need.line] = None
                earlier = need.earlier_in(self.period, variant.plan.valid_from)
                names = [each.name for each in earlier]
                ledger = earned_in(
                    self.writing,
                    [name for name in names if name not in history.periods],
                    need.line,
                    known_at=self.knowledge.earned,
                )
                own = [
                    history.lines.get((name, need.line), {})
                    for name in names
                    if name in history.periods
                ]
                people = [calculation.people[row].person_id for row in variant.rows.tolist()]
                sums = [
                    ledger.get(person, 0) + sum(each.get(person, 0) for each in own)
                    for person in people
                ]
                found = Column(np.array(sums, dtype=np.int64))
                for given in need.inputs:
                    variant.own[given.name] = found
        return tuple(lines)


def _names_needed(variants: Sequence[Variant], count: int) -> dict[str, Truths]:
    """Name the numbers of the period that are read, and of whom; a comparison reads everybody."""
    found: dict[str, Truths] = {}
    metrics = metrics_needed(variants)
    names = {f"{metric}.{part}" for metric in metrics for part in PARTS}
    for variant in variants:
        mine = names.intersection(input_names(variant))
        for name in mine:
            found.setdefault(name, np.zeros(count, dtype=np.bool_))[variant.rows] = True
        program = variant.pay_program
        for cohort in program.cohorts if program else ():
            for measure in (cohort.measure, *cohort.tie_breaks):
                for name in (f"{measure}.num", f"{measure}.den"):
                    if name in names:
                        found[name] = np.ones(count, dtype=np.bool_)
    return found


def _refuse_cards(variants: Sequence[Variant]) -> None:
    """Refuse a plan that is paid by a score which the scorecard beside it does not give."""
    for variant in variants:
        if variant.plan is None or variant.scorecard is None:
            continue
        problems = refused_together(variant.plan.plan, variant.scorecard.scorecard)
        if problems:
            values = {"plan": variant.plan.plan.key}
            raise Refused("backtest_score_differs", values, problems=problems)


def _present(column: Column) -> Truths:
    return np.ones(len(column), dtype=np.bool_) if column.present is None else column.present


def _shaped_rows(frozen: FrozenWhole) -> Truths:
    """Say whose numbers were frozen by segments: they need not hold the whole period's."""
    count = len(frozen.people)
    shaped = np.zeros(count, dtype=np.bool_)
    for name in frozen.columns:
        if is_shaped_input(name):
            lacking = frozen.lacking.get(name)
            shaped |= True if lacking is None else np.logical_not(lacking)
    return shaped


def crews_of(variants: Sequence[Variant], count: int) -> tuple[Crew, ...]:
    """Make the crews of a company's pay from the variants of a calculation."""
    alone = len(variants) == 1 and np.array_equal(variants[0].rows, np.arange(count))
    return tuple(
        Crew(
            score=variant.score_program,
            pay=variant.pay_program,
            rows=None if alone else variant.rows,
            plan=variant.plan.id if variant.plan else "",
            own=variant.own,
        )
        for variant in variants
    )


def whole_of(calculation: Calculation) -> Whole:
    """Give the numbers of a calculation as those of a whole company."""
    groups = {}
    for kind in PeerGroup:
        peers = calculation.peers_in(kind)
        if any(peers.groups):
            groups[kind] = Groups(codes=peers.codes, parents=peers.parents)
    return Whole(
        count=len(calculation.people),
        columns=calculation.columns,
        groups=groups,
        directions={key: metric.direction for key, metric in calculation.metrics.items()},
        presence=calculation.presence,
        ids=[person.person_id for person in calculation.people],
    )


def remember(
    history: History,
    period: str,
    people: Sequence[Participant],
    crews: Sequence[Crew],
    earned: Earned,
    lines: Sequence[str],
) -> None:
    """Keep what some lines came to, for the periods that are tried later."""
    history.periods.add(period)
    for crew, amounts in zip(crews, earned.amounts, strict=True):
        rows = range(len(people)) if crew.rows is None else crew.rows.tolist()
        for line in lines:
            if line in amounts:
                column, found = amounts[line], history.lines.setdefault((period, line), {})
                for place, row in enumerate(rows):
                    found[people[row].person_id] = column.at(place) or 0

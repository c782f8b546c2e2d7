"""Evaluating some people of a closed period by other knowledge, beside peers that never move."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from actions.gather_segments import add_segments
from actions.keep_run import amounts_of
from actions.participants import Participant, participants
from actions.prepare import gathered, only_those
from actions.scoring import Calculation, pay_all, score_all
from domain.columns import Column
from domain.component import SCORE, PeerGroup
from domain.correction import Amounts, Key
from domain.knowledge import Knowledge
from domain.metric import Direction
from domain.period import Period
from domain.program import Cohort
from storage.engine import Writing
from storage.frozen import Shards, frozen_shards, frozen_values
from storage.results import Run, cohort_of

_PARTS = ("rank", "tied", "size", "lo_num", "lo_den", "hi_num", "hi_den")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What some people earn by some knowledge."""

    calculation: Calculation | None
    amounts: Amounts
    plans: Mapping[Key, str]


@dataclass(slots=True, kw_only=True)
class ClosedPeriod:
    """A closed period with what its final run froze; evaluates people, and moves nothing."""

    writing: Writing
    period: Period
    base: Run
    shards: Shards
    _values: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, writing: Writing, period: Period, base: Run) -> ClosedPeriod:
        """Read what was frozen."""
        shards = frozen_shards(writing.connection, base.id)
        return cls(writing=writing, period=period, base=base, shards=shards)

    def evaluate(self, knowledge: Knowledge, people: Collection[str]) -> Evaluated:
        """Score and pay some people; whoever takes no part by this knowledge earns nothing.

        What they did, aimed at and are paid by is gathered anew. What the final run found of
        groups (ranks, medians, sizes, team scores) is taken as it was frozen.
        """
        taking_part, _ = participants(
            self.writing.connection, self.writing.entity_id, self.period, knowledge
        )
        mine = only_those(taking_part, people)
        if not mine:
            return Evaluated(calculation=None, amounts={}, plans={})
        calculation = gathered(self.writing, self.period, knowledge, mine, named=True)
        calculation.columns.update(self._frozen(mine, calculation.columns))
        calculation.frozen = True
        add_segments(self.writing, calculation, self.period)
        score_all(calculation)
        self._compare(calculation)
        pay_all(calculation)
        amounts: dict[Key, int] = {}
        plans: dict[Key, str] = {}
        for each in amounts_of(calculation):
            key = (each.person_id, each.component, each.currency)
            amounts[key], plans[key] = each.amount, each.plan_version_id
        return Evaluated(calculation=calculation, amounts=amounts, plans=plans)

    def _frozen(
        self, people: tuple[Participant, ...], fresh: Mapping[str, Column]
    ) -> dict[str, Column]:
        """Take of each person every frozen input that was not gathered anew."""
        count = len(people)
        values: dict[str, np.ndarray] = {}
        present: dict[str, np.ndarray] = {}
        for row, person in enumerate(people):
            found = self.shards.places.get(person.person_id)
            if found is None:
                continue
            shard, place = found
            for name, column in self.shards.columns[shard].items():
                number = None if name in fresh else column.at(place)
                if number is not None:
                    if name not in values:
                        values[name] = np.zeros(count, dtype=np.int64)
                        present[name] = np.zeros(count, dtype=np.bool_)
                    values[name][row], present[name][row] = number, True
        return {name: Column(values[name], present[name]) for name in values}

    def _compare(self, calculation: Calculation) -> None:
        """Find a place among the frozen peers for who had none: new people, new comparisons."""
        for variant in calculation.variants:
            program = variant.pay_program
            for cohort in program.cohorts if program else ():
                for row in variant.rows.tolist():
                    size = calculation.columns.get(f"{cohort.id}.peers.size")
                    if size is None or size.at(row) is None:
                        self._place(calculation, cohort, row)

    def _place(self, calculation: Calculation, cohort: Cohort, row: int) -> None:
        person = calculation.people[row]
        group = _group(calculation, person, cohort.peer_group)
        facts = cohort_of(
            self.writing.connection,
            self.base.id,
            measure=cohort.measure,
            peer_kind=cohort.peer_group.value,
            group_id=group,
        )
        found: dict[str, int | None] = dict.fromkeys(_PARTS)
        found["size"] = facts.size if facts else 0
        enough = facts is not None and facts.size >= max(cohort.minimum, 1)
        if facts is not None and enough and facts.lo and facts.hi:
            found["lo_num"], found["lo_den"] = facts.lo
            found["hi_num"], found["hi_den"] = facts.hi
            own = _own(calculation, cohort.measure, row)
            if own is not None:
                peers = self._peers(cohort, group, but=person.person_id)
                better = [each < own if _is_lower(calculation, cohort) else each > own
                          for each in peers]  # fmt: skip
                found["rank"] = 1 + sum(better)
                found["tied"] = 1 + sum(each == own for each in peers)
        for part, number in found.items():
            _put(calculation, f"{cohort.id}.peers.{part}", row, number)

    def _peers(self, cohort: Cohort, group: str, but: str) -> list[Fraction]:
        """List the frozen values of a group, but for one person."""
        measure = cohort.measure
        if measure not in self._values:
            found = frozen_values(self.writing.connection, self.base.id, [measure])
            self._values[measure] = found.get(measure, {})
        people, _ = participants(
            self.writing.connection,
            self.writing.entity_id,
            self.period,
            Knowledge.at(self.base.known_at),
        )
        held = self._values[measure]
        return [
            Fraction(*held[person.person_id])
            for person in people
            if person.person_id in held
            and person.person_id != but
            and _group_of(self.writing.entity_id, person, cohort.peer_group) == group
        ]


def _group(calculation: Calculation, person: Participant, peer_group: PeerGroup) -> str:
    return _group_of(calculation.entity_id, person, peer_group)


def _group_of(entity_id: str, person: Participant, peer_group: PeerGroup) -> str:
    match peer_group:
        case PeerGroup.UNIT:
            return person.unit_id
        case PeerGroup.PLATFORM:
            return person.platform_id or ""
        case PeerGroup.COMPANY:
            return entity_id


def _own(calculation: Calculation, measure: str, row: int) -> Fraction | None:
    if measure == SCORE:
        score = None if calculation.score is None else calculation.score.at(row)
        return None if score is None else Fraction(score)
    num = calculation.columns[f"{measure}.num"].at(row)
    den = calculation.columns[f"{measure}.den"].at(row)
    return None if num is None or not den else Fraction(num, den)


def _is_lower(calculation: Calculation, cohort: Cohort) -> bool:
    metric = calculation.metrics.get(cohort.measure)
    return metric is not None and metric.direction is Direction.LOWER


def _put(calculation: Calculation, name: str, row: int, number: int | None) -> None:
    count = len(calculation.people)
    before = calculation.columns.get(name)
    values = np.zeros(count, dtype=np.int64) if before is None else before.values.copy()
    present = np.zeros(count, dtype=np.bool_)
    if before is not None:
        present[:] = True if before.present is None else before.present
    values[row], present[row] = number or 0, number is not None
    calculation.columns[name] = Column(values, None if present.all() else present)

"""Putting people of a closed period beside peers that never move.

Everything is taken from what the final run froze: the values that were compared, the inputs of
everybody, and who was in which group by what was known then. Of a person evaluated again only his
own numbers are new; his rank is 1 + how many of the frozen others are better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from actions.gather_peers import presence_in
from actions.participants import Participant, participants
from actions.peer_groups import Peers
from actions.scoring import Calculation, Variant, taken
from domain.columns import Column
from domain.component import SCORE, Fallback, PeerGroup
from domain.evaluate import run
from domain.exact import INTS
from domain.frozen_peers import FrozenGroup, RankKey, peer_facts, pool_facts, rank_key
from domain.knowledge import Knowledge
from domain.metric import Direction
from domain.peer_rules import Members
from domain.percentile import Percentile, PercentileMethod, place_of
from domain.period import Period
from domain.pooling import pool_lines_of, pool_needs
from domain.presence import Presence
from domain.program import Cohort, Need, NeedKind, Program
from storage.engine import Writing
from storage.frozen import Shards, frozen_values
from storage.results import Run

_MEDIAN = Percentile(share=500_000, method=PercentileMethod.R7_INCLUSIVE)
_PRESENCE = {NeedKind.COUNTED, NeedKind.DAYS, NeedKind.PERIOD_DAYS}
_TEAM = {NeedKind.TEAM, NeedKind.TEAM_TARGET, NeedKind.MEDIAN_BEFORE}


Mate: TypeAlias = tuple[str, int, int]  # a person, the shard of his inputs and the row in it


@dataclass(frozen=True, slots=True)
class _Groups:
    """The frozen keys of one comparison by group, near and wide, and each person's own."""

    near: Mapping[str, FrozenGroup]
    wide: Mapping[str, FrozenGroup]
    own: Mapping[str, tuple[str, str, RankKey]]  # by person: near group, wide group, key
    lower: bool  # less is better, so the keys are turned round
    there: bool  # somebody was in a group of this kind at all


@dataclass(slots=True, kw_only=True)
class FrozenPeers:
    """The peers of a closed period, as its final run found them."""

    writing: Writing
    period: Period
    base: Run
    shards: Shards
    _then: Calculation | None = None
    _values: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    _compared: dict[Cohort, _Groups] = field(default_factory=dict)
    _rosters: dict[tuple[PeerGroup, str], dict[str, list[Mate]]] = field(default_factory=dict)

    def fill(self, calculation: Calculation) -> None:
        """Give everybody in a calculation the facts of his frozen peers; it must be scored."""
        there = presence_in(self.writing, calculation, self.period)
        for variant in calculation.variants:
            program = variant.pay_program
            if program is None:
                continue
            for need in program.needs:
                if need.kind in _PRESENCE:
                    _put_presence(calculation, variant, need, there)
                elif need.kind in _TEAM:
                    self._put_team(calculation, variant, need)
            for cohort in program.cohorts:
                self._put_peers(calculation, variant, cohort, there)
            for need in pool_needs(program):
                self._put_pool(calculation, variant, program, need)

    def _run_then(self) -> Calculation:
        """Return who took part by what the final run knew; its groups are the frozen ones."""
        if self._then is None:
            known = Knowledge.at(self.base.known_at)
            people, _ = participants(
                self.writing.connection, self.writing.entity_id, self.period, known
            )
            self._then = Calculation(
                people=people,
                metrics={},
                columns={},
                variants=(),
                entity_id=self.writing.entity_id,
                knowledge=known,
            )
        return self._then

    def _value_of(self, measure: str, person_id: str) -> Fraction | None:
        if measure not in self._values:
            found = frozen_values(self.writing.connection, self.base.id, [measure])
            self._values[measure] = found.get(measure, {})
        held = self._values[measure].get(person_id)
        return None if held is None else Fraction(*held)

    def _groups(self, calculation: Calculation, cohort: Cohort) -> _Groups:
        if cohort in self._compared:
            return self._compared[cohort]
        then = self._run_then()
        there, peers = (
            presence_in(self.writing, then, self.period),
            then.peers_in(cohort.peer_group),
        )
        counted = there.counted(cohort.members)
        own: dict[str, tuple[str, str, RankKey]] = {}
        for row, person in enumerate(then.people):
            if cohort.members is not Members.EVERYBODY and not counted[row]:
                continue

            def value(measure: str, who: str = person.person_id) -> Fraction | None:
                return self._value_of(measure, who)

            key = _key(calculation, cohort, value, there, row)
            if key is not None:
                own[person.person_id] = (peers.groups[row], peers.wider[row], key)
        lower = _is_lower(calculation, cohort.measure)
        found = _Groups(_gathered(own, 0), _gathered(own, 1), own, lower, any(peers.groups))
        self._compared[cohort] = found
        return found

    def _put_peers(
        self, calculation: Calculation, variant: Variant, cohort: Cohort, there: Presence
    ) -> None:
        groups, peers = (
            self._groups(calculation, cohort),
            calculation.peers_in(cohort.peer_group),
        )
        if not groups.there:  # nothing was compared, and nothing is now
            return
        counted = there.counted(cohort.members)
        for row in variant.rows.tolist():
            person = calculation.people[row]
            group, wide = _used(groups, cohort, peers, row)
            key = None
            if cohort.members is Members.EVERYBODY or counted[row]:
                key = _key(calculation, cohort, _values_of(calculation, row), there, row)
            before = groups.own.get(person.person_id)
            was_here = before is not None and before[int(wide)] == (
                peers.wider[row] if wide else peers.groups[row]
            )
            facts = peer_facts(
                _facts_of(cohort, group, lower=groups.lower),
                group,
                own=key,
                before=before[2] if before is not None and was_here else None,
                form=cohort.ranking,
            )
            for part, number in facts.items():
                _put(calculation, f"{cohort.id}.peers.{part}", row, number)

    def _mates(self, need: Need, group: str, plan_id: str) -> list[Mate]:
        """List who was in a group under a plan, with the place of each one's frozen inputs."""
        assert need.peer_group is not None
        kept = need.peer_group, plan_id
        if kept not in self._rosters:
            then, found = self._run_then(), self._rosters.setdefault(kept, {})
            peers = then.peers_in(need.peer_group)
            for row, person in enumerate(then.people):
                place = self.shards.places.get(person.person_id)
                if place is not None and person.plan is not None and person.plan.id == plan_id:
                    found.setdefault(peers.groups[row], []).append((person.person_id, *place))
        return self._rosters[kept].get(group, [])

    def _sealed(self, name: str, shard: int, place: int) -> int | None:
        column = self.shards.columns[shard].get(name)
        return None if column is None else column.at(place)

    def _put_team(self, calculation: Calculation, variant: Variant, need: Need) -> None:
        """Take the team's numbers from whoever was in it; who was there alone keeps his own."""
        assert variant.plan is not None
        assert need.peer_group is not None
        peers = calculation.peers_in(need.peer_group)
        for row in variant.rows.tolist():
            for _, shard, place in self._mates(need, peers.groups[row], variant.plan.id)[:1]:
                for given in need.inputs:
                    _put(calculation, given.name, row, self._sealed(given.name, shard, place))

    def _put_pool(
        self, calculation: Calculation, variant: Variant, program: Program, need: Need
    ) -> None:
        assert variant.plan is not None
        assert need.peer_group is not None
        assert calculation.score is not None
        key_line, _ = pool_lines_of(need)
        table = taken(calculation.columns, variant.rows) | taken(
            {SCORE: calculation.score}, variant.rows
        )
        keys = run(program, table, [key_line])[key_line]
        peers = calculation.peers_in(need.peer_group)
        for place, row in enumerate(variant.rows.tolist()):
            person = calculation.people[row]
            mates = self._mates(need, peers.groups[row], variant.plan.id)
            own = [mate for mate in mates if mate[0] == person.person_id]
            team: dict[str, int | None] = {}
            for _, shard, at in (own or mates)[:1]:
                team = {
                    part: self._sealed(f"{need.name}.{part}", shard, at)
                    for part in ("keys", "extra", "heads")
                }
            before = self._key_before(program, key_line, person, *own[0][1:]) if own else None
            facts = pool_facts(team, key_now=keys.at(place), key_before=before)
            for part, number in facts.items():
                _put(calculation, f"{need.name}.{part}", row, number)

    def _key_before(
        self, program: Program, key_line: str, person: Participant, shard: int, place: int
    ) -> int | None:
        """Calculate the key that a person had, from his frozen inputs."""
        score = self._value_of(SCORE, person.person_id)
        table: dict[str, Column | int | None] = {
            given.name: self._sealed(given.name, shard, place) for given in program.inputs
        }
        table[SCORE] = None if score is None else score.numerator
        return run(program, table, [key_line])[key_line].at(0)


def _gathered(own: Mapping[str, tuple[str, str, RankKey]], which: int) -> dict[str, FrozenGroup]:
    keys: dict[str, list[RankKey]] = {}
    for held in own.values():
        keys.setdefault(str(held[which]), []).append(held[2])
    return {group: FrozenGroup.of(each) for group, each in keys.items()}


def _used(groups: _Groups, cohort: Cohort, peers: Peers, row: int) -> tuple[FrozenGroup, bool]:
    """Choose the group as the run did: the wider one where the near one is too small."""
    none, least = FrozenGroup(()), max(cohort.minimum, 1)
    near = groups.near.get(peers.groups[row], none)
    wide = groups.wide.get(peers.wider[row], none)
    if len(near.keys) < least <= len(wide.keys) and cohort.fallback is Fallback.WIDEN:
        return wide, True
    return near, False


def _facts_of(cohort: Cohort, group: FrozenGroup, *, lower: bool) -> dict[str, int | None]:
    """Give the facts of a whole group: its size, and the two values around the line through it."""
    size = len(group.keys)
    found: dict[str, int | None] = {"size": size}
    if size < max(cohort.minimum, 1):
        return found
    place = place_of(INTS, cohort.percentile or _MEDIAN, size)
    values = sorted(-key[0] if lower else key[0] for key in group.keys)
    for name, at in (("lo", place.low), ("hi", place.high)):
        found[f"{name}_num"] = values[at - 1].numerator
        found[f"{name}_den"] = values[at - 1].denominator
    return found


def _key(
    calculation: Calculation,
    cohort: Cohort,
    value: Callable[[str], Fraction | None],
    there: Presence,
    row: int,
) -> RankKey | None:
    own = value(cohort.measure)
    if own is not None and cohort.members is Members.PRORATED:
        days = int(there.days[row])
        own = None if not days else own * Fraction(there.period_days, days)
    measures = [(own, _is_lower(calculation, cohort.measure))]
    measures += [(value(each), _is_lower(calculation, each)) for each in cohort.tie_breaks]
    return rank_key(measures)


def _values_of(calculation: Calculation, row: int) -> Callable[[str], Fraction | None]:
    def value(measure: str) -> Fraction | None:
        if measure == SCORE:
            score = None if calculation.score is None else calculation.score.at(row)
            return None if score is None else Fraction(score)
        num = calculation.columns[f"{measure}.num"].at(row)
        den = calculation.columns[f"{measure}.den"].at(row)
        return None if num is None or not den else Fraction(num, den)

    return value


def _is_lower(calculation: Calculation, measure: str) -> bool:
    metric = calculation.metrics.get(measure)
    return metric is not None and metric.direction is Direction.LOWER


def _put_presence(calculation: Calculation, variant: Variant, need: Need, there: Presence) -> None:
    numbers = there.days
    if need.kind is NeedKind.COUNTED and need.members is not None:
        numbers = there.counted(need.members).astype(np.int64)
    for row in variant.rows.tolist():
        whole = need.kind is NeedKind.PERIOD_DAYS
        _put(calculation, need.name, row, there.period_days if whole else int(numbers[row]))


def _put(calculation: Calculation, name: str, row: int, number: int | None) -> None:
    count = len(calculation.people)
    before = calculation.columns.get(name)
    values = np.zeros(count, dtype=np.int64) if before is None else before.values.copy()
    present = np.zeros(count, dtype=np.bool_)
    if before is not None:
        present[:] = True if before.present is None else before.present
    values[row], present[row] = number or 0, number is not None
    calculation.columns[name] = Column(values, None if present.all() else present)

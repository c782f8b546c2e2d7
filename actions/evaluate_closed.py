"""Evaluating some people of a closed period by other knowledge, beside peers that never move."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np

from actions.frozen_peers import FrozenPeers
from actions.gather_segments import add_segments
from actions.keep_run import amounts_of
from actions.participants import Participant, participants
from actions.prepare import gathered, only_those
from actions.scoring import Calculation, pay_all, score_all
from domain.columns import Column
from domain.correction import Amounts, Key
from domain.knowledge import Knowledge
from domain.period import Period
from storage.credit_rules import has_credit_rules
from storage.crediting import Crediting
from storage.engine import Writing
from storage.frozen import Shards, frozen_shards
from storage.results import Run


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
    _peers: FrozenPeers
    _is_credited: bool
    _people: dict[Hashable, tuple[Participant, ...]] = field(default_factory=dict)
    _credits: dict[Hashable, Crediting] = field(default_factory=dict)

    @classmethod
    def of(cls, writing: Writing, period: Period, base: Run) -> ClosedPeriod:
        """Read what was frozen."""
        shards = frozen_shards(writing.connection, base.id)
        peers = FrozenPeers(writing=writing, period=period, base=base, shards=shards)
        return cls(
            writing=writing,
            period=period,
            base=base,
            shards=shards,
            _peers=peers,
            _is_credited=has_credit_rules(writing.connection, writing.entity_id, writing.known_at),
        )

    def evaluate(self, knowledge: Knowledge, people: Collection[str]) -> Evaluated:
        """Score and pay some people; whoever takes no part by this knowledge earns nothing.

        What they did, aimed at and are paid by is gathered anew. What the final run found of
        groups (medians, sizes, sums of keys, team scores) is taken as it was frozen; a rank is
        found anew among the frozen others.
        """
        mine = only_those(self._taking_part(knowledge), people)
        if not mine:
            return Evaluated(calculation=None, amounts={}, plans={})
        calculation = gathered(
            self.writing,
            self.period,
            knowledge,
            mine,
            named=True,
            crediting=self._crediting(knowledge),
        )
        calculation.columns.update(self._frozen(mine, calculation.columns))
        calculation.frozen = True
        add_segments(self.writing, calculation, self.period)
        score_all(calculation)
        self._peers.fill(calculation)
        pay_all(calculation)
        amounts: dict[Key, int] = {}
        plans: dict[Key, str] = {}
        for each in amounts_of(calculation):
            key = (each.person_id, each.component, each.currency)
            amounts[key], plans[key] = each.amount, each.plan_version_id
        return Evaluated(calculation=calculation, amounts=amounts, plans=plans)

    def _taking_part(self, known: Knowledge) -> tuple[Participant, ...]:
        """Find who takes part; a step of a walk that changes nothing of it asks nothing again."""
        key = (known.organisation, known.rules, known.goals)
        if key not in self._people:
            self._people[key], _ = participants(
                self.writing.connection, self.writing.entity_id, self.period, known
            )
        return self._people[key]

    def _crediting(self, known: Knowledge) -> Crediting:
        """Take the credits and sums of an evaluation before, where no step since moves them."""
        moving = (known.organisation, known.rules) if self._is_credited else ()
        key = (known.facts, known.learned, known.links, moving)
        if key not in self._credits:
            self._credits[key] = Crediting(self.writing.connection, self.writing.entity_id, known)
        return self._credits[key]

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

"""Gathering what rules about people look at: one look per period that has a run to speak for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from actions.talent_kpis import KpiRow, kpis_of
from domain.component import PeerGroup
from domain.period import period_named
from domain.talent import Counts, TalentKind, TalentRule
from domain.talent_evidence import Kpi, Look, Place
from storage.engine import Database
from storage.people import platforms
from storage.runs import RunState
from storage.talent_history import PeriodRun, people_scored, places, speaking_runs

_STATES = {
    Counts.POSTED: (RunState.POSTED, RunState.FINAL),
    Counts.CLOSED: (RunState.FINAL,),
}
_OF_KPIS = frozenset({TalentKind.MISS_STREAK, TalentKind.WEAKEST_KPI})


@dataclass(slots=True, kw_only=True)
class Looks:
    """The history of a legal entity, each run read once for all rules."""

    connection: Database
    entity_id: str
    known_at: datetime
    _people: dict[str, Mapping[str, tuple[int | None, str]]] = field(default_factory=dict)
    _places: dict[tuple[str, str, PeerGroup], Mapping[str, Place]] = field(default_factory=dict)
    _kpis: dict[str, Mapping[str, KpiRow]] = field(default_factory=dict)
    _names: dict[str, str] | None = None

    def for_rule(self, rule: TalentRule) -> tuple[Look, ...]:
        """Return what a rule may look at, in the order of the periods."""
        runs = speaking_runs(self.connection, self.entity_id, _STATES[rule.counts])
        looks = [
            self._look(rule, run) for run in runs if period_named(run.period).kind is rule.cadence
        ]
        return tuple(sorted(looks, key=lambda look: look.period.start))

    def _look(self, rule: TalentRule, run: PeriodRun) -> Look:
        if run.id not in self._people:
            self._people[run.id] = people_scored(self.connection, run.id)
        people = self._people[run.id]
        return Look(
            period=period_named(run.period),
            run_id=run.id,
            present=frozenset(people),
            places=self._places_of(rule, run.id),
            scores={person: score for person, (score, _) in people.items() if score is not None},
            kpis=self._kpis_of(rule, run.id) if rule.kind in _OF_KPIS else {},
        )

    def _places_of(self, rule: TalentRule, run_id: str) -> Mapping[str, Place]:
        if rule.measure is None or rule.peer_group is None:
            return {}
        key = (run_id, rule.measure, rule.peer_group)
        if key not in self._places:
            names = self._platforms() if rule.peer_group is PeerGroup.PLATFORM else {}
            self._places[key] = places(
                self.connection, run_id, measure=rule.measure, group=rule.peer_group, names=names
            )
        return self._places[key]

    def _kpis_of(self, rule: TalentRule, run_id: str) -> dict[str, Mapping[str, Kpi]]:
        if run_id not in self._kpis:
            self._kpis[run_id] = kpis_of(self.connection, run_id)
        return {
            person: row.compared_in(rule.peer_group) for person, row in self._kpis[run_id].items()
        }

    def _platforms(self) -> dict[str, str]:
        if self._names is None:
            found = platforms(self.connection, self.entity_id, known_at=self.known_at)
            self._names = {each.id: each.name for each in found}
        return self._names

"""Gathering what rules about people look at: one look per period that has a run to speak for it."""

from __future__ import annotations

from domain.period import period_named
from domain.talent import Counts, TalentRule
from domain.talent_evidence import Look
from storage.engine import Database
from storage.runs import RunState
from storage.talent_history import PeriodRun, people_scored, places, speaking_runs

_STATES = {
    Counts.POSTED: (RunState.POSTED, RunState.FINAL),
    Counts.CLOSED: (RunState.FINAL,),
}


def looks_for(connection: Database, entity_id: str, rule: TalentRule) -> tuple[Look, ...]:
    """Return what a rule may look at, in the order of the periods."""
    runs = speaking_runs(connection, entity_id, _STATES[rule.counts])
    looks = [
        _look(connection, rule, run)
        for run in runs
        if period_named(run.period).kind is rule.cadence
    ]
    return tuple(sorted(looks, key=lambda look: look.period.start))


def _look(connection: Database, rule: TalentRule, run: PeriodRun) -> Look:
    people = people_scored(connection, run.id)
    found = {}
    if rule.measure is not None and rule.peer_group is not None:
        found = places(connection, run.id, measure=rule.measure, group=rule.peer_group)
    return Look(
        period=period_named(run.period),
        run_id=run.id,
        present=frozenset(people),
        places=found,
        scores={person: score for person, (score, _) in people.items() if score is not None},
    )

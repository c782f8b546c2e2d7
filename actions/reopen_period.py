"""Opening a period: ahead of time for entry, or again after its close by two people's decision."""

from __future__ import annotations

from actions.close_period import demand_close
from actions.closing import comes_before
from actions.identifiers import new_id
from actions.periods import demand_version, state_now
from actions.suggest import suggest_for
from domain.access import Actor
from domain.period import Period, period_named
from domain.period_state import PeriodState, may_follow
from domain.problem import Refused
from storage.accounts import people_of_accounts
from storage.engine import Writing
from storage.periods import add_state, stored_states
from storage.reopenings import (
    ReopeningState,
    StoredReopening,
    add_step,
    reopening_steps,
    reopenings,
)
from storage.runs import RunState, runs_in, set_state


def open_period(
    writing: Writing,
    actor: Actor,
    period_name: str,
    state: PeriodState,
    *,
    expected_version: int,
) -> str:
    """Open a period that lies ahead, for entry only or altogether; return its name."""
    demand_close(actor, writing.entity_id)
    period = period_named(period_name)
    demand_version(writing, period, expected_version)
    before, stored = state_now(writing, period)
    if before is PeriodState.CLOSED:
        raise Refused("period_closed", {"period": period.name})
    if state is PeriodState.CLOSED or not may_follow(before, state):
        raise Refused("period_opened_already", {"period": period.name})
    revision = stored.revision + 1 if stored else 1
    add_state(writing, period.name, state, revision=revision)
    return period.name


def request_reopening(writing: Writing, actor: Actor, period_name: str, reason: str) -> str:
    """Ask for a closed period to be opened again; return the id of the request."""
    demand_close(actor, writing.entity_id)
    period = period_named(period_name)
    _demand_reason(reason)
    _demand_closed(writing, period)
    asked = reopenings(
        writing.connection, writing.entity_id, known_at=writing.known_at, period=period.name
    )
    for each in asked:
        if each.state is ReopeningState.REQUESTED:
            raise Refused("reopening_asked", {"period": period.name, "reopening": each.id})
    identifier = new_id("reop", writing.known_at)
    add_step(
        writing,
        identifier,
        revision=1,
        period=period.name,
        state=ReopeningState.REQUESTED,
        reason=reason,
    )
    return identifier


def decide_reopening(
    writing: Writing,
    actor: Actor,
    reopening_id: str,
    *,
    grant: bool,
    reason: str,
    expected_version: int,
) -> str:
    """Decide a request as a second person; where it is granted, the period is open again."""
    demand_close(actor, writing.entity_id)
    _demand_reason(reason)
    steps = reopening_steps(writing.connection, writing.entity_id, reopening_id)
    if not steps:
        raise Refused("not_found", {"id": reopening_id})
    last = steps[-1]
    if last.revision != expected_version:
        raise Refused("version_conflict", {"current": str(last.revision)})
    if last.state is not ReopeningState.REQUESTED:
        raise Refused("reopening_decided", {"reopening": reopening_id})
    _demand_second_person(writing, last)
    period = period_named(last.period)
    if grant:
        _open_again(writing, actor, period, reopening_id, reason)
    add_step(
        writing,
        reopening_id,
        revision=last.revision + 1,
        period=period.name,
        state=ReopeningState.GRANTED if grant else ReopeningState.REFUSED,
        reason=reason,
    )
    return reopening_id


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")


def _demand_second_person(writing: Writing, asked: StoredReopening) -> None:
    """Refuse the same person, and the same right used by a deputy: four eyes are two people."""
    before = {each for each in (asked.made_by, asked.on_behalf_of) if each is not None}
    now = {each for each in (writing.actor, writing.on_behalf_of) if each is not None}
    people = people_of_accounts(writing.connection, before | now)
    if now & before or {people.get(each, each) for each in now} & {
        people.get(each, each) for each in before
    }:
        raise Refused("reopening_own", {"period": asked.period})


def _demand_closed(writing: Writing, period: Period) -> int:
    state, stored = state_now(writing, period)
    if state is not PeriodState.CLOSED or stored is None:
        raise Refused("period_not_closed", {"period": period.name})
    return stored.revision


def _open_again(
    writing: Writing, actor: Actor, period: Period, reopening_id: str, reason: str
) -> None:
    revision = _demand_closed(writing, period)
    _refuse_later_closed(writing, period)
    add_state(
        writing,
        period.name,
        PeriodState.OPEN,
        revision=revision + 1,
        decision_id=reopening_id,
        reason=reason,
    )
    for run in runs_in(writing.connection, writing.entity_id, period.name, [RunState.FINAL]):
        set_state(writing, run.id, RunState.POSTED)
    suggest_for(writing, actor)


def _refuse_later_closed(writing: Writing, period: Period) -> None:
    states = stored_states(writing.connection, writing.entity_id, known_at=writing.known_at)
    later = [
        name
        for name, each in states.items()
        if each.state is PeriodState.CLOSED and comes_before(period, period_named(name))
    ]
    if later:
        raise Refused(
            "later_period_closed", {"period": period.name, "later": ", ".join(sorted(later))}
        )

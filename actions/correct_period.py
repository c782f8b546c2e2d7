"""Correcting a closed period: what was learned since becomes differences in an open period.

The closed period itself never moves. Whoever something touched is evaluated again beside the peers
that were frozen, cause after cause; the ledger is brought to what came out by entries in the open
period, so a second correction books only what is new, in whatever order it arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actions.calculate import Mode, stored_problem
from actions.deed import Done, Runtime, demand_entity, perform
from actions.evaluate_closed import ClosedPeriod, Evaluated
from actions.identifiers import new_id
from actions.keep_run import keep_results
from actions.participants import participants
from actions.periods import demand_open
from actions.post_ledger import Adjustment, post_adjustments
from actions.scoring import variants_of
from actions.seal_run import Sealing
from actions.touched import (
    causes_since,
    facts_read,
    reading_both,
    since_run,
    touched_people,
)
from domain.access import Actor, Resource
from domain.correction import (
    Amounts,
    CauseLine,
    Key,
    differences,
    held_back,
    lines_to_book,
    walk,
)
from domain.knowledge import Knowledge
from domain.ledger import CORRECTING, Cause
from domain.period import Period, period_named
from domain.problem import Problem, Refused, Severity
from domain.sealed import CORRECTION, RunHeader
from domain.sealed_pay import CORRECTION_LEAF, SealedChange, correction_content
from domain.statement import ENGINE_VERSION
from storage.corrections import add_lines, booked_by_cause, supersede_trials
from storage.definitions import metrics_by_key
from storage.engine import Writing
from storage.results import Run, add_run, finish_run, payouts_of
from storage.runs import RunState, runs_in
from storage.touched import FactsRead, last_fact
from storage.types import text_of_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a correction found: whom it looked at, what they earn now, and the lines by cause."""

    people: frozenset[str]
    now: Evaluated
    plans: Mapping[Key, str]
    lines: tuple[CauseLine, ...]
    problems: tuple[Problem, ...]


def correct_period(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period_name: str,
    *,
    into: str,
    mode: Mode,
    key: str | None = None,
) -> Done:
    """Correct a closed period by differences in the open period ``into``; return the run's id.

    A trial shows what would be booked. Posted again with nothing new it books nothing.
    """
    period, booked_in = period_named(period_name), period_named(into)

    def deed(writing: Writing) -> str:
        demand_correct(actor, entity_id)
        return correct_within(writing, runtime, period, booked_in, mode)

    request = {"period": period.name, "into": booked_in.name, "mode": mode.value}
    return perform(runtime, actor, entity_id, "correctionStart", request, deed, key)


def demand_correct(actor: Actor, entity_id: str) -> None:
    """Refuse who may not calculate and pay everybody."""
    demand_entity(actor, Resource.CALCULATION, entity_id)
    demand_entity(actor, Resource.PAY, entity_id)


def final_run(writing: Writing, period: Period) -> Run:
    """Return the run with which a period was closed, or refuse."""
    found = runs_in(writing.connection, writing.entity_id, period.name, [RunState.FINAL])
    if not found:
        raise Refused("period_not_closed", {"period": period.name})
    return found[0]


def correct_within(
    writing: Writing, runtime: Runtime, period: Period, into: Period, mode: Mode
) -> str:
    """Correct within a transaction that does more than that; return the run's id."""
    base = final_run(writing, period)
    demand_open(writing, into)
    found = _corrected(writing, period, base)
    run_id, delta = new_id("calc", writing.known_at), [each for each in found.lines if each.delta]
    add_run(
        writing,
        run_id,
        period=period.name,
        mode=mode.value,
        state=mode.value,
        valid_at=period.start,
        engine_version=ENGINE_VERSION,
        problems=[stored_problem(problem) for problem in found.problems],
        final=base.final,
        waiting_for=[],
        people=len(found.people),
        fact_seq=last_fact(writing.connection),
        gathered=len(found.people),
        reused_run_id=base.id,
        base_run_id=base.id,
        booked_in=into.name,
    )
    digest = _keep(writing, run_id, period, base, found, into, mode)
    if mode is Mode.POSTED and delta:
        booked = [_adjustment(period, run_id, found, line) for line in delta]
        post_adjustments(writing, into.name, run_id, booked)
    supersede_trials(writing, period.name, run_id)
    finish_run(
        writing,
        run_id,
        result_hash=digest,
        payout=sum(line.delta for line in delta),
        finished_at=max(runtime.clock(), writing.known_at),
    )
    return run_id


def _corrected(writing: Writing, period: Period, base: Run) -> Corrected:
    """Walk from what was known at the close to what is known now, cause after cause."""
    since, read = since_run(base, writing.known_at), _read(writing, period, base)
    booked = booked_by_cause(writing, period.name, CORRECTING)
    touched = touched_people(writing.connection, period, since, read)
    closed = ClosedPeriod.of(writing, period, base)
    people = frozenset(person for (person, _, _), _ in booked)
    people |= _everybody(writing, period, base) if touched is None else touched
    before = last = closed.evaluate(Knowledge.at(base.known_at), people)
    wanted: list[tuple[Cause, Amounts]] = []
    plans = dict(before.plans)
    causes = causes_since(writing.connection, period, since, read, everybody=touched is None)
    for step in walk(base.known_at, writing.known_at, causes):
        found = closed.evaluate(step.knowledge, people)
        changed = differences(last.amounts, found.amounts)
        wanted.append((step.cause, changed))
        if step.cause is Cause.CREDIT_NOTES:
            wanted.append((Cause.CREDIT_NOTE_HELD, held_back(changed)))
        plans.update(found.plans)
        last = found
    return Corrected(
        people=people,
        now=last,
        plans=plans,
        lines=lines_to_book(wanted, booked),
        problems=_differing(writing, base, before, people),
    )


def _everybody(writing: Writing, period: Period, base: Run) -> frozenset[str]:
    """Name who took part then or takes part now."""
    found: set[str] = set()
    for known in (base.known_at, writing.known_at):
        people, _ = participants(writing.connection, writing.entity_id, period, known)
        found.update(person.person_id for person in people)
    return frozenset(found)


def _read(writing: Writing, period: Period, base: Run) -> FactsRead:
    """Say which facts the rules of then and of now can read."""
    both = []
    for known in (base.known_at, writing.known_at):
        people, _ = participants(writing.connection, writing.entity_id, period, known)
        metrics = metrics_by_key(
            writing.connection, writing.entity_id, valid_at=period.start, known_at=known
        )
        both.append(facts_read(metrics, variants_of(people), period))
    return reading_both(*both)


def _differing(
    writing: Writing, base: Run, before: Evaluated, people: frozenset[str]
) -> tuple[Problem, ...]:
    """Say for whom the final run cannot be made again from what was known to it.

    What differs there has no cause that anybody learned of, so nothing is booked for it.
    """
    frozen = payouts_of(writing.connection, base.id, people)
    again: dict[str, int] = dict.fromkeys(frozen, 0)
    for (person, _, _), amount in before.amounts.items():
        again[person] = again.get(person, 0) + amount
    differing = sorted(each for each in frozen if (frozen[each] or 0) != again[each])
    if not differing:
        return ()
    values = {"count": str(len(differing)), "first": differing[0]}
    code = "correction_base_differs"
    return (Problem(code=code, path=base.id, values=values, severity=Severity.WARNING),)


def _keep(
    writing: Writing,
    run_id: str,
    period: Period,
    base: Run,
    found: Corrected,
    into: Period,
    mode: Mode,
) -> str:
    """Keep the lines by cause, and what the people come to now with the inputs it was made of."""
    rows = [
        (*line.key, line.cause.value, new_id("cor", writing.known_at), line.amount, line.delta)
        for line in found.lines
    ]
    add_lines(writing, run_id, rows)
    header = RunHeader(
        entity_id=writing.entity_id,
        run_id=run_id,
        period=period.name,
        mode=CORRECTION if mode is Mode.POSTED else mode.value,
        known_at=text_of_instant(writing.known_at),
        final=base.final,
    )
    sealing = Sealing(header=header, with_leaves=mode is Mode.POSTED)
    if sealing.with_leaves:
        for content in _contents(base, into, found):
            sealing.add(CORRECTION_LEAF, content)
    if found.now.calculation is None:
        sealing.keep(writing)
        return hashlib.sha256().hexdigest()
    return keep_results(writing, found.now.calculation, header, sealing)[0]


def _contents(base: Run, into: Period, found: Corrected) -> Iterator[dict[str, Any]]:
    """Yield what is sealed of each person whom the correction has a line about."""
    changes: dict[str, list[SealedChange]] = {}
    for line in found.lines:
        person, component, currency = line.key
        change = SealedChange(
            component=component,
            currency=currency,
            cause=line.cause,
            amount=line.amount,
            delta=line.delta,
        )
        changes.setdefault(person, []).append(change)
    now: dict[str, dict[tuple[str, str], int]] = {}
    for (person, component, currency), amount in found.now.amounts.items():
        now.setdefault(person, {})[component, currency] = amount
    for person, lines in sorted(changes.items()):
        yield correction_content(
            person_id=person,
            base_run=base.id,
            booked_in=into.name,
            changes=lines,
            now=now.get(person, {}),
        )


def _adjustment(period: Period, run_id: str, found: Corrected, line: CauseLine) -> Adjustment:
    person, component, currency = line.key
    return Adjustment(
        person_id=person,
        origin_period=period.name,
        component=component,
        amount=line.delta,
        currency=currency,
        cause=line.cause,
        run_id=run_id,
        plan_version_id=found.plans.get(line.key),
    )

"""A period is calculated: facts to values, values to scores, ranks, pay; trial or posted.

One transaction reads what was known when it took its turn and writes what came out, so a run is a
pure function of the facts and rules known at ``known_at``: the same run again has the same hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from actions.deed import Done, Runtime, demand_entity, perform
from actions.identifiers import new_id
from actions.incremental import start
from actions.keep_run import amounts_of, keep_boards, keep_results
from actions.periods import business_day, demand_open
from actions.post_ledger import post_amounts, reverse_entries
from actions.scoring import (
    Calculation,
    compare_all,
    metrics_needed,
    pay_all,
    score_all,
)
from actions.suggest import suggest_within
from domain.access import Actor, Resource
from domain.ledger import CORRECTING
from domain.period import Period, period_named
from domain.problem import Problem, Refused
from domain.sealed import RunHeader
from domain.statement import ENGINE_VERSION
from storage.engine import Writing
from storage.frozen_credits import keep_credits
from storage.ledger import standing_adjustments
from storage.results import add_run, finish_run
from storage.runs import RunState, supersede
from storage.sources import not_ready
from storage.touched import last_fact
from storage.types import text_of_instant


class Mode(StrEnum):
    """Whether the run only shows, or also posts to the ledger."""

    TRIAL = "TRIAL"
    POSTED = "POSTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTimetable:
    """A trial that the legal entity's timetable asked for."""

    shows_scores: bool  # whoever it concerns sees the score


def calculate(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period_name: str,
    mode: Mode,
    *,
    accept_provisional: bool = False,
    incremental: bool | None = None,
    by_timetable: ByTimetable | None = None,
    key: str | None = None,
) -> Done:
    """Calculate a period for everyone who has a scorecard or a plan in it; return the run's id.

    A POSTED run of a period that is not over, or whose sources are not ready, is refused unless
    ``accept_provisional``: a person decides that, and the run stays marked as provisional. In a
    closed period it is refused in any case. ``incremental`` says whether to start from the last
    run: by itself it does where that is less work; what comes out is the same.
    """
    period = period_named(period_name)

    def deed(writing: Writing) -> str:
        demand_entity(actor, Resource.CALCULATION, entity_id)
        return calculate_within(
            writing,
            runtime,
            period,
            mode,
            accept_provisional=accept_provisional,
            incremental=incremental,
            by_timetable=by_timetable,
        )

    request = {"period": period.name, "mode": mode.value, "provisional": accept_provisional}
    return perform(runtime, actor, entity_id, "calculationStart", request, deed, key)


def calculate_within(
    writing: Writing,
    runtime: Runtime,
    period: Period,
    mode: Mode,
    *,
    accept_provisional: bool = False,
    incremental: bool | None = None,
    by_timetable: ByTimetable | None = None,
) -> str:
    """Calculate within a transaction that does more than that; return the run's id."""
    if by_timetable is not None:
        # Nobody asked for it: a period that was closed meanwhile keeps what its close found.
        demand_open(writing, period, posting=True)
    started = start(writing, period, incremental=incremental)
    calculation, today = started.calculation, business_day(writing)
    waiting = _waiting(writing, calculation, period)
    if mode is Mode.POSTED:
        if not accept_provisional and today <= period.last_day:
            raise Refused("period_not_over", {"period": period.name})
        demand_open(writing, period, posting=True)
        if waiting and not accept_provisional:
            raise _late_source(period, waiting)
    score_all(calculation)
    compare_all(calculation)
    pay_all(calculation)
    run_id, final = new_id("calc", writing.known_at), not waiting and today > period.last_day
    # The run comes first: its results point at it. All of it is seen at once, at the commit.
    add_run(
        writing,
        run_id,
        period=period.name,
        mode=mode.value,
        state=mode.value,
        valid_at=period.start,
        engine_version=ENGINE_VERSION,
        problems=[stored_problem(problem) for problem in started.problems],
        final=final,
        waiting_for=list(waiting),
        people=len(calculation.people),
        fact_seq=last_fact(writing.connection),
        gathered=started.gathered,
        reused_run_id=started.reused,
        scores_shown=by_timetable is not None and by_timetable.shows_scores,
    )
    header = RunHeader(
        entity_id=writing.entity_id,
        run_id=run_id,
        period=period.name,
        mode=mode.value,
        known_at=text_of_instant(writing.known_at),
        final=final,
    )
    digest, payout = keep_results(writing, calculation, header)
    keep_boards(writing, run_id, calculation)
    if mode is Mode.POSTED:
        if calculation.crediting is not None:
            keep_credits(writing, run_id, calculation.crediting)
        post_amounts(writing, period.name, run_id, amounts_of(calculation))
        _take_back_corrections(writing, period, run_id)
    finished_at = max(runtime.clock(), writing.known_at)
    finish_run(writing, run_id, result_hash=digest, payout=payout, finished_at=finished_at)
    replaced = (RunState.TRIAL,) if mode is Mode.TRIAL else (RunState.TRIAL, RunState.POSTED)
    supersede(writing, period.name, run_id, replaced)
    if mode is Mode.POSTED:
        suggest_within(writing)
    return run_id


def _take_back_corrections(writing: Writing, period: Period, run_id: str) -> None:
    """Reverse what was corrected while the period was closed: the run knows it all by itself.

    Only a period that was opened again has such entries.
    """
    causes = [each.value for each in CORRECTING]
    standing = standing_adjustments(writing, period.name, causes)
    if standing:
        reverse_entries(writing, standing, period=period.name, source_id=run_id)


def _waiting(
    writing: Writing, calculation: Calculation, period: Period
) -> tuple[dict[str, str], ...]:
    kinds: set[str] = set()
    for key in metrics_needed(calculation.variants):
        kinds |= calculation.metrics[key].fact_kinds
    return not_ready(
        writing.connection,
        writing.entity_id,
        fact_kinds=frozenset(kinds),
        through=period.last_day,
        known_at=writing.known_at,
    )


def _late_source(period: Period, waiting: tuple[dict[str, str], ...]) -> Refused:
    names = ", ".join(sorted({each["fact"] for each in waiting}))
    return Refused("source_not_ready", {"period": period.name, "facts": names})


def stored_problem(problem: Problem) -> dict[str, object]:
    """Write a problem as it is kept with a run."""
    return {
        "code": problem.code,
        "path": problem.path,
        "values": dict(problem.values),
        "severity": problem.severity.value,
    }

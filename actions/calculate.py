"""A period is calculated: facts to values, values to scores, ranks, pay; trial or posted.

One transaction reads what was known when it took its turn and writes what came out, so a run is a
pure function of the facts and rules known at ``known_at``: the same run again has the same hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

import numpy as np

from actions.deed import Done, Runtime, demand_entity, perform
from actions.gather import metric_columns, target_columns
from actions.gather_segments import add_segments
from actions.identifiers import new_id
from actions.keep_run import amounts_of, keep_boards, keep_results
from actions.participants import Participant, participants
from actions.periods import business_day, demand_open
from actions.post_ledger import post_amounts
from actions.scoring import (
    TEAM_SCORE,
    Calculation,
    Variant,
    compare_all,
    metrics_needed,
    pay_all,
    score_all,
    taken,
    variants_of,
)
from domain.access import Actor, Resource
from domain.columns import Column
from domain.component import SCORE
from domain.evaluate import compile_score, run
from domain.metric import Metric
from domain.period import Period, period_named
from domain.problem import Problem, Refused
from domain.scorecard import Scorecard
from domain.statement import ENGINE_VERSION
from storage.definitions import metrics_by_key
from storage.engine import Writing
from storage.measures import Grouping
from storage.results import add_run, finish_run
from storage.sources import not_ready


class Mode(StrEnum):
    """Whether the run only shows, or also posts to the ledger."""

    TRIAL = "TRIAL"
    POSTED = "POSTED"


def calculate(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period_name: str,
    mode: Mode,
    *,
    accept_provisional: bool = False,
    key: str | None = None,
) -> Done:
    """Calculate a period for everyone who has a scorecard or a plan in it; return the run's id.

    A POSTED run of a period that is not over, or whose sources are not ready, is refused unless
    ``accept_provisional``: a person decides that, and the run stays marked as provisional.
    """
    period = period_named(period_name)

    def deed(writing: Writing) -> str:
        demand_entity(actor, Resource.CALCULATION, entity_id)
        return _calculate(writing, runtime, period, mode, accept_provisional)

    request = {"period": period.name, "mode": mode.value, "provisional": accept_provisional}
    return perform(runtime, actor, entity_id, "calculationStart", request, deed, key)


def _calculate(
    writing: Writing, runtime: Runtime, period: Period, mode: Mode, accept_provisional: bool
) -> str:
    calculation, problems = prepare(writing, period)
    waiting = _waiting(writing, calculation, period)
    today = business_day(writing)
    if mode is Mode.POSTED:
        if not accept_provisional and today <= period.last_day:
            raise Refused("period_not_over", {"period": period.name})
        demand_open(writing, period, posting=True)
        if waiting and not accept_provisional:
            raise _late_source(period, waiting)
    score_all(calculation)
    compare_all(calculation)
    pay_all(calculation)
    run_id = new_id("calc", writing.known_at)
    # The run comes first: its results point at it. All of it is seen at once, at the commit.
    add_run(
        writing,
        run_id,
        period=period.name,
        mode=mode.value,
        state=mode.value,
        valid_at=period.start,
        engine_version=ENGINE_VERSION,
        problems=[_stored(problem) for problem in problems],
        final=not waiting and today > period.last_day,
        waiting_for=list(waiting),
        people=len(calculation.people),
    )
    digest, payout = keep_results(writing, run_id, calculation)
    keep_boards(writing, run_id, calculation)
    if mode is Mode.POSTED:
        post_amounts(writing, period.name, run_id, amounts_of(calculation))
    finished_at = max(runtime.clock(), writing.known_at)
    finish_run(writing, run_id, result_hash=digest, payout=payout, finished_at=finished_at)
    return run_id


def prepare(writing: Writing, period: Period) -> tuple[Calculation, tuple[Problem, ...]]:
    """Find the participants of a period and gather every number that their rules read."""
    connection, entity_id = writing.connection, writing.entity_id
    known_at = writing.known_at
    people, problems = participants(connection, entity_id, period, known_at)
    if not people:
        raise Refused("nobody_to_calculate", {"period": period.name}, problems=problems)
    variants = variants_of(people)
    defined = metrics_by_key(connection, entity_id, valid_at=period.start, known_at=known_at)
    needed = metrics_needed(variants)
    metrics = _defined(defined, needed, period)
    owners = [person.person_id for person in people]
    columns = metric_columns(
        connection, entity_id, metrics, period, known_at=known_at, groups=owners
    )
    columns.update(
        target_columns(connection, entity_id, needed, period, known_at=known_at, owners=owners)
    )
    calculation = Calculation(
        people=people, metrics=defined, columns=columns, variants=variants, entity_id=entity_id
    )
    _add_team_scores(writing, calculation, period)
    add_segments(writing, calculation, period)
    return calculation, (*problems, *_goal_problems(calculation))


def _defined(defined: dict[str, Metric], needed: Iterable[str], period: Period) -> list[Metric]:
    missing = [key for key in needed if key not in defined]
    if missing:
        raise Refused(
            "metric_unknown", {"metric": ", ".join(missing)}, path=f"period:{period.name}"
        )
    return [defined[key] for key in needed]


def _add_team_scores(writing: Writing, calculation: Calculation, period: Period) -> None:
    """Score the teams for the second line: the same card over the team's facts and goal (13)."""
    for variant in calculation.variants:
        card = variant.scorecard.scorecard if variant.scorecard else None
        if card is None or card.team is None:
            continue
        people = [calculation.people[row] for row in variant.rows.tolist()]
        scores = _team_scores(writing, card, calculation, people, period)
        _put_team_scores(calculation, variant, people, scores)


def _team_scores(
    writing: Writing,
    card: Scorecard,
    calculation: Calculation,
    people: list[Participant],
    period: Period,
) -> dict[str, int | None]:
    alone = replace(card, team=None)  # a team has no team of its own
    units = sorted({person.unit_id for person in people})
    columns = metric_columns(
        writing.connection,
        writing.entity_id,
        [calculation.metrics[key] for key in alone.metrics],
        period,
        known_at=writing.known_at,
        groups=units,
        grouping=Grouping.UNIT,
    )
    columns.update(
        target_columns(
            writing.connection,
            writing.entity_id,
            alone.metrics,
            period,
            known_at=writing.known_at,
            owners=units,
            named=True,
        )
    )
    found = run(compile_score(alone), columns, [SCORE])[SCORE]
    return {unit: found.at(row) for row, unit in enumerate(units)}


def _put_team_scores(
    calculation: Calculation,
    variant: Variant,
    people: list[Participant],
    scores: dict[str, int | None],
) -> None:
    count = len(calculation.people)
    before = calculation.columns.get(
        TEAM_SCORE, Column(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_))
    )
    values = before.values.copy()
    present = np.ones(count, dtype=np.bool_) if before.present is None else before.present.copy()
    for row, person in zip(variant.rows.tolist(), people, strict=True):
        score = scores[person.unit_id]
        values[row], present[row] = score or 0, score is not None
    calculation.columns[TEAM_SCORE] = Column(values, present)


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


def _goal_problems(calculation: Calculation) -> list[Problem]:
    """Say for whom a scorecard asks for a target that no goal gives."""
    found = []
    for variant in calculation.variants:
        card = variant.scorecard.scorecard if variant.scorecard else None
        for item in card.items if card else ():
            name = f"{item.metric}.target"
            column = taken({name: calculation.columns[name]}, variant.rows)[name]
            if column.present is None:
                continue
            without = [
                calculation.people[row].person_id
                for row, there in zip(variant.rows.tolist(), column.present, strict=True)
                if not there
            ]
            values = {"metric": item.metric, "people": str(len(without)), "first": without[0]}
            found.append(Problem(code="goal_missing", path=item.metric, values=values))
    return found


def _stored(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "path": problem.path,
        "values": dict(problem.values),
        "severity": problem.severity.value,
    }

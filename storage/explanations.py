"""Why a number is what it is: a result's lines from its frozen inputs, and the facts behind them.

Nothing is looked up anew: the inputs are those that were scored, the rules those versions that
scored them. A payout that its own lines do not give again is a fault, never an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from domain.evaluate import compile_pay, compile_score, explain
from domain.fact import Fact
from domain.measure import Adding, Aggregate, aggregates
from domain.metric import Metric
from domain.period import period_named
from domain.program import Line
from domain.statement import Statement, read_statement
from storage import tables
from storage.definitions import (
    StoredPlan,
    StoredScorecard,
    metrics_by_key,
    plan_versions,
    scorecard_version,
)
from storage.measures import add_up, facts_behind
from storage.results import Result, Run
from storage.snapshots import frozen_inputs
from storage.sources import fact_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A result with everything that explains it."""

    result: Result
    run: Run
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class SumBehind:
    """One sum that a metric's value was put together from, with how many facts made it."""

    aggregate: Aggregate
    value: int | None


def explain_result(connection: Connection, run: Run, result: Result) -> Explained:
    """Read a result's statement back from what was frozen with its run."""
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    card = _card(connection, result)
    plan = _plan(connection, run, result)
    score_lines: tuple[Line, ...] = ()
    pay_lines: tuple[Line, ...] = ()
    if card is not None:
        score_lines = explain(compile_score(card.scorecard), inputs)
    if plan is not None:
        score = next((line.value for line in score_lines if line.name == "score"), None)
        program = compile_pay(plan.plan, card.scorecard if card else None)
        pay_lines = explain(program, {**inputs, "score": score})
    statement = read_statement(
        score_lines,
        pay_lines,
        subject=_subject(run, result, card, plan),
        currency=result.currency or "",
    )
    if (statement.score, statement.payout) != (result.score, result.payout):
        raise ValueError(f"result {result.id} is not what its lines give")
    return Explained(result=result, run=run, scorecard=card, plan=plan, statement=statement)


def _subject(
    run: Run, result: Result, card: StoredScorecard | None, plan: StoredPlan | None
) -> dict[str, str]:
    return {
        "person": result.person_id,
        "period": run.period,
        "run": run.id,
        "scorecard": card.hash if card else "",
        "plan": plan.hash if plan else "",
    }


def _card(connection: Connection, result: Result) -> StoredScorecard | None:
    if result.scorecard_id is None or result.scorecard_revision is None:
        return None
    return scorecard_version(connection, result.scorecard_id, result.scorecard_revision)


def _plan(connection: Connection, run: Run, result: Result) -> StoredPlan | None:
    if result.plan_version_id is None:
        return None
    (plan,) = plan_versions(
        connection, run.entity_id, known_at=run.known_at, version_id=result.plan_version_id
    )
    return plan


def metric_of(connection: Connection, run: Run, key: str) -> Metric | None:
    """Return a metric as it was when the run read it."""
    found = metrics_by_key(connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at)
    return found.get(key)


def sums_behind(
    connection: Connection, run: Run, metric: Metric, person_id: str
) -> tuple[SumBehind, ...]:
    """Return the sums a person's value was made of, added up again as they were known then."""
    period = period_named(run.period)
    found = []
    for need in aggregates(metric, period):
        sums = add_up(connection, run.entity_id, need, known_at=run.known_at, only=person_id)
        found.append(SumBehind(aggregate=need, value=sums.get(person_id)))
    return tuple(found)


def facts_of_sum(
    connection: Connection,
    run: Run,
    aggregate: Aggregate,
    person_id: str,
    *,
    first: int,
    after: tuple[date, int] | None = None,
) -> tuple[tuple[Fact, int], ...]:
    """Return a page of the facts behind a sum with their sequence numbers, by business date.

    ``after`` is the business date and the sequence number of the last fact of the page before.
    """
    query: Select[Any] = facts_behind(
        run.entity_id, _whole(aggregate), known_at=run.known_at, person_id=person_id
    )
    fact = tables.fact
    if after is not None:
        day, seq = after
        query = query.where(
            (fact.c.business_date > day) | ((fact.c.business_date == day) & (fact.c.seq > seq))
        )
    rows = connection.execute(query.limit(first))
    return tuple((fact_of(row), row.seq) for row in rows)


def _whole(aggregate: Aggregate) -> Aggregate:
    """Take the window whose facts explain the sum: for those who came back, the second one."""
    if aggregate.adding is not Adding.BACK:
        return aggregate
    return Aggregate(
        adding=Adding.COUNT,
        fact=aggregate.fact,
        where=aggregate.where,
        unit=aggregate.unit,
        of=None,
        start=aggregate.start,
        end=aggregate.end,
    )


def fact_history(
    connection: Connection, entity_id: str, fact_id: str, *, known_at: datetime
) -> tuple[Fact, ...]:
    """Return every revision of a fact known at ``known_at``, the first one first."""
    fact = tables.fact
    one = select(fact.c.connection_id, fact.c.stream, fact.c.key).where(
        fact.c.id == fact_id, fact.c.legal_entity_id == entity_id
    )
    found = connection.execute(one).one_or_none()
    if found is None:
        return ()
    query = (
        select(fact)
        .where(
            fact.c.connection_id == found.connection_id,
            fact.c.stream == found.stream,
            fact.c.key == found.key,
            fact.c.known_at <= known_at,
        )
        .order_by(fact.c.revision)
    )
    return tuple(fact_of(row) for row in connection.execute(query))

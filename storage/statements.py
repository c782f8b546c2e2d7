"""A person's statement read back from what was frozen: inputs, scorecard and plan of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from domain.evaluate import compile_pay, compile_score, explain
from domain.program import Line
from domain.sealed import shared_of
from domain.statement import ENGINE_VERSION, Statement, read_statement
from domain.walk import Route, route_of
from storage.definitions import StoredPlan, StoredScorecard, plan_versions, scorecard_version
from storage.results import Result, Run
from storage.snapshots import frozen_inputs

SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A statement with the rules it was made by."""

    statement: Statement
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    inputs: Mapping[str, int | None] = field(default_factory=dict)  # as they were frozen
    cohorts: tuple[str, ...] = ()  # the components that compare people
    engine: str = ENGINE_VERSION


def statement_of(
    connection: Connection, run: Run, result: Result, *, with_pay: bool = True
) -> Explained:
    """Explain a result of ``run`` line by line, byte for byte as it was calculated.

    The lines are made anew by the same definition from the frozen inputs; nothing is read that was
    learned after the run. A stored total that its own lines do not give again is a fault.
    Without pay the plan is not read: who may see a score need not be allowed to see plans.
    """
    card = _scorecard(connection, result)
    plan = _plan(connection, run, result) if with_pay else None
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    score_lines: tuple[Line, ...] = ()
    if card is not None:
        score_lines = explain(compile_score(card.scorecard), inputs)
    pay_lines: tuple[Line, ...] = ()
    cohorts: tuple[str, ...] = ()
    if plan is not None:
        score = next((line.value for line in score_lines if line.name == SCORE), None)
        program = compile_pay(plan.plan, card.scorecard if card else None)
        pay_lines = explain(program, {**inputs, SCORE: score})
        cohorts = tuple(each.component for each in shared_of(program))
    statement = read_statement(
        score_lines,
        pay_lines,
        subject={
            "person": result.person_id,
            "period": run.period,
            "scorecard": card.hash if card else "",
            "plan": plan.hash if plan else "",
        },
        currency=result.currency or "",
    )
    is_paid_alike = statement.payout == result.payout or not with_pay
    if statement.score != result.score or not is_paid_alike:
        raise ValueError(f"result {result.id} is not what its lines give")
    return Explained(
        statement=statement,
        scorecard=card,
        plan=plan,
        inputs=inputs,
        cohorts=cohorts,
        engine=run.engine_version,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The way a result was calculated and the numbers it was calculated from."""

    route: Route
    inputs: Mapping[str, int | None]
    scorecard: StoredScorecard | None
    plan: StoredPlan


def frozen_route(connection: Connection, run: Run, result: Result) -> Frozen | None:
    """Read the rules and the frozen numbers of a result, to ask them what if; None without a plan.

    Peers are among the numbers: whoever asks with others of his own asks beside these peers.
    """
    plan = _plan(connection, run, result)
    if plan is None:
        return None
    card = _scorecard(connection, result)
    scorecard = None if card is None else card.scorecard
    route = route_of(
        compile_pay(plan.plan, scorecard), None if scorecard is None else compile_score(scorecard)
    )
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    return Frozen(route=route, inputs=inputs, scorecard=card, plan=plan)


def _scorecard(connection: Connection, result: Result) -> StoredScorecard | None:
    if result.scorecard_id is None or result.scorecard_revision is None:
        return None
    return scorecard_version(connection, result.scorecard_id, result.scorecard_revision)


def _plan(connection: Connection, run: Run, result: Result) -> StoredPlan | None:
    if result.plan_version_id is None:
        return None
    found = plan_versions(
        connection, run.entity_id, known_at=run.known_at, version_id=result.plan_version_id
    )
    return found[0] if found else None

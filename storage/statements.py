"""A person's statement read back from what was frozen: inputs, scorecard and plan of the run."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from domain.evaluate import compile_pay, compile_score, explain
from domain.program import Line
from domain.segments import prefix_of, shaped_pay, shaped_score
from domain.statement import Statement, read_statement
from storage.definitions import StoredPlan, StoredScorecard, plan_versions, scorecard_version
from storage.results import Result, Run
from storage.shapes import StoredSegment, StoredShape
from storage.snapshots import frozen_inputs

SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A statement with the rules it was made by; those of every segment, where there are any."""

    statement: Statement
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    scorecards: tuple[StoredScorecard, ...] = ()
    plans: tuple[StoredPlan, ...] = ()


def statement_of(
    connection: Connection, run: Run, result: Result, *, with_pay: bool = True
) -> Explained:
    """Explain a result of ``run`` line by line, byte for byte as it was calculated.

    The lines are made anew by the same definition from the frozen inputs; nothing is read that was
    learned after the run. A stored total that its own lines do not give again is a fault.
    Without pay the plan is not read: who may see a score need not be allowed to see plans.
    """
    if result.shape is not None:
        return _shaped(connection, run, result, result.shape, with_pay=with_pay)
    card = _scorecard(connection, result)
    plan = _plan(connection, run, result) if with_pay else None
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    score_lines: tuple[Line, ...] = ()
    if card is not None:
        score_lines = explain(compile_score(card.scorecard), inputs)
    pay_lines: tuple[Line, ...] = ()
    if plan is not None:
        score = next((line.value for line in score_lines if line.name == SCORE), None)
        program = compile_pay(plan.plan, card.scorecard if card else None)
        pay_lines = explain(program, {**inputs, SCORE: score})
    subject = _subject(run, result, card, plan)
    statement = read_statement(
        score_lines, pay_lines, subject=subject, currency=result.currency or ""
    )
    _demand_same(statement, result, with_pay=with_pay)
    return Explained(statement=statement, scorecard=card, plan=plan)


def _subject(
    run: Run, result: Result, card: StoredScorecard | None, plan: StoredPlan | None
) -> dict[str, str]:
    return {
        "person": result.person_id,
        "period": run.period,
        "scorecard": card.hash if card else "",
        "plan": plan.hash if plan else "",
    }


def _demand_same(statement: Statement, result: Result, *, with_pay: bool) -> None:
    is_paid_alike = statement.payout == result.payout or not with_pay
    if statement.score != result.score or not is_paid_alike:
        raise ValueError(f"result {result.id} is not what its lines give")


def _shaped(
    connection: Connection, run: Run, result: Result, stored: StoredShape, *, with_pay: bool
) -> Explained:
    """Explain somebody whose rules were applied by days, by segments or with a ramp."""
    shape, segments = stored.shape, stored.segments
    card = _scorecard(connection, result)
    plan = _plan(connection, run, result) if with_pay else None
    cards = [_card_of(connection, each) for each in segments] if shape.score.cut else [card]
    plans = [plan]
    if shape.pay.cut:
        plans = [_plan_of(connection, run, each) if with_pay else None for each in segments]
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    score_program = shaped_score([each.scorecard if each else None for each in cards], shape.score)
    score_lines = explain(score_program, inputs) if score_program else ()
    pay_program = shaped_pay([each.plan if each else None for each in plans], shape.pay)
    pay_lines: tuple[Line, ...] = ()
    if pay_program is not None:
        score = next((line.value for line in score_lines if line.name == SCORE), None)
        pay_lines = explain(pay_program, {**inputs, SCORE: score})
    subject = _subject(run, result, card, plan)
    for place, each in enumerate(segments):
        prefix = prefix_of(place)
        subject[f"{prefix}start"] = each.start.isoformat()
        subject[f"{prefix}end"] = each.end.isoformat()
        subject[f"{prefix}scorecard"] = each.scorecard_hash or ""
        subject[f"{prefix}plan"] = (each.plan_hash or "") if with_pay else ""
    statement = read_statement(
        score_lines, pay_lines, subject=subject, currency=result.currency or ""
    )
    _demand_same(statement, result, with_pay=with_pay)
    return Explained(
        statement=statement,
        scorecard=card,
        plan=plan,
        scorecards=tuple(each for each in cards if each is not None),
        plans=tuple(each for each in plans if each is not None),
    )


def _card_of(connection: Connection, segment: StoredSegment) -> StoredScorecard | None:
    if segment.scorecard_id is None or segment.scorecard_revision is None:
        return None
    return scorecard_version(connection, segment.scorecard_id, segment.scorecard_revision)


def _plan_of(connection: Connection, run: Run, segment: StoredSegment) -> StoredPlan | None:
    if segment.plan_version_id is None:
        return None
    found = plan_versions(
        connection, run.entity_id, known_at=run.known_at, version_id=segment.plan_version_id
    )
    return found[0] if found else None


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

"""A person's statement read back from what was frozen: inputs, scorecard and plan of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from domain.evaluate import compile_pay, compile_score, explain
from domain.program import Line, Program
from domain.sealed import shared_of
from domain.segments import Shape, prefix_of, shape_text, shaped_pay, shaped_score
from domain.statement import ENGINE_VERSION, Statement, read_statement
from domain.statement_changes import Calculated
from domain.walk import Route, route_of
from storage.definitions import StoredPlan, StoredScorecard, plan_versions, scorecard_version
from storage.frozen import Placed
from storage.results import Result, Run
from storage.shapes import StoredSegment
from storage.snapshots import frozen_inputs

SCORE = "score"
_PLAINLY = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A statement with the rules it was made by; those of every segment, where there are any."""

    statement: Statement
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    inputs: Mapping[str, int | None] = field(default_factory=dict)  # as they were frozen
    cohorts: tuple[str, ...] = ()  # the components that compare people
    engine: str = ENGINE_VERSION
    plans: tuple[StoredPlan, ...] = ()  # of all segments, where the period was cut
    shape: str | None = None  # how the rules were applied, as it is sealed; None: plainly
    cut_plans: Mapping[int, StoredPlan] = field(default_factory=dict)  # by the segment's place
    cards: tuple[StoredScorecard, ...] = ()  # of all segments, as the plans
    score_program: Program | None = None
    pay_program: Program | None = None

    @property
    def calculated(self) -> Calculated:
        """The statement with the rules and numbers that made it, to hold another against it."""
        return Calculated(
            statement=self.statement,
            inputs=self.inputs,
            score=self.score_program,
            pay=self.pay_program,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What one person was scored and paid by, and how it was put together."""

    shape: Shape
    segments: tuple[StoredSegment, ...]
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    cards: tuple[StoredScorecard | None, ...]
    plans: tuple[StoredPlan | None, ...]

    @property
    def score_program(self) -> Program | None:
        """The compiled scorecard, or those of the segments put together."""
        if self.shape == _PLAINLY:
            return compile_score(self.scorecard.scorecard) if self.scorecard else None
        return shaped_score(
            [each.scorecard if each else None for each in self.cards], self.shape.score
        )

    @property
    def pay_program(self) -> Program | None:
        """The compiled plan, or those of the segments put together."""
        if self.shape == _PLAINLY:
            card = self.scorecard.scorecard if self.scorecard else None
            return compile_pay(self.plan.plan, card) if self.plan else None
        return shaped_pay([each.plan if each else None for each in self.plans], self.shape.pay)

    @property
    def cut_plans(self) -> dict[int, StoredPlan]:
        """The plans by the place of the segment they pay, where the pay was cut."""
        if not self.shape.pay.cut:
            return {}
        return {place: each for place, each in enumerate(self.plans) if each is not None}

    @property
    def sealed(self) -> str | None:
        """How the rules were applied, as the seal of a run says it."""
        if self.shape == _PLAINLY:
            return None
        return shape_text(
            self.shape, [_hash(each) for each in self.cards], [_hash(each) for each in self.plans]
        )


def statement_of(
    connection: Connection, run: Run, result: Result, *, with_pay: bool = True
) -> Explained:
    """Explain a result of ``run`` line by line, byte for byte as it was calculated.

    The lines are made anew by the same definition from the frozen inputs; nothing is read that was
    learned after the run. A stored total that its own lines do not give again is a fault.
    Without pay the plan is not read: who may see a score need not be allowed to see plans.
    """
    rules = _rules(connection, run, result, with_pay=with_pay)
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    score_program, pay_program = rules.score_program, rules.pay_program
    score_lines: tuple[Line, ...] = ()
    if score_program is not None:
        score_lines = explain(score_program, inputs)
    pay_lines: tuple[Line, ...] = ()
    cohorts: tuple[str, ...] = ()
    if pay_program is not None:
        score = next((line.value for line in score_lines if line.name == SCORE), None)
        pay_lines = explain(pay_program, {**inputs, SCORE: score})
        cohorts = tuple(each.component for each in shared_of(pay_program))
    statement = read_statement(
        score_lines,
        pay_lines,
        subject=_subject(run, result, rules, with_pay=with_pay),
        currency=result.currency or "",
    )
    is_paid_alike = statement.payout == result.payout or not with_pay
    if statement.score != result.score or not is_paid_alike:
        raise ValueError(f"result {result.id} is not what its lines give")
    return Explained(
        statement=statement,
        scorecard=rules.scorecard,
        plan=rules.plan,
        inputs=inputs,
        cohorts=cohorts,
        engine=run.engine_version,
        plans=tuple(each for each in rules.plans if each is not None),
        cards=tuple(each for each in rules.cards if each is not None),
        shape=rules.sealed,
        score_program=score_program,
        pay_program=pay_program,
        cut_plans=rules.cut_plans,
    )


def _subject(run: Run, result: Result, rules: _Rules, *, with_pay: bool) -> dict[str, str]:
    """Name whose it is and what it was made from; each segment of a period that was cut too."""
    found = {
        "person": result.person_id,
        "period": run.period,
        "scorecard": _hash(rules.scorecard) or "",
        "plan": _hash(rules.plan) or "",
    }
    for place, each in enumerate(rules.segments):
        prefix = prefix_of(place)
        found[f"{prefix}start"] = each.start.isoformat()
        found[f"{prefix}end"] = each.end.isoformat()
        found[f"{prefix}scorecard"] = each.scorecard_hash or ""
        found[f"{prefix}plan"] = (each.plan_hash or "") if with_pay else ""
    return found


def _hash(stored: StoredScorecard | StoredPlan | None) -> str | None:
    return None if stored is None else stored.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way a result was calculated: everybody with the same rules goes the same one."""

    route: Route
    scorecard: StoredScorecard | None
    plan: StoredPlan
    cut_plans: Mapping[int, StoredPlan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(Way):
    """The way a result was calculated and the numbers it was calculated from."""

    inputs: Mapping[str, int | None]


def frozen_route(connection: Connection, run: Run, result: Result) -> Frozen | None:
    """Read the rules and the frozen numbers of a result, to ask them what if; None without a plan.

    Peers are among the numbers: whoever asks with others of his own asks beside these peers.
    """
    way = way_of(connection, run, result)
    if way is None:
        return None
    inputs = frozen_inputs(connection, run.id, result.shard, result.shard_row, result.person_id)
    return Frozen(
        route=way.route,
        inputs=inputs,
        scorecard=way.scorecard,
        plan=way.plan,
        cut_plans=way.cut_plans,
    )


def way_of(connection: Connection, run: Run, result: Result | Placed) -> Way | None:
    """Read the rules of a result alone; None without a plan."""
    rules = _rules(connection, run, result, with_pay=True)
    pay_program = rules.pay_program
    if rules.plan is None or pay_program is None:
        return None
    return Way(
        route=route_of(pay_program, rules.score_program),
        scorecard=rules.scorecard,
        plan=rules.plan,
        cut_plans=rules.cut_plans,
    )


def _rules(connection: Connection, run: Run, result: Result | Placed, *, with_pay: bool) -> _Rules:
    stored = result.shape
    shape = _PLAINLY if stored is None else stored.shape
    segments = () if stored is None else stored.segments
    card = _scorecard(connection, result)
    plan = _plan(connection, run, result) if with_pay else None
    cards: Sequence[StoredScorecard | None] = [card]
    if shape.score.cut:
        cards = [_scorecard(connection, each) for each in segments]
    plans: Sequence[StoredPlan | None] = [plan]
    if shape.pay.cut:
        plans = [_plan(connection, run, each) if with_pay else None for each in segments]
    return _Rules(
        shape=shape,
        segments=segments,
        scorecard=card,
        plan=plan,
        cards=tuple(cards),
        plans=tuple(plans),
    )


def _scorecard(
    connection: Connection, held: Result | Placed | StoredSegment
) -> StoredScorecard | None:
    if held.scorecard_id is None or held.scorecard_revision is None:
        return None
    return scorecard_version(connection, held.scorecard_id, held.scorecard_revision)


def _plan(
    connection: Connection, run: Run, held: Result | Placed | StoredSegment
) -> StoredPlan | None:
    if held.plan_version_id is None:
        return None
    found = plan_versions(
        connection, run.entity_id, known_at=run.known_at, version_id=held.plan_version_id
    )
    return found[0] if found else None

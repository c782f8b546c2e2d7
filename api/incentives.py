"""What somebody scored and earns, and why: calculation runs, score sheets, statements, ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import strawberry

from actions.calculate import Mode
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    Entity,
    KnownAt,
    Moment,
    entity_of,
)
from api.context import Context, Info
from api.definitions import metric_names
from api.errors import DataProblem
from api.line_clauses import SheetClauses
from api.lines import Sheet, SheetFacts, StatementLine, gaps_of, line_from_domain
from api.of_person import Person, RunId, of_person
from api.paging import described
from api.run_problems import ProblemNames, names_in, problem_values, stored_problem
from api.scalars import PeriodName, closed_set
from api.values import Money, Quantity, maybe_money, maybe_number
from domain.access import Deed, Resource, may_all
from domain.period import Period, period_named
from domain.program import Line
from storage import results as stored
from storage.engine import Database
from storage.people import legal_entity, people
from storage.results import Result, Run
from storage.runs import RunState
from storage.statements import Explained, Frozen, statement_of

closed_set(
    Mode,
    "Whether a run only shows, or also posts to the ledger.",
    {
        Mode.TRIAL: "Shows what would come out; the ledger does not change.",
        Mode.POSTED: "Brings the ledger to what came out: reverse and rebook, never update.",
    },
)

closed_set(
    RunState,
    "How far a run has come.",
    {
        RunState.TRIAL: "It only shows.",
        RunState.POSTED: "The ledger says what it came to.",
        RunState.FINAL: "Its period was closed with it.",
        RunState.SUPERSEDED: "A later run stands in its place.",
    },
)


@output(access=Resource.PERSON, description="The name of a person.")
class PersonRef:
    """A person in another row."""

    id: strawberry.ID = shown("The id of the person.")
    name: str = shown("The name.")


@output(access=Resource.PERFORMANCE, description="What a run was made of, for those it concerns.")
class RunRef:
    """A run in another row: no totals."""

    id: strawberry.ID = shown("The id of the run.")
    period: PeriodName = shown("The period.")
    mode: Mode = shown("Trial or posted.")
    final: bool = shown("Whether every source was complete and the period over.")
    known_at: datetime = shown("What was known to the calculation.")
    finished_at: datetime | None = shown("When it ended.")


@output(access=Resource.CALCULATION, description="A source that a run still waited for.")
class Waiting:
    """Why a run is provisional."""

    fact: str = shown("The kind of fact.")
    stream: str = shown("The stream that is late; empty when none is declared.")
    through: date | None = shown("Up to which day it is complete.")


@output(access=Resource.CALCULATION, description="A calculation of a period.")
class CalculationRun:
    """A run with its totals."""

    id: strawberry.ID = shown("The id of the run.")
    period: PeriodName = shown("The period.")
    mode: Mode = shown("Trial or posted.")
    state: RunState = shown("How far it has come; only a final one feeds payment.")
    final: bool = shown("Whether every source was complete and the period over.")
    waiting_for: list[Waiting] = shown("What makes it provisional, one per stream; may be empty.")
    scores_shown: bool = shown(
        "Of a trial: whether whoever is concerned sees score and rank, as the timetable says."
    )
    known_at: datetime = shown("What was known to the calculation.")
    started_at: datetime = shown("When it began.")
    finished_at: datetime | None = shown("When it ended.")
    people: int | None = shown("How many people were calculated.")
    gathered: int | None = shown(
        "Of how many of them the numbers were added up anew; the others kept the last run's."
    )
    payout: Money | None = shown("What they earn together.", access=Resource.PAY)
    result_hash: str | None = shown(
        "The same facts, rules and ids give the same hash, however they are processed."
    )
    problems: list[DataProblem] = shown("What somebody should look at; may be empty.")


@output(access=Resource.PERFORMANCE, description="The score of a person in a period, and why.")
class ScoreSheet:
    """The score's lines; no money."""

    person: PersonRef = shown("Whose score it is.")
    run: RunRef = shown("The run it was frozen with.")
    score: Quantity | None = shown("The score in points; null when it is held back.")
    rank: int | None = shown("The rank within the own unit.")
    lines: list[StatementLine] = shown("Every line in order, at most some hundreds.")
    reasons: list[StatementLine] = shown("The points won and lost, at most one per KPI.")
    problems: list[DataProblem] = shown("What was missing; may be empty.")


@output(access=Resource.PAY, description="What a person earns in a period, line by line.")
class Statement:
    """The statement; its total is the sum of its lines."""

    person: PersonRef = shown("Whose statement it is.")
    run: RunRef = shown("The run it was frozen with.")
    payout: Money | None = shown("The total; null when a component holds it back.")
    amounts: list[StatementLine] = shown("The lines whose sum is the payout, one per component.")
    lines: list[StatementLine] = shown("Every line of the plan in order, at most some hundreds.")
    score_lines: list[StatementLine] = shown("The lines of the score; at most some hundreds.")
    problems: list[DataProblem] = shown("What was missing; may be empty.")
    hash: str = shown("SHA-256 of the canonical statement.")


def runs_from_domain(
    database: Database, context: Context, entity_id: str, runs: Sequence[Run]
) -> list[CalculationRun]:
    """Show runs of an entity, with the names that their problems need."""
    currency = currency_of(database, entity_id)
    kept = [problem_values(each) for run in runs for each in run.problems]
    names = names_in(database, context, entity_id, kept)
    return [_run_from_domain(run, currency, names, context) for run in runs]


def _run_from_domain(
    run: Run, currency: str | None, names: ProblemNames, context: Context
) -> CalculationRun:
    """Show a run; what all earn together only to who may see what each of them earns."""
    whole = may_all(context.asker, Resource.PAY, Deed.READ, run.entity_id)
    return CalculationRun(
        id=strawberry.ID(run.id),
        period=PeriodName(run.period),
        mode=Mode(run.mode),
        state=RunState(run.state),
        final=run.final,
        waiting_for=[
            Waiting(
                fact=each["fact"],
                stream=each["stream"],
                through=date.fromisoformat(each["through"]) if each["through"] else None,
            )
            for each in run.waiting_for
        ],
        scores_shown=run.scores_shown,
        known_at=run.known_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        people=run.people,
        gathered=run.gathered,
        payout=maybe_money(run.payout, currency, context) if whole else None,
        result_hash=run.result_hash,
        problems=[stored_problem(each, names, context) for each in run.problems],
    )


def run_ref(run: Run) -> RunRef:
    """Show a run without its totals."""
    return RunRef(
        id=strawberry.ID(run.id),
        period=PeriodName(run.period),
        mode=Mode(run.mode),
        final=run.final,
        known_at=run.known_at,
        finished_at=run.finished_at,
    )


def person_ref(
    database: Database, context: Context, person_id: str, period: Period, resource: Resource
) -> PersonRef:
    """Name a person whom the viewer may see."""
    found = people(
        database,
        context.asker,
        valid_at=period.last_day,
        known_at=ALL_KNOWN,
        ids=[person_id],
        resource=resource,
    )
    name = found[0].name if found else person_id
    return PersonRef(id=strawberry.ID(person_id), name=name)


def sheet_of(
    database: Database, context: Context, run: Run, result: Result, explained: Explained | Frozen
) -> Sheet:
    """Collect what the lines of one person share; the metrics are those of the calculation."""
    at = Moment(valid_at=run.valid_at, known_at=run.known_at)
    metrics = metric_names(database, run.entity_id, at)
    names: dict[str, Mapping[str, str]] = {key: metric.name for key, metric in metrics.items()}
    if explained.scorecard is not None:
        names.update({each.id: each.name for each in explained.scorecard.scorecard.adjustments})
    period, own_days = period_named(run.period), {}
    clauses = None
    if explained.plan is not None:
        plan = explained.plan.plan
        clauses = SheetClauses(plan=explained.plan, cut=explained.cut_plans)
        names.update({each.id: each.name for each in plan.components})
        needs = [need for each in plan.components for need in each.needs(plan)]
        for need in needs:
            days = need.days_in(period, explained.plan.valid_from)
            if need.metric in metrics and days is not None and need.is_measured:
                own_days[need.name] = (metrics[need.metric], days)
    return Sheet(
        context=context,
        facts=SheetFacts(
            entity_id=run.entity_id,
            person_id=result.person_id,
            period=period,
            known_at=run.known_at,
            frozen_run=run.id if run.mode == Mode.POSTED.value else None,
        ),
        metrics=metrics,
        names=names,
        own_days=own_days,
        clauses=clauses,
    )


def _lines(lines: tuple[Line, ...], sheet: Sheet) -> list[StatementLine]:
    return [line_from_domain(line, sheet) for line in lines]


@output(access=Audience.SIGNED_IN, description="Queries about scores and pay.")
class IncentiveQuery:
    """Part of the query root."""

    @resolved(
        "The score of a person in a period, with the reason of every point.",
        access=Resource.PERFORMANCE,
    )
    async def score_sheet(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> ScoreSheet | None:
        """Read one."""
        context = info.context
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> ScoreSheet:
            found, result = asked.result(database, run, Resource.PERFORMANCE)
            explained = statement_of(database, found, result, with_pay=False)
            sheet = sheet_of(database, context, found, result, explained)
            statement = explained.statement
            return ScoreSheet(
                person=person_ref(
                    database, context, asked.person, asked.period, Resource.PERFORMANCE
                ),
                run=run_ref(found),
                score=maybe_number(result.score, "POINT", context),
                rank=result.score_rank,
                lines=_lines(statement.score_lines, sheet),
                reasons=_lines(statement.reasons, sheet),
                problems=gaps_of(statement.score_lines, sheet),
            )

        return await context.read(work)

    @resolved(
        "What a person earns in a period, line by line down to the facts.", access=Resource.PAY
    )
    async def statement(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Statement | None:
        """Read one."""
        context = info.context
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> Statement:
            found, result = asked.result(database, run, Resource.PAY)
            explained = statement_of(database, found, result)
            sheet = sheet_of(database, context, found, result, explained)
            made = explained.statement
            return Statement(
                person=person_ref(database, context, asked.person, asked.period, Resource.PAY),
                run=run_ref(found),
                payout=maybe_money(made.payout, result.currency, context),
                amounts=_lines(made.amounts, sheet),
                lines=_lines(made.pay_lines, sheet),
                score_lines=_lines(made.score_lines, replace(sheet, clauses=None)),
                problems=gaps_of((*made.score_lines, *made.pay_lines), sheet),
                hash=made.hash,
            )

        return await asked.read_noted(work)

    @resolved("The newest calculations, at most 50.", access=Resource.CALCULATION)
    async def calculations(
        self,
        info: Info,
        period: Annotated[PeriodName | None, described("Only of this period.")] = None,
        legal_entity: Entity = None,
    ) -> list[CalculationRun] | None:
        """Read the newest first."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        return await context.read(
            lambda database: runs_from_domain(
                database, context, entity, stored.runs(database, entity, period=period)
            )
        )


def currency_of(database: Database, entity_id: str) -> str | None:
    found = legal_entity(database, entity_id)
    return None if found is None else found.currency

"""Corrections of closed periods: what changed for whom, why, and where it is booked."""

from __future__ import annotations

from typing import Annotated

import strawberry

from actions.calculate import Mode
from actions.jobs import start_correction
from api.access import Audience, demand, output, resolved, shown
from api.asking import Entity, Key, KnownAt, act, entity_of, key_field
from api.context import Context, Info
from api.errors import DataProblem, Refusal
from api.incentives import (
    PersonRef,
    RunRef,
    currency_of,
    person_ref,
    run_ref,
    sheet_of,
)
from api.jobs import Job, job_by_id
from api.ledger import cause_text
from api.lines import StatementLine, line_from_domain
from api.of_person import Person, of_person
from api.paging import described
from api.run_problems import run_problems
from api.scalars import PeriodName
from api.values import Money, maybe_money, money
from domain.access import Deed, Resource, may, may_all
from domain.ledger import Cause
from domain.period import Period, period_named
from storage import results as stored
from storage.corrections import (
    StoredLine,
    correction_lines,
    corrections_of,
    lines_of_run,
)
from storage.engine import Database
from storage.results import Result, Run, run_by_id
from storage.runs import RunState
from storage.statements import statement_of

MOST_PEOPLE = 100
MOST_RUNS = 20


@output(access=Resource.PAY, description="What one cause changed for a component.")
class CorrectionLine:
    """A line of a correction; the lines add up to the whole change."""

    component: str = shown("The line of the plan.")
    cause: Cause = shown("What was learned.")
    text: str = shown("The cause in a sentence, in the language of the request.")
    amount: Money = shown("What it changed since the close.")
    booked: Money = shown("What of it this correction books; the rest was booked before.")


@output(access=Resource.PAY, description="What a correction changed for a person, and why.")
class Correction:
    """A correction of a closed period for one person."""

    person: PersonRef = shown("Whose.")
    run: RunRef = shown("The correction; its statement is read by its id.")
    state: RunState = shown("A trial books nothing.")
    booked_in: PeriodName = shown("The open period in which the differences are booked.")
    before: Money | None = shown("What the final run of the closed period paid.")
    after: Money | None = shown("What the rules give by what is known now, beside frozen peers.")
    lines: list[CorrectionLine] = shown("What each cause changed; at most some dozens.")
    before_lines: list[StatementLine] = shown("The amounts as they were; one per component.")
    after_lines: list[StatementLine] = shown("The amounts as they are; one per component.")


@output(access=Resource.PAY, description="What a cause changed for everybody together.")
class CauseTotal:
    """A sum over all people."""

    cause: Cause = shown("What was learned.")
    booked: Money = shown("What this correction books for it.")


@output(access=Resource.CALCULATION, description="A correction of a closed period.")
class CorrectionRun:
    """A correction with its totals."""

    run: RunRef = shown("The correction.")
    state: RunState = shown("A trial books nothing.")
    booked_in: PeriodName = shown("The open period in which the differences are booked.")
    final_run: strawberry.ID = shown("The final run of the closed period it starts from.")
    people: int | None = shown("How many people were evaluated again.")
    booked: Money | None = shown("What it books in all.", access=Resource.PAY)
    causes: list[CauseTotal] = shown("The same by cause; may be empty.", access=Resource.PAY)
    concerned: list[PersonRef] = shown(
        "For whom it books something; at most 100 are named.", access=Resource.PAY
    )
    problems: list[DataProblem] = shown("What somebody should look at; may be empty.")


def _cause_line(row: StoredLine, context: Context) -> CorrectionLine:
    return CorrectionLine(
        component=row.component,
        cause=row.cause,
        text=cause_text(row.cause, context),
        amount=money(row.amount, row.currency, context),
        booked=money(row.booked, row.currency, context),
    )


def _of_person(
    database: Database, context: Context, run: Run, person_id: str, period: Period
) -> Correction | None:
    """Show what a correction came to for one person; None for whom it was not about."""
    lines = correction_lines(
        database, context.asker, [run.id], day=period.last_day, person_id=person_id
    )
    if not lines:
        return None
    base = run_by_id(database, run.entity_id, run.base_run_id or "")
    before = _result(database, context, base, person_id, period)
    after = _result(database, context, run, person_id, period)
    return Correction(
        person=person_ref(database, context, person_id, period, Resource.PAY),
        run=run_ref(run),
        state=RunState(run.state),
        booked_in=PeriodName(run.booked_in or run.period),
        before=None if before is None else maybe_money(before.payout, before.currency, context),
        after=None if after is None else maybe_money(after.payout, after.currency, context),
        lines=[_cause_line(line, context) for line in lines],
        before_lines=_amounts(database, context, base, before),
        after_lines=_amounts(database, context, run, after),
    )


def _result(
    database: Database, context: Context, run: Run | None, person_id: str, period: Period
) -> Result | None:
    if run is None:
        return None
    found = stored.results(
        database,
        context.asker,
        run,
        day=period.last_day,
        resource=Resource.PAY,
        person_ids=[person_id],
    )
    return found[0] if found else None


def _amounts(
    database: Database, context: Context, run: Run | None, result: Result | None
) -> list[StatementLine]:
    if run is None or result is None:
        return []
    explained = statement_of(database, run, result)
    sheet = sheet_of(database, context, run, result, explained)
    return [line_from_domain(line, sheet) for line in explained.statement.amounts]


def _run(database: Database, context: Context, run: Run, period: Period) -> CorrectionRun:
    currency = currency_of(database, run.entity_id)
    whole = may_all(context.asker, Resource.PAY, Deed.READ, run.entity_id)
    lines = [line for line in lines_of_run(database, run.id) if line.booked] if whole else []
    sums: dict[tuple[Cause, str], int] = {}
    for line in lines:
        key = line.cause, line.currency
        sums[key] = sums.get(key, 0) + line.booked
    people = sorted({line.person_id for line in lines})[:MOST_PEOPLE]
    return CorrectionRun(
        run=run_ref(run),
        state=RunState(run.state),
        booked_in=PeriodName(run.booked_in or run.period),
        final_run=strawberry.ID(run.base_run_id or ""),
        people=run.people,
        booked=maybe_money(run.payout, currency, context) if whole else None,
        causes=[
            CauseTotal(cause=cause, booked=money(amount, unit, context))
            for (cause, unit), amount in sorted(sums.items())
        ],
        concerned=[
            person_ref(database, context, person, period, Resource.PAY) for person in people
        ],
        problems=run_problems(database, context, run.entity_id, run.problems),
    )


@output(access=Audience.SIGNED_IN, description="Queries about corrections.")
class CorrectionQuery:
    """Part of the query root."""

    @resolved(
        "What corrections changed for a person in a closed period, the newest first, at most 20.",
        access=Resource.PAY,
    )
    async def corrections(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The closed period.")],
        person: Person = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> list[Correction] | None:
        """Read them; trials are for those who may read calculations."""
        context = info.context
        asked = of_person(context, period, person, legal_entity, known_at)
        wide = may(context.asker, Resource.CALCULATION, Deed.READ, asked.entity)

        def work(database: Database) -> list[Correction]:
            runs = corrections_of(
                database,
                asked.entity,
                period=asked.period.name,
                states=None if wide else [RunState.POSTED],
                known_at=asked.known_at,
            )
            found = (
                _of_person(database, context, run, asked.person, asked.period)
                for run in runs[:MOST_RUNS]
            )
            return [each for each in found if each is not None]

        return await asked.read_noted(work)

    @resolved(
        "The corrections of a closed period with their totals, the newest first, at most 20.",
        access=Resource.CALCULATION,
    )
    async def correction_runs(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The closed period.")],
        legal_entity: Entity = None,
    ) -> list[CorrectionRun] | None:
        """Read them."""
        context = info.context
        entity, span = entity_of(context.asker, legal_entity), period_named(period)

        def work(database: Database) -> list[CorrectionRun]:
            runs = corrections_of(database, entity, period=span.name)
            return [_run(database, context, run, span) for run in runs[:MOST_RUNS]]

        return await context.read(work)


@strawberry.input(description="A closed period is corrected.")
class CorrectionStartInput:
    """Input of ``correctionStart``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The closed period.")
    booked_in: PeriodName = strawberry.field(
        description="The open period in which the differences are booked."
    )
    mode: Mode = strawberry.field(description="A trial shows what posted would book.")


@output(access=Resource.CALCULATION, description="The correction is queued.")
class CorrectionStartSuccess:
    """Queued."""

    job: Job = shown("Ask for it by its id until it is done.")


CorrectionStartResult = Annotated[
    CorrectionStartSuccess | Refusal,
    strawberry.union("CorrectionStartResult", description="Queued, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Asking for corrections.")
class CorrectionMutation:
    """Part of the mutation root."""

    @resolved(
        "Correct a closed period: what was learned since becomes differences in an open one.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=CorrectionStartResult,
    )
    async def correction_start(
        self,
        info: Info,
        input: Annotated[CorrectionStartInput, described("Which, into which, and how.")],  # noqa: A002
    ) -> CorrectionStartSuccess:
        """Queue. It moves money: it needs the right to pay as well."""
        context = info.context
        demand(context.asker, Resource.PAY, Deed.WRITE)
        done = await act(
            context,
            "correctionStart",
            input,
            lambda writing: start_correction(
                writing, context.asker, input.period, into=input.booked_in, mode=input.mode
            ),
        )
        return CorrectionStartSuccess(job=await job_by_id(context, None, done.id))

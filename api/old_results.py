"""Results of an old system, taken in to be held against ours."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from actions.old_sheet import AmountColumn, NamedBy, OldLayout, ValueColumn, ValueKind
from actions.old_told import left_out
from actions.prepare_pay import demand_pay
from actions.take_old_results import OldSheet, take_old_results
from api.access import Audience, output, resolved, shown
from api.asking import Entity, Key, act, entity_of, key_field
from api.context import Context, Info
from api.errors import DataProblem, Refusal, data_problem
from api.paging import described
from api.scalars import PeriodName, UnitCode, closed_set
from domain.access import Deed, Resource
from domain.problem import Problem, Refused, Severity
from storage.old_results import OldResultSet, set_by_id, standing_sets

closed_set(
    NamedBy,
    "What an old system calls people by.",
    {
        NamedBy.STAFF_NUMBER: "Their staff numbers.",
        NamedBy.NAME: "Their names; a name that two people have is nobody's.",
    },
)


@strawberry.input(description="Where the pay of a component stands.")
class OldAmountInput:
    """One column."""

    component: str = strawberry.field(description="The component of our plan it is held against.")
    column: str | None = strawberry.field(
        default=None,
        description="The heading of the column; absent where the sheet says the sales alone.",
    )


closed_set(
    ValueKind,
    "What a column of an old sheet says of a metric.",
    {
        ValueKind.ACTUAL: "What was achieved.",
        ValueKind.TARGET: "The goal it was held against.",
    },
)


@strawberry.input(description="Where a number stands that the old system paid for.")
class OldValueInput:
    """One column."""

    metric: strawberry.ID = strawberry.field(
        description="The metric of ours that it is, or `score` for the score of the scorecard."
    )
    column: str = strawberry.field(description="The heading of the column.")
    says: ValueKind = strawberry.field(
        default=ValueKind.ACTUAL, description="Whether it is what was achieved, or the goal."
    )


@strawberry.input(description="Which column of a sheet says what.")
class OldLayoutInput:
    """The layout."""

    person: str = strawberry.field(description="The heading of the column that names people.")
    named_by: NamedBy = strawberry.field(description="What it calls them by.")
    amounts: list[OldAmountInput] = strawberry.field(description="The pay, 1 to 40 components.")
    record: str | None = strawberry.field(
        default=None,
        description="The heading of the numbers of sales. With it each row is a sale, without it a"
        " person.",
    )
    base: str | None = strawberry.field(
        default=None, description="The heading of the sales that were paid for, in money."
    )
    values: list[OldValueInput] = strawberry.field(
        default_factory=list,
        description="Other numbers that were paid for, and goals; at most 40. Only with a row per"
        " person.",
    )
    fact: str | None = strawberry.field(
        default=None,
        description="With a row per sale: of which kind of fact they are. Needed only where what is"
        " paid for is made of several kinds.",
    )


@strawberry.input(description="A sheet of what an old system paid.")
class OldResultsTakeInput:
    """Input of ``oldResultsTake``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period it was paid for.")
    name: str = strawberry.field(
        description="What the sheet is called. The same name again replaces it for the period."
    )
    file_name: str = strawberry.field(
        description="The name of the file; its ending says whether it is a spreadsheet or CSV."
    )
    content: str = strawberry.field(
        description="The bytes of the file in base64, at most 160 KB of them; a larger one is"
        " taken by the command `attain old take`."
    )
    layout: OldLayoutInput = strawberry.field(description="Which column says what.")
    sheet: str = strawberry.field(
        default="", description="The sheet of a spreadsheet; the first one if empty."
    )
    legal_entity: Entity = strawberry.field(
        default=None, description="The legal entity; the viewer's only or first one if absent."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the client last saw, 0 for none; leave out if unsure.",
    )


@output(access=Resource.PAY, description="Something about rows of a sheet.")
class OldRowProblem:
    """One row."""

    row: int = shown("The number of the row in the file.")
    problem: DataProblem = shown("What is wrong; an error kept the row out, a warning let it in.")


@output(access=Resource.PAY, description="How often rows of a sheet have a problem.")
class OldProblemCount:
    """One code."""

    problem: DataProblem = shown("The problem, without its row.")
    rows: int = shown("How many rows have it.")


@output(access=Resource.PAY, description="A sheet of what an old system paid.")
class OldResults:
    """A sheet as it was taken."""

    id: strawberry.ID = shown("Its id.")
    period: PeriodName = shown("The period it was paid for.")
    name: str = shown("What it is called.")
    file_name: str = shown("The name of the file.")
    content_hash: str = shown("The SHA-256 of the file.")
    currency: UnitCode = shown("Its currency, that of the legal entity.")
    rows_read: int = shown("How many rows the file has.")
    rows_taken: int = shown("How many of them could be read; the others are among the problems.")
    rows_left_out: int = shown("How many could not be, or add up others.")
    problems: list[OldProblemCount] = shown("The problems by kind, at most some dozens.")
    problem_rows: list[OldRowProblem] = shown("The first 100 problems, by row.")
    taken_at: datetime = shown("When it was taken.")
    version: int = shown("Grows with every sheet of this name and period.")


def _problem(context: Context, code: str, severity: str, values: dict[str, str]) -> DataProblem:
    problem = Problem(code=code, values=values, severity=Severity(severity))
    return data_problem(problem, context)


def left_out_of(sheets: Sequence[OldResultSet], context: Context) -> list[OldProblemCount]:
    """Show why rows of some sheets are not compared."""
    return [
        OldProblemCount(
            problem=_problem(context, each.code, Severity.ERROR.value, dict(each.values)),
            rows=each.rows,
        )
        for each in left_out(sheets)
    ]


def old_results_of(row: OldResultSet, context: Context) -> OldResults:
    """Show a sheet."""
    first = list(row.problems.get("first", []))
    by_code = {each["code"]: each for each in reversed(first)}
    counts = [
        OldProblemCount(
            problem=_problem(
                context,
                code,
                by_code.get(code, {}).get("severity", Severity.ERROR.value),
                by_code.get(code, {}).get("values", {}),
            ),
            rows=count,
        )
        for code, count in sorted(row.problems.get("counts", {}).items())
    ]
    return OldResults(
        id=strawberry.ID(row.id),
        period=PeriodName(row.period),
        name=row.name,
        file_name=row.file_name,
        content_hash=row.content_hash,
        currency=UnitCode(row.currency),
        rows_read=row.rows_read,
        rows_taken=row.rows_taken,
        rows_left_out=row.rows_left_out,
        problems=counts,
        problem_rows=[
            OldRowProblem(
                row=each["row"],
                problem=_problem(context, each["code"], each["severity"], each["values"]),
            )
            for each in first
        ],
        taken_at=row.taken_at,
        version=row.revision,
    )


@output(access=Resource.PAY, description="The sheet is taken.")
class OldResultsTakeSuccess:
    """Taken."""

    old_results: OldResults = shown("The sheet, with what is wrong with its rows.")


OldResultsTakeResult = Annotated[
    OldResultsTakeSuccess | Refusal,
    strawberry.union("OldResultsTakeResult", description="Taken, or why not."),
]


def _sheet(given: OldResultsTakeInput) -> OldSheet:
    try:
        content = base64.b64decode(given.content, validate=True)
    except (binascii.Error, ValueError) as error:
        values = {"name": given.file_name[:80], "reason": "base64"}
        raise Refused("old_file_unreadable", values, path="content") from error
    layout = given.layout
    return OldSheet(
        period=given.period,
        name=given.name,
        file_name=given.file_name,
        content=content,
        sheet=given.sheet,
        expected_version=given.expected_version,
        layout=OldLayout(
            person=layout.person,
            named_by=layout.named_by,
            record=layout.record,
            base=layout.base,
            amounts=tuple(
                AmountColumn(component=each.component, column=each.column)
                for each in layout.amounts
            ),
            values=tuple(
                ValueColumn(metric=str(each.metric), column=each.column, says=each.says)
                for each in layout.values
            ),
            fact=layout.fact,
        ),
    )


@output(access=Audience.SIGNED_IN, description="Queries about results of old systems.")
class OldResultsQuery:
    """Part of the query root."""

    @resolved(
        "The sheets of what an old system paid, each in its newest version, by period and name; at"
        " most some dozens. For whoever decides about all pay of the legal entity.",
        access=Resource.PAY,
        deed=Deed.WRITE,
    )
    async def old_results(
        self,
        info: Info,
        period: Annotated[PeriodName | None, described("Of this period only.")] = None,
        legal_entity: Entity = None,
    ) -> list[OldResults] | None:
        """Read."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        demand_pay(context.asker, entity)
        rows = await context.read(lambda database: standing_sets(database, entity, period))
        return [old_results_of(row, context) for row in rows]


@output(access=Audience.SIGNED_IN, description="Results of old systems are taken in.")
class OldResultsMutation:
    """Part of the mutation root."""

    @resolved(
        "Take a sheet of what an old system paid, to hold it against what we pay (`parallelRun`)."
        " Nothing is paid by it.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=OldResultsTakeResult,
    )
    async def old_results_take(
        self,
        info: Info,
        input: Annotated[OldResultsTakeInput, described("The sheet.")],  # noqa: A002
    ) -> OldResultsTakeSuccess:
        """Take."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        sheet = _sheet(input)
        done = await act(
            context,
            "oldResultsTake",
            input,
            lambda writing: take_old_results(writing, context.asker, sheet),
            entity_id=entity,
        )
        row = await context.read(lambda database: set_by_id(database, entity, done.id))
        assert row is not None
        return OldResultsTakeSuccess(old_results=old_results_of(row, context))

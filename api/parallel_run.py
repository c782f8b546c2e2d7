"""The old system beside ours over GraphQL: totals, causes, and every difference with its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import strawberry

from actions import parallel_run as action
from actions.compare_people import Difference
from actions.parallel_range import ParallelRange
from actions.parallel_scan import Asked, key_of
from actions.say_difference import Names, difference_said
from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of
from api.context import Context, Info
from api.incentives import PersonRef, RunRef, run_ref
from api.old_results import OldProblemCount, OldResults, left_out_of, old_results_of
from api.paging import Page, Part, described, forward, page, part_of
from api.scalars import PeriodName, closed_set
from api.values import Money, maybe_money, money
from domain.access import Deed, Resource
from domain.parallel_run import DifferenceCause, DifferenceLine
from domain.problem import Refused

MOST_RECORDS = 50
_LIST = "parallelRun.differences"

closed_set(
    DifferenceCause,
    "Why an old result is not ours.",
    {
        DifferenceCause.RATE: "The same sales are paid at another rate or by another rule.",
        DifferenceCause.LIMIT: "A cap or a floor that the old system did not apply.",
        DifferenceCause.GOAL: "It was held against another goal, or nobody has set one here.",
        DifferenceCause.ROUNDING: "The old system rounded elsewhere.",
        DifferenceCause.IDENTITY: "A name stands for nobody, here or there.",
        DifferenceCause.TIMING: "A sale counts in another period.",
        DifferenceCause.CREDIT: "A sale is credited to somebody else, or in other shares.",
        DifferenceCause.MISSING: "It is there on one side only.",
        DifferenceCause.VALUE: "A sale, the sum of sales, or another number is not the same.",
        DifferenceCause.UNEXPLAINED: "No cause could be proven.",
    },
)


@output(access=Resource.PAY, description="What one cause makes of a difference.")
class ParallelRunLine:
    """One line; the lines of a difference add up to it."""

    cause: DifferenceCause = shown("Why.")
    text: str = shown("The cause in a sentence, in the language of the request.")
    amount: Money = shown("What it makes: ours less the old one.")
    records: list[str] = shown("The numbers of the sales behind it, at most 50; may be empty.")
    metric: str = shown("The metric it is about; empty where it is about none alone.")


@output(access=Resource.PAY, description="One component of one person where the systems differ.")
class ParallelRunDifference:
    """A difference."""

    person: PersonRef | None = shown("Whose; null for a name of the old system that is nobody's.")
    given: str = shown("What the old system calls them; empty where it has no row.")
    component: str = shown("The component; empty for what a plan limits as a whole.")
    old: Money | None = shown("What the old system paid; null where it has nothing.")
    ours: Money | None = shown("What our run pays; null where it has nothing.")
    difference: Money = shown("Ours less the old one.")
    lines: list[ParallelRunLine] = shown("Why; they add up to the difference. At most some dozens.")
    likely: PersonRef | None = shown(
        "Who an unknown name may be: the only one without an old result who is paid the very same."
        " A hint for whoever decides; nothing is counted by it."
    )


@output(access=Resource.PAY, description="What one cause makes of all differences together.")
class ParallelRunCause:
    """A sum."""

    cause: DifferenceCause = shown("Why.")
    count: int = shown("Of how many differences it is a line.")
    amount: Money = shown("What its lines make together.")


@output(access=Resource.PAY, description="An old system beside ours, in one period.")
class ParallelRun:
    """The comparison; nothing was written."""

    run: RunRef = shown("The run of ours.")
    sheets: list[OldResults] = shown(
        "The sheets of the period it was held against, at most some dozens."
    )
    rows_read: int = shown("How many rows these sheets have.")
    rows_left_out: int = shown("How many of them are not compared.")
    left_out: list[OldProblemCount] = shown(
        "Why they are not; a row can have several faults. At most some dozens, may be empty."
    )
    old: Money = shown("What the old system paid in all, in the rows that are compared.")
    ours: Money = shown(
        "What our run pays in all, but for components of which the sheets say the sales alone."
    )
    compared: int = shown("How many components of people both sides have.")
    matched: int = shown("How many of them are the same to the cent.")
    only_old: int = shown("How many names only the old system pays.")
    only_ours: int = shown("How many people only we pay.")
    causes: list[ParallelRunCause] = shown(
        "By cause; they add up to ours less the old. At most 10."
    )
    differences: Part[ParallelRunDifference] = shown("The differences, by person.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the rows of one answer share."""

    context: Context
    currency: str
    people: Mapping[str, PersonRef]
    metrics: Names


def _said(line: DifferenceLine, sheet: Sheet) -> str:
    code, values = difference_said(line, sheet.currency, sheet.context.locale, sheet.metrics)
    return sheet.context.say(code, **values)


def difference_of(row: Difference, sheet: Sheet) -> ParallelRunDifference:
    """Show a difference."""
    context, currency = sheet.context, sheet.currency
    return ParallelRunDifference(
        person=sheet.people.get(row.person_id or ""),
        given=row.given,
        component=row.component,
        old=maybe_money(row.old, currency, context),
        ours=maybe_money(row.ours, currency, context),
        difference=money(row.amount, currency, context),
        lines=[
            ParallelRunLine(
                cause=line.cause,
                text=_said(line, sheet),
                amount=money(line.amount, currency, context),
                records=list(line.records[:MOST_RECORDS]),
                metric=line.subject,
            )
            for line in row.lines
        ],
        likely=sheet.people.get(row.likely_id),
    )


def _causes(found: action.ParallelRun, context: Context) -> list[ParallelRunCause]:
    return causes_of(found.scan.causes, found.scan.counts, found.currency, context)


def causes_of(
    amounts: Mapping[DifferenceCause, int],
    counts: Mapping[DifferenceCause, int],
    currency: str,
    context: Context,
) -> list[ParallelRunCause]:
    """Show what each cause makes."""
    return [
        ParallelRunCause(
            cause=cause, count=counts[cause], amount=money(amounts[cause], currency, context)
        )
        for cause in DifferenceCause
        if cause in amounts
    ]


def sheet_of(found: action.ParallelRun | ParallelRange, context: Context) -> Sheet:
    """Gather what the rows of a comparison share."""
    # Whoever decides about all pay of a legal entity sees all of its people.
    people = {
        each: PersonRef(id=strawberry.ID(each), name=name) for each, name in found.names.items()
    }
    return Sheet(context=context, currency=found.currency, people=people, metrics=found.metrics)


def after_of(asked: Page, keys: int) -> tuple[str, ...] | None:
    """Read a cursor of texts, or refuse it."""
    if asked.after is None:
        return None
    after = tuple(each for each in asked.after if isinstance(each, str))
    if len(after) != keys or len(asked.after) != keys:
        raise Refused("cursor_invalid")
    return after


@output(access=Audience.SIGNED_IN, description="Queries about an old system beside ours.")
class ParallelRunQuery:
    """Part of the query root."""

    @resolved(
        "What an old system paid in a period beside what we pay: how much is the same to the cent,"
        " and of every difference why, in lines that add up to it. For whoever decides about all"
        " pay of the legal entity; nothing is written.",
        access=Resource.PAY,
        deed=Deed.WRITE,
    )
    async def parallel_run(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period; a sheet of it has been taken.")],
        run: Annotated[
            strawberry.ID | None, described("The run of ours; the newest of the period if absent.")
        ] = None,
        cause: Annotated[
            DifferenceCause | None, described("Only differences with a line of this cause.")
        ] = None,
        first: Annotated[int | None, described("How many from the start, 1 to 100.")] = None,
        after: Annotated[str | None, described("Only rows after this cursor.")] = None,
        legal_entity: Entity = None,
    ) -> ParallelRun | None:
        """Compare."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked = page(_LIST, first=first, after=after, last=None, before=None)
        actions = context.runtime.actions
        after_key = after_of(asked, 3)
        wanted = Asked(
            cause=cause,
            first=asked.size,
            after=None if after_key is None else (after_key[0], after_key[1], after_key[2]),
        )
        found = await context.perform(
            lambda: action.parallel_run(actions, context.asker, entity, period, run, wanted)
        )
        sheet, scan = sheet_of(found, context), found.scan
        return ParallelRun(
            run=run_ref(found.run),
            sheets=[old_results_of(each, context) for each in found.sets],
            rows_read=sum(each.rows_read for each in found.sets),
            rows_left_out=sum(each.rows_left_out for each in found.sets),
            left_out=left_out_of(found.sets, context),
            old=money(scan.old, found.currency, context),
            ours=money(scan.ours, found.currency, context),
            compared=scan.compared,
            matched=scan.matched,
            only_old=scan.only_old,
            only_ours=scan.only_ours,
            causes=_causes(found, context),
            differences=part_of(
                _LIST,
                forward(found.differences, found.count, has_next=found.has_next),
                lambda row: difference_of(row, sheet),
                key_of,
            ),
        )

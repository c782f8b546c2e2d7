"""Several periods of both systems over GraphQL: causes by period, and what people see over all."""

from __future__ import annotations

from typing import Annotated

from actions import parallel_range as action
from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of
from api.context import Context, Info
from api.incentives import PersonRef, RunRef, run_ref
from api.old_results import OldProblemCount, left_out_of
from api.paging import Part, described, forward, page, part_of
from api.parallel_run import (
    ParallelRunCause,
    ParallelRunDifference,
    Sheet,
    after_of,
    causes_of,
    difference_of,
    sheet_of,
)
from api.scalars import PeriodName
from api.values import Money, money
from domain.access import Deed, Resource
from domain.correction import minus
from domain.parallel_run import DifferenceCause

_LIST = "parallelRuns.people"


@output(access=Resource.PAY, description="An old system beside ours in one period of several.")
class ParallelRunPeriod:
    """The totals of a period."""

    period: PeriodName = shown("The period.")
    run: RunRef = shown("The run of ours, its newest.")
    old: Money = shown("What the old system paid in all.")
    ours: Money = shown("What our run pays in all, of the same components.")
    rows_read: int = shown("How many rows the sheets of the period have.")
    rows_left_out: int = shown("How many of them are not compared.")
    left_out: list[OldProblemCount] = shown("Why they are not. At most some dozens, may be empty.")
    compared: int = shown("How many components of people both sides have.")
    matched: int = shown("How many of them are the same to the cent.")
    only_old: int = shown("How many names only the old system pays.")
    only_ours: int = shown("How many people only we pay.")
    causes: list[ParallelRunCause] = shown(
        "By cause; they add up to ours less the old. At most 10."
    )


@output(access=Resource.PAY, description="A difference with its period.")
class ParallelRunDated:
    """One difference of a person."""

    period: PeriodName = shown("The period.")
    difference: ParallelRunDifference = shown("What differs in it, and why.")


@output(access=Resource.PAY, description="What one person is paid over several periods.")
class ParallelRunPerson:
    """A person, or a name of the old system that is nobody's."""

    person: PersonRef | None = shown("Who; null for a name of the old system that is nobody's.")
    given: str = shown("What the old system calls them; empty where it has no row.")
    old: Money = shown("What the old system paid in all of these periods.")
    ours: Money = shown("What our runs pay in all of them.")
    difference: Money = shown("Ours less the old one.")
    causes: list[ParallelRunCause] = shown("By cause; they add up to the difference. At most 10.")
    differences: list[ParallelRunDated] = shown("Each, by period; at most some hundreds.")


@output(access=Resource.PAY, description="An old system beside ours, over several periods.")
class ParallelRunRange:
    """The comparison; nothing was written."""

    periods: list[ParallelRunPeriod] = shown("Each period that was compared, at most 12.")
    not_compared: list[PeriodName] = shown(
        "Periods of the range without a sheet or without a finished run of ours; at most 12."
    )
    old: Money = shown("What the old system paid in all of them.")
    ours: Money = shown("What our runs pay in all of them.")
    causes: list[ParallelRunCause] = shown("By cause, over all of them. At most 10.")
    people: Part[ParallelRunPerson] = shown(
        "What people see over the range: whoever has a difference."
    )


def _period(each: action.ComparedPeriod, context: Context) -> ParallelRunPeriod:
    scan, currency = each.scan, each.comparing.sheets.currency
    return ParallelRunPeriod(
        period=PeriodName(each.comparing.period.name),
        run=run_ref(each.comparing.run),
        old=money(scan.old, currency, context),
        ours=money(scan.ours, currency, context),
        rows_read=sum(sheet.rows_read for sheet in each.comparing.sheets.sets),
        rows_left_out=sum(sheet.rows_left_out for sheet in each.comparing.sheets.sets),
        left_out=left_out_of(each.comparing.sheets.sets, context),
        compared=scan.compared,
        matched=scan.matched,
        only_old=scan.only_old,
        only_ours=scan.only_ours,
        causes=causes_of(scan.causes, scan.counts, currency, context),
    )


def _person(row: action.PersonRange, sheet: Sheet) -> ParallelRunPerson:
    amounts, counts = row.causes
    context, currency = sheet.context, sheet.currency
    return ParallelRunPerson(
        person=sheet.people.get(row.person_id or ""),
        given=row.given,
        old=money(row.old, currency, context),
        ours=money(row.ours, currency, context),
        difference=money(minus(row.ours, row.old), currency, context),
        causes=causes_of(amounts, counts, currency, context),
        differences=[
            ParallelRunDated(period=PeriodName(period), difference=difference_of(each, sheet))
            for period, each in row.differences
        ],
    )


def _range(found: action.ParallelRange, context: Context) -> ParallelRunRange:
    sheet = sheet_of(found, context)
    return ParallelRunRange(
        periods=[_period(each, context) for each in found.periods],
        not_compared=[PeriodName(each) for each in found.without],
        old=money(found.old, found.currency, context),
        ours=money(found.ours, found.currency, context),
        causes=causes_of(found.causes, found.counts, found.currency, context),
        people=part_of(
            _LIST,
            forward(found.people, found.count, has_next=found.has_next),
            lambda row: _person(row, sheet),
            action.key_of_person,
        ),
    )


@output(access=Audience.SIGNED_IN, description="Queries about old systems over several periods.")
class ParallelRangeQuery:
    """Part of the query root."""

    @resolved(
        "What an old system paid over several periods beside what we pay: the totals and causes of"
        " each period, and what it comes to for every person. Each period is held against its"
        " newest run. For whoever decides about all pay of the legal entity; nothing is written.",
        access=Resource.PAY,
        deed=Deed.WRITE,
    )
    async def parallel_runs(
        self,
        info: Info,
        from_period: Annotated[PeriodName, described("The first period.")],
        to_period: Annotated[
            PeriodName, described("The last one, of the same kind; at most 12 in all.")
        ],
        cause: Annotated[
            DifferenceCause | None, described("Only people with a line of this cause.")
        ] = None,
        first: Annotated[int | None, described("How many from the start, 1 to 100.")] = None,
        after: Annotated[str | None, described("Only people after this cursor.")] = None,
        legal_entity: Entity = None,
    ) -> ParallelRunRange | None:
        """Compare."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked = page(_LIST, first=first, after=after, last=None, before=None)
        key = after_of(asked, 2)
        wanted = action.AskedPeople(
            cause=cause, first=asked.size, after=None if key is None else (key[0], key[1])
        )
        actions = context.runtime.actions
        found = await context.perform(
            lambda: action.parallel_range(
                actions, context.asker, entity, from_period, to_period, wanted
            )
        )
        return _range(found, context)

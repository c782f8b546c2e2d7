"""What somebody is paid for a period, line by line, and what is owed either way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, After, Before, Entity, First, Last, entity_of
from api.context import Context, Info
from api.errors import DataProblem, data_problem
from api.incentives import PersonRef, person_ref
from api.of_person import Person, of_person
from api.paging import Connection, connect, cut, described, page
from api.pay_words import BalanceKind, BatchState
from api.reasons import noted
from api.scalars import Document, PeriodName, UnitCode
from api.values import Money, maybe_money, money
from domain.access import Resource
from domain.period import Period, period_named
from domain.problem import Refused
from domain.program import Line, LineKind
from messages.pay import say_pay_line
from storage.engine import Database
from storage.pay_balances import BalanceEntry, balance_entries
from storage.pay_batches import (
    Batch,
    StoredSheet,
    batch_of_period,
    is_shown,
    sheet_keys,
    sheets_of,
)
from storage.people import people


@output(access=Resource.PAY, description="One line of a pay sheet: an amount and its sentence.")
class PaySheetLine:
    """A line."""

    name: str = shown("The permanent name within the sheet.")
    kind: LineKind = shown("PAY lines add up to what is paid.")
    code: str = shown("The code of its sentence.")
    text: str = shown("The sentence, in the language of the request.")
    amount: Money | None = shown("The amount; null when what it needs is not known.")


@output(access=Resource.PAY, description="A change of what is owed; entries are only added.")
class PayBalanceEntry:
    """An entry."""

    id: strawberry.ID = shown("The id of the entry.")
    period: PeriodName = shown("The period whose batch made it.")
    amount: Money = shown("More owed, or less when it is negative.")
    due_from: date | None = shown("Of a holdback: the first day of the period that pays it.")
    event: str | None = shown("Of a holdback: what it waits for instead.")
    posted_at: datetime = shown("When the batch was locked.")


@output(access=Resource.PAY, description="What is owed of one kind, and every change of it.")
class PayBalance:
    """A balance is the sum of its entries."""

    kind: BalanceKind = shown("What is owed, and by whom.")
    amount: Money = shown("What is owed now.")
    entries: list[PayBalanceEntry] = shown("Every change in order; at most some hundreds.")


@output(access=Resource.PAY, description="What a person is paid for a period, and why.")
class PaySheet:
    """A frozen sheet; it is worked out again from its document whenever it is read."""

    id: strawberry.ID = shown("The id of the sheet.")
    person: PersonRef = shown("Whose sheet it is.")
    period: PeriodName = shown("The period.")
    state: BatchState = shown("How far its batch has come.")
    revision: int = shown("How often the batch has been made.")
    paid_on: date | None = shown("The day of payment that the plan names.")
    paid: Money = shown("What is paid; never below zero.")
    amounts: list[PaySheetLine] = shown("The lines whose sum is paid, some dozens at most.")
    lines: list[PaySheetLine] = shown("Every line in order, some dozens at most.")
    balances: list[PayBalance] = shown("What is owed at present, one per kind; may be empty.")
    problems: list[DataProblem] = shown("What somebody should look at; may be empty.")
    hash: str = shown("SHA-256 of the canonical document.")
    document: Document = shown("The canonical document: all it takes to work the sheet out again.")


@output(access=Resource.PAY, description="One row of the pay of a period: a sheet in short.")
class PaySheetRow:
    """A sheet without its lines; ``paySheet`` has them."""

    id: strawberry.ID = shown("The id of the sheet.")
    person: PersonRef = shown("Whose sheet it is.")
    earned: Money = shown("Earned in the period.")
    adjusted: Money = shown("What later news about earlier periods changed.")
    paid: Money = shown("What is paid; never below zero.")
    problem_count: int = shown("How many problems somebody should look at.")
    hash: str = shown("SHA-256 of the canonical document.")


def demand_shown(context: Context, batch: Batch | None, period: Period) -> Batch:
    """Refuse a batch that is not there, or not yet approved and the viewer sees not all pay."""
    if batch is None or not is_shown(context.asker, batch):
        raise Refused("not_found", {"id": period.name})
    return batch


def _line(line: Line, context: Context) -> PaySheetLine:
    return PaySheetLine(
        name=line.name,
        kind=line.kind,
        code=line.code,
        text=say_pay_line(context.runtime.catalogue, line, context.locale),
        amount=maybe_money(line.value, line.unit, context),
    )


def _balances(entries: list[BalanceEntry], currency: str, context: Context) -> list[PayBalance]:
    found = []
    for kind in BalanceKind:
        mine = [each for each in entries if each.kind == kind.value and each.currency == currency]
        if mine:
            found.append(
                PayBalance(
                    kind=kind,
                    amount=money(sum(each.amount for each in mine), currency, context),
                    entries=[
                        PayBalanceEntry(
                            id=strawberry.ID(each.id),
                            period=PeriodName(each.period),
                            amount=money(each.amount, currency, context),
                            due_from=each.due_from,
                            event=each.event,
                            posted_at=each.posted_at,
                        )
                        for each in mine
                    ],
                )
            )
    return found


def _shown(
    database: Database, context: Context, batch: Batch, stored: StoredSheet, person: PersonRef
) -> PaySheet:
    day = period_named(batch.period).last_day
    entries = balance_entries(
        database, context.asker, batch.entity_id, day=day, person_ids=[stored.person_id]
    )
    sheet = stored.sheet
    payday = sheet.subject.get("paid_on")
    return PaySheet(
        id=strawberry.ID(stored.id),
        person=person,
        period=PeriodName(batch.period),
        state=batch.state,
        revision=batch.revision,
        paid_on=date.fromisoformat(payday) if payday else None,
        paid=money(sheet.paid, stored.currency, context),
        amounts=[_line(line, context) for line in sheet.amounts],
        lines=[_line(line, context) for line in sheet.lines],
        balances=_balances(list(entries), stored.currency, context),
        problems=[data_problem(problem, context) for problem in sheet.problems],
        hash=sheet.hash,
        document=Document(dict(sheet.document)),
    )


def _rows(
    database: Database, context: Context, batch: Batch, stored: Sequence[StoredSheet]
) -> dict[tuple[str, str], PaySheetRow]:
    """Show sheets in short; the names are read for all of them at once."""
    named = people(
        database,
        context.asker,
        valid_at=period_named(batch.period).last_day,
        known_at=ALL_KNOWN,
        ids=sorted({each.person_id for each in stored}),
        resource=Resource.PAY,
    )
    names = {str(each.id): each.name for each in named}
    return {
        (each.person_id, each.currency): PaySheetRow(
            id=strawberry.ID(each.id),
            person=PersonRef(
                id=strawberry.ID(each.person_id), name=names.get(each.person_id, each.person_id)
            ),
            earned=money(each.sheet.value("sheet.earned"), each.currency, context),
            adjusted=money(each.sheet.adjusted, each.currency, context),
            paid=money(each.sheet.paid, each.currency, context),
            problem_count=len(each.sheet.problems),
            hash=each.sheet.hash,
        )
        for each in stored
    }


@output(access=Audience.SIGNED_IN, description="Queries about what is paid.")
class PaySheetQuery:
    """Part of the query root."""

    @resolved(
        "What a person is paid for a period, line by line: for the person once it is approved, for"
        " whoever sees all pay at any time.",
        access=Resource.PAY,
    )
    async def pay_sheet(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        currency: Annotated[
            UnitCode | None, described("Which, for a person with several; the first if absent.")
        ] = None,
        legal_entity: Entity = None,
    ) -> PaySheet | None:
        """Read one."""
        context = info.context
        asked = of_person(context, period, person, legal_entity)
        span, whose = asked.period, asked.person

        def work(database: Database) -> PaySheet:
            batch = demand_shown(context, batch_of_period(database, asked.entity, span.name), span)
            found = [
                each
                for each in sheets_of(
                    database, context.asker, batch, day=span.last_day, person_ids=[whose]
                )
                if currency in {None, each.currency}
            ]
            if not found:
                raise Refused("not_found", {"id": whose})
            ref = person_ref(database, context, whose, span, Resource.PAY)
            return _shown(database, context, batch, found[0], ref)

        return await asked.read_noted(work)

    @resolved("The pay sheets of a period that the viewer sees, by person.", access=Resource.PAY)
    async def pay_sheets(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
    ) -> Connection[PaySheetRow] | None:
        """Read a page."""
        context = info.context
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        asked = page("paySheets", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[PaySheetRow]:
            batch = demand_shown(context, batch_of_period(database, entity, span.name), span)
            keys = sheet_keys(database, context.asker, batch, day=span.last_day)
            part = cut(keys, asked, _key)
            rows = sheets_of(
                database,
                context.asker,
                batch,
                day=span.last_day,
                person_ids=sorted({person for person, _ in part.rows}),
            )
            by_key = _rows(database, context, batch, rows)
            return connect("paySheets", part, by_key.__getitem__, _key)

        answer = await context.read(work)
        if context.asker.reasons:
            for edge in answer.edges:
                await noted(context, entity, edge.node.person.id, span.name)
        return answer


def _key(key: tuple[str, str]) -> tuple[str, str]:
    return key

"""The ledger of a person: every entry, what it does, why it is there, and the sum of all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, KnownAt
from api.context import Context, Info
from api.incentives import PersonRef, person_ref
from api.of_person import Person, of_person
from api.paging import described
from api.scalars import PeriodName, closed_set
from api.values import Money, money
from domain.access import Resource
from domain.ledger import Cause, EntryKind
from domain.period import Period
from domain.problem import Refused
from storage import results as stored
from storage.engine import Database
from storage.people import people

closed_set(
    EntryKind,
    "What an entry does to the sum.",
    {
        EntryKind.POST: "An amount is booked.",
        EntryKind.REVERSE: "An earlier entry is taken back, with the opposite sign.",
        EntryKind.ADJUST: "A difference is booked beside what a run posted; see its cause.",
    },
)
closed_set(
    Cause,
    "Why an entry stands beside what a run posted.",
    {
        Cause.LATE_FACTS: "Sales of a closed period that were learned after its close.",
        Cause.CORRECTED_FACTS: "Sales of a closed period that a source has corrected since.",
        Cause.CREDIT_NOTES: "Credit notes, and sales that a source has taken back since.",
        Cause.LINKS: "A name in a source was linked to another person.",
        Cause.ORGANISATION: "Assignments, units, or who gets credit for whom.",
        Cause.GOALS: "A goal of the closed period was changed.",
        Cause.RULES: "A metric, scorecard or plan of the closed period was changed.",
        Cause.RATES: "An exchange rate of the closed period was changed.",
        Cause.EARLIER: "What was earned in earlier periods of a span, which a plan takes off.",
        Cause.CREDIT_NOTE_HELD: "A credit note never raises the pay of the person credited.",
        Cause.DISPUTE: "A dispute was accepted.",
        Cause.DECISION: "Somebody with the right decided it and said why.",
    },
)


def cause_text(cause: Cause, context: Context) -> str:
    """Say a cause in a sentence, in the language of the request."""
    return context.say(f"cause_{cause.value.lower()}")


@output(access=Resource.PAY, description="An amount posted or reversed; nothing is ever updated.")
class LedgerEntry:
    """An entry."""

    id: strawberry.ID = shown("The id of the entry.")
    kind: EntryKind = shown("Whether it pays, takes back or adjusts.")
    period: PeriodName = shown("The period it is booked in.")
    origin_period: PeriodName = shown("The period whose sales gave it.")
    cause: Cause | None = shown("Why it stands beside what a run posted; null when ordinary.")
    why: str | None = shown("The cause in a sentence, in the language of the request.")
    source: strawberry.ID | None = shown(
        "The correction, dispute or decision behind an adjustment."
    )
    component: str = shown("The line of the plan it pays.")
    amount: Money = shown("The amount; a reversal has the opposite sign.")
    posted_at: datetime = shown("When it was posted.")


@output(access=Resource.PAY, description="All entries of a person and period, and their sum.")
class Ledger:
    """The ledger: the net is the sum of all entries."""

    person: PersonRef = shown("Whose ledger it is.")
    net: list[Money] = shown("The sum of all entries, one per currency.")
    entries: list[LedgerEntry] = shown("Every entry in the order it was posted; at most hundreds.")


def _is_seen(database: Database, context: Context, person_id: str, period: Period) -> bool:
    """Say whether the viewer may see the pay of a person who has no entry at all."""
    return bool(
        people(
            database,
            context.asker,
            valid_at=period.last_day,
            known_at=ALL_KNOWN,
            ids=[person_id],
            resource=Resource.PAY,
        )
    )


@output(access=Audience.SIGNED_IN, description="The query about the ledger.")
class LedgerQuery:
    """Part of the query root."""

    @resolved("The ledger of a person and period.", access=Resource.PAY)
    async def ledger(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Ledger | None:
        """Read all entries."""
        context = info.context
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> Ledger:
            rows = stored.ledger(
                database,
                context.asker,
                asked.entity,
                period=asked.period.name,
                day=asked.period.last_day,
                known_at=asked.known_at,
                person_ids=[asked.person],
            )
            if not rows and not _is_seen(database, context, asked.person, asked.period):
                raise Refused("not_found", {"id": asked.person})
            sums: dict[str, int] = {}
            for row in rows:
                sums[row.currency] = sums.get(row.currency, 0) + row.amount
            return Ledger(
                person=person_ref(database, context, asked.person, asked.period, Resource.PAY),
                net=[money(sums[currency], currency, context) for currency in sorted(sums)],
                entries=[
                    LedgerEntry(
                        id=strawberry.ID(row.id),
                        kind=EntryKind(row.kind),
                        period=PeriodName(row.period),
                        origin_period=PeriodName(row.origin_period),
                        cause=None if row.cause is None else Cause(row.cause),
                        why=None if row.cause is None else cause_text(Cause(row.cause), context),
                        source=None if row.source_id is None else strawberry.ID(row.source_id),
                        component=row.component,
                        amount=money(row.amount, row.currency, context),
                        posted_at=row.posted_at,
                    )
                    for row in rows
                ],
            )

        return await asked.read_noted(work)

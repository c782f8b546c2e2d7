"""Disputes: what somebody disagrees with, how far it has come, and what was shown for it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, After, Before, Entity, First, Last, entity_of
from api.context import Context, Info
from api.identified import Node
from api.incentives import PersonRef
from api.of_person import Person
from api.paging import Connection, connect, cut, described, page
from api.reasons import noted
from api.scalars import PeriodName, closed_set
from api.values import Money, Quantity, maybe_money, maybe_number
from domain.access import Resource
from domain.dispute import UNDECIDED, DisputeDeed, DisputeState, DisputeSubject, due_on
from domain.problem import Refused
from storage import disputes as stored
from storage.disputes import DisputeKey
from storage.engine import Database
from storage.people import people

closed_set(
    DisputeState,
    "How far a dispute has come.",
    {
        DisputeState.NEW: "Nobody has it yet.",
        DisputeState.ASSIGNED: "Somebody is to decide it.",
        DisputeState.NEEDS_INFO: "Whoever decides has asked something.",
        DisputeState.ACCEPTED: "An adjustment was booked.",
        DisputeState.REJECTED: "The statement stands; the reason is with the step.",
        DisputeState.CLOSED: "It is over.",
    },
)
closed_set(
    DisputeDeed,
    "What was done with a dispute.",
    {
        DisputeDeed.OPEN: "It was opened.",
        DisputeDeed.ASSIGN: "It was assigned to somebody who is to decide it.",
        DisputeDeed.ASK: "Something was asked.",
        DisputeDeed.ANSWER: "The question was answered.",
        DisputeDeed.ACCEPT: "It was accepted, and an adjustment was booked.",
        DisputeDeed.REJECT: "It was rejected.",
        DisputeDeed.CLOSE: "It was closed.",
        DisputeDeed.WITHDRAW: "It was withdrawn.",
    },
)
closed_set(
    DisputeSubject,
    "What a dispute is about.",
    {
        DisputeSubject.LINE: "A line of the posted statement.",
        DisputeSubject.TRANSACTION: "A sale that was not credited.",
    },
)


@output(access=Resource.PAY, description="What was done with a dispute, by whom, when and why.")
class DisputeStep:
    """A line of the history of a dispute."""

    number: int = shown("Its place in the history.")
    deed: DisputeDeed = shown("What was done.")
    state: DisputeState = shown("How far the dispute had come with it.")
    text: str = shown("What was said; may be empty.")
    amount: Money | None = shown("Of an acceptance: what was booked.")
    entry: strawberry.ID | None = shown("Of an acceptance: the entry of the ledger.")
    account: strawberry.ID | None = shown("Who did it.")
    on_behalf_of: strawberry.ID | None = shown("For which account, when somebody acted for it.")
    at: datetime = shown("When.")


@output(access=Resource.PAY, description="What was shown with a step: a link, or a small file.")
class DisputeEvidence:
    """A piece of evidence without its content."""

    id: strawberry.ID = shown("The id, for disputeFile.")
    step: int = shown("The number of the step it came with.")
    name: str = shown("What it is called.")
    media_type: str = shown("The media type of a file; empty for a link.")
    link: str | None = shown("The link; null for a file.")
    size: int = shown("The bytes of a file; 0 for a link.")
    sha256: str | None = shown("The SHA-256 of a file, in hexadecimal.")


@output(access=Resource.PAY, description="The file of a piece of evidence.")
class DisputeFile:
    """A file as it was handed in: nothing is known of what is in it."""

    name: str = shown("What it is called.")
    media_type: str = shown("What whoever sent it said it is.")
    content: str = shown("The bytes in base64.")


@output(access=Resource.PAY, description="Somebody disagrees with their statement.")
class Dispute(Node):
    """A dispute with its history."""

    id: strawberry.ID = shown("The id of the dispute.")
    person: PersonRef = shown("Whose pay it is about.")
    period: PeriodName = shown("The period of the statement.")
    subject: DisputeSubject = shown("What it is about.")
    line: str | None = shown("The name of the line of the statement.")
    run: strawberry.ID | None = shown("The run whose statement the line stands on.")
    transaction: str | None = shown("What the sale is called that is missing.")
    fact: strawberry.ID | None = shown("The id of the fact that was not credited, as was claimed.")
    expected: Quantity | None = shown("What it should be, as whoever disagrees says.")
    actual: Quantity | None = shown("What the line said when the dispute was opened.")
    state: DisputeState = shown("How far it has come.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")
    assignee: strawberry.ID | None = shown("The account that is to decide it.")
    entry: strawberry.ID | None = shown("The adjustment in the ledger, once it is accepted.")
    due_on: date = shown(
        "By which day it is to be decided; days spent waiting for an answer do not count."
    )
    days_left: int | None = shown("Days until then, below zero when late; null once decided.")
    opened_at: datetime = shown("When it was opened.")
    steps: list[DisputeStep] = shown("Everything done with it, oldest first; some dozens at most.")
    evidence: list[DisputeEvidence] = shown("What was shown for it, oldest first; a few at most.")


def _step(step: stored.Step, context: Context) -> DisputeStep:
    return DisputeStep(
        number=step.number,
        deed=step.deed,
        state=step.state,
        text=step.text,
        amount=maybe_money(step.amount, step.currency, context),
        entry=_id(step.entry_id),
        account=_id(step.made_by),
        on_behalf_of=_id(step.on_behalf_of),
        at=step.at,
    )


def _id(identifier: str | None) -> strawberry.ID | None:
    return None if identifier is None else strawberry.ID(identifier)


def _shown(found: stored.Dispute, names: Mapping[str, str], context: Context) -> Dispute:
    due = due_on(
        found.opened_on, [(each.on_day, each.state) for each in found.steps], context.today
    )
    is_open = found.state in UNDECIDED
    return Dispute(
        id=strawberry.ID(found.id),
        person=PersonRef(
            id=strawberry.ID(found.person_id), name=names.get(found.person_id, found.person_id)
        ),
        period=PeriodName(found.period),
        subject=found.subject,
        line=found.line,
        run=_id(found.run_id),
        transaction=found.transaction,
        fact=_id(found.fact_id),
        expected=maybe_number(found.expected, found.unit, context),
        actual=maybe_number(found.actual, found.unit, context),
        state=found.state,
        version=found.version,
        assignee=_id(found.assignee_id),
        entry=_id(found.entry_id),
        due_on=due,
        days_left=(due - context.today).days if is_open else None,
        opened_at=found.opened_at,
        steps=[_step(each, context) for each in found.steps],
        evidence=[
            DisputeEvidence(
                id=strawberry.ID(each.id),
                step=each.number,
                name=each.name,
                media_type=each.media_type,
                link=each.link,
                size=each.size,
                sha256=each.sha256,
            )
            for each in found.evidence
        ],
    )


def _read(
    database: Database, context: Context, entity_id: str, ids: Sequence[str]
) -> dict[str, Dispute]:
    """Read some disputes that the viewer sees; names are read for all of them at once."""
    found = stored.disputes(database, context.asker, entity_id, ids)
    named = people(
        database,
        context.asker,
        valid_at=context.today,
        known_at=ALL_KNOWN,
        ids=sorted({each.person_id for each in found.values()}),
        resource=Resource.PAY,
    )
    names = {str(each.id): each.name for each in named}
    return {each.id: _shown(each, names, context) for each in found.values()}


async def dispute_by_id(context: Context, dispute_id: str, entity_id: str | None = None) -> Dispute:
    """Read one dispute that the viewer sees, or refuse."""

    def work(database: Database) -> tuple[str, Dispute] | None:
        where = entity_id or stored.entity_of_dispute(database, context.asker, dispute_id)
        found = _read(database, context, where, [dispute_id]) if where else {}
        return (where, found[dispute_id]) if where and dispute_id in found else None

    answer = await context.read(work)
    if answer is None:
        raise Refused("not_found", {"id": dispute_id})
    await noted(context, answer[0], answer[1].person.id, answer[1].period)
    return answer[1]


@output(access=Audience.SIGNED_IN, description="Queries about disputes.")
class DisputeQuery:
    """Part of the query root."""

    @resolved(
        "Disputes about pay that the viewer sees, the newest first: the own ones, and those of"
        " everybody whose pay one may see.",
        access=Resource.PAY,
    )
    async def disputes(
        self,
        info: Info,
        period: Annotated[PeriodName | None, described("Only about this period.")] = None,
        person: Person = None,
        state: Annotated[DisputeState | None, described("Only those in this state.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
    ) -> Connection[Dispute] | None:
        """Read a page."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked = page("disputes", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[Dispute]:
            keys = stored.dispute_keys(
                database,
                context.asker,
                entity,
                period=period,
                person_id=person,
                state=state,
            )
            part = cut(keys, asked, _place)
            by_id = _read(database, context, entity, [key.id for key in part.rows])
            return connect("disputes", part, lambda key: by_id[key.id], _place)

        answer = await context.read(work)
        if context.asker.reasons:
            for node in answer.nodes:
                await noted(context, entity, node.person.id, node.period)
        return answer

    @resolved("The file of a piece of evidence of a dispute one sees.", access=Resource.PAY)
    async def dispute_file(
        self,
        info: Info,
        evidence: Annotated[strawberry.ID, described("The id of the piece of evidence.")],
        legal_entity: Entity = None,
    ) -> DisputeFile | None:
        """Read one."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        found = await context.read(
            lambda database: stored.evidence_content(database, context.asker, entity, evidence)
        )
        dispute, row, content = found or (None, None, None)
        if dispute is None or row is None or content is None:
            raise Refused("not_found", {"id": evidence})
        await noted(context, entity, dispute.person_id, dispute.period)
        return DisputeFile(
            name=row.name,
            media_type=row.media_type,
            content=base64.b64encode(content).decode(),
        )


def _place(key: DisputeKey) -> tuple[str]:
    """Order by id, the newest first: the id turned round, as cursors only go up."""
    return (_turned(key.id),)


_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TURNED = str.maketrans(_DIGITS, _DIGITS[::-1])


def _turned(identifier: str) -> str:
    prefix, _, digits = identifier.partition("_")
    return f"{prefix}_{digits.translate(_TURNED)}"

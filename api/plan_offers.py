"""Offers of plans: what somebody was shown, what they answered, and who has not answered yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry.dataloader import DataLoader

from actions.offer_plan import answer_offer
from actions.plans_in_force import plans_in_force
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    After,
    Before,
    Entity,
    First,
    Key,
    Last,
    act,
    entity_of,
    key_field,
    version_field,
)
from api.context import Context, Info
from api.definitions import PlanVersion, plan_from_domain
from api.errors import Refusal
from api.incentives import PersonRef
from api.paging import Connection, connect, cut, described, page
from api.reasons import noted
from api.scalars import closed_set
from domain.access import Deed, Resource
from domain.plan_life import OfferState
from domain.problem import Refused
from messages.render import Locale
from storage import plan_life as stored
from storage.definitions import plan_versions
from storage.engine import Database
from storage.people import people

closed_set(
    OfferState,
    "What became of an offer.",
    {
        OfferState.OFFERED: "Not answered yet.",
        OfferState.ACCEPTED: "Accepted; an acceptance stands.",
        OfferState.CONTESTED: "Contested with a reason; it may still be accepted.",
    },
)


@output(access=Resource.PERFORMANCE, description="A sentence of a plan's text as it was shown.")
class OfferedClause:
    """A clause, kept word for word."""

    id: strawberry.ID = shown("The permanent id within the plan.")
    number: int = shown("Its place in the text, counted from one.")
    path: str = shown("The JSON path of the rule within the document.")
    text: str = shown("The sentence.")


@output(access=Resource.PERFORMANCE, description="The text of an offer in one language.")
class OfferedText:
    """What somebody has before them when they answer."""

    language: Locale = shown("The language.")
    hash: str = shown("SHA-256 of the text; an answer sends it back.")
    clauses: list[OfferedClause] = shown("The clauses in their order; at most some hundreds.")


@output(access=Resource.PERFORMANCE, description="What somebody said to an offer.")
class PlanAnswer:
    """An answer; never changed."""

    number: int = shown("Its place among the answers, counted from one.")
    answer: OfferState = shown("What was said.")
    language: Locale = shown("In which language the text was shown.")
    document_hash: str = shown("SHA-256 of the plan's document.")
    text_hash: str = shown("SHA-256 of the text that was shown.")
    on_day: date = shown("The day.")
    at: datetime = shown("When.")
    reason: str | None = shown("Why; null unless one may read the pay of the person.")


class _Kept(NamedTuple):
    """A text as it was kept: of which version, in which language, with which hash."""

    version_id: str
    language: Locale
    hash: str


@dataclass(slots=True)
class KeptTexts:
    """The texts behind the offers of one answer: each is read once for all its offers."""

    _loader: DataLoader[_Kept, list[Mapping[str, Any]]] | None = None

    async def of(self, kept: _Kept, context: Context) -> list[Mapping[str, Any]]:
        """Return the clauses of one."""
        if self._loader is None:

            async def read(asked: list[_Kept]) -> list[list[Mapping[str, Any]]]:
                return await context.read(
                    lambda database: [
                        stored.kept_text(database, each.version_id, each.language.value, each.hash)
                        for each in asked
                    ]
                )

            self._loader = DataLoader(load_fn=read)
        return await self._loader.load(kept)


@output(access=Resource.PERFORMANCE, description="A version of a plan put before somebody.")
class PlanOffer:
    """An offer with all that became of it."""

    id: strawberry.ID = shown("The id of the offer.")
    person: PersonRef = shown("Whom it is put before.")
    plan_version: PlanVersion = shown("The version that is offered.")
    state: OfferState = shown("What became of it.")
    offered_on: date = shown("Since when it waits for an answer.")
    document_hash: str = shown("SHA-256 of the plan's document.")
    answers: list[PlanAnswer] = shown("What was answered, oldest first; at most two.")
    version: int = shown("Grows with every answer; send it back as expectedVersion.")
    behind: strawberry.Private[stored.PlanOffer]
    texts: strawberry.Private[KeptTexts]

    @resolved(
        "The text as it was kept when it was offered, whatever was renamed since.",
        access=Resource.PERFORMANCE,
    )
    async def text(
        self,
        info: Info,
        language: Annotated[
            Locale | None, described("The language; that of the request if absent.")
        ] = None,
    ) -> OfferedText | None:
        """Read it."""
        context = info.context
        chosen = language or context.locale
        text_hash = self.behind.text_hashes[chosen.value]
        clauses = await self.texts.of(
            _Kept(self.behind.plan_version_id, chosen, text_hash), context
        )
        return OfferedText(
            language=chosen,
            hash=text_hash,
            clauses=[
                OfferedClause(
                    id=strawberry.ID(each["id"]),
                    number=number,
                    path=each["path"],
                    text=each["text"],
                )
                for number, each in enumerate(clauses, start=1)
            ],
        )


@output(access=Resource.PERFORMANCE, description="How far the acceptance of a plan has come.")
class PlanAcceptance:
    """Counts of those whom the version pays on a day, and whom the viewer sees."""

    participants: int = shown("How many people it pays.")
    accepted: int = shown("How many of them have accepted.")
    contested: int = shown("How many contest it.")
    unanswered: int = shown("How many have an offer and have not answered.")
    not_offered: list[PersonRef] = shown(
        "Whom it pays without an offer, such as those who joined since; at most 100. planOffer"
        " offers it to all of them."
    )
    not_offered_count: int = shown("How many it pays without an offer.")


@strawberry.input(description="Somebody answers the offer of a plan.")
class PlanOfferAnswerInput:
    """Input of ``planOfferAnswer``."""

    idempotency_key: Key = key_field()
    offer: strawberry.ID = strawberry.field(description="One's own offer.")
    expected_version: int = version_field()
    answer: OfferState = strawberry.field(description="ACCEPTED or CONTESTED.")
    language: Locale = strawberry.field(description="In which language the text was read.")
    text_hash: str = strawberry.field(description="The hash of the text that was read.")
    reason: str | None = strawberry.field(
        default=None, description="Why; demanded where it is contested."
    )


@output(access=Resource.PERFORMANCE, description="The answer is kept.")
class PlanOfferAnswerSuccess:
    """Answered."""

    offer: PlanOffer = shown("The offer after it.")


PlanOfferAnswerResult = Annotated[
    PlanOfferAnswerSuccess | Refusal,
    strawberry.union("PlanOfferAnswerResult", description="Answered, or why not."),
]
_MOST_NAMES = 100
Version = Annotated[strawberry.ID | None, described("Only of this version of a plan.")]


def _names(database: Database, context: Context, ids: Sequence[str]) -> dict[str, str]:
    seen = people(
        database,
        context.asker,
        valid_at=context.today,
        known_at=ALL_KNOWN,
        ids=sorted(set(ids)),
        resource=Resource.PERFORMANCE,
    )
    return {str(each.id): each.name for each in seen}


def _ref(person_id: str, names: dict[str, str]) -> PersonRef:
    return PersonRef(id=strawberry.ID(person_id), name=names.get(person_id, person_id))


def _shown(
    database: Database, context: Context, entity_id: str, rows: Sequence[stored.PlanOffer]
) -> dict[str, PlanOffer]:
    names = _names(database, context, [row.person_id for row in rows])
    versions: dict[str, PlanVersion] = {}
    for version_id in {row.plan_version_id for row in rows}:
        (found,) = plan_versions(database, entity_id, known_at=ALL_KNOWN, version_id=version_id)
        versions[version_id] = plan_from_domain(found, context)
    texts = KeptTexts()
    return {
        row.id: PlanOffer(
            id=strawberry.ID(row.id),
            person=_ref(row.person_id, names),
            plan_version=versions[row.plan_version_id],
            state=row.state,
            offered_on=row.offered_on,
            document_hash=row.plan_hash,
            answers=[
                PlanAnswer(
                    number=each.number,
                    answer=each.answer,
                    language=Locale(each.language),
                    document_hash=each.plan_hash,
                    text_hash=each.text_hash,
                    on_day=each.on_day,
                    at=each.at,
                    reason=each.reason,
                )
                for each in row.answers
            ],
            version=row.version,
            behind=row,
            texts=texts,
        )
        for row in rows
    }


def _offers(
    database: Database, context: Context, entity_id: str, **only: Any
) -> tuple[stored.PlanOffer, ...]:
    if context.asker.rights is not None:  # who agreed to what is no business of a program's
        values = {"resource": Resource.PLAN.value, "deed": Deed.READ.value}
        raise Refused("forbidden", values)
    return stored.plan_offers(database, context.asker, entity_id, day=context.today, **only)


def _still_held(
    database: Database, context: Context, entity_id: str, rows: Sequence[stored.PlanOffer]
) -> list[stored.PlanOffer]:
    """Leave out offers of versions that are over: nobody is to be reminded of them."""
    held = plan_versions(database, entity_id, known_at=ALL_KNOWN, start=context.today, end=date.max)
    ids = {each.id for each in held}
    return [row for row in rows if row.plan_version_id in ids]


def _place(row: stored.PlanOffer) -> tuple[str, str]:
    return (row.offered_on.isoformat(), row.id)


@output(access=Audience.SIGNED_IN, description="Queries about offers of plans.")
class PlanOfferQuery:
    """Part of the query root."""

    @resolved(
        "Offers to the people whom one sees, those that wait longest first: with the state OFFERED"
        " it is the list of whom to remind. Offers of versions that are over are left out, unless"
        " the version is named.",
        access=Resource.PLAN,
    )
    async def plan_offers(
        self,
        info: Info,
        state: Annotated[OfferState | None, described("Only those in this state.")] = None,
        plan_version: Version = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
    ) -> Connection[PlanOffer] | None:
        """Read a page."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked = page("planOffers", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[PlanOffer]:
            rows: Sequence[stored.PlanOffer] = _offers(
                database, context, entity, version_id=plan_version
            )
            if plan_version is None:
                rows = _still_held(database, context, entity, rows)
            wanted = [row for row in rows if state in {None, row.state}]
            part = cut(sorted(wanted, key=_place), asked, _place)
            by_id = _shown(database, context, entity, part.rows)
            return connect("planOffers", part, lambda row: by_id[row.id], _place)

        answer = await context.read(work)
        if context.asker.reasons:  # why somebody contests is read under the auditor's reason
            for node in answer.nodes:
                if any(each.reason is not None for each in node.answers):
                    period = f"{node.offered_on:%Y-%m}"
                    await noted(context, entity, node.person.id, period)
        return answer

    @resolved(
        "The offers to oneself, the oldest first; at most some dozens.",
        access=Resource.PLAN,
    )
    async def my_offers(
        self,
        info: Info,
        state: Annotated[OfferState | None, described("Only those in this state.")] = None,
        legal_entity: Entity = None,
    ) -> list[PlanOffer] | None:
        """Read all."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        whose = context.asker.person_id
        if whose is None or context.asker.acting is not None:
            return []

        def work(database: Database) -> list[PlanOffer]:
            rows = _offers(database, context, entity, person_id=whose)
            wanted = [row for row in rows if state in {None, row.state}]
            return list(_shown(database, context, entity, wanted).values())

        return await context.read(work)

    @resolved(
        "How far the acceptance of a plan has come, among those whom one sees.",
        access=Resource.PLAN,
    )
    async def plan_acceptance(
        self,
        info: Info,
        plan_version: Annotated[strawberry.ID, described("The id of the version.")],
        legal_entity: Entity = None,
    ) -> PlanAcceptance | None:
        """Count."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        return await context.read(
            lambda database: _acceptance(database, context, entity, plan_version)
        )


def _acceptance(
    database: Database, context: Context, entity_id: str, version_id: str
) -> PlanAcceptance:
    found = plan_versions(database, entity_id, known_at=ALL_KNOWN, version_id=version_id)
    if not found:
        raise Refused("not_found", {"id": version_id})
    rows = _offers(database, context, entity_id, version_id=version_id)
    states = {row.person_id: row.state for row in rows}
    day = max(context.today, found[0].valid_from)
    force = plans_in_force(database, entity_id, day, ALL_KNOWN)
    has_it = [
        person
        for person, plans in force.by_person.items()
        if any(each.id == version_id for each in plans)
    ]
    names = _names(database, context, has_it)
    paid = sorted(person for person in has_it if person in names)
    told = [states.get(person) for person in paid]
    without = [person for person in paid if person not in states]
    if not paid and not rows:
        raise Refused("not_found", {"id": version_id})
    return PlanAcceptance(
        participants=len(paid),
        accepted=told.count(OfferState.ACCEPTED),
        contested=told.count(OfferState.CONTESTED),
        unanswered=told.count(OfferState.OFFERED),
        not_offered=[_ref(person, names) for person in without[:_MOST_NAMES]],
        not_offered_count=len(without),
    )


@output(access=Audience.SIGNED_IN, description="Answers to offers of plans.")
class PlanOfferMutation:
    """Part of the mutation root."""

    @resolved(
        "Accept or contest the offer of a plan to oneself; it changes no pay.",
        access=Resource.PLAN,
        graphql_type=PlanOfferAnswerResult,
    )
    async def plan_offer_answer(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            PlanOfferAnswerInput, described("The answer, and what was read.")
        ],
    ) -> PlanOfferAnswerSuccess:
        """Answer."""
        context = info.context
        entity = entity_of(context.asker, None)
        await act(
            context,
            "planOfferAnswer",
            input,
            lambda writing: answer_offer(
                writing,
                context.asker,
                input.offer,
                input.answer,
                language=input.language,
                text_hash=input.text_hash,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
            entity_id=entity,
        )

        def work(database: Database) -> PlanOffer:
            rows = _offers(database, context, entity, offer_ids=[input.offer])
            return _shown(database, context, entity, rows)[input.offer]

        return PlanOfferAnswerSuccess(offer=await context.read(work))

"""The steps, policy, offers and answers of plan versions: rows in, domain words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from domain.access import Actor, Resource, Role
from domain.plan_life import (
    Acceptance,
    OfferState,
    PlanDeed,
    PlanHand,
    PlanPolicy,
    Review,
)
from storage import tables
from storage.bulk import add_rows
from storage.carrying import Purpose, Widening, look_at, widened
from storage.engine import Writing
from storage.people import add_row
from storage.rules import known, valid
from storage.sealing import opened
from storage.visibility import people_seen

_policy, _step, _text = tables.plan_policy, tables.plan_step, tables.plan_text
_offer, _answer = tables.plan_offer, tables.plan_answer
_grant, _account = tables.role_grant, tables.account

# ---- policy -------------------------------------------------------------------------------------


def plan_policies(connection: Connection, entity_id: str) -> tuple[PlanPolicy, ...]:
    """Return every decision by its first day, as known by now."""
    newer = _policy.alias()
    newest = select(func.max(newer.c.revision)).where(newer.c.id == _policy.c.id)
    query = select(_policy).where(
        _policy.c.legal_entity_id == entity_id,
        _policy.c.voided.is_(False),
        _policy.c.revision == newest.scalar_subquery(),
    )
    rows = connection.execute(query.order_by(_policy.c.valid_from, _policy.c.id))
    return tuple(
        PlanPolicy(
            review=Review(row.review),
            acceptance=Acceptance(row.acceptance),
            valid_from=row.valid_from,
            version=row.revision,
        )
        for row in rows
    )


def plan_policy_on(connection: Connection, entity_id: str, day: date) -> PlanPolicy | None:
    """Return what holds on ``day``; None where nothing was decided."""
    begun = [each for each in plan_policies(connection, entity_id) if each.valid_from <= day]
    return begun[-1] if begun else None


def plan_writers(writing: Writing, day: date) -> int:
    """Count the accounts that may change plans of the legal entity on ``day``, deputies aside."""
    query = (
        select(func.count(_grant.c.account_id.distinct()))
        .join(_account, _account.c.id == _grant.c.account_id)
        .where(
            known(_grant, writing.known_at, "id"),
            valid(_grant, day),
            _grant.c.legal_entity_id == writing.entity_id,
            _grant.c.role == Role.HR.value,
            _grant.c.unit_id.is_(None),
            _account.c.disabled_at.is_(None),
        )
    )
    with widened(writing.connection, Widening.ACCOUNT):
        return writing.connection.execute(query).scalar_one()


# ---- steps --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """What was done with a version."""

    number: int
    revision: int
    deed: PlanDeed
    hash: str
    made_by: str | None
    on_behalf_of: str | None
    reason: str | None
    at: datetime

    @property
    def hand(self) -> PlanHand:
        """Who did it."""
        return PlanHand(account=self.made_by or "", behalf=self.on_behalf_of)


def plan_steps(connection: Connection, version_id: str) -> tuple[PlanStep, ...]:
    """Return what was done with a version, oldest first."""
    query = select(_step).where(_step.c.plan_version_id == version_id).order_by(_step.c.number)
    names = ("number", "revision", "hash", "made_by", "on_behalf_of", "reason", "at")
    return tuple(
        PlanStep(deed=PlanDeed(row.deed), **{name: getattr(row, name) for name in names})
        for row in connection.execute(query)
    )


def add_plan_step(
    writing: Writing,
    version_id: str,
    revision: int,
    document_hash: str,
    deed: PlanDeed,
    reason: str | None = None,
) -> None:
    """Add what was done with a version."""
    highest = select(func.max(_step.c.number)).where(_step.c.plan_version_id == version_id)
    number = (writing.connection.execute(highest).scalar_one() or 0) + 1
    add_row(
        writing,
        _step,
        plan_version_id=version_id,
        number=number,
        revision=revision,
        deed=deed.value,
        hash=document_hash,
        made_by=writing.actor,
        on_behalf_of=writing.on_behalf_of,
        reason=reason,
        at=writing.known_at,
    )


def authors_before(writing: Writing, version_id: str, revision: int) -> tuple[PlanHand, ...]:
    """Return who wrote the revisions of a version from before its first step was kept."""
    version = tables.plan_version
    query = select(version.c.made_by).where(
        version.c.id == version_id, version.c.revision < revision
    )
    found = writing.connection.execute(query.distinct()).scalars()
    return tuple(PlanHand(account=each) for each in found if each is not None)


# ---- texts --------------------------------------------------------------------------------------


def put_text(
    writing: Writing, version_id: str, language: str, text_hash: str, text: Sequence[Any]
) -> None:
    """Keep the text of a version as it is shown, once."""
    query = select(_text.c.hash).where(
        _text.c.plan_version_id == version_id,
        _text.c.language == language,
        _text.c.hash == text_hash,
    )
    if writing.connection.execute(query).first() is None:
        add_row(
            writing,
            _text,
            plan_version_id=version_id,
            language=language,
            hash=text_hash,
            text=list(text),
            at=writing.known_at,
        )


def kept_text(
    connection: Connection, version_id: str, language: str, text_hash: str
) -> list[Mapping[str, Any]]:
    """Return the clauses as they were shown."""
    query = select(_text.c.text).where(
        _text.c.plan_version_id == version_id,
        _text.c.language == language,
        _text.c.hash == text_hash,
    )
    found: list[Mapping[str, Any]] = connection.execute(query).scalar_one()
    return found


# ---- offers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAnswer:
    """What somebody said to an offer; the reason is None for who may not read it."""

    number: int
    answer: OfferState
    language: str
    plan_hash: str
    text_hash: str
    on_day: date
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOffer:
    """A version of a plan put before somebody, with what they answered."""

    id: str
    entity_id: str
    person_id: str
    plan_version_id: str
    plan_hash: str
    text_hashes: Mapping[str, str]
    offered_on: date
    at: datetime
    answers: tuple[PlanAnswer, ...]

    @property
    def state(self) -> OfferState:
        """What became of it: what its last answer says."""
        return self.answers[-1].answer if self.answers else OfferState.OFFERED

    @property
    def version(self) -> int:
        """The number of its last answer."""
        return len(self.answers)


def offered_people(connection: Connection, version_id: str) -> frozenset[str]:
    """Return whom a version was offered to."""
    query = select(_offer.c.person_id).where(_offer.c.plan_version_id == version_id)
    return frozenset(connection.execute(query).scalars())


def offered_versions(connection: Connection, version_ids: Sequence[str]) -> frozenset[str]:
    """Return which of the versions were offered to anybody."""
    query = select(_offer.c.plan_version_id).where(_offer.c.plan_version_id.in_(list(version_ids)))
    return frozenset(connection.execute(query.distinct()).scalars())


def accepted_by(connection: Connection, version_ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Return which versions were accepted by whom: the version and the person."""
    query = (
        select(_offer.c.plan_version_id, _offer.c.person_id)
        .join(_answer, _answer.c.offer_id == _offer.c.id)
        .where(
            _offer.c.plan_version_id.in_(list(version_ids)),
            _answer.c.answer == OfferState.ACCEPTED.value,  # an acceptance is always the last
        )
    )
    return frozenset((row[0], row[1]) for row in connection.execute(query))


def add_offers(writing: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put a version before people."""
    common = {
        "legal_entity_id": writing.entity_id,
        "at": writing.known_at,
        "made_by": writing.actor,
    }
    add_rows(writing.connection, _offer, [{**row, **common} for row in rows])


def add_answer(writing: Writing, offer: PlanOffer, reason: str | None, **values: Any) -> None:
    """Add what somebody said to an offer."""
    add_row(
        writing,
        _answer,
        offer_id=offer.id,
        number=offer.version + 1,
        person_id=offer.person_id,
        plan_hash=offer.plan_hash,
        made_by=writing.actor,
        at=writing.known_at,
        document={"reason": reason},
        **values,
    )


def plan_offers(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    day: date,
    version_id: str | None = None,
    person_id: str | None = None,
    offer_ids: Sequence[str] | None = None,
) -> tuple[PlanOffer, ...]:
    """Return the offers to people whom the actor sees on ``day``, oldest first.

    Whoever leads a team sees who has answered; why somebody contests is for who may read pay.
    """
    look_at(connection, day=day, purpose=Purpose.PERFORMANCE)
    who = (_offer.c.person_id, _offer.c.legal_entity_id, day)
    query = select(_offer, people_seen(actor, Resource.PAY, *who).label("reads_pay")).where(
        _offer.c.legal_entity_id == entity_id, people_seen(actor, Resource.PERFORMANCE, *who)
    )
    if version_id is not None:
        query = query.where(_offer.c.plan_version_id == version_id)
    if person_id is not None:
        query = query.where(_offer.c.person_id == person_id)
    if offer_ids is not None:
        query = query.where(_offer.c.id.in_(list(offer_ids)))
    rows = connection.execute(query.order_by(_offer.c.offered_on, _offer.c.id)).all()
    answers = _answers_of(connection, {row.id: bool(row.reads_pay) for row in rows})
    names = ("id", "person_id", "plan_version_id", "plan_hash", "text_hashes", "offered_on", "at")
    return tuple(
        PlanOffer(
            entity_id=row.legal_entity_id,
            answers=tuple(answers.get(row.id, ())),
            **{name: getattr(row, name) for name in names},
        )
        for row in rows
    )


def _answers_of(connection: Connection, offers: Mapping[str, bool]) -> dict[str, list[PlanAnswer]]:
    query = select(_answer).where(_answer.c.offer_id.in_(list(offers)))
    found: dict[str, list[PlanAnswer]] = {}
    for row in connection.execute(query.order_by(_answer.c.offer_id, _answer.c.number)).all():
        told = opened(connection, _answer.c.document, row) if offers[row.offer_id] else {}
        found.setdefault(row.offer_id, []).append(
            PlanAnswer(
                number=row.number,
                answer=OfferState(row.answer),
                language=row.language,
                plan_hash=row.plan_hash,
                text_hash=row.text_hash,
                on_day=row.on_day,
                at=row.at,
                reason=told.get("reason"),
            )
        )
    return found

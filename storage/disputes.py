"""Disputes with their steps and evidence: rows in, domain words out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from domain.access import Actor, Resource
from domain.dispute import UNDECIDED, DisputeDeed, DisputeState, DisputeSubject, Evidence
from storage import tables
from storage.carrying import Purpose, look_at
from storage.engine import Writing
from storage.people import add_row
from storage.sealing import opened
from storage.visibility import people_seen

_dispute, _step, _evidence = tables.dispute, tables.dispute_step, tables.dispute_evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done with a dispute."""

    number: int
    deed: DisputeDeed
    state: DisputeState
    assignee_id: str | None
    entry_id: str | None
    made_by: str | None
    on_behalf_of: str | None
    on_day: date
    at: datetime
    text: str
    amount: int | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """What was shown with a step; the content of a file is read for itself."""

    id: str
    number: int
    name: str
    media_type: str
    link: str | None
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute with all that became of it."""

    id: str
    entity_id: str
    person_id: str
    period: str
    subject: DisputeSubject
    run_id: str | None
    line: str | None
    component: str | None
    fact_id: str | None
    transaction: str | None
    unit: str
    expected: int | None
    actual: int | None
    opened_on: date
    opened_at: datetime
    made_by: str | None
    steps: tuple[Step, ...]
    evidence: tuple[EvidenceRow, ...]

    @property
    def state(self) -> DisputeState:
        """How far it has come: what its last step says."""
        return self.steps[-1].state

    @property
    def version(self) -> int:
        """The number of its last step."""
        return self.steps[-1].number

    @property
    def assignee_id(self) -> str | None:
        """The account that is to decide it."""
        return self.steps[-1].assignee_id

    @property
    def entry_id(self) -> str | None:
        """The entry of the ledger that it booked, if it was accepted."""
        return next((each.entry_id for each in self.steps if each.entry_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeKey:
    """What a list of disputes is ordered and cut by."""

    id: str
    state: DisputeState


def add_dispute(writing: Writing, identifier: str, document: dict[str, Any], **values: Any) -> None:
    """Add what is disputed; its first step says that it was opened."""
    add_row(
        writing,
        _dispute,
        id=identifier,
        opened_at=writing.known_at,
        made_by=writing.actor,
        document=document,
        **values,
    )


def add_step(
    writing: Writing,
    dispute_id: str,
    person_id: str,
    number: int,
    document: dict[str, Any],
    **values: Any,
) -> None:
    """Add what was done with a dispute."""
    add_row(
        writing,
        _step,
        dispute_id=dispute_id,
        person_id=person_id,
        number=number,
        made_by=writing.actor,
        on_behalf_of=writing.on_behalf_of,
        at=writing.known_at,
        document=document,
        **values,
    )


def add_evidence(
    writing: Writing,
    identifier: str,
    dispute_id: str,
    person_id: str,
    number: int,
    piece: Evidence,
) -> None:
    """Add what was shown with a step."""
    content = piece.content
    add_row(
        writing,
        _evidence,
        id=identifier,
        dispute_id=dispute_id,
        person_id=person_id,
        number=number,
        document={
            "name": piece.name,
            "mediaType": piece.media_type,
            "link": piece.link,
            "size": 0 if content is None else len(content),
            "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
        },
        content=content,
    )


def dispute_keys(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    period: str | None = None,
    person_id: str | None = None,
    state: DisputeState | None = None,
) -> tuple[DisputeKey, ...]:
    """Return the disputes about pay that the actor sees, the newest first."""
    wanted: list[ColumnElement[bool]] = []
    if period is not None:
        wanted.append(_dispute.c.period == period)
    if person_id is not None:
        wanted.append(_dispute.c.person_id == person_id)
    if state is not None:
        wanted.append(_step.c.state == state.value)
    query = _seen(connection, actor, entity_id, _dispute.c.id, _step.c.state)
    query = query.join(_step, _step.c.dispute_id == _dispute.c.id).where(*wanted, _is_last())
    rows = connection.execute(query.order_by(_dispute.c.id.desc()))
    return tuple(DisputeKey(id=row.id, state=DisputeState(row.state)) for row in rows)


def disputes(
    connection: Connection, actor: Actor, entity_id: str, ids: Sequence[str]
) -> dict[str, Dispute]:
    """Return some disputes that the actor sees, by id, with their steps and evidence."""
    query = _seen(connection, actor, entity_id, _dispute).where(_dispute.c.id.in_(list(ids)))
    rows = connection.execute(query).all()
    seen = [row.id for row in rows]
    steps = _steps(connection, seen)
    evidence = _evidence_of(connection, seen)
    return {
        row.id: _dispute_of(connection, row, steps[row.id], evidence.get(row.id, []))
        for row in rows
    }


def entity_of_dispute(connection: Connection, actor: Actor, dispute_id: str) -> str | None:
    """Return the legal entity of a dispute that the actor sees."""
    look_at(connection, day=None, purpose=Purpose.PAY)
    seen = people_seen(
        actor,
        Resource.PAY,
        _dispute.c.person_id,
        _dispute.c.legal_entity_id,
        _dispute.c.period_end,
    )
    query = select(_dispute.c.legal_entity_id).where(_dispute.c.id == dispute_id, seen)
    return connection.execute(query).scalar_one_or_none()


def evidence_content(
    connection: Connection, actor: Actor, entity_id: str, evidence_id: str
) -> tuple[Dispute, EvidenceRow, bytes | None] | None:
    """Return a piece of evidence of a dispute that the actor sees, with its file."""
    query = select(_evidence).where(
        _evidence.c.id == evidence_id, _evidence.c.legal_entity_id == entity_id
    )
    look_at(connection, day=None, purpose=Purpose.PAY)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    found = disputes(connection, actor, entity_id, [row.dispute_id]).get(row.dispute_id)
    if found is None:
        return None
    content = opened(connection, _evidence.c.content, row)
    return found, _evidence_from_row(connection, row), content


def undecided_count(connection: Connection, entity_id: str, through: date) -> int:
    """Count the disputes about periods up to a day that nobody has decided."""
    query = (
        select(func.count())
        .select_from(_dispute.join(_step, _step.c.dispute_id == _dispute.c.id))
        .where(
            _dispute.c.legal_entity_id == entity_id,
            _dispute.c.period_end <= through,
            _step.c.state.in_(sorted(each.value for each in UNDECIDED)),
            _is_last(),
        )
    )
    return connection.execute(query).scalar_one()


def _seen(connection: Connection, actor: Actor, entity_id: str, *columns: Any) -> Any:
    look_at(connection, day=None, purpose=Purpose.PAY)
    return select(*columns).where(
        _dispute.c.legal_entity_id == entity_id,
        people_seen(
            actor,
            Resource.PAY,
            _dispute.c.person_id,
            _dispute.c.legal_entity_id,
            _dispute.c.period_end,
        ),
    )


def _is_last() -> ColumnElement[bool]:
    other = _step.alias()
    highest = select(func.max(other.c.number)).where(other.c.dispute_id == _dispute.c.id)
    return _step.c.number == highest.scalar_subquery()


def _steps(connection: Connection, ids: Sequence[str]) -> dict[str, list[Step]]:
    query = select(_step).where(_step.c.dispute_id.in_(list(ids))).order_by(_step.c.number)
    found: dict[str, list[Step]] = {each: [] for each in ids}
    for row in connection.execute(query).all():
        told = opened(connection, _step.c.document, row)
        found[row.dispute_id].append(
            Step(
                number=row.number,
                deed=DisputeDeed(row.deed),
                state=DisputeState(row.state),
                assignee_id=row.assignee_id,
                entry_id=row.entry_id,
                made_by=row.made_by,
                on_behalf_of=row.on_behalf_of,
                on_day=row.on_day,
                at=row.at,
                text=told["text"],
                amount=_whole(told.get("amount")),
                currency=told.get("currency"),
            )
        )
    return found


def _evidence_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[EvidenceRow]]:
    names = (_evidence.c.id, _evidence.c.dispute_id, _evidence.c.number, _evidence.c.document)
    query = select(*names).where(_evidence.c.dispute_id.in_(list(ids))).order_by(_evidence.c.id)
    found: dict[str, list[EvidenceRow]] = {}
    for row in connection.execute(query).all():
        found.setdefault(row.dispute_id, []).append(_evidence_from_row(connection, row))
    return found


def _evidence_from_row(connection: Connection, row: Any) -> EvidenceRow:
    told = opened(connection, _evidence.c.document, row)
    return EvidenceRow(
        id=row.id,
        number=row.number,
        name=told["name"],
        media_type=told["mediaType"],
        link=told["link"],
        size=told["size"],
        sha256=told["sha256"],
    )


def _dispute_of(
    connection: Connection, row: Row[Any], steps: Sequence[Step], evidence: Sequence[EvidenceRow]
) -> Dispute:
    told = opened(connection, _dispute.c.document, row)
    names = ("id", "person_id", "period", "run_id", "line", "component", "fact_id")
    return Dispute(
        **{name: getattr(row, name) for name in names},
        entity_id=row.legal_entity_id,
        subject=DisputeSubject(row.subject),
        transaction=told.get("transaction"),
        unit=told["unit"],
        expected=_whole(told.get("expected")),
        actual=_whole(told.get("actual")),
        opened_on=row.opened_on,
        opened_at=row.opened_at,
        made_by=row.made_by,
        steps=tuple(steps),
        evidence=tuple(evidence),
    )


def _whole(text: str | None) -> int | None:
    """Read a number that a sealed document holds as text."""
    return None if text is None else int(text)

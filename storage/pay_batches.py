"""Pay batches with their steps, totals and sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from domain.access import Actor, Deed, Resource, System, may_all
from domain.pay_batch import ApprovalStep, BatchState, chain_from
from domain.pay_sheet import PaySheet, read_sheet
from storage import tables
from storage.bulk import add_tuples
from storage.carrying import Purpose, look_at
from storage.engine import Writing
from storage.people import add_row
from storage.sealing import opened
from storage.visibility import people_seen

_batch, _step = tables.pay_batch, tables.pay_batch_step
_total, _sheet = tables.pay_total, tables.pay_sheet
_TO_THE_PAYEE = frozenset({BatchState.APPROVED, BatchState.PAID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The pay of an entity and period."""

    id: str
    entity_id: str
    period: str
    cadence: str
    state: BatchState
    version: int
    revision: int
    ledger_through: int
    before_id: str | None
    before_revision: int | None
    policy_hash: str
    approvals: int
    approval: tuple[ApprovalStep, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStep:
    """What was done with a batch."""

    number: int
    revision: int
    deed: str
    account_id: str | None
    on_behalf_of: str | None
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTotal:
    """What the sheets of one currency come to, by the names of their lines."""

    currency: str
    people: int
    amounts: Mapping[str, int]
    problems: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSheet:
    """A frozen sheet, worked out again on the way out."""

    id: str
    batch_id: str
    revision: int
    person_id: str
    period: str
    currency: str
    plan_version_id: str | None
    releases: tuple[str, ...]
    sheet: PaySheet


def _batch_of(row: Row[Any]) -> Batch:
    names = ("id", "period", "cadence", "version", "revision", "ledger_through", "before_id")
    more = ("before_revision", "policy_hash", "approvals", "updated_at")
    return Batch(
        **{name: getattr(row, name) for name in (*names, *more)},
        entity_id=row.legal_entity_id,
        state=BatchState(row.state),
        approval=chain_from(row.approval),
    )


def batches(
    connection: Connection, entity_id: str, *, cadence: str | None = None
) -> tuple[Batch, ...]:
    """Return the batches of an entity; whoever sees any pay may know that there are some."""
    query = select(_batch).where(_batch.c.legal_entity_id == entity_id)
    if cadence is not None:
        query = query.where(_batch.c.cadence == cadence)
    return tuple(_batch_of(row) for row in connection.execute(query.order_by(_batch.c.period)))


def is_shown(actor: Actor, batch: Batch) -> bool:
    """Say whether sheets are shown: until they are approved, only to whoever sees all pay."""
    if batch.state in _TO_THE_PAYEE or isinstance(actor, System):
        return True
    return may_all(actor, Resource.PAY, Deed.READ, batch.entity_id)


def batch_of_period(connection: Connection, entity_id: str, period: str) -> Batch | None:
    """Return the batch of a period."""
    query = select(_batch).where(_batch.c.legal_entity_id == entity_id, _batch.c.period == period)
    row = connection.execute(query).one_or_none()
    return None if row is None else _batch_of(row)


def batch_by_id(connection: Connection, entity_id: str, batch_id: str) -> Batch | None:
    """Return one batch of the entity."""
    query = select(_batch).where(_batch.c.legal_entity_id == entity_id, _batch.c.id == batch_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _batch_of(row)


def add_batch(writing: Writing, batch_id: str, **values: Any) -> None:
    """Add a batch that was prepared for the first time."""
    writing.connection.execute(
        insert(_batch).values(
            id=batch_id,
            legal_entity_id=writing.entity_id,
            version=1,
            updated_at=writing.known_at,
            **values,
        )
    )


def change_batch(writing: Writing, batch: Batch, **values: Any) -> None:
    """Change the state of a batch; its version grows."""
    writing.connection.execute(
        update(_batch)
        .where(_batch.c.id == batch.id)
        .values(version=batch.version + 1, updated_at=writing.known_at, **values)
    )


def add_step(writing: Writing, batch_id: str, revision: int, deed: str, reason: str | None) -> None:
    """Write down what was done with a batch, and by whom."""
    highest = select(func.max(_step.c.number)).where(_step.c.batch_id == batch_id)
    number = (writing.connection.execute(highest).scalar_one() or 0) + 1
    add_row(
        writing,
        _step,
        batch_id=batch_id,
        number=number,
        revision=revision,
        deed=deed,
        account_id=writing.actor,
        on_behalf_of=writing.on_behalf_of,
        reason=reason,
        at=writing.known_at,
    )


def steps_of(connection: Connection, batch_ids: Sequence[str]) -> dict[str, tuple[BatchStep, ...]]:
    """Return what was done with some batches, in order, by batch."""
    rows = connection.execute(
        select(_step).where(_step.c.batch_id.in_(list(batch_ids))).order_by(_step.c.number)
    )
    names = BatchStep.__dataclass_fields__
    found: dict[str, list[BatchStep]] = {each: [] for each in batch_ids}
    for row in rows:
        step = BatchStep(**{name: getattr(row, name) for name in names})
        found[row.batch_id].append(step)
    return {batch_id: tuple(steps) for batch_id, steps in found.items()}


def add_total(
    writing: Writing, identifier: str, batch_id: str, revision: int, total: BatchTotal
) -> None:
    """Add what the sheets of a currency come to."""
    add_row(
        writing,
        _total,
        id=identifier,
        batch_id=batch_id,
        revision=revision,
        currency=total.currency,
        people=total.people,
        amounts=dict(total.amounts),
        problems=dict(total.problems),
    )


def totals_of(connection: Connection, of: Sequence[Batch]) -> dict[str, tuple[BatchTotal, ...]]:
    """Return the totals of the present revision of some batches, by batch and currency."""
    revisions = {each.id: each.revision for each in of}
    query = select(_total).where(_total.c.batch_id.in_(list(revisions)))
    found: dict[str, list[BatchTotal]] = {each: [] for each in revisions}
    for row in connection.execute(query.order_by(_total.c.currency)).all():
        if row.revision == revisions[row.batch_id]:
            total = BatchTotal(
                currency=row.currency,
                people=row.people,
                amounts=opened(connection, _total.c.amounts, row),
                problems=row.problems,
            )
            found[row.batch_id].append(total)
    return {batch_id: tuple(totals) for batch_id, totals in found.items()}


_COLUMNS = (
    "id",
    "batch_id",
    "revision",
    "person_id",
    "currency",
    "legal_entity_id",
    "period",
    "plan_version_id",
    "releases",
    "document",
    "hash",
)


def add_sheets(writing: Writing, rows: Iterable[StoredSheet]) -> None:
    """Add the sheets of a revision."""
    add_tuples(
        writing.connection,
        _sheet,
        _COLUMNS,
        (
            (
                row.id,
                row.batch_id,
                row.revision,
                row.person_id,
                row.currency,
                writing.entity_id,
                row.period,
                row.plan_version_id,
                list(row.releases),
                row.sheet.document,
                row.sheet.hash,
            )
            for row in rows
        ),
    )


def sheets_of(
    connection: Connection,
    actor: Actor,
    batch: Batch,
    *,
    day: date,
    person_ids: Sequence[str] | None = None,
) -> tuple[StoredSheet, ...]:
    """Return the sheets of a batch's revision of those whose pay the actor sees on ``day``."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_sheet).where(
        _sheet.c.batch_id == batch.id,
        _sheet.c.revision == batch.revision,
        people_seen(actor, Resource.PAY, _sheet.c.person_id, _sheet.c.legal_entity_id, day),
    )
    if person_ids is not None:
        query = query.where(_sheet.c.person_id.in_(list(person_ids)))
    rows = connection.execute(query.order_by(_sheet.c.person_id, _sheet.c.currency)).all()
    return tuple(_sheet_of(connection, row) for row in rows)


def _sheet_of(connection: Connection, row: Row[Any]) -> StoredSheet:
    sheet = read_sheet(opened(connection, _sheet.c.document, row))
    if sheet.hash != row.hash:
        raise ValueError(f"pay sheet {row.id} is not the one that was frozen")
    return StoredSheet(
        id=row.id,
        batch_id=row.batch_id,
        revision=row.revision,
        person_id=row.person_id,
        period=row.period,
        currency=row.currency,
        plan_version_id=row.plan_version_id,
        releases=tuple(row.releases),
        sheet=sheet,
    )


def sheet_keys(
    connection: Connection, actor: Actor, batch: Batch, *, day: date
) -> tuple[tuple[str, str], ...]:
    """Return person and currency of every sheet of a batch that the actor sees on ``day``."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_sheet.c.person_id, _sheet.c.currency).where(
        _sheet.c.batch_id == batch.id,
        _sheet.c.revision == batch.revision,
        people_seen(actor, Resource.PAY, _sheet.c.person_id, _sheet.c.legal_entity_id, day),
    )
    rows = connection.execute(query.order_by(_sheet.c.person_id, _sheet.c.currency))
    return tuple((person, currency) for person, currency in rows)

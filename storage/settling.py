"""What a pay batch is made of: entries of the ledger, participants of a period, first days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from storage import tables
from storage.engine import Writing
from storage.rules import known
from storage.sealing import opened

_ledger, _result = tables.ledger_entry, tables.result
_person, _assignment = tables.person, tables.assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An entry of the ledger, as far as a pay sheet looks at it."""

    id: str
    person_id: str
    kind: str
    period: str
    origin_period: str
    component: str
    cause: str | None
    run_id: str | None
    amount: int
    currency: str
    plan_version_id: str | None


def ledger_head(writing: Writing) -> int:
    """Return the number of the newest entry of the legal entity."""
    query = select(func.max(_ledger.c.seq)).where(_ledger.c.legal_entity_id == writing.entity_id)
    return writing.connection.execute(query).scalar_one() or 0


def ledger_periods(connection: Connection, entity_id: str) -> tuple[str, ...]:
    """Return the periods in which anything is booked."""
    query = select(_ledger.c.period).where(_ledger.c.legal_entity_id == entity_id)
    return tuple(connection.execute(query.distinct().order_by(_ledger.c.period)).scalars())


def booked(
    connection: Connection,
    entity_id: str,
    periods: Sequence[str],
    *,
    after: int = 0,
    through: int | None = None,
    only: str | None = None,
) -> tuple[Booked, ...]:
    """Return what is booked in some periods beyond an entry, and up to another, in order.

    ``only`` names the one person whose entries are wanted.
    """
    names = tuple(Booked.__dataclass_fields__)
    query = select(*(_ledger.c[name] for name in names)).where(
        _ledger.c.legal_entity_id == entity_id,
        _ledger.c.period.in_(list(periods)),
        _ledger.c.seq > after,
    )
    if through is not None:
        query = query.where(_ledger.c.seq <= through)
    if only is not None:
        query = query.where(_ledger.c.person_id == only)
    rows = connection.execute(query.order_by(_ledger.c.seq)).all()
    return tuple(
        Booked(
            **{
                **{name: getattr(row, name) for name in names},
                "amount": opened(connection, _ledger.c.amount, row),
            }
        )
        for row in rows
    )


def calculated_people(writing: Writing, run_id: str) -> dict[str, str | None]:
    """Return whom a run calculated, each with the version of the plan that pays them."""
    query = select(_result.c.person_id, _result.c.plan_version_id).where(
        _result.c.run_id == run_id, _result.c.legal_entity_id == writing.entity_id
    )
    found = writing.connection.execute(query.order_by(_result.c.person_id))
    return dict(found.all())


def first_days(writing: Writing) -> dict[str, date]:
    """Return since when people are with the entity: their entry, else their first assignment."""
    first = (
        select(_assignment.c.person_id, func.min(_assignment.c.valid_from))
        .where(
            known(_assignment, writing.known_at, "series_id"),
            _assignment.c.voided.is_(False),
            _assignment.c.legal_entity_id == writing.entity_id,
        )
        .group_by(_assignment.c.person_id)
    )
    found = dict(writing.connection.execute(first).all())
    joined = select(_person.c.id, _person.c.joined_on).where(
        known(_person, writing.known_at, "id"),
        _person.c.legal_entity_id == writing.entity_id,
        _person.c.joined_on.is_not(None),
    )
    found.update(dict(writing.connection.execute(joined).all()))
    return found

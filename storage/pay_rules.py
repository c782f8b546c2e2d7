"""By what pay is settled: the entity's policy and approval chain, wages, minimum wages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from domain.access import Actor, Resource
from domain.pay_batch import PLAIN_CHAIN, ApprovalStep, chain_from
from storage import tables
from storage.carrying import Purpose, look_at
from storage.rules import known
from storage.sealing import opened, opened_row
from storage.visibility import people_seen

_setting, _wage, _minimum = tables.pay_setting, tables.wage, tables.minimum_wage


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySettings:
    """What an entity decided about its pay; nothing decided is version 0 and no policy."""

    policy: str | None = None
    policy_version: str | None = None
    policy_hash: str | None = None
    approval: tuple[ApprovalStep, ...] = PLAIN_CHAIN
    columns: Mapping[str, Any] | None = None
    valid_from: date | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wage:
    """The wage of a month, from that month on until the next."""

    id: str
    person_id: str
    amount: int
    currency: str
    region: str
    valid_from: date


def pay_settings_on(
    connection: Connection, entity_id: str, day: date, known_at: datetime
) -> PaySettings:
    """Return what holds on ``day``: of what has begun the latest."""
    query = select(_setting).where(
        known(_setting, known_at, "id"),
        _setting.c.legal_entity_id == entity_id,
        _setting.c.voided.is_(False),
        _setting.c.valid_from <= day,
    )
    order = (_setting.c.valid_from.desc(), _setting.c.id.desc())
    row = connection.execute(query.order_by(*order).limit(1)).one_or_none()
    return PaySettings() if row is None else _settings_of(row)


def _settings_of(row: Row[Any]) -> PaySettings:
    return PaySettings(
        policy=row.policy,
        policy_version=row.policy_version,
        policy_hash=row.policy_hash,
        approval=chain_from(row.approval),
        columns=row.payroll_columns,
        valid_from=row.valid_from,
        version=row.revision,
    )


def row_from(
    connection: Connection, table: Table, entity_id: str, day: date, **wanted: Any
) -> Any | None:
    """Return the newest row of a dated rule that begins on exactly ``day``, or None."""
    newer = table.alias()
    later = (
        select(1)
        .where(newer.c.id == table.c.id, newer.c.revision > table.c.revision)
        .correlate(table)
        .exists()
    )
    query = select(table).where(
        ~later,
        table.c.legal_entity_id == entity_id,
        table.c.valid_from == day,
        *(table.c[name] == value for name, value in wanted.items()),
    )
    return opened_row(connection, table, connection.execute(query.limit(1)).one_or_none())


def wages_on(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    day: date,
    known_at: datetime,
    person_ids: Sequence[str] | None = None,
) -> dict[str, Wage]:
    """Return by person the wage that holds on ``day``, of those whose pay the actor may see."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_wage).where(
        known(_wage, known_at, "id"),
        _wage.c.legal_entity_id == entity_id,
        _wage.c.voided.is_(False),
        _wage.c.valid_from <= day,
        people_seen(actor, Resource.PAY, _wage.c.person_id, _wage.c.legal_entity_id, day),
    )
    if person_ids is not None:
        query = query.where(_wage.c.person_id.in_(list(person_ids)))
    rows = connection.execute(query.order_by(_wage.c.valid_from, _wage.c.id)).all()
    newest = {row.person_id: row for row in rows}  # the latest start comes last
    return {person: _wage_of(connection, row) for person, row in newest.items()}


def _wage_of(connection: Connection, row: Row[Any]) -> Wage:
    return Wage(
        id=row.id,
        person_id=row.person_id,
        amount=opened(connection, _wage.c.amount, row),
        currency=row.currency,
        region=row.region,
        valid_from=row.valid_from,
    )


def minimum_wages_on(
    connection: Connection, entity_id: str, *, day: date, known_at: datetime
) -> dict[str, tuple[int, str]]:
    """Return by region the minimum wage that holds on ``day``, with its currency."""
    query = select(_minimum).where(
        known(_minimum, known_at, "id"),
        _minimum.c.legal_entity_id == entity_id,
        _minimum.c.voided.is_(False),
        _minimum.c.valid_from <= day,
    )
    rows = connection.execute(query.order_by(_minimum.c.valid_from, _minimum.c.id))
    return {row.region: (row.amount, row.currency) for row in rows}

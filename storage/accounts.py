"""Accounts and rights: who can sign in, and what roles that makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from domain.access import Grant, Role, Viewer
from domain.ids import AccountId, EntityId, PersonId, UnitId
from domain.people import AssignmentRole
from storage import tables
from storage.rules import known, valid

_account, _grant = tables.account, tables.role_grant
_assignment = tables.assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in."""

    id: str
    entity_id: str
    person_id: str | None
    login: str
    locale: str


def account_by_login(connection: Connection, login: str) -> Account | None:
    """Return the account of a login that is not disabled."""
    return _one(connection, _account.c.login == login)


def account_of_person(connection: Connection, person_id: str) -> Account | None:
    """Return the account of a person that is not disabled."""
    return _one(connection, _account.c.person_id == person_id)


def _one(connection: Connection, condition: ColumnElement[bool]) -> Account | None:
    query = select(_account).where(condition, _account.c.disabled_at.is_(None))
    row = connection.execute(query.order_by(_account.c.id).limit(1)).one_or_none()
    return _account_of(row) if row else None


def _account_of(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        entity_id=row.legal_entity_id,
        person_id=row.person_id,
        login=row.login,
        locale=row.locale,
    )


def accounts(connection: Connection, entity_id: str) -> tuple[Account, ...]:
    """Return every account of an entity, for the list of demo people; by login."""
    rows = connection.execute(
        select(_account)
        .where(_account.c.legal_entity_id == entity_id, _account.c.disabled_at.is_(None))
        .order_by(_account.c.login)
    )
    return tuple(_account_of(row) for row in rows)


def account_of_id(connection: Connection, account_id: str) -> Account | None:
    """Return the account with an id that is not disabled."""
    return _one(connection, _account.c.id == account_id)


def viewer_of(connection: Connection, account: Account, today: date, known_at: datetime) -> Viewer:
    """Build the viewer: roles that were granted, and those that an assignment brings today.

    Whoever leads a unit is its manager, whoever is assigned anywhere is a salesperson to themself;
    both end on the day the assignment ends, without anybody taking a right away.
    """
    query = select(_grant).where(
        known(_grant, known_at, "id"), valid(_grant, today), _grant.c.account_id == account.id
    )
    grants = [
        Grant(
            role=Role(row.role),
            entity_id=EntityId(row.legal_entity_id),
            unit_id=UnitId(row.unit_id) if row.unit_id else None,
        )
        for row in connection.execute(query.order_by(_grant.c.id))
    ]
    # Who runs the system sees no business data, not even as the employee they also are.
    if account.person_id is not None and all(grant.role is not Role.ADMIN for grant in grants):
        grants.extend(_born_of_assignments(connection, account.person_id, today, known_at))
        own = Grant(role=Role.SALESPERSON, entity_id=EntityId(account.entity_id))
        grants.append(own)
    return Viewer(
        account_id=AccountId(account.id),
        person_id=PersonId(account.person_id) if account.person_id else None,
        grants=tuple(dict.fromkeys(grants)),
    )


def _born_of_assignments(
    connection: Connection, person_id: str, today: date, known_at: datetime
) -> list[Grant]:
    query = select(_assignment).where(
        known(_assignment, known_at, "series_id"),
        valid(_assignment, today),
        _assignment.c.person_id == person_id,
        _assignment.c.role == AssignmentRole.LEAD.value,
    )
    return [
        Grant(
            role=Role.MANAGER,
            entity_id=EntityId(row.legal_entity_id),
            unit_id=UnitId(row.unit_id),
        )
        for row in connection.execute(query.order_by(_assignment.c.series_id))
    ]

"""Accounts: who can sign in. What roles that makes is in ``storage.rights``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from storage import tables

_account = tables.account


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


def people_of_accounts(connection: Connection, account_ids: Collection[str]) -> dict[str, str]:
    """Return whose accounts these are, where they are somebody's."""
    query = select(_account.c.id, _account.c.person_id).where(
        _account.c.id.in_(sorted(account_ids)), _account.c.person_id.is_not(None)
    )
    return {row[0]: row[1] for row in connection.execute(query)}

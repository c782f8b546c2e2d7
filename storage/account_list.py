"""Accounts as an administrator sees them: who can sign in, how, since when, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from domain.access import Actor, Deed, Resource, Role
from storage import tables
from storage.engine import Writing
from storage.rules import known, overlaps, valid
from storage.visibility import entities_seen

_account, _grant, _session = tables.account, tables.role_grant, tables.session


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccount:
    """An account, whether it may sign in or not."""

    id: str
    entity_id: str
    login: str
    person_id: str | None
    locale: str
    disabled_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """A role of an account, from a day to a day."""

    id: str
    account_id: str
    entity_id: str
    role: Role
    unit_id: str | None
    valid_from: date
    valid_to: date | None
    version: int


def accounts_seen(
    connection: Connection,
    actor: Actor,
    *,
    ids: Sequence[str] | None = None,
    search: str | None = None,
    deed: Deed = Deed.READ,
) -> tuple[ListedAccount, ...]:
    """Return the accounts of the legal entities whose accounts ``actor`` may see, by login."""
    query = select(_account).where(entities_seen(actor, Resource.ACCOUNT, _account, deed))
    if ids is not None:
        query = query.where(_account.c.id.in_(list(ids)))
    if search:
        query = query.where(_account.c.login.contains(search, autoescape=True))
    rows = connection.execute(query.order_by(_account.c.login, _account.c.id))
    return tuple(_listed(row) for row in rows)


def _listed(row: Row[Any]) -> ListedAccount:
    return ListedAccount(
        id=row.id,
        entity_id=row.legal_entity_id,
        login=row.login,
        person_id=row.person_id,
        locale=row.locale,
        disabled_at=row.disabled_at,
        version=row.version,
    )


def is_login_taken(connection: Connection, login: str) -> bool:
    """Say whether any account, disabled or not, of any legal entity has this login."""
    found = select(_account.c.id).where(_account.c.login == login)
    return connection.execute(found).first() is not None


def person_has_account(connection: Connection, person_id: str) -> bool:
    """Say whether a person has an account, disabled or not."""
    found = select(_account.c.id).where(_account.c.person_id == person_id)
    return connection.execute(found.limit(1)).first() is not None


def last_sign_ins(connection: Connection, account_ids: Sequence[str]) -> dict[str, datetime]:
    """Return for each account when its latest session began."""
    query = (
        select(
            _session.c.account_id, func.max(_session.c.created_at, type_=_session.c.created_at.type)
        )
        .where(_session.c.account_id.in_(list(account_ids)))
        .group_by(_session.c.account_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def grants_of(
    connection: Connection, account_ids: Sequence[str], *, known_at: datetime
) -> tuple[RoleGrant, ...]:
    """Return the roles of accounts that were not taken back, also those that have ended."""
    query = select(_grant).where(
        known(_grant, known_at, "id"),
        _grant.c.voided.is_(False),
        _grant.c.account_id.in_(list(account_ids)),
    )
    order = (_grant.c.account_id, _grant.c.valid_from, _grant.c.id)
    return tuple(_role_grant(row) for row in connection.execute(query.order_by(*order)))


def _role_grant(row: Row[Any]) -> RoleGrant:
    return RoleGrant(
        id=row.id,
        account_id=row.account_id,
        entity_id=row.legal_entity_id,
        role=Role(row.role),
        unit_id=row.unit_id,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        version=row.revision,
    )


def is_granted(
    writing: Writing, account_id: str, role: Role, unit_id: str | None, start: date, end: date
) -> bool:
    """Say whether an account has the role with that scope on any day of ``[start, end)``."""
    same_unit = _grant.c.unit_id.is_(None) if unit_id is None else _grant.c.unit_id == unit_id
    query = select(_grant.c.id).where(
        known(_grant, writing.known_at, "id"),
        overlaps(_grant, start, end),
        _grant.c.account_id == account_id,
        _grant.c.legal_entity_id == writing.entity_id,
        _grant.c.role == role.value,
        same_unit,
    )
    return writing.connection.execute(query.limit(1)).first() is not None


def lasting_administrators(writing: Writing, entity_id: str) -> frozenset[tuple[str, str]]:
    """Return account and grant of whoever administers an entity today and without an end."""
    query = (
        select(_grant.c.account_id, _grant.c.id)
        .join(_account, _account.c.id == _grant.c.account_id)
        .where(
            known(_grant, writing.known_at, "id"),
            valid(_grant, writing.known_at.date()),
            _grant.c.valid_to.is_(None),
            _grant.c.legal_entity_id == entity_id,
            _grant.c.role == Role.ADMIN.value,
            _account.c.disabled_at.is_(None),
        )
    )
    return frozenset((row.account_id, row.id) for row in writing.connection.execute(query))


def put_disabled(writing: Writing, account_id: str, version: int, at: datetime | None) -> None:
    """Disable or enable an account; ``version`` is the one that it has from now on."""
    writing.connection.execute(
        update(_account).where(_account.c.id == account_id).values(disabled_at=at, version=version)
    )

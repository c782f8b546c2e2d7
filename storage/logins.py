"""Logins elsewhere and attempts to sign in: who a subject is, and what may be finished once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select

from storage import tables
from storage.accounts import Account, account_of_id
from storage.engine import Writing
from storage.rules import known, overlaps, valid

_login, _attempt = tables.account_login, tables.sign_in_attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLogin:
    """A login elsewhere that signs in an account, from a day to a day."""

    id: str
    account_id: str
    provider: str
    subject: str
    valid_from: date
    valid_to: date | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What an attempt that was just finished had asked for."""

    provider: str
    return_to: str


def account_of_login(
    connection: Connection,
    *,
    provider: str,
    issuer: str,
    subject: str,
    entity_id: str,
    day: date,
) -> Account | None:
    """Return the account that a login elsewhere signs in on ``day``, unless it is disabled.

    The last revision counts, whatever any clock says: a link that was ended is ended.
    """
    newer = _login.alias()
    later = exists(
        select(1)
        .where(newer.c.id == _login.c.id, newer.c.revision > _login.c.revision)
        .correlate(_login)
    )
    query = select(_login.c.account_id).where(
        ~later,
        valid(_login, day),
        _login.c.provider == provider,
        _login.c.issuer == issuer,
        _login.c.subject == subject,
        _login.c.legal_entity_id == entity_id,
    )
    found = connection.execute(query.order_by(_login.c.id).limit(1)).scalar_one_or_none()
    return None if found is None else account_of_id(connection, found)


def logins_of(
    connection: Connection, account_ids: Sequence[str], *, known_at: datetime
) -> tuple[AccountLogin, ...]:
    """Return the logins of accounts that were not taken back, also those that have ended."""
    query = select(_login).where(
        known(_login, known_at, "id"),
        _login.c.voided.is_(False),
        _login.c.account_id.in_(list(account_ids)),
    )
    order = (_login.c.account_id, _login.c.valid_from, _login.c.id)
    return tuple(_login_of(row) for row in connection.execute(query.order_by(*order)))


def _login_of(row: Row[Any]) -> AccountLogin:
    return AccountLogin(
        id=row.id,
        account_id=row.account_id,
        provider=row.provider,
        subject=row.subject,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        version=row.revision,
    )


def is_linked(
    writing: Writing, *, provider: str, issuer: str, subject: str, start: date, end: date
) -> bool:
    """Say whether a login is linked to any account on any day of ``[start, end)``."""
    query = select(_login.c.id).where(
        known(_login, writing.known_at, "id"),
        overlaps(_login, start, end),
        _login.c.provider == provider,
        _login.c.issuer == issuer,
        _login.c.subject == subject,
    )
    return writing.connection.execute(query.limit(1)).first() is not None


def add_attempt(
    connection: Connection,
    *,
    browser_hash: str,
    entity_id: str,
    provider: str,
    return_to: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember an attempt, and forget those that nobody finished in time."""
    connection.execute(delete(_attempt).where(_attempt.c.expires_at <= now))
    connection.execute(
        insert(_attempt).values(
            browser_hash=browser_hash,
            legal_entity_id=entity_id,
            provider=provider,
            return_to=return_to,
            expires_at=expires_at,
        )
    )


def take_attempt(
    connection: Connection, browser_hash: str, provider: str, now: datetime
) -> Attempt | None:
    """Take an attempt away and return it: whoever comes second finds nothing."""
    taken = connection.execute(
        delete(_attempt)
        .where(
            _attempt.c.browser_hash == browser_hash,
            _attempt.c.provider == provider,
            _attempt.c.expires_at > now,
        )
        .returning(_attempt.c.provider, _attempt.c.return_to)
    ).one_or_none()
    return None if taken is None else Attempt(provider=taken.provider, return_to=taken.return_to)

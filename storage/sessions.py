"""Sessions and their refresh tokens: found by a hash, ended at once, rewritten in place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from domain.access import Actor
from domain.session import SEEN_EVERY, Lifetimes, SessionEnd, SessionKind
from storage.accounts import Account, account_of_id
from storage.engine import Engine, changing
from storage.tables import refresh_token, session

_TOUCH_WAIT_MS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session as it is kept; a phone's has an access token that ends before it does."""

    id: str
    entity_id: str
    account_id: str
    kind: SessionKind
    client: str | None
    token_hash: str
    created_at: datetime
    last_seen_at: datetime
    token_expires_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRefresh:
    """A refresh token as it is kept; ``salt`` is there while its successor is unused."""

    token_hash: str
    session_id: str
    number: int
    expires_at: datetime
    used_at: datetime | None = None
    key_hash: str | None = None
    salt: str | None = None


def alive(now: datetime, lifetimes: Lifetimes) -> ColumnElement[bool]:
    """Keep the sessions that are neither revoked nor expired nor left alone for too long."""
    seen = func.coalesce(session.c.last_seen_at, session.c.created_at)
    idle = or_(
        *(
            and_(session.c.kind == kind.value, seen > now - lifetimes.idle(kind))
            for kind in SessionKind
        )
    )
    return and_(session.c.revoked_at.is_(None), session.c.expires_at > now, idle)


def is_alive(stored: StoredSession, now: datetime, lifetimes: Lifetimes) -> bool:
    """Say the same of a session that was read."""
    return (
        stored.revoked_at is None
        and stored.expires_at > now
        and stored.last_seen_at > now - lifetimes.idle(stored.kind)
    )


def session_of_token(
    connection: Connection, token_hash: str, now: datetime, lifetimes: Lifetimes
) -> tuple[StoredSession, Account] | None:
    """Return the session that a token opens at ``now``, and whose it is."""
    until = session.c.token_expires_at
    found = connection.execute(
        select(session).where(
            session.c.token_hash == token_hash,
            alive(now, lifetimes),
            or_(until.is_(None), until > now),
        )
    ).one_or_none()
    if found is None:
        return None
    account = account_of_id(connection, found.account_id)
    return None if account is None else (_from_row(found), account)


def session_by_id(connection: Connection, session_id: str) -> StoredSession | None:
    """Return a session, whatever became of it."""
    row = connection.execute(select(session).where(session.c.id == session_id)).one_or_none()
    return None if row is None else _from_row(row)


def sessions_of(
    connection: Connection, account_id: str, now: datetime, lifetimes: Lifetimes, most: int
) -> tuple[StoredSession, ...]:
    """Return the living sessions of an account, the one seen last first."""
    query = select(session).where(session.c.account_id == account_id, alive(now, lifetimes))
    latest = func.coalesce(session.c.last_seen_at, session.c.created_at).desc()
    rows = connection.execute(query.order_by(latest, session.c.id).limit(most))
    return tuple(_from_row(row) for row in rows)


def _from_row(row: Row[Any]) -> StoredSession:
    return StoredSession(
        id=row.id,
        entity_id=row.legal_entity_id,
        account_id=row.account_id,
        kind=SessionKind(row.kind),
        client=row.client,
        token_hash=row.token_hash,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at or row.created_at,
        token_expires_at=row.token_expires_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def add_session(connection: Connection, new: StoredSession) -> None:
    """Add a session; its token is known by its hash alone."""
    connection.execute(
        insert(session).values(
            id=new.id,
            legal_entity_id=new.entity_id,
            account_id=new.account_id,
            kind=new.kind.value,
            client=new.client,
            token_hash=new.token_hash,
            created_at=new.created_at,
            last_seen_at=new.last_seen_at,
            token_expires_at=new.token_expires_at,
            expires_at=new.expires_at,
        )
    )


def touch_session(engine: Engine, actor: Actor, session_id: str, now: datetime) -> None:
    """Note that a session was used; while somebody else writes this is left to the next request."""
    try:
        with changing(engine, actor, wait_ms=_TOUCH_WAIT_MS) as connection:
            connection.execute(
                update(session)
                .where(
                    session.c.id == session_id,
                    func.coalesce(session.c.last_seen_at, session.c.created_at) < now - SEEN_EVERY,
                )
                .values(last_seen_at=now)
            )
    except OperationalError:
        return


def end_session(connection: Connection, session_id: str, now: datetime, why: SessionEnd) -> None:
    """Revoke a session at ``now``; one that is revoked stays as it is."""
    _revoke(connection, session.c.id == session_id, now, why)


def end_sessions(connection: Connection, account_id: str, now: datetime, why: SessionEnd) -> None:
    """Revoke every session of an account at ``now``."""
    _revoke(connection, session.c.account_id == account_id, now, why)


def _revoke(
    connection: Connection, which: ColumnElement[bool], now: datetime, why: SessionEnd
) -> None:
    connection.execute(
        update(session)
        .where(which, session.c.revoked_at.is_(None))
        .values(revoked_at=now, ended_why=why.value)
    )


# ---- refresh tokens ------------------------------------------------------------------------------


def refresh_by_hash(connection: Connection, token_hash: str) -> StoredRefresh | None:
    """Return a refresh token, used or not."""
    query = select(refresh_token).where(refresh_token.c.token_hash == token_hash)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return StoredRefresh(
        token_hash=row.token_hash,
        session_id=row.session_id,
        number=row.number,
        expires_at=row.expires_at,
        used_at=row.used_at,
        key_hash=row.key_hash,
        salt=row.salt,
    )


def add_refresh(
    connection: Connection, new: StoredRefresh, entity_id: str, made_at: datetime
) -> None:
    """Add a refresh token of a session."""
    connection.execute(
        insert(refresh_token).values(
            token_hash=new.token_hash,
            legal_entity_id=entity_id,
            session_id=new.session_id,
            number=new.number,
            made_at=made_at,
            expires_at=new.expires_at,
        )
    )


def lock_session(connection: Connection, session_id: str) -> None:
    """Make whoever else refreshes this session wait; SQLite's writers wait already."""
    connection.execute(select(session.c.id).where(session.c.id == session_id).with_for_update())


def use_refresh(
    connection: Connection, used: StoredRefresh, now: datetime, key_hash: str, salt: str
) -> None:
    """Mark a refresh token as used; what its predecessor was used with is forgotten."""
    connection.execute(
        update(refresh_token)
        .where(refresh_token.c.session_id == used.session_id, refresh_token.c.salt.is_not(None))
        .values(salt=None)
    )
    connection.execute(
        update(refresh_token)
        .where(refresh_token.c.token_hash == used.token_hash)
        .values(used_at=now, key_hash=key_hash, salt=salt)
    )


def renew_session(
    connection: Connection, session_id: str, token_hash: str, until: datetime, now: datetime
) -> None:
    """Give a session its next access token: the one before is worth nothing."""
    connection.execute(
        update(session)
        .where(session.c.id == session_id)
        .values(token_hash=token_hash, token_expires_at=until, last_seen_at=now)
    )

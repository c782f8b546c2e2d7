"""Sessions begin, are refreshed and end; of their tokens only hashes are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from actions.deed import Done, Runtime, demand_entity, perform
from actions.identifiers import new_id
from actions.secret_tokens import (
    ACCESS,
    REFRESH,
    SESSION,
    derived_token,
    new_salt,
    new_token,
    token_hash,
)
from domain.access import Actor, Resource, System, Viewer
from domain.problem import Refused
from domain.session import SessionEnd, SessionKind
from storage.accounts import Account, account_of_id
from storage.audit import add_event
from storage.engine import Connection, Writing, changing, reading
from storage.sessions import (
    StoredRefresh,
    StoredSession,
    add_refresh,
    add_session,
    end_session,
    end_sessions,
    is_alive,
    lock_session,
    refresh_by_hash,
    renew_session,
    session_by_id,
    use_refresh,
)

# A token has to be looked up before anybody is anybody: the product itself asks.
_SESSIONS = System(name="sessions")
_LONGEST_CLIENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What whoever signed in is given, once; a browser has no refresh token."""

    session_id: str
    token: str
    expires_at: datetime  # of the token
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None


def open_session(
    runtime: Runtime,
    account: Account,
    kind: SessionKind = SessionKind.BROWSER,
    client: str | None = None,
) -> Opened:
    """Open a session of an account that has proved who it is; ``client`` says what holds it."""
    now, lifetimes = runtime.clock(), runtime.lifetimes
    ends = now + lifetimes.longest(kind)
    is_mobile = kind is SessionKind.MOBILE
    token = new_token(ACCESS if is_mobile else SESSION)
    session = StoredSession(
        id=new_id("ses", now),
        entity_id=account.entity_id,
        account_id=account.id,
        kind=kind,
        client=_said(client),
        token_hash=token_hash(token),
        created_at=now,
        last_seen_at=now,
        token_expires_at=min(now + lifetimes.access, ends) if is_mobile else None,
        expires_at=ends,
    )
    refresh = new_token(REFRESH) if is_mobile else None
    until = min(now + lifetimes.mobile_idle, ends) if is_mobile else None
    # Nobody learns a fact from a session: it does not wait for the writer's turn.
    with changing(runtime.engine, _SESSIONS) as connection:
        add_session(connection, session)
        if refresh is not None and until is not None:
            add_refresh(connection, _stored(session.id, refresh, 1, until), account.entity_id, now)
    return Opened(
        session_id=session.id,
        token=token,
        expires_at=session.token_expires_at or ends,
        refresh_token=refresh,
        refresh_expires_at=until,
    )


def _said(client: str | None) -> str | None:
    """Keep what a client says of itself: printable, and not for ever."""
    kept = "".join(each for each in client or "" if each.isprintable()).strip()
    return kept[:_LONGEST_CLIENT] or None


def _stored(session_id: str, token: str, number: int, until: datetime) -> StoredRefresh:
    return StoredRefresh(
        token_hash=token_hash(token), session_id=session_id, number=number, expires_at=until
    )


def account_of_refresh(runtime: Runtime, token: str) -> str | None:
    """Return whose session a refresh token, used or not, belongs to."""
    with reading(runtime.engine, _SESSIONS) as connection:
        found = refresh_by_hash(connection, token_hash(token))
        session = None if found is None else session_by_id(connection, found.session_id)
    return None if session is None else session.account_id


def refresh_session(runtime: Runtime, token: str, key: str) -> Opened:
    """Give the next pair for a refresh token, once.

    The same token with the same key is a lost reply: it gets the same pair, until that pair has
    been refreshed in turn. With another key somebody else has the token too: the session is over.
    """
    hashed = token_hash(token)
    with reading(runtime.engine, _SESSIONS) as connection:
        known = refresh_by_hash(connection, hashed)
    if known is None:
        raise Refused("session_over")
    with changing(runtime.engine, _SESSIONS) as connection:
        lock_session(connection, known.session_id)
        opened = _next_pair(runtime, connection, token, token_hash(key))
    if opened is None:
        _end_reused(runtime, known)
        raise Refused("refresh_token_reused")
    return opened


def _next_pair(
    runtime: Runtime, connection: Connection, token: str, key_hash: str
) -> Opened | None:
    """Return the pair that follows, made now or before; None when the token is used again."""
    now = runtime.clock()
    used = refresh_by_hash(connection, token_hash(token))
    session = None if used is None else session_by_id(connection, used.session_id)
    if used is None or session is None or not _is_open(runtime, connection, session, now):
        raise Refused("session_over")
    if used.used_at is None:
        if used.expires_at <= now:
            raise Refused("session_over")
        return _rotate(runtime, connection, session, used, token, key_hash, now)
    if used.salt is None or used.key_hash != key_hash or session.token_expires_at is None:
        return None
    following = derived_token(REFRESH, token, used.salt)
    made = refresh_by_hash(connection, token_hash(following))
    return Opened(
        session_id=session.id,
        token=derived_token(ACCESS, token, used.salt),
        expires_at=session.token_expires_at,
        refresh_token=following,
        refresh_expires_at=None if made is None else made.expires_at,
    )


def _is_open(
    runtime: Runtime, connection: Connection, session: StoredSession, now: datetime
) -> bool:
    return (
        is_alive(session, now, runtime.lifetimes)
        and account_of_id(connection, session.account_id) is not None
    )


def _rotate(
    runtime: Runtime,
    connection: Connection,
    session: StoredSession,
    used: StoredRefresh,
    token: str,
    key_hash: str,
    now: datetime,
) -> Opened:
    salt, lifetimes = new_salt(), runtime.lifetimes
    access, following = derived_token(ACCESS, token, salt), derived_token(REFRESH, token, salt)
    access_until = min(now + lifetimes.access, session.expires_at)
    until = min(now + lifetimes.mobile_idle, session.expires_at)
    use_refresh(connection, used, now, key_hash, salt)
    stored = _stored(session.id, following, used.number + 1, until)
    add_refresh(connection, stored, session.entity_id, now)
    renew_session(connection, session.id, token_hash(access), access_until, now)
    return Opened(
        session_id=session.id,
        token=access,
        expires_at=access_until,
        refresh_token=following,
        refresh_expires_at=until,
    )


def _end_reused(runtime: Runtime, used: StoredRefresh) -> None:
    """Sign everybody out who holds a token of this session, and say so in the trail, in one."""
    with reading(runtime.engine, _SESSIONS) as connection:
        session = session_by_id(connection, used.session_id)
    if session is None:
        return
    with runtime.writing(session.entity_id, _SESSIONS) as writing:
        now = session_by_id(writing.connection, session.id)
        if now is None or now.revoked_at is not None:
            return
        end_session(writing.connection, session.id, writing.known_at, SessionEnd.REFRESH_REUSED)
        details = {"account": session.account_id, "number": used.number}
        add_event(writing, "refreshTokenReused", session.id, details)


def sign_out(runtime: Runtime, session: StoredSession, *, everywhere: bool) -> None:
    """End the session of a request, or every session of its account, at once."""
    now = runtime.clock()
    with changing(runtime.engine, _SESSIONS) as connection:
        if everywhere:
            end_sessions(connection, session.account_id, now, SessionEnd.SIGNED_OUT)
        else:
            end_session(connection, session.id, now, SessionEnd.SIGNED_OUT)


def end_own_session(runtime: Runtime, viewer: Viewer, session_id: str, key: str) -> Done:
    """End a session of the viewer's own account; another's does not exist for the viewer."""
    with reading(runtime.engine, _SESSIONS) as connection:
        found = session_by_id(connection, session_id)
    if found is None or found.account_id != viewer.account_id:
        raise Refused("not_found", {"id": session_id})

    def end(writing: Writing) -> str:
        end_session(writing.connection, session_id, writing.known_at, SessionEnd.ENDED)
        return session_id

    request = {"session": session_id}
    return perform(runtime, viewer, found.entity_id, "sessionEnd", request, end, key)


def end_account_sessions(
    runtime: Runtime, actor: Actor, account_id: str, reason: str, key: str
) -> Done:
    """End every session of an account, by whoever administers accounts of its legal entity."""
    with reading(runtime.engine, _SESSIONS) as connection:
        account = account_of_id(connection, account_id)
    if account is None or not _may_administer(actor, account):
        raise Refused("not_found", {"id": account_id})

    def end(writing: Writing) -> str:
        end_sessions(writing.connection, account_id, writing.known_at, SessionEnd.ENDED)
        return account_id

    request = {"account": account_id, "reason": reason}
    return perform(runtime, actor, account.entity_id, "accountSessionsEnd", request, end, key)


def _may_administer(actor: Actor, account: Account) -> bool:
    try:
        demand_entity(actor, Resource.ACCOUNT, account.entity_id)
    except Refused:
        return False
    return True

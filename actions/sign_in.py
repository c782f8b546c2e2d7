"""Accounts are made, sessions begin and end; the token itself is never stored."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta

from actions.deed import Runtime
from actions.identifiers import new_id, new_secret
from domain.access import Role, System
from domain.problem import Refused
from storage import tables
from storage.accounts import (
    Account,
    account_by_login,
    account_of_person,
    add_session,
    end_session,
    end_sessions,
)
from storage.engine import Writing, changing, reading
from storage.people import add_row

SESSION_DAYS = 7
# Who an account is has to be known before anybody is anybody: the product itself asks.
_SIGN_IN = System(name="sign-in")


def token_hash(token: str) -> str:
    """Return what is stored of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_account(
    writing: Writing,
    *,
    login: str,
    person_id: str | None,
    locale: str,
    roles: tuple[Role, ...] = (),
    valid_from: date,
) -> str:
    """Make an account with roles over the whole legal entity; an existing login is kept."""
    before = account_by_login(writing.connection, login)
    if before is not None:
        return before.id
    identifier = new_id("acc", writing.known_at)
    add_row(
        writing,
        tables.account,
        id=identifier,
        person_id=person_id,
        login=login,
        locale=locale,
    )
    for role in roles:
        add_row(
            writing,
            tables.role_grant,
            id=new_id("grant", writing.known_at),
            revision=1,
            valid_from=valid_from,
            valid_to=None,
            voided=False,
            made_by=writing.actor,
            account_id=identifier,
            role=role.value,
            unit_id=None,
        )
    return identifier


def open_demo_session(runtime: Runtime, who: str) -> tuple[str, str]:
    """Sign in as a person of the demo company, by login or person id; return (token, account id).

    The front door allows this only on loopback with the demo flag.
    """
    if not runtime.demo:
        raise Refused("demo_only")
    with reading(runtime.engine, _SIGN_IN) as connection:
        account = account_by_login(connection, who) or account_of_person(connection, who)
    if account is None:
        raise Refused("sign_in_failed")
    return open_session(runtime, account), account.id


def open_session(runtime: Runtime, account: Account) -> str:
    """Begin a session of an account and return its token, which is shown once."""
    token, now = new_secret(), runtime.clock()
    # Nobody learns a fact from a session: it does not wait for the writer's turn.
    with changing(runtime.engine, _SIGN_IN) as connection:
        add_session(
            connection,
            session_id=new_id("ses", now),
            entity_id=account.entity_id,
            account_id=account.id,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + timedelta(days=SESSION_DAYS),
        )
    return token


def revoke_session(
    runtime: Runtime, account: Account, token: str, now: datetime, *, everywhere: bool
) -> None:
    """End a session, or every session of its account, at once."""
    with changing(runtime.engine, _SIGN_IN) as connection:
        if everywhere:
            end_sessions(connection, account.id, now)
        else:
            end_session(connection, token_hash(token), now)

"""Accounts are made, and the people of the demo sign in."""

from __future__ import annotations

from datetime import date

from actions.deed import Runtime
from actions.identifiers import new_id
from actions.sessions import Opened, open_session
from domain.access import Role, System
from domain.problem import Refused
from domain.session import SessionKind
from storage import tables
from storage.accounts import Account, account_by_login, account_of_person
from storage.engine import Writing, reading
from storage.people import add_row

# Who an account is has to be known before anybody is anybody: the product itself asks.
_SIGN_IN = System(name="sign-in")


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


def open_demo_session(
    runtime: Runtime,
    who: str,
    kind: SessionKind = SessionKind.BROWSER,
    client: str | None = None,
) -> Opened:
    """Sign in as a person of the demo company, by login or person id.

    The front door allows this only on loopback with the demo flag.
    """
    return open_session(runtime, demo_account(runtime, who), kind, client)


def demo_account(runtime: Runtime, who: str) -> Account:
    """Return whom anybody may become on a demo server, by login or person id."""
    if not runtime.demo:
        raise Refused("demo_only")
    with reading(runtime.engine, _SIGN_IN) as connection:
        account = account_by_login(connection, who) or account_of_person(connection, who)
    if account is None:
        raise Refused("sign_in_failed")
    return account

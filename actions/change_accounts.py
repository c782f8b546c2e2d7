"""What administrators do with accounts: make them, link logins, grant roles, and end all of it.

Two rules stand above the rights of an administrator: nobody grants rights to their own account or
to another account of their own person, and a legal entity never loses its last administrator.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.deed import Runtime, demand_entity
from actions.identifiers import new_id
from actions.sign_in_elsewhere import entity_of_provider, provider_called
from domain.access import Actor, Deed, Resource, Role, Viewer
from domain.problem import Refused
from domain.session import SessionEnd
from storage import tables
from storage.account_list import (
    ListedAccount,
    accounts_seen,
    grants_of,
    is_granted,
    is_login_taken,
    lasting_administrators,
    person_has_account,
    put_disabled,
)
from storage.engine import Writing
from storage.logins import is_linked
from storage.people import add_revision, add_row, latest_row, units
from storage.sessions import end_sessions

LOCALES = frozenset({"zh-CN", "en"})
_LONGEST_LOGIN = 120
_NOT_GRANTED_HERE = frozenset({Role.VENDOR, Role.TEAM_PAY})
_WITH_UNIT = frozenset({Role.MANAGER})
_PERHAPS_WITH_UNIT = frozenset({Role.HR})  # of a branch, or of the whole legal entity


def create_account(
    writing: Writing, actor: Actor, *, login: str, person_id: str | None, locale: str
) -> str:
    """Make an account without any role or login elsewhere; return its id."""
    demand_entity(actor, Resource.ACCOUNT, writing.entity_id)
    connection, name = writing.connection, login.strip()
    if not name:
        raise Refused("text_empty", {"field": "login"})
    if len(name) > _LONGEST_LOGIN or not name.isprintable():
        raise Refused("account_login_invalid", {"login": name[:_LONGEST_LOGIN]})
    if is_login_taken(connection, name):
        raise Refused("account_login_taken", {"login": name})
    if person_id is not None:
        person = latest_row(
            connection, tables.person, "id", writing.known_at,
            id=person_id, legal_entity_id=writing.entity_id,
        )  # fmt: skip
        if person is None:
            raise Refused("person_unknown", {"person": person_id})
        if person_has_account(connection, person_id):
            raise Refused("person_has_account", {"person": person_id})
    identifier = new_id("acc", writing.known_at)
    add_row(writing, tables.account, id=identifier, person_id=person_id, login=name, locale=locale)
    return identifier


def disable_account(
    writing: Writing, actor: Actor, account_id: str, *, expected_version: int | None
) -> str:
    """Let nobody sign in with an account any more; every session of it ends at once."""
    account = _account(writing, actor, account_id, expected_version)
    held = grants_of(writing.connection, [account.id], known_at=writing.known_at)
    for entity_id in sorted({each.entity_id for each in held if each.role is Role.ADMIN}):
        _keep_administrators(writing, entity_id, account_id=account.id)
    put_disabled(writing, account.id, account.version + 1, writing.known_at)
    end_sessions(writing.connection, account.id, writing.known_at, SessionEnd.ENDED)
    return account.id


def enable_account(
    writing: Writing, actor: Actor, account_id: str, *, expected_version: int | None
) -> str:
    """Let an account sign in again, with the roles that it has today."""
    account = _account(writing, actor, account_id, expected_version)
    # What it may do is a right as well: nobody gives their own second account life again.
    _refuse_own(actor, account)
    put_disabled(writing, account.id, account.version + 1, None)
    return account.id


def link_login(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    account_id: str,
    *,
    provider: str,
    subject: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
    reason: str | None = None,
) -> str:
    """Say that a login elsewhere is an account's, from a day to a day; return the link's id."""
    account = _account(writing, actor, account_id, None)
    there = provider_called(runtime, provider)
    entity = entity_of_provider(runtime, there)
    # A provider speaks for one legal entity: the people of another do not come in through it.
    if entity is None or entity.id != account.entity_id:
        raise Refused("sign_in_provider_unknown", {"provider": provider})
    kept = there.subject_of_text(subject.strip())
    if kept is None:
        raise Refused("subject_invalid", {"subject": subject[:80]})
    start = valid_from or writing.known_at.date()
    _in_order(start, valid_to)
    end = valid_to or date.max
    if is_linked(
        writing, provider=there.id, issuer=there.issuer, subject=kept, start=start, end=end
    ):
        raise Refused("login_linked_already", {"subject": kept})
    identifier = new_id("alog", writing.known_at)
    add_row(
        writing,
        tables.account_login,
        id=identifier,
        revision=1,
        valid_from=start,
        valid_to=valid_to,
        voided=False,
        made_by=writing.actor,
        reason=reason,
        account_id=account.id,
        provider=there.id,
        issuer=there.issuer,
        subject=kept,
    )
    return identifier


def unlink_login(
    writing: Writing,
    actor: Actor,
    account_id: str,
    login_id: str,
    *,
    reason: str,
    expected_version: int | None,
) -> str:
    """End a link today; every session of the account ends, whichever login began it."""
    account = _account(writing, actor, account_id, None)
    ended = _end(writing, tables.account_login, login_id, None, reason, expected_version)
    if ended != account.id:
        raise Refused("not_found", {"id": login_id})
    end_sessions(writing.connection, account.id, writing.known_at, SessionEnd.ENDED)
    return account.id


def grant_role(
    writing: Writing,
    actor: Actor,
    account_id: str,
    *,
    role: Role,
    unit_id: str | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    reason: str | None = None,
) -> str:
    """Give an account a role in the legal entity of the writing; return the grant's id."""
    demand_entity(actor, Resource.ACCOUNT, writing.entity_id)
    account = _account(writing, actor, account_id, None)
    _refuse_own(actor, account)
    start = valid_from or writing.known_at.date()
    _in_order(start, valid_to)
    _check_unit(writing, role, unit_id, start)
    if is_granted(writing, account.id, role, unit_id, start, valid_to or date.max):
        raise Refused("role_granted_already", {"role": role.value})
    identifier = new_id("grant", writing.known_at)
    add_row(
        writing,
        tables.role_grant,
        id=identifier,
        revision=1,
        valid_from=start,
        valid_to=valid_to,
        voided=False,
        made_by=writing.actor,
        reason=reason,
        account_id=account.id,
        role=role.value,
        unit_id=unit_id,
    )
    return identifier


def revoke_role(
    writing: Writing,
    actor: Actor,
    grant_id: str,
    *,
    on: date | None = None,
    reason: str,
    expected_version: int | None,
) -> str:
    """End a role on a day, today if none is given; return the account's id."""
    demand_entity(actor, Resource.ACCOUNT, writing.entity_id)
    _keep_administrators(writing, writing.entity_id, grant_id=grant_id)
    return _end(writing, tables.role_grant, grant_id, on, reason, expected_version)


# ---- the rules ----------------------------------------------------------------------------------


def _account(
    writing: Writing, actor: Actor, account_id: str, expected_version: int | None
) -> ListedAccount:
    found = accounts_seen(writing.connection, actor, ids=[account_id], deed=Deed.WRITE)
    if not found:
        raise Refused("not_found", {"id": account_id})
    account = found[0]
    if expected_version is not None and account.version != expected_version:
        raise Refused("version_conflict", {"current": str(account.version)})
    return account


def _refuse_own(actor: Actor, account: ListedAccount) -> None:
    if not isinstance(actor, Viewer):
        return
    same_person = account.person_id is not None and account.person_id == actor.person_id
    if account.id == actor.account_id or same_person:
        raise Refused("rights_own")


def _keep_administrators(
    writing: Writing,
    entity_id: str,
    *,
    account_id: str | None = None,
    grant_id: str | None = None,
) -> None:
    """Refuse when nobody would administer the entity for good, without this account or grant."""
    holding = lasting_administrators(writing, entity_id)
    staying = {pair for pair in holding if account_id != pair[0] and grant_id != pair[1]}
    if holding and not staying:
        raise Refused("administrator_last")


def _check_unit(writing: Writing, role: Role, unit_id: str | None, day: date) -> None:
    if role in _NOT_GRANTED_HERE:
        raise Refused("role_not_granted", {"role": role.value})
    needs = role in _WITH_UNIT
    if role not in _PERHAPS_WITH_UNIT and needs != (unit_id is not None):
        raise Refused("role_needs_unit" if needs else "role_without_unit", {"role": role.value})
    if unit_id is None:
        return
    known_at = writing.known_at
    if not units(
        writing.connection, writing.entity_id, valid_at=day, known_at=known_at, ids=[unit_id]
    ):
        raise Refused("not_found", {"id": unit_id})


def _in_order(start: date, end: date | None) -> None:
    if end is not None and end <= start:
        raise Refused("dates_reversed", {"start": start.isoformat(), "end": end.isoformat()})


def _end(
    writing: Writing,
    table: Any,
    series: str,
    on: date | None,
    reason: str,
    expected_version: int | None,
) -> str:
    """End a rule of an account on a day; one that had not begun by then never was."""
    day = on or writing.known_at.date()
    before = latest_row(
        writing.connection, table, "id", writing.known_at,
        id=series, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if before is None or before.voided or (before.valid_to is not None and before.valid_to <= day):
        raise Refused("not_found", {"id": series})
    if expected_version is not None and before.revision != expected_version:
        raise Refused("version_conflict", {"current": str(before.revision)})
    if day <= before.valid_from:
        add_revision(writing, table, before, voided=True, reason=reason)
    else:
        add_revision(writing, table, before, valid_to=day, reason=reason)
    return str(before.account_id)

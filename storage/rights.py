"""Who a session speaks for: the roles that were granted, and those that assignments bring.

Rights follow what is known by now. Taking one away works at once, whatever any clock says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection, exists, select

from domain.access import DELEGATED_ROLES, Acting, Grant, Role, Viewer
from domain.ids import AccountId, EntityId, PersonId, UnitId
from domain.people import AssignmentRole
from storage import tables
from storage.accounts import Account, account_of_id
from storage.delegations import delegations_between
from storage.reasons import open_reasons
from storage.rules import hangs, valid
from storage.settings import settings_on
from storage.visibility import newest

_grant, _assignment, _person = tables.role_grant, tables.assignment, tables.person
_closure = tables.unit_closure


def viewer_of(connection: Connection, account: Account, today: date, now: datetime) -> Viewer:
    """Build the viewer of an account.

    Whoever leads a unit is its manager for the days of the assignment, and still reads those days
    after moving on inside the company; whoever leaves it reads nobody's but the own.
    """
    granted = _granted(connection, account.id, today)
    running = [grant for grant in granted if grant.role is Role.ADMIN]
    if running:
        # Who runs the system sees no business data, not by another role nor as an employee.
        return _viewer(account, running)
    person_id = account.person_id
    led = () if person_id is None else _led(connection, person_id, today)
    found = [grant for grant in granted if grant.role is not Role.TEAM_PAY] + list(led)
    pays = [grant for grant in granted if grant.role is Role.TEAM_PAY]
    found += [each for grant in pays for each in _team_pay(connection, grant, found, today)]
    if person_id is not None:
        found.append(Grant(role=Role.SALESPERSON, entity_id=EntityId(account.entity_id)))
    viewer = _viewer(account, found)
    if Role.AUDITOR in viewer.roles:
        return replace(viewer, reasons=open_reasons(connection, account.id, now))
    return viewer


def acting_viewer(
    connection: Connection, viewer: Viewer, for_account: str, today: date, now: datetime
) -> Viewer | None:
    """Build the viewer who acts for another account; None where no delegation holds.

    What the delegator holds today is cut to what was handed on: who loses a right, loses it for
    the deputy too. Nobody acts for somebody through a third, nor with a token.
    """
    if viewer.acting is not None or viewer.rights is not None or Role.ADMIN in viewer.roles:
        return None
    held = delegations_between(connection, for_account, viewer.account_id, today)
    account = account_of_id(connection, for_account)
    if not held or account is None:
        return None
    theirs = viewer_of(connection, account, today, now)
    entities = {each.entity_id for each in held}
    kept = (
        grant
        for grant in theirs.grants
        if grant.role in DELEGATED_ROLES and grant.entity_id in entities
    )
    return replace(
        viewer,
        grants=tuple(kept),
        reasons=(),
        acting=Acting(
            account_id=AccountId(account.id),
            person_id=theirs.person_id,
            delegation_id=", ".join(each.id for each in held),
            rights=frozenset(right for each in held for right in each.rights),
        ),
    )


def _viewer(account: Account, grants: Iterable[Grant]) -> Viewer:
    return Viewer(
        account_id=AccountId(account.id),
        person_id=PersonId(account.person_id) if account.person_id else None,
        grants=tuple(dict.fromkeys(grants)),
    )


def _granted(connection: Connection, account_id: str, today: date) -> list[Grant]:
    newer = _grant.alias()
    later = exists(
        select(1)
        .where(newer.c.id == _grant.c.id, newer.c.revision > _grant.c.revision)
        .correlate(_grant)
    )
    query = select(_grant).where(
        _grant.c.account_id == account_id,
        _grant.c.voided.is_(False),
        _grant.c.valid_from <= today,
        ~later,
    )
    found = []
    for row in connection.execute(query.order_by(_grant.c.id)):
        role, current = Role(row.role), row.valid_to is None or row.valid_to > today
        if not current and role is not Role.MANAGER:
            continue
        # Only leading is about the days of the rows; the other roles are held now, or not.
        dated = role in {Role.MANAGER, Role.TEAM_PAY}
        found.append(
            Grant(
                role=role,
                entity_id=EntityId(row.legal_entity_id),
                unit_id=UnitId(row.unit_id) if row.unit_id else None,
                valid_from=row.valid_from if dated else None,
                valid_to=row.valid_to if dated else None,
                current=current,
            )
        )
    return found


def _led(connection: Connection, person_id: str, today: date) -> list[Grant]:
    query = select(_assignment).where(
        newest(_assignment),
        _assignment.c.voided.is_(False),
        _assignment.c.person_id == person_id,
        _assignment.c.role == AssignmentRole.LEAD.value,
        _assignment.c.valid_from <= today,
    )
    works = _works(connection, person_id, today)
    found = [
        Grant(
            role=Role.MANAGER,
            entity_id=EntityId(row.legal_entity_id),
            unit_id=UnitId(row.unit_id),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            current=row.valid_to is None or row.valid_to > today,
        )
        for row in connection.execute(query.order_by(_assignment.c.series_id))
    ]
    return found if works else []


def _works(connection: Connection, person_id: str, today: date) -> bool:
    query = select(_assignment.c.series_id).where(
        newest(_assignment), valid(_assignment, today), _assignment.c.person_id == person_id
    )
    return connection.execute(query.limit(1)).first() is not None


def _team_pay(
    connection: Connection, pay: Grant, held: Iterable[Grant], today: date
) -> list[Grant]:
    """Cut the right to a team's pay to the days on which its holder leads the unit, now included.

    It is a second right on top of leading: without leading there is nothing for it to lie on.
    """
    found: list[Grant] = []
    if not settings_on(connection, pay.entity_id, today).team_pay:
        return found
    for leads in held:
        if leads.role is not Role.MANAGER or not leads.current or leads.unit_id is None:
            continue
        query = select(_closure.c.valid_from, _closure.c.valid_to).where(
            _closure.c.ancestor_id == leads.unit_id,
            _closure.c.descendant_id == pay.unit_id,
            _closure.c.legal_entity_id == pay.entity_id,
            hangs(_closure, today),
        )
        for row in connection.execute(query):
            begins = [day for day in (pay.valid_from, leads.valid_from, row.valid_from) if day]
            ends = [day for day in (pay.valid_to, leads.valid_to, row.valid_to) if day]
            found.append(
                Grant(
                    role=Role.TEAM_PAY,
                    entity_id=pay.entity_id,
                    unit_id=pay.unit_id,
                    valid_from=max(begins, default=None),
                    valid_to=min(ends, default=None),
                )
            )
    return found

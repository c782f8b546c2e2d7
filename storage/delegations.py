"""Delegations: rows in, domain objects out. What was taken back stays readable."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, or_, select

from domain.access import Deed, Resource
from domain.delegation import Delegation
from domain.ids import AccountId, EntityId
from storage import tables
from storage.rules import valid

_delegation = tables.delegation


def delegations(
    connection: Connection, entity_id: str, *, account_id: str | None = None
) -> tuple[Delegation, ...]:
    """Return the delegations of a legal entity, of one account if named, the newest first."""
    of_account: list[ColumnElement[bool]] = []
    if account_id is not None:
        given, taken = _delegation.c.from_account, _delegation.c.to_account
        of_account = [or_(given == account_id, taken == account_id)]
    return _read(connection, _delegation.c.legal_entity_id == entity_id, *of_account)


def delegation_by_id(
    connection: Connection, entity_id: str, delegation_id: str
) -> Delegation | None:
    """Return one delegation of a legal entity, or None."""
    found = _read(
        connection,
        _delegation.c.legal_entity_id == entity_id,
        _delegation.c.id == delegation_id,
    )
    return found[0] if found else None


def delegations_between(
    connection: Connection, from_account: str, to_account: str, day: date
) -> tuple[Delegation, ...]:
    """Return what one account has handed to another and holds on ``day``, as known by now."""
    return _read(
        connection,
        _delegation.c.from_account == from_account,
        _delegation.c.to_account == to_account,
        valid(_delegation, day),
    )


def _read(connection: Connection, *wanted: ColumnElement[bool]) -> tuple[Delegation, ...]:
    newer = _delegation.alias()
    later = exists(
        select(1)
        .where(newer.c.id == _delegation.c.id, newer.c.revision > _delegation.c.revision)
        .correlate(_delegation)
    )
    query = select(_delegation).where(~later, *wanted).order_by(_delegation.c.id.desc())
    return tuple(_delegation_of(row) for row in connection.execute(query))


def _delegation_of(row: Row[Any]) -> Delegation:
    return Delegation(
        id=row.id,
        entity_id=EntityId(row.legal_entity_id),
        from_account=AccountId(row.from_account),
        to_account=AccountId(row.to_account),
        rights=tuple((Resource(resource), Deed(deed)) for resource, deed in row.rights),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        reason=row.reason or "",
        over=row.voided,
        version=row.revision,
    )

"""Why an auditor reads pay, and whose pay was read under which reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from domain.access import OpenReason
from domain.ids import EntityId, PersonId
from storage import tables

_reason, _reading = tables.access_reason, tables.access_reading


def open_reasons(connection: Connection, account_id: str, now: datetime) -> tuple[OpenReason, ...]:
    """Return the reasons of an account that have not expired at ``now``."""
    query = select(_reason).where(_reason.c.account_id == account_id, _reason.c.expires_at > now)
    return tuple(
        OpenReason(
            id=row.id,
            entity_id=EntityId(row.legal_entity_id),
            person_id=PersonId(row.person_id) if row.person_id else None,
        )
        for row in connection.execute(query.order_by(_reason.c.id))
    )


def reason_expires(connection: Connection, reason_id: str) -> datetime:
    """Return the instant at which a reason ends."""
    found = select(_reason.c.expires_at).where(_reason.c.id == reason_id)
    expires: datetime = connection.execute(found).scalar_one()
    return expires


def is_noted(connection: Connection, reason_id: str, person_id: str, period: str) -> bool:
    """Say whether the reading is in the trail already."""
    query = select(_reading.c.reason_id).where(
        _reading.c.reason_id == reason_id,
        _reading.c.person_id == person_id,
        _reading.c.period == period,
    )
    return connection.execute(query).first() is not None

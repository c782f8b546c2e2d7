"""What still waits when a period is to be closed: bad rows, and names that are linked to nobody."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, exists, func, select

from storage.knowing import KEY
from storage.rules import known, valid
from storage.tables import fact, identity_link, quarantine


def rows_in_quarantine(connection: Connection, entity_id: str) -> int:
    """Count the rows of sources that nobody has repaired."""
    query = select(func.count()).where(
        quarantine.c.legal_entity_id == entity_id, quarantine.c.resolved_at.is_(None)
    )
    return connection.execute(query).scalar_one()


def unlinked_names(
    connection: Connection, entity_id: str, start: date, end: date, known_at: datetime
) -> int:
    """Count the names of sources that sold in ``[start, end)`` on days nobody is linked to them."""
    linked = exists(
        select(1)
        .select_from(identity_link)
        .where(
            identity_link.c.identity_id == fact.c.identity_id,
            known(identity_link, known_at, "series_id"),
            valid(identity_link, fact.c.business_date),
        )
        .correlate(fact)
    )
    query = select(func.count(fact.c.identity_id.distinct())).where(
        fact.c.legal_entity_id == entity_id,
        fact.c.business_date >= start,
        fact.c.business_date < end,
        known(fact, known_at, *KEY),
        fact.c.deleted.is_(False),
        ~linked,
    )
    return connection.execute(query).scalar_one()

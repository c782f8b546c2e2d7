"""Which positions are held: what a scope may name without being for nobody."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, select

from storage import tables
from storage.rules import known, overlaps

_assignment = tables.assignment


def positions_held(
    connection: Connection, entity_id: str, *, day: date, known_at: datetime
) -> tuple[str, ...]:
    """Return the positions that somebody holds on ``day`` or later, in their order."""
    query = select(_assignment.c.position).where(
        known(_assignment, known_at, "series_id"),
        overlaps(_assignment, day, date.max),
        _assignment.c.legal_entity_id == entity_id,
    )
    return tuple(sorted(connection.execute(query.distinct()).scalars()))

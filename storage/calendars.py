"""The working days that a legal entity has written down, year by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from domain.document import document_hash
from domain.workdays import YearCalendar, read_calendar, write_calendar
from storage.engine import Writing
from storage.rules import known
from storage.tables import work_calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCalendar:
    """The calendar of a year as it was written down."""

    calendar: YearCalendar
    revision: int
    known_at: datetime


def stored_calendars(
    connection: Connection, entity_id: str, *, years: Sequence[int], known_at: datetime
) -> tuple[StoredCalendar, ...]:
    """Return what was known of some years; who works when is no secret inside an entity."""
    query = select(work_calendar).where(
        known(work_calendar, known_at, "legal_entity_id", "year"),
        work_calendar.c.legal_entity_id == entity_id,
        work_calendar.c.year.in_(list(years)),
    )
    rows = connection.execute(query.order_by(work_calendar.c.year))
    return tuple(_calendar_of(row) for row in rows)


def _calendar_of(row: Row[Any]) -> StoredCalendar:
    calendar, problems = read_calendar(row.document)
    if calendar is None:
        raise ValueError(f"stored calendar {row.year} cannot be read: {problems}")
    return StoredCalendar(calendar=calendar, revision=row.revision, known_at=row.known_at)


def add_calendar(
    writing: Writing, calendar: YearCalendar, *, revision: int, reason: str | None
) -> None:
    """Write a year down."""
    document = write_calendar(calendar)
    writing.connection.execute(
        insert(work_calendar).values(
            legal_entity_id=writing.entity_id,
            year=calendar.year,
            revision=revision,
            document=document,
            hash=document_hash(document),
            known_at=writing.known_at,
            made_by=writing.actor,
            reason=reason,
        )
    )

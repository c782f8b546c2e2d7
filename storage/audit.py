"""The trail: who did what to what and when, one row per deed, only ever added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    cast,
    func,
    insert,
    select,
    type_coerce,
)

from domain.trail import TrailRow
from storage.engine import Writing
from storage.tables import account, audit_event
from storage.types import instant_text

_AT_ONCE = 10_000


def add_event(writing: Writing, action: str, subject_id: str, details: Mapping[str, Any]) -> None:
    """Add a line to the trail in the transaction of the deed itself."""
    writing.connection.execute(
        insert(audit_event).values(
            legal_entity_id=writing.entity_id,
            account_id=writing.actor,
            on_behalf_of=writing.on_behalf_of,
            action=action,
            subject_id=subject_id,
            details=dict(details),
            at=writing.known_at,
        )
    )


def trail_rows(
    connection: Connection, entity_id: str, *, after: int | None = None, through: int | None = None
) -> Iterator[TrailRow]:
    """Read the trail of a legal entity in its order, as it lies there and not as it should be."""
    row = audit_event.c
    query = select(
        row.seq,
        row.legal_entity_id,
        row.account_id,
        row.action,
        row.subject_id,
        _details_text(connection).label("details"),
        instant_text(connection, row.at).label("at"),
        row.on_behalf_of,
    ).where(*_between(entity_id, after, through))
    options = {"yield_per": _AT_ONCE}
    with connection.execute(query.order_by(row.seq), execution_options=options) as found:
        yield from map(TrailRow._make, found)


def count_rows(
    connection: Connection,
    entity_id: str,
    *,
    after: int | None = None,
    through: int | None = None,
) -> int:
    """Count the rows of a legal entity's trail."""
    query = select(func.count()).select_from(audit_event)
    return connection.execute(query.where(*_between(entity_id, after, through))).scalar_one()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilter:
    """Which rows of the trail to read; what is None does not matter."""

    account_id: str | None = None
    action: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None  # not that instant itself


def trail_page(
    connection: Connection,
    entity_id: str,
    wanted: TrailFilter,
    *,
    below: int | None,
    size: int,
) -> tuple[Row[Any], ...]:
    """Read the newest rows below a number, the newest first, each with its login if it has one."""
    row, other = audit_event.c, account.alias()
    query = (
        select(audit_event, account.c.login, other.c.login.label("other_login"))
        .outerjoin(account, account.c.id == row.account_id)
        .outerjoin(other, other.c.id == row.on_behalf_of)
        .where(*_between(entity_id, None, None if below is None else below - 1))
    )
    for column, value in (
        (row.account_id, wanted.account_id),
        (row.action, wanted.action),
        (row.subject_id, wanted.subject_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(row.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(row.at < wanted.until)
    return tuple(connection.execute(query.order_by(row.seq.desc()).limit(size)))


def _between(entity_id: str, after: int | None, through: int | None) -> list[ColumnElement[bool]]:
    row = audit_event.c
    wanted = [row.legal_entity_id == entity_id]
    if after is not None:
        wanted.append(row.seq > after)
    if through is not None:
        wanted.append(row.seq <= through)
    return wanted


def _details_text(connection: Connection) -> ColumnElement[Any]:
    # Not decoded by the driver: what somebody broke by hand must be found, not stop the search.
    if connection.dialect.name == "postgresql":
        return cast(audit_event.c.details, String)
    return type_coerce(audit_event.c.details, String)

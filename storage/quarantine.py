"""Rows that could not be used: kept once per row, seen again, repaired. Nothing is thrown away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.engine import Writing
from storage.tables import quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row with its place and reason. ``key`` is "" when the row's key could not be read.

    ``stored`` says that the record itself is kept and only its mapping failed: it is tried again.
    """

    id: str
    place: str
    key: str
    code: str
    values: Mapping[str, str]
    payload: Mapping[str, Any] | None = None
    stored: bool = False
    column: str = field(default="")


def fingerprint(stream: str, key: str, place: str, code: str) -> str:
    """Name a bad row: by its key where it has one, by its place and reason where it has not."""
    text = f"{stream}\n{key}" if key else f"{stream}\n\n{place}\n{code}"
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def put_bad_rows(
    writing: Writing, connection_id: str, stream: str, run_id: str, rows: Sequence[BadRow]
) -> None:
    """Remember bad rows: a new one is added, one seen before is brought up to date."""
    for row in rows:
        mark = fingerprint(stream, row.key, row.place, row.code)
        said = {
            "position": {"place": row.place, "key": row.key, "stored": row.stored},
            "code": row.code,
            "code_values": dict(row.values),
            "payload": dict(row.payload) if row.payload is not None else None,
            "last_seen_at": writing.known_at,
            "resolved_at": None,
            "run_id": run_id,
        }
        same = (
            (quarantine.c.connection_id == connection_id)
            & (quarantine.c.stream == stream)
            & (quarantine.c.fingerprint == mark)
        )
        changed = writing.connection.execute(update(quarantine).where(same).values(**said))
        if changed.rowcount == 0:
            writing.connection.execute(
                insert(quarantine).values(
                    id=row.id,
                    legal_entity_id=writing.entity_id,
                    connection_id=connection_id,
                    stream=stream,
                    fingerprint=mark,
                    first_seen_at=writing.known_at,
                    **said,
                )
            )


def resolve_keys(writing: Writing, connection_id: str, stream: str, keys: Sequence[str]) -> int:
    """Mark the bad rows of these keys as repaired; return how many there were."""
    waiting = set(open_keys(writing.connection, connection_id, stream, stored_only=False))
    marks = [fingerprint(stream, key, "", "") for key in keys if key in waiting]
    if not marks:
        return 0
    writing.connection.execute(
        update(quarantine)
        .where(
            quarantine.c.connection_id == connection_id,
            quarantine.c.stream == stream,
            quarantine.c.fingerprint.in_(marks),
            quarantine.c.resolved_at.is_(None),
        )
        .values(resolved_at=writing.known_at)
    )
    return len(marks)


def open_keys(
    connection: Connection, connection_id: str, stream: str, *, stored_only: bool
) -> list[str]:
    """Return the keys of open bad rows; ``stored_only`` keeps those whose mapping failed."""
    query = select(quarantine.c.position).where(
        quarantine.c.connection_id == connection_id,
        quarantine.c.stream == stream,
        quarantine.c.resolved_at.is_(None),
    )
    positions = [row.position for row in connection.execute(query)]
    return sorted(
        position["key"]
        for position in positions
        if position["key"] and (position["stored"] or not stored_only)
    )

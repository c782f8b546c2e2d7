"""Rows that could not be used: kept once per row, seen again, repaired. Nothing is thrown away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.engine import Writing
from storage.sealing import sealed_values
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
        known = writing.connection.execute(select(quarantine.c.id).where(same)).scalar()
        names = {"id": known or row.id, "legal_entity_id": writing.entity_id}
        sealed = sealed_values(writing.connection, quarantine, said, names)
        if known is not None:
            writing.connection.execute(update(quarantine).where(same).values(**sealed))
            continue
        writing.connection.execute(
            insert(quarantine).values(
                **names,
                connection_id=connection_id,
                stream=stream,
                fingerprint=mark,
                first_seen_at=writing.known_at,
                **sealed,
            )
        )


def resolve_keys(
    writing: Writing,
    connection_id: str,
    stream: str,
    keys: Sequence[str],
    *,
    stored: bool | None = None,
) -> int:
    """Mark the bad rows of these keys as repaired; return how many there were.

    ``stored`` limits it to rows whose record is kept (True) or was never read well (False).
    """
    waiting = open_keys(writing.connection, connection_id, stream, stored=stored) if keys else []
    marks = [fingerprint(stream, key, "", "") for key in set(keys).intersection(waiting)]
    if marks:
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
    connection: Connection, connection_id: str, stream: str, *, stored: bool | None = None
) -> list[str]:
    """Return the keys of open bad rows; ``stored`` limits it as in ``resolve_keys``."""
    query = select(quarantine.c.position).where(
        quarantine.c.connection_id == connection_id,
        quarantine.c.stream == stream,
        quarantine.c.resolved_at.is_(None),
    )
    positions = [row.position for row in connection.execute(query)]
    return sorted(
        position["key"]
        for position in positions
        if position["key"] and (stored is None or position["stored"] is stored)
    )

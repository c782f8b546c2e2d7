"""Rows that could not be used: kept once per row, seen again, repaired. Nothing is thrown away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from storage.among import among, looked_up
from storage.asked import asked
from storage.bulk import add_rows
from storage.engine import Writing
from storage.sealing import sealed_tuples
from storage.tables import quarantine

_AT_ONCE = 1_000
_OF_THE_ROW = ("id", "legal_entity_id")  # they stay


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
    marked = {fingerprint(stream, row.key, row.place, row.code): row for row in rows}
    known = _known(writing.connection, connection_id, stream, list(marked))
    added: list[dict[str, Any]] = []
    seen_again: list[dict[str, Any]] = []
    for mark, row in marked.items():
        said: dict[str, Any] = {
            "position": {"place": row.place, "key": row.key, "stored": row.stored},
            "code": row.code,
            "code_values": dict(row.values),
            "payload": dict(row.payload) if row.payload is not None else None,
            "last_seen_at": writing.known_at,
            "resolved_at": None,
            "run_id": run_id,
        }
        if mark in known:
            seen_again.append({"id": known[mark], "legal_entity_id": writing.entity_id} | said)
            continue
        new = {
            "id": row.id,
            "legal_entity_id": writing.entity_id,
            "connection_id": connection_id,
            "stream": stream,
            "fingerprint": mark,
            "first_seen_at": writing.known_at,
        }
        added.append(new | said)
    add_rows(writing.connection, quarantine, added)
    _bring_up_to_date(writing.connection, seen_again)


def _bring_up_to_date(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Say of rows that are kept what they are now, in one statement for all of them."""
    if not rows:
        return
    names, sealed = sealed_tuples(
        connection, quarantine, list(rows[0]), [list(row.values()) for row in rows]
    )
    cells: dict[str, Any] = {
        name: bindparam(f"new_{name}") for name in names if name not in _OF_THE_ROW
    }
    changed = update(quarantine).where(quarantine.c.id == bindparam("new_id")).values(**cells)
    given = [{f"new_{name}": cell for name, cell in zip(names, row, strict=True)} for row in sealed]
    connection.execute(changed, given)


def _known(
    connection: Connection, connection_id: str, stream: str, marks: Sequence[str]
) -> dict[str, str]:
    """Return the ids of the bad rows that were seen before, by fingerprint."""
    found: dict[str, str] = {}
    for start in range(0, len(marks), _AT_ONCE):
        some = marks[start : start + _AT_ONCE]
        of_stream = select(quarantine.c.fingerprint, quarantine.c.id).where(
            quarantine.c.connection_id == connection_id, quarantine.c.stream == stream
        )
        query = looked_up(connection, of_stream, quarantine.c.fingerprint, some)
        found.update((row.fingerprint, row.id) for row in connection.execute(query))
    return found


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
    connection = writing.connection
    if not keys or not _has_open(connection, connection_id, stream):
        return 0
    marks = [fingerprint(stream, key, "", "") for key in dict.fromkeys(keys)]
    repaired: list[str] = []
    for start in range(0, len(marks), _AT_ONCE):
        of_stream = select(quarantine.c.id, quarantine.c.position).where(
            quarantine.c.connection_id == connection_id,
            quarantine.c.stream == stream,
            quarantine.c.resolved_at.is_(None),
        )
        some = marks[start : start + _AT_ONCE]
        query = looked_up(connection, of_stream, quarantine.c.fingerprint, some)
        repaired += [
            row.id
            for row in connection.execute(query)
            if row.position["key"] and (stored is None or row.position["stored"] is stored)
        ]
    for start in range(0, len(repaired), _AT_ONCE):
        same = among(connection, quarantine.c.id, repaired[start : start + _AT_ONCE])
        connection.execute(update(quarantine).where(same).values(resolved_at=writing.known_at))
    return len(repaired)


def _has_open(connection: Connection, connection_id: str, stream: str) -> bool:
    """Say whether any row waits at all: mostly none does, and then there is nothing to look up."""
    of_stream = {"of_connection": connection_id, "of_stream": stream}
    return connection.execute(_ANY_OPEN, of_stream).first() is not None


_OPEN = select(quarantine.c.position).where(
    quarantine.c.connection_id == asked("of_connection"),
    quarantine.c.stream == asked("of_stream"),
    quarantine.c.resolved_at.is_(None),
)
_ANY_OPEN = _OPEN.limit(1)


def open_keys(
    connection: Connection, connection_id: str, stream: str, *, stored: bool | None = None
) -> list[str]:
    """Return the keys of open bad rows; ``stored`` limits it as in ``resolve_keys``."""
    of_stream = {"of_connection": connection_id, "of_stream": stream}
    positions = [row.position for row in connection.execute(_OPEN, of_stream)]
    return sorted(
        position["key"]
        for position in positions
        if position["key"] and (stored is None or position["stored"] is stored)
    )

"""Rows that a source has no more: which of them we know, and whether so many can be right."""

from __future__ import annotations

from domain.access import Actor
from storage.engine import Engine, reading
from storage.records import records_after

_ROWS_MIN = 5
_SHARE = 5  # more than a fifth: a person is asked
_AT_ONCE = 500


def is_much(gone: int, known: int) -> bool:
    """Say whether a person has to look before rows are taken back: many of them, or all."""
    return gone > 0 and (gone == known or (gone > _ROWS_MIN and gone * _SHARE > known))


def living_keys(engine: Engine, actor: Actor, connection_id: str, stream: str) -> dict[str, str]:
    """Return the place of every record of a stream that was not taken back, by key."""
    found: dict[str, str] = {}
    key = ""
    while True:
        with reading(engine, actor) as connection:
            rows = records_after(connection, connection_id, stream, key, _AT_ONCE)
        if not rows:
            return found
        found.update({row.key: row.place for row in rows if row.content is not None})
        key = rows[-1].key

"""Whether anything changed since the last look, without asking what: one cheap question.

Both databases know it themselves. SQLite counts the commits of the other connections, PostgreSQL
says which transactions a reader sees; whoever commits, in whichever process, the answer differs.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from storage.tables import knowledge


class ChangeMarker:
    """Compares the present state with the last one; used by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._embedded = engine.dialect.name == "sqlite"
        self._held: Any = None  # SQLite counts per connection: always the same one is asked

    def look(self) -> str:
        """Return a text that differs from the last one if anybody has committed a change."""
        if not self._embedded:
            # In a transaction of its own, so that the answer is of this moment.
            with self._engine.connect() as connection:
                return str(connection.execute(text("SELECT pg_current_snapshot()::text")).scalar())
        if self._held is None:
            self._held = self._engine.raw_connection()
        cursor = self._held.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            return str(cursor.fetchone()[0])
        finally:
            cursor.close()

    def close(self) -> None:
        """Give the connection back; the next look opens one again."""
        held, self._held = self._held, None
        if held is not None:
            with suppress(SQLAlchemyError):
                held.close()


def learned(connection: Connection) -> dict[str, datetime]:
    """Return when each legal entity last learned something: every deed moves it."""
    rows = connection.execute(select(knowledge.c.legal_entity_id, knowledge.c.known_at))
    return {row[0]: row[1] for row in rows}

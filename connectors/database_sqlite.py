"""SQLite as a source: opened read-only, held to SELECT by an authorizer, never waited for long."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.databases import (
    Column,
    DatabaseAnswer,
    DatabasePlace,
    Holds,
    Raw,
    Statement,
)
from connectors.failures import ConfigurationRefused, ConnectorFailure, Transient

_WAIT_SECONDS = 5.0
_STEPS = 20_000  # of SQLite's machine between two looks at the clock
_MAY = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_EXACT = re.compile(r"DEC|NUM", re.IGNORECASE)
_FLOAT = re.compile(r"REAL|FLOA|DOUB", re.IGNORECASE)


@contextmanager
def open_sqlite(path: Path, place: DatabasePlace) -> Iterator[_Sqlite]:
    """Open a file for reading only."""
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro",
            uri=True,
            timeout=_WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise _failed(error, place, place.name) from None
    try:
        yield _Sqlite(connection, place)
    finally:
        connection.close()


class _Sqlite:
    """One open file."""

    def __init__(self, connection: sqlite3.Connection, place: DatabasePlace) -> None:
        self._connection = connection
        self._place = place
        self._ends = 0.0
        self._declared: dict[str, dict[str, str]] = {}
        # Text that is no UTF-8 spoils its own row, not the page.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
            if journal == "wal":
                # One state of the data for the whole read. In any other mode an open transaction
                # would keep whoever owns the file from writing, so there each page is its own.
                connection.execute("BEGIN")
        except sqlite3.Error as error:
            raise _failed(error, place, place.name) from None
        connection.set_progress_handler(lambda: time.monotonic() > self._ends, _STEPS)

    def ask(self, statement: Statement) -> DatabaseAnswer:
        """Run one SELECT."""
        self._ends = time.monotonic() + self._place.seconds
        declared = self._types(statement)
        self._connection.set_authorizer(_only_reads)
        try:
            cursor = self._connection.execute("?".join(statement.pieces), _bound(statement.values))
            rows: list[tuple[Raw, ...]] = cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise _failed(error, self._place, statement.about) from None
        finally:
            self._connection.set_authorizer(None)
        names = [about[0] for about in cursor.description or ()]
        columns = tuple(_column(name, declared.get(name, "")) for name in names)
        return DatabaseAnswer(columns=columns, rows=rows)

    def _types(self, statement: Statement) -> dict[str, str]:
        """Look the declared types of a table up, once."""
        if not statement.table:
            return {}
        if statement.table not in self._declared:
            asked = "SELECT name, type FROM pragma_table_xinfo(?)"
            try:
                found = self._connection.execute(asked, (statement.table,)).fetchall()
            except sqlite3.Error as error:
                raise _failed(error, self._place, statement.about) from None
            self._declared[statement.table] = {name: kind or "" for name, kind in found}
        return self._declared[statement.table]


def _only_reads(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _MAY else sqlite3.SQLITE_DENY


def _bound(values: tuple[Raw, ...]) -> tuple[str | int | float | bytes | None, ...]:
    from decimal import Decimal

    return tuple(
        (int(each) if each == each.to_integral_value() else float(each))
        if isinstance(each, Decimal)
        else each
        for each in values
    )


def _column(name: str, declared: str) -> Column:
    if _FLOAT.search(declared):
        return Column(name=name, holds=Holds.FLOAT)
    if "BLOB" in declared.upper():
        return Column(name=name, holds=Holds.BINARY)
    return Column(name=name, declared_exact=bool(_EXACT.search(declared)))


def _failed(error: Exception, place: DatabasePlace, about: str) -> ConnectorFailure:
    """Tell what happened by SQLite's own number; its text is used for what has no number."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    said = str(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Transient("sql_file_busy", {"file": place.name})
    if code == sqlite3.SQLITE_INTERRUPT:
        return Transient("sql_too_slow", {"place": about, "seconds": str(place.seconds)})
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return ConfigurationRefused("sql_file_unreadable", {"file": place.name})
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return Transient("sql_file_closed", {"file": place.name})
    if said.startswith("no such table"):
        return ConfigurationRefused("sql_table_missing", {"place": about})
    if said.startswith("no such column"):
        return ConfigurationRefused("sql_column_missing", {"place": about, "column": "-"})
    return ConfigurationRefused("sql_query_refused", {"place": about})

"""Adding many rows at once: one small port per database, and no RETURNING anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, Table

from storage.sealed import Sealed
from storage.sealing import sealed_tuples

Row = Mapping[str, Any]
_WriteCell = Callable[[Any], Any]
_ROWS_AT_A_TIME = 10_000


def add_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert ``rows``; each names the same columns. Keys must be new: nothing is ever replaced."""
    if not rows:
        return
    names = [name for name in rows[0] if name in table.c]
    add_tuples(connection, table, names, ([row[name] for name in names] for row in rows))


def add_tuples(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows given as sequences in the order of ``names``; what is secret is sealed here."""
    names, rows = sealed_tuples(connection, table, names, rows)
    writers = [_writer(connection, table, name) for name in names]
    cells = (
        tuple(
            value if write is None else write(value)
            for write, value in zip(writers, row, strict=True)
        )
        for row in rows
    )
    if connection.dialect.name == "postgresql":
        _copy(connection, table, names, cells)
    else:
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'  # noqa: S608 - ours
        # The driver's own executemany: the ORM's and Core's paths cost more than twice as much.
        while some := list(islice(cells, _ROWS_AT_A_TIME)):
            connection.exec_driver_sql(statement, some)


def _copy(
    connection: Connection, table: Table, names: Sequence[str], cells: Iterable[tuple[Any, ...]]
) -> None:
    """Bring rows in through a table of the transaction's own.

    PostgreSQL does not COPY into a table with row-level security: what the policies say of new
    rows is asked when they move over.
    """
    columns = ", ".join(f'"{name}"' for name in names)
    incoming = f"incoming_{table.name}"
    cursor = connection.connection.cursor()
    shape = f'SELECT {columns} FROM "{table.name}" WITH NO DATA'  # noqa: S608 - ours
    moved = f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM "{incoming}"'  # noqa: S608
    cursor.execute(f'CREATE TEMPORARY TABLE "{incoming}" ON COMMIT DROP AS {shape}')
    with cursor.copy(f'COPY "{incoming}" ({columns}) FROM STDIN') as copy:
        for row in cells:
            copy.write_row(row)
    cursor.execute(moved)
    cursor.execute(f'DROP TABLE "{incoming}"')
    cursor.close()


def _writer(connection: Connection, table: Table, name: str) -> _WriteCell | None:
    kind = table.c[name].type
    if isinstance(kind, Sealed):
        return None
    if isinstance(kind, JSON):
        return _write_json
    return kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)


def _write_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

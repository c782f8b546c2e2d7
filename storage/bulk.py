"""Adding many rows at once: one small port per database, and no RETURNING anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import chain, islice
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

from storage.json_text import json_text
from storage.sealed import Sealed
from storage.sealing import sealed_tuples
from storage.types import Instant

Row = Mapping[str, Any]
_WriteCell = Callable[[Any], Any]
_ROWS_AT_A_TIME = 10_000
_REMEMBERED = 1_000
_FEW = 2_000  # as many rows as PostgreSQL is given at once; more are copied in


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
    if isinstance(rows, Sized) and not len(rows):
        return
    names, rows = sealed_tuples(connection, table, names, rows)
    cells = _written(connection, table, names, rows)
    if connection.dialect.name == "postgresql":
        few = list(islice(cells, _FEW + 1))
        if len(few) > _FEW:
            _copy(connection, table, names, chain(few, cells))
        elif few:
            _send(connection, table, names, few)
    else:
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'  # noqa: S608 - ours
        # The driver's own executemany: the ORM's and Core's paths cost more than twice as much.
        while some := list(islice(cells, _ROWS_AT_A_TIME)):
            connection.exec_driver_sql(statement, some)


def _written(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[tuple[Any, ...]]:
    """Write the cells as the driver takes them; most need nothing."""
    found = ((place, _writer(connection, table, name)) for place, name in enumerate(names))
    writers = [(place, write) for place, write in found if write is not None]
    for row in rows:
        cells = list(row)
        for place, write in writers:
            cells[place] = write(cells[place])
        yield tuple(cells)


def _send(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Bring in a few thousand rows as one document, in one statement.

    A table of the transaction's own costs as much as many rows, and fills the catalogue.
    """
    columns = ", ".join(f'"{name}"' for name in names)
    cells = ", ".join(
        f"(given.row ->> {place})::{_cast(table, name, connection.dialect)}"
        for place, name in enumerate(names)
    )
    statement = (
        f'INSERT INTO "{table.name}" ({columns})'  # noqa: S608 - ours
        f" SELECT {cells} FROM jsonb_array_elements(%s::jsonb) AS given(row)"
    )
    document = orjson.dumps(rows, default=_write_cell).decode()
    connection.exec_driver_sql(statement, (document,))


_CASTS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (LargeBinary, "bytea"),
    (JSON, "jsonb"),
    (Boolean, "boolean"),
    (BigInteger, "bigint"),
    (Integer, "integer"),
    (Date, "date"),
    (DateTime, "timestamptz"),
    (String, "text"),  # not the column's own length: a cast would cut what is too long for it
)


def _cast(table: Table, name: str, dialect: Dialect) -> str:
    kind = table.c[name].type.dialect_impl(dialect)
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return next(cast for each, cast in _CASTS if isinstance(plain, each))


def _write_cell(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


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
    if isinstance(kind, Sealed | LargeBinary):
        return None
    if isinstance(kind, JSON):
        return _write_json
    write = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    # Rows that are learned together were learned at one instant, and fall on few days.
    return write if write is None or not isinstance(kind, Instant | Date) else _once(write)


def _once(write: _WriteCell) -> _WriteCell:
    """Write a value that was just written before without asking again."""
    found: dict[Any, Any] = {}

    def written(value: Any) -> Any:
        if value not in found:
            if len(found) == _REMEMBERED:
                found.clear()
            found[value] = write(value)
        return found[value]

    return written


def _write_json(value: Any) -> str | None:
    return None if value is None else json_text(value).decode()

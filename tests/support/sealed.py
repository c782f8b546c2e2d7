"""Writing another value into an encrypted column, as only a test may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, ColumnElement, Engine, select, update

from storage.append_only import guard_tables, unguard_tables
from storage.engine import changing
from storage.sealing import opened, sealed_values
from tests.support.company import SYSTEM


def rewrite(
    engine: Engine,
    column: Column[Any],
    change: Callable[[Any], Any],
    where: ColumnElement[bool],
) -> int:
    """Give every row that fits another value in an encrypted column; return how many those were.

    The engine must have been opened with keys. The guards are down meanwhile.
    """
    table = column.table
    with changing(engine, SYSTEM) as connection:
        unguard_tables(connection)
        rows = connection.execute(select(table).where(where)).all()
        for row in rows:
            values = {column.name: change(opened(connection, column, row))}
            sealed = sealed_values(connection, table, values, row._asdict())
            same = (key == getattr(row, key.name) for key in table.primary_key)
            connection.execute(update(table).where(*same).values(**sealed))
        guard_tables(connection)
    return len(rows)

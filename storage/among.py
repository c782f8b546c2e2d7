"""Looking up many values in one statement, by an index, whatever the database thinks of its tables.

A list of a thousand parameters is read and planned one by one. And a table that grew since the last
time its statistics were taken looks empty to PostgreSQL: asked for ``key = ANY (...)`` behind other
columns of an index it reads everything under those. So it is told to look up one value at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, any_, func, literal, select, true
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY


def among(
    connection: Connection, column: Column[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """Keep the rows whose column, with an index of its own, has one of ``values``."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)


def looked_up(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    column: Column[Any],
    values: Sequence[Any],
) -> Select[*tuple[Any, ...]]:
    """Keep of ``query`` the rows whose ``column``, the last one of an index, has one of ``values``.

    No value comes twice.
    """
    if connection.dialect.name != "postgresql":
        return query.where(column.in_(values))
    given = func.unnest(literal(list(values), ARRAY(column.type)))
    wanted = given.table_valued(sql_column("value", column.type), name="wanted").render_derived()
    # The OFFSET keeps it apart: one look into the index for each value.
    found = query.where(column == wanted.c.value).offset(0).lateral("found")
    return select(found).select_from(wanted).join(found, true())

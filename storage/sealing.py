"""Sealing the values of rows on their way in and opening them on their way out.

Which columns those are is said by their type (``storage/sealed.py``). A value that does not open
is a fault of its row, never another number: ``SealBroken`` names table, column and row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table

from storage.cipher import SealBroken, is_sealed
from storage.json_text import json_text
from storage.keyring import DataKey, keys_of
from storage.sealed import Form, Purpose, Sealed

_BLOCK = 16
_ENTITY = "legal_entity_id"


@cache
def sealed_columns(table: Table) -> tuple[Column[Any], ...]:
    """List the columns of a table that are kept encrypted."""
    return tuple(column for column in table.c if isinstance(column.type, Sealed))


def sealed_values(
    connection: Connection,
    table: Table,
    values: Mapping[str, Any],
    row: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return ``values`` as they are stored: sealed where their column is, with their index.

    ``row`` tells the row and its legal entity when ``values`` do not.
    """
    row, found = row or values, dict(values)
    for column in sealed_columns(table):
        if column.name not in values:
            continue
        kind, value = _kind(column), values[column.name]
        if kind.index is not None:
            found[kind.index] = None if value is None else _index(connection, column, row, value)
        if value is not None:
            key = keys_of(connection).active(connection, row[_ENTITY], kind.purpose)
            found[column.name] = key.seal(_place(column, row), encode(kind.form, value))
    return found


def _index(
    connection: Connection, column: Column[Any], row: Mapping[str, Any], value: str
) -> bytes:
    key = keys_of(connection).active(connection, row[_ENTITY], Purpose.INDEX)
    return key.index(index_place(column), value)


def sealed_tuples(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """Seal whole rows of one legal entity in a single pass; return the names with the indexes'.

    The keys are found before the first row is handed on: a bulk load leaves no room for questions.
    """
    columns = [column for column in sealed_columns(table) if column.name in names]
    if not columns:
        return names, rows
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return names, ()
    entity_id = str(first[list(names).index(_ENTITY)])
    steps = [_step(connection, column, names, entity_id) for column in columns]
    more = [_kind(column).index for column in columns]
    added = [name for name in more if name is not None]
    return [*names, *added], _stepped(chain([first], rows), steps, len(names), len(added))


_Step = Callable[[list[Any], int], int]


def _step(connection: Connection, column: Column[Any], names: Sequence[str], entity: str) -> _Step:
    kind, keys, where = _kind(column), keys_of(connection), list(names)
    key = keys.active(connection, entity, kind.purpose)
    parts = [where.index(name) for name in kind.row]
    at, owner, form = where.index(column.name), where.index(_ENTITY), kind.form
    head, only = _head(column), parts[0] if len(parts) == 1 else None
    indexing: DataKey | None = None
    if kind.index is not None:
        indexing = keys.active(connection, entity, Purpose.INDEX)
    told = index_place(column)

    def step(cells: list[Any], free: int) -> int:
        value = cells[at]
        if cells[owner] != entity:
            raise ValueError("rows of two legal entities in one bulk load")
        if indexing is not None:
            cells[free] = None if value is None else indexing.index(told, value)
            free += 1
        if value is not None:
            row = cells[only] if only is not None else "/".join(str(cells[each]) for each in parts)
            cells[at] = key.seal(f"{head}{row}", encode(form, value))
        return free

    return step


def _stepped(
    rows: Iterable[Sequence[Any]], steps: Sequence[_Step], width: int, added: int
) -> Iterator[list[Any]]:
    blank = [None] * added
    for row in rows:
        cells, free = [*row, *blank], width
        for step in steps:
            free = step(cells, free)
        yield cells


def opened_row(connection: Connection, table: Table, row: Any) -> Any:
    """Return a row of a whole table with its sealed values opened."""
    columns = sealed_columns(table)
    if row is None or not columns:
        return row
    found = {column: opened(connection, column, row) for column in columns}
    plain = {column.name: value for column, value in found.items()}
    return SimpleNamespace(**{**row._asdict(), **plain})


def opened(connection: Connection, column: Column[Any], row: Any) -> Any:
    """Open one value of a row that also holds the columns by which the row is told apart."""
    sealed = getattr(row, column.name)
    if sealed is None:
        return None
    kind = _kind(column)
    place = _head(column) + "/".join(str(getattr(row, name)) for name in kind.row)
    try:
        if not is_sealed(sealed):
            raise SealBroken("a stored value has not the form of one")
        plain = keys_of(connection).of_value(connection, sealed).open(place, sealed)
        return decode(kind.form, plain)
    except SealBroken as broken:
        raise SealBroken(f"{broken}: {place}") from None


def same_as(
    connection: Connection, column: Column[Any], value: str | None, entity_id: str | None = None
) -> ColumnElement[bool]:
    """Keep the rows whose sealed text is ``value``, exactly: there is no other way to look."""
    kind = _kind(column)
    if kind.index is None:
        raise ValueError(f"{column} cannot be looked up")
    index: ColumnElement[Any] = column.table.c[kind.index]
    if value is None:
        return index.is_(None)
    keys = keys_of(connection).indexing(connection, entity_id)
    return index.in_([key.index(index_place(column), value) for key in keys])


def indexes_of(
    connection: Connection, column: Column[Any], values: Sequence[str], entity_id: str
) -> dict[bytes, str]:
    """Return by what each of many texts may be found, and the text."""
    keys, place = keys_of(connection).indexing(connection, entity_id), index_place(column)
    return {key.index(place, value): value for value in values for key in keys}


def index_place(column: Column[Any]) -> str:
    """Say what an index is of: equal texts in two columns do not look alike."""
    return f"{column.table.name}|{column.name}"


def encode(form: Form, value: Any) -> bytes:
    """Write a value as the bytes that are sealed."""
    if form is Form.WHOLE:
        return int(value).to_bytes(8, "big", signed=True)
    if form is Form.TEXT:
        return _padded(value.encode("utf-8", "surrogatepass"))
    if form is Form.DOCUMENT:
        return _padded(json_text(value))
    return bytes(value)


def decode(form: Form, plain: bytes) -> Any:
    """Read a value back."""
    if form is Form.WHOLE:
        return int.from_bytes(plain, "big", signed=True)
    if form is Form.RAW:
        return plain
    text = plain[: plain.rindex(b"\x80")].decode("utf-8", "surrogatepass")
    return text if form is Form.TEXT else json.loads(text)


def _padded(plain: bytes) -> bytes:
    """Fill up to whole blocks: the last 0x80 is the end, only zeros come behind it."""
    return plain + b"\x80" + b"\0" * (-(len(plain) + 1) % _BLOCK)


def _kind(column: Column[Any]) -> Sealed:
    kind = column.type
    if not isinstance(kind, Sealed):
        raise TypeError(f"{column} is not kept encrypted")
    return kind


@cache
def _head(column: Column[Any]) -> str:
    return f"{column.table.name}|{column.name}|"


def _place(column: Column[Any], row: Mapping[str, Any]) -> str:
    return _head(column) + "/".join(str(row[name]) for name in _kind(column).row)

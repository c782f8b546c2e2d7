"""Sealing rows anew under another key, some at a time; what was done stays done.

A rotation of a legal entity's data keys has three steps, each its own transaction or many: new
keys become ACTIVE and the old ones RETIRING; rows are sealed anew, batch by batch; when none is
left under an old key, its secret is destroyed and it is RETIRED. Killed anywhere, it is begun again
and goes on where rows are still under an old key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from storage.append_only import lifted
from storage.cipher import ID_BYTES, Suite, head_of
from storage.engine import Writing
from storage.keyring import (
    ACTIVE,
    RETIRED,
    RETIRING,
    KeyWrapper,
    KeyWrong,
    about_key,
    keys_of,
)
from storage.sealed import Purpose, Sealed
from storage.sealing import opened_row, sealed_columns, sealed_tuples
from storage.tables import data_key, metadata

_HEAD = 1 + ID_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A data key as the table tells it, without its secret."""

    id: str
    entity_id: str
    purpose: str
    version: int
    state: str
    suite: str
    kek: str


def stored_keys(connection: Connection, entity_id: str) -> tuple[StoredKey, ...]:
    """Return all keys of an entity, retired ones too."""
    rows = connection.execute(
        select(data_key)
        .where(data_key.c.legal_entity_id == entity_id)
        .order_by(data_key.c.purpose, data_key.c.version)
    )
    return tuple(
        StoredKey(
            id=row.id,
            entity_id=row.legal_entity_id,
            purpose=row.purpose,
            version=row.version,
            state=row.state,
            suite=row.suite,
            kek=row.kek,
        )
        for row in rows
    )


def sealed_tables() -> tuple[Table, ...]:
    """Return the tables with encrypted columns."""
    found = (table for table in metadata.sorted_tables if sealed_columns(table))
    return tuple(sorted(found, key=lambda table: table.name))


def begin_rotation(writing: Writing) -> tuple[StoredKey, ...]:
    """Put a new key in the place of each active one; return those that are retiring.

    A rotation that was interrupted is taken up: there are keys that retire already.
    """
    keys = stored_keys(writing.connection, writing.entity_id)
    retiring = tuple(key for key in keys if key.state == RETIRING)
    if retiring:
        return retiring
    ring = keys_of(writing.connection)
    for key in keys:
        if key.state != ACTIVE:
            continue
        _move(writing.connection, key.id, state=RETIRING)
        ring.add(
            writing.connection, writing.entity_id, Purpose(key.purpose), version=key.version + 1
        )
    now = stored_keys(writing.connection, writing.entity_id)
    return tuple(key for key in now if key.state == RETIRING)


def seal_anew(
    writing: Writing,
    table: Table,
    old: Sequence[StoredKey],
    after: tuple[Any, ...] | None,
    limit: int,
) -> tuple[tuple[Any, ...] | None, int]:
    """Seal the next rows anew that lie under an old key; return the last one's key and how many.

    None as the key says that there are no more.
    """
    connection = writing.connection
    keys = list(table.primary_key)
    query = select(table).where(table.c.legal_entity_id == writing.entity_id, _is_under(table, old))
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    rows = connection.execute(query.order_by(*keys).limit(limit)).all()
    if not rows:
        return None, 0
    changes = _sealed_anew(connection, table, rows)
    names = [name for name in changes[0] if not name.startswith("at_")]
    change = (
        update(table)
        .where(*(key == bindparam(f"at_{key.name}") for key in keys))
        .values({name: bindparam(name) for name in names})
    )
    with lifted(connection, table.name):
        connection.execute(change, changes)
    last = tuple(getattr(rows[-1], key.name) for key in keys)
    return (last if len(rows) == limit else None), len(rows)


def _sealed_anew(connection: Connection, table: Table, rows: Sequence[Any]) -> list[dict[str, Any]]:
    columns = sealed_columns(table)
    indexes = {column.type.index for column in columns if isinstance(column.type, Sealed)}
    names = [column.name for column in table.c if column.name not in indexes]
    plain = (opened_row(connection, table, row) for row in rows)
    cells = ([getattr(row, name) for name in names] for row in plain)
    found, sealed = sealed_tuples(connection, table, names, cells)
    changed = [column.name for column in columns] + list(found[len(names) :])
    changes = []
    for row in sealed:
        values = dict(zip(found, row, strict=True))
        at = {f"at_{key.name}": values[key.name] for key in table.primary_key}
        changes.append({**{name: values[name] for name in changed}, **at})
    return changes


def end_rotation(writing: Writing, old: Sequence[StoredKey]) -> None:
    """Retire the old keys and destroy their secrets; a row that is still under one is a fault."""
    connection = writing.connection
    for table in sealed_tables():
        query = select(literal(1)).where(
            table.c.legal_entity_id == writing.entity_id, _is_under(table, old)
        )
        if connection.execute(query.limit(1)).first() is not None:
            raise RuntimeError(f"rows of {table.name} are still under a key that retires")
    for key in old:
        _move(connection, key.id, state=RETIRED, wrapped=None, retired_at=writing.known_at)
        keys_of(connection).forget(key.id)


def count_values(connection: Connection, entity_id: str) -> Mapping[str, int]:
    """Count the values under each key of an entity, by the key's id; indexes count too."""
    found: Counter[str] = Counter()
    for table in sealed_tables():
        for cell, skipped in _cells(table):
            part = func.substr(cell, 1 + skipped, ID_BYTES, type_=LargeBinary)
            query = (
                select(part, func.count())
                .where(table.c.legal_entity_id == entity_id, cell.is_not(None))
                .group_by(part)
            )
            for key_id, count in connection.execute(query):
                found[key_id.hex()] += count
    return found


def wrap_anew(writing: Writing, wrapper: KeyWrapper) -> int:
    """Wrap the entity's keys by another key from outside; those that are wrapped by it stay."""
    connection, ring = writing.connection, keys_of(writing.connection)
    rows = connection.execute(
        select(data_key).where(
            data_key.c.legal_entity_id == writing.entity_id,
            data_key.c.state != RETIRED,
            data_key.c.kek != wrapper.name,
        )
    ).all()
    for row in rows:
        if row.kek != ring.wrapper.name:
            raise KeyWrong("a data key is wrapped by neither of the two keys")
        about = about_key(row.id, row.legal_entity_id, Purpose(row.purpose))
        wrapped = wrapper.wrap(ring.wrapper.unwrap(row.wrapped, about), about)
        _move(connection, row.id, wrapped=wrapped, kek=wrapper.name)
    return len(rows)


def _move(connection: Connection, key_id: str, **values: Any) -> None:
    connection.execute(update(data_key).where(data_key.c.id == key_id).values(**values))


def _is_under(table: Table, old: Sequence[StoredKey]) -> ColumnElement[bool]:
    """Keep the rows of which any value or index lies under one of the keys."""
    parts = []
    for column in sealed_columns(table):
        kind = column.type
        assert isinstance(kind, Sealed)
        heads = [head_of(Suite(key.suite), key.id) for key in old if key.purpose == kind.purpose]
        parts += _starts(column, heads)
        if kind.index is not None:
            marks = [bytes.fromhex(key.id) for key in old if key.purpose == Purpose.INDEX]
            parts += _starts(table.c[kind.index], marks)
    return or_(*parts) if parts else and_(literal(1) == literal(0))


def _starts(column: Column[Any], beginnings: Sequence[bytes]) -> list[ColumnElement[bool]]:
    return [
        func.substr(column, 1, len(each), type_=LargeBinary) == literal(each, LargeBinary)
        for each in beginnings
    ]


def _cells(table: Table) -> list[tuple[Column[Any], int]]:
    """List the encrypted columns and the indexes, each with the bytes before the key's id."""
    found: list[tuple[Column[Any], int]] = []
    for column in sealed_columns(table):
        kind = column.type
        assert isinstance(kind, Sealed)
        found.append((column, 1))
        if kind.index is not None:
            found.append((table.c[kind.index], 0))
    return found

"""Records and the facts made of them: what is known of a key, and adding what is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from storage.among import looked_up
from storage.sealing import indexes_of, opened
from storage.tables import fact, identity, record

_KEYS_AT_ONCE = 1_000
_later = record.alias()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """The newest revision of a record; ``content`` is None when the source says it is gone."""

    id: str
    key: str
    revision: int
    content_hash: str
    content: Mapping[str, Any] | None
    place: str
    version: str


def latest_records(
    connection: Connection, connection_id: str, stream: str, keys: Sequence[str]
) -> dict[str, StoredRecord]:
    """Return the newest revision of each key that is known."""
    found: dict[str, StoredRecord] = {}
    for chunk in _chunks(keys):
        of_stream = select(record).where(
            record.c.connection_id == connection_id, record.c.stream == stream
        )
        query = looked_up(connection, of_stream, record.c.key, chunk)
        newest: dict[str, Row[Any]] = {}
        for row in connection.execute(query):
            if row.key not in newest or row.revision > newest[row.key].revision:
                newest[row.key] = row
        found.update({key: stored_record(connection, row) for key, row in newest.items()})
    return found


def is_newest() -> ColumnElement[bool]:
    """Keep of each key the newest revision."""
    later = select(1).where(
        _later.c.connection_id == record.c.connection_id,
        _later.c.stream == record.c.stream,
        _later.c.key == record.c.key,
        _later.c.revision > record.c.revision,
    )
    return ~later.exists()


def records_after(
    connection: Connection, connection_id: str, stream: str, key: str, limit: int
) -> list[StoredRecord]:
    """Return the next ``limit`` records by key, in their newest revision: for mapping anew."""
    query = _after(select(record), connection_id, stream, key, limit)
    return [stored_record(connection, row) for row in connection.execute(query).all()]


def keys_after(
    connection: Connection, connection_id: str, stream: str, key: str, limit: int
) -> list[tuple[str, str, bool]]:
    """Return the next keys, each with its place and whether it is not gone; nothing is opened."""
    wanted = select(
        record.c.key, record.c.position, record.c.content.is_not(None).label("is_there")
    )
    query = _after(wanted, connection_id, stream, key, limit)
    rows = connection.execute(query)
    return [(row.key, row.position["place"], bool(row.is_there)) for row in rows]


def _after(query: Any, connection_id: str, stream: str, key: str, limit: int) -> Any:
    return (
        query.where(
            record.c.connection_id == connection_id,
            record.c.stream == stream,
            record.c.key > key,
            is_newest(),
        )
        .order_by(record.c.key)
        .limit(limit)
    )


def facts_of_records(
    connection: Connection, connection_id: str, stream: str, keys: Sequence[str]
) -> dict[str, dict[str, Row[Any]]]:
    """Return, by record key and fact key, the newest revision of every fact these records made."""
    found: dict[str, dict[str, Row[Any]]] = {}
    for chunk in _chunks(keys):
        of_stream = (
            select(record.c.key.label("record_key"), *fact.c)
            .join(fact, fact.c.record_id == record.c.id)
            .where(record.c.connection_id == connection_id, record.c.stream == stream)
        )
        query = looked_up(connection, of_stream, record.c.key, chunk)
        for row in connection.execute(query):
            made = found.setdefault(row.record_key, {})
            if row.key not in made or row.revision > made[row.key].revision:
                made[row.key] = row
    return found


def identity_ids(
    connection: Connection, entity_id: str, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return the ids of those (namespace, value) that are known."""
    found: dict[tuple[str, str], str] = {}
    by_namespace: dict[str, list[str]] = {}
    for namespace, value in names:
        by_namespace.setdefault(namespace, []).append(value)
    for namespace, values in by_namespace.items():
        for chunk in _chunks(values):
            texts = indexes_of(connection, identity.c.value, chunk, entity_id)
            of_namespace = select(identity.c.id, identity.c.value_index).where(
                identity.c.legal_entity_id == entity_id, identity.c.namespace == namespace
            )
            query = looked_up(connection, of_namespace, identity.c.value_index, list(texts))
            for row in connection.execute(query):
                found[(namespace, texts[row.value_index])] = row.id
    return found


def stored_record(connection: Connection, row: Row[Any]) -> StoredRecord:
    """Return a row of the table as a record, opened."""
    return StoredRecord(
        id=row.id,
        key=row.key,
        revision=row.revision,
        content_hash=row.content_hash,
        content=opened(connection, record.c.content, row),
        place=row.position["place"],
        version=row.position["version"],
    )


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(keys))
    for start in range(0, len(distinct), _KEYS_AT_ONCE):
        yield distinct[start : start + _KEYS_AT_ONCE]

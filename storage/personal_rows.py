"""Reading everything about a person, opened, table by table; what is secret stays where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, Table, exists, select

from storage import tables
from storage.personal import CONCERNS, Concern, Subject, linked_otherwise
from storage.sealed import Sealed
from storage.sealing import opened
from storage.snapshots import frozen_inputs
from storage.tables import metadata
from storage.tables.classes import DataClass, class_of
from storage.visibility import newest

Rows: TypeAlias = "list[dict[str, Any]]"


def subject_of(connection: Connection, person_id: str, entity_id: str | None) -> Subject:
    """Find what accounts and sources call a person by, in one legal entity or in all."""
    bare = Subject(person_id=person_id, entity_id=entity_id)
    account, link = tables.account, tables.identity_link
    accounts = select(account.c.id).where(account.c.person_id == person_id)
    linked = select(link.c.identity_id).where(
        link.c.person_id == person_id, link.c.voided.is_(False), newest(link)
    )
    named = replace(
        bare,
        account_ids=tuple(connection.execute(accounts.order_by(account.c.id)).scalars()),
        identity_ids=tuple(connection.execute(linked.distinct().order_by("identity_id")).scalars()),
    )
    identity = tables.identity
    names = _texts(connection, identity, ("value",), named)
    entry = _texts(connection, tables.person, ("source_key", "staff_number"), named)
    reused = _texts(
        connection, identity, ("value",), named, linked_otherwise(identity.c.id, person_id)
    )
    others = _others(connection, named)
    return replace(
        named,
        texts=frozenset((names - reused) | entry) - others,
        others=others - names - entry,
    )


def _texts(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    subject: Subject,
    *more: ColumnElement[bool],
) -> set[str]:
    rows = _found(connection, table, subject, *more)
    found = (opened(connection, table.c[name], row) for row in rows for name in names)
    return {text for text in found if text}


def rows_about(connection: Connection, subject: Subject, *, with_pay: bool) -> dict[str, Rows]:
    """Return all rows about a person by table; without what is pay where that may not be read."""
    found: dict[str, Rows] = {}
    for name, concern in CONCERNS.items():
        if concern.is_pay and not with_pay:
            continue
        table = metadata.tables[name]
        columns = kept_columns(table, concern, with_pay=with_pay)
        rows = _found(connection, table, subject)
        found[name] = [_plain(connection, columns, row) for row in rows]
    _keep_problems(found["calculation_run"], subject)
    _leave_out_shared(connection, found["record"], subject)
    found["record"].extend(_unread_records(connection, subject))
    found["quarantine"] = _quarantined(found["quarantine"], found["record"], subject)
    if with_pay:
        found["snapshot"] = _frozen(connection, found["result"])
    return found


def kept_columns(table: Table, concern: Concern, *, with_pay: bool) -> Sequence[Column[Any]]:
    """List the columns that are shown: no secret, no index of a sealed text, no pay unless asked.

    The keyed hash by which a sealed text is looked up says nothing to whom it is about.
    """
    left_out = {DataClass.SECRET} if with_pay else {DataClass.SECRET, DataClass.PAY}
    return [
        column
        for column in table.c
        if class_of(column) not in left_out
        and (isinstance(column.type, Sealed) or not isinstance(column.type, LargeBinary))
        and (not concern.only or column.name in concern.only)
    ]


def _found(
    connection: Connection, table: Table, subject: Subject, *more: ColumnElement[bool]
) -> Iterator[Any]:
    wanted = (CONCERNS[table.name].rows(subject), *_of_entity(table, subject), *more)
    query = select(table).where(*wanted)
    yield from connection.execute(query.order_by(*table.primary_key.columns))


def _of_entity(table: Table, subject: Subject) -> list[ColumnElement[bool]]:
    entity_id = subject.entity_id
    return [] if entity_id is None else [table.c.legal_entity_id == entity_id]


def _plain(connection: Connection, columns: Sequence[Column[Any]], row: Any) -> dict[str, Any]:
    return {column.name: _value(connection, column, row) for column in columns}


def _value(connection: Connection, column: Column[Any], row: Any) -> Any:
    sealed = isinstance(column.type, Sealed)
    value = opened(connection, column, row) if sealed else getattr(row, column.name)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _others(connection: Connection, subject: Subject) -> frozenset[str]:
    """Return what sources call everybody else: a row that names two people is not handed out."""
    table = tables.identity
    query = select(table).where(table.c.id.not_in(subject.identity_ids))
    rows = connection.execute(query.where(*_of_entity(table, subject)))
    return frozenset(opened(connection, table.c.value, row) for row in rows)


def _leave_out_shared(connection: Connection, records: Rows, subject: Subject) -> None:
    """Take the content out of records that speak of somebody else as well.

    By the facts behind it, or because it holds a name by which a source calls another.
    """
    fact, mine = tables.fact, CONCERNS["fact"].rows(subject)
    theirs = select(fact.c.record_id).where(mine)
    shared = select(fact.c.record_id).where(fact.c.record_id.in_(theirs), ~mine).distinct()
    ids = set(connection.execute(shared).scalars())
    for row in records:
        if row["id"] in ids or not subject.others.isdisjoint(_leaves(row["content"])):
            row["content"] = None
            row["left_out"] = ["content"]


def _unread_records(connection: Connection, subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield records that no fact came of, where they name this person and nobody else."""
    record, fact = tables.record, tables.fact
    query = select(record).where(
        ~exists(select(1).where(fact.c.record_id == record.c.id)).correlate(record),
        *_of_entity(record, subject),
    )
    columns = kept_columns(record, CONCERNS["record"], with_pay=True)
    for row in connection.execute(query.order_by(record.c.id)):
        content = opened(connection, record.c.content, row)
        if _names_only(subject, content):
            yield _plain(connection, columns, row)


def _quarantined(rows: Rows, records: Rows, subject: Subject) -> Rows:
    """Keep bad rows that name this person and nobody else, or whose record is one of theirs."""
    keys = {
        (each["connection_id"], each["stream"], each["key"])
        for each in records
        if "left_out" not in each
    }
    return [
        row
        for row in rows
        if (row["connection_id"], row["stream"], row["position"].get("key")) in keys
        or _names_only(subject, [row["payload"], row["code_values"]])
    ]


def _names_only(subject: Subject, content: object) -> bool:
    texts = set(_leaves(content))
    return not texts.isdisjoint(subject.texts) and texts.isdisjoint(subject.others)


def _leaves(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from _leaves(each)
    elif content is not None:
        yield str(content).strip()


def _keep_problems(runs: Rows, subject: Subject) -> None:
    """Keep of what runs found amiss the entries that name this person."""
    for run in runs:
        run["problems"] = [
            each for each in run["problems"] if subject.person_id in set(_leaves(each))
        ]


def _frozen(connection: Connection, results: Rows) -> Rows:
    """Read of the frozen inputs the row of this person."""
    return [
        {
            "run_id": row["run_id"],
            "shard": row["shard"],
            "legal_entity_id": row["legal_entity_id"],
            "inputs": frozen_inputs(
                connection, row["run_id"], row["shard"], row["shard_row"], row["person_id"]
            ),
        }
        for row in results
    ]

"""Results of old systems: the sheets that stand, and their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select

from storage import tables
from storage.bulk import add_tuples
from storage.engine import Writing
from storage.sealing import opened

_set, _row = tables.old_result_set, tables.old_result
RECORD_MOST = 300
_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OldResultSet:
    """A sheet as it was taken."""

    id: str
    entity_id: str
    period: str
    name: str
    revision: int
    currency: str
    file_name: str
    content_hash: str
    layout: Mapping[str, Any]
    rows_read: int
    rows_taken: int
    problems: Mapping[str, Any]
    taken_at: datetime
    made_by: str | None

    @property
    def rows_left_out(self) -> int:
        """How many rows of the file are not compared."""
        return self.rows_read - self.rows_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOldRow:
    """One amount of a row of a sheet."""

    set_id: str
    period: str
    number: int
    component: str
    person_id: str | None
    given: str
    record: str | None
    base: int | None
    amount: int | None
    values: tuple[tuple[str, str, int, int], ...] = ()  # key, what it says, steps and grain


def standing_sets(
    connection: Connection, entity_id: str, period: str | None = None
) -> tuple[OldResultSet, ...]:
    """Read the newest revision of every sheet, by period and name."""
    later = _set.alias()
    is_newest = ~(
        select(1)
        .where(
            later.c.legal_entity_id == _set.c.legal_entity_id,
            later.c.period == _set.c.period,
            later.c.name == _set.c.name,
            later.c.revision > _set.c.revision,
        )
        .correlate(_set)
        .exists()
    )
    query = select(_set).where(_set.c.legal_entity_id == entity_id, is_newest)
    if period is not None:
        query = query.where(_set.c.period == period)
    rows = connection.execute(query.order_by(_set.c.period.desc(), _set.c.name)).all()
    return tuple(_set_of(row) for row in rows)


def set_by_id(connection: Connection, entity_id: str, set_id: str) -> OldResultSet | None:
    """Read one sheet."""
    query = select(_set).where(_set.c.legal_entity_id == entity_id, _set.c.id == set_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _set_of(row)


def next_set_revision(connection: Connection, entity_id: str, period: str, name: str) -> int:
    """Say which revision of a sheet the next one is."""
    query = select(func.max(_set.c.revision)).where(
        _set.c.legal_entity_id == entity_id, _set.c.period == period, _set.c.name == name
    )
    return int(connection.execute(query).scalar_one() or 0) + 1


def add_set(writing: Writing, set_id: str, **values: Any) -> None:
    """Keep a sheet."""
    writing.connection.execute(
        insert(_set).values(
            id=set_id,
            legal_entity_id=writing.entity_id,
            taken_at=writing.known_at,
            made_by=writing.actor,
            **values,
        )
    )


def add_old_rows(
    writing: Writing,
    set_id: str,
    rows: Iterable[tuple[int, str, str | None, Mapping[str, Any]]],
) -> None:
    """Keep the rows of a sheet: number, component, person and what it says."""
    columns = (
        "set_id",
        "number",
        "component",
        "legal_entity_id",
        "person_id",
        "record",
        "document",
    )
    add_tuples(
        writing.connection,
        _row,
        columns,
        (
            (
                set_id,
                number,
                component,
                writing.entity_id,
                person,
                _cut(document["record"]),
                document,
            )
            for number, component, person, document in rows
        ),
    )


def _cut(record: str | None) -> str | None:
    return None if record is None else record[:RECORD_MOST]


def rows_of_people(
    connection: Connection, sets: Sequence[OldResultSet], people: Sequence[str]
) -> Iterator[StoredOldRow]:
    """Read the rows of some people."""
    for some in _pieces(people):
        yield from _rows(connection, sets, _row.c.person_id.in_(some))


def rows_of_records(
    connection: Connection, sets: Sequence[OldResultSet], records: Sequence[str]
) -> Iterator[StoredOldRow]:
    """Read the rows of sales with these numbers."""
    for some in _pieces(records):
        yield from _rows(connection, sets, _row.c.record.in_(some))


def rows_apart(
    connection: Connection, sets: Sequence[OldResultSet], run_id: str
) -> Iterator[StoredOldRow]:
    """Read the rows of names that are nobody's, and of people who have no result in a run."""
    result = tables.result
    has_result = (
        select(1)
        .where(result.c.run_id == run_id, result.c.person_id == _row.c.person_id)
        .correlate(_row)
        .exists()
    )
    yield from _rows(connection, sets, or_(_row.c.person_id.is_(None), ~has_result))


def _pieces(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + _AT_A_TIME] for at in range(0, len(values), _AT_A_TIME))


def _rows(
    connection: Connection, sets: Sequence[OldResultSet], which: ColumnElement[bool]
) -> Iterator[StoredOldRow]:
    periods = {each.id: each.period for each in sets}
    query = select(_row).where(_row.c.set_id.in_(list(periods)), which)
    query = query.order_by(_row.c.set_id, _row.c.number, _row.c.component)
    for row in connection.execute(query):
        yield _row_of(connection, row, periods)


def _set_of(row: Row[Any]) -> OldResultSet:
    return OldResultSet(
        id=row.id,
        entity_id=row.legal_entity_id,
        period=row.period,
        name=row.name,
        revision=row.revision,
        currency=row.currency,
        file_name=row.file_name,
        content_hash=row.content_hash,
        layout=row.layout,
        rows_read=row.rows_read,
        rows_taken=row.rows_taken,
        problems=row.problems,
        taken_at=row.taken_at,
        made_by=row.made_by,
    )


def _row_of(connection: Connection, row: Row[Any], periods: Mapping[str, str]) -> StoredOldRow:
    told = opened(connection, _row.c.document, row)
    return StoredOldRow(
        set_id=row.set_id,
        period=periods[row.set_id],
        number=row.number,
        component=row.component,
        person_id=row.person_id,
        given=told["given"],
        record=told["record"],
        base=told["base"],
        amount=told["amount"],
        values=tuple(tuple(each) for each in told.get("values", ())),
    )

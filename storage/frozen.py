"""What a run froze, read back for everybody at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from domain.columns import Column
from storage import tables
from storage.sealing import opened
from storage.shapes import StoredShape, read_shape
from storage.snapshots import read_shard


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shards:
    """The frozen inputs of a run: where each person is, and the columns of each shard."""

    places: Mapping[str, tuple[int, int]]  # the shard and the row in it
    columns: Mapping[int, Mapping[str, Column]]


def frozen_shards(connection: Connection, run_id: str) -> Shards:
    """Read every frozen input of a run."""
    table = tables.snapshot
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.shard)
    places: dict[str, tuple[int, int]] = {}
    columns: dict[int, Mapping[str, Column]] = {}
    for row in connection.execute(query).all():
        people, columns[row.shard] = read_shard(opened(connection, table.c.parquet, row))
        places.update((person, (row.shard, place)) for place, person in enumerate(people))
    return Shards(places=places, columns=columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a result is among the frozen inputs of a run, and by which rules it was made."""

    person_id: str
    scorecard_id: str | None
    scorecard_revision: int | None
    plan_version_id: str | None
    currency: str | None
    shard: int
    shard_row: int
    shape: StoredShape | None


def shard_numbers(connection: Connection, run_id: str) -> tuple[int, ...]:
    """List the shards of a run."""
    table = tables.snapshot
    query = select(table.c.shard).where(table.c.run_id == run_id).order_by(table.c.shard)
    return tuple(connection.execute(query).scalars())


def shard_columns(
    connection: Connection, run_id: str, numbers: Sequence[int]
) -> dict[int, Mapping[str, Column]]:
    """Read the frozen inputs of some shards."""
    table = tables.snapshot
    query = select(table).where(table.c.run_id == run_id, table.c.shard.in_(list(numbers)))
    return {
        row.shard: read_shard(opened(connection, table.c.parquet, row))[1]
        for row in connection.execute(query)
    }


def placed(
    connection: Connection,
    run_id: str,
    *,
    shard: int | None = None,
    people: Sequence[str] | None = None,
) -> tuple[Placed, ...]:
    """Find the results of a shard, or of some people, without opening what they were paid."""
    table = tables.result
    columns = [table.c[name] for name in Placed.__dataclass_fields__]
    query = select(*columns).where(table.c.run_id == run_id)
    if shard is not None:
        query = query.where(table.c.shard == shard)
    if people is not None:
        query = query.where(table.c.person_id.in_(list(people)))
    rows = connection.execute(query.order_by(table.c.shard, table.c.shard_row)).mappings()
    return tuple(
        Placed(**{**row, "shape": None if row["shape"] is None else read_shape(row["shape"])})
        for row in rows
    )


def frozen_values(
    connection: Connection, run_id: str, measures: Sequence[str]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Read by measure the values that a run compared, of whoever had one."""
    table = tables.standing
    query = select(table.c.measure, table.c.person_id, table.c.value_num, table.c.value_den).where(
        table.c.run_id == run_id, table.c.measure.in_(list(measures))
    )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for measure, person, num, den in connection.execute(query):
        found.setdefault(measure, {})[person] = (num, den)
    return found

"""What a run froze, read back for everybody at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from domain.columns import Column
from storage import tables
from storage.sealing import opened
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

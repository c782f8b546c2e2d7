"""The frozen inputs of a whole run as columns of everybody, without an object for any person."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from domain.columns import Column
from storage import tables
from storage.sealing import opened
from storage.snapshots import PERSON

_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenWhole:
    """Everybody of a run in the order of its shards."""

    people: Any  # an Arrow array of ids
    columns: Mapping[str, Column]
    lacking: Mapping[str, NDArray[np.bool_]]  # by name, whose rules did not read it

    def ids(self) -> list[str]:
        """List the people."""
        return [str(each) for each in self.people.to_pylist()]


class Roll:
    """Everybody of several runs, each with one number."""

    def __init__(self) -> None:
        self.people: Any = pa.array([], pa.string())

    def named(self, people: Sequence[str]) -> NDArray[np.int64]:
        """Give the numbers of people by their ids."""
        return self.numbers(pa.array(list(people), pa.string()))

    def numbers(self, people: Any) -> NDArray[np.int64]:
        """Give the numbers of some people, adding whoever is new at the end."""
        if people.equals(self.people):
            return np.arange(len(people), dtype=np.int64)
        places = pc.index_in(people, value_set=self.people)
        new = people.filter(places.is_null())
        if len(new):
            self.people = pa.concat_arrays([self.people, new])
            places = pc.index_in(people, value_set=self.people)
        return np.asarray(places, dtype=np.int64)


def frozen_whole(connection: Connection, run_id: str) -> FrozenWhole:
    """Read every frozen input of a run."""
    table = tables.snapshot
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.shard)
    rows = connection.execute(query).all()
    return whole_of([opened(connection, table.c.parquet, row) for row in rows])


def whole_of(contents: Sequence[bytes]) -> FrozenWhole:
    """Put shards together; a column that a shard does not have is lacking there, not null."""
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        shards = list(pool.map(_shard, contents))
    if len({tuple(each.column_names) for each in shards}) == 1:
        whole = pa.concat_tables(shards)
        columns = {name: _column(whole.column(name)) for name in whole.column_names[1:]}
        people = whole.column(0).combine_chunks()
        return FrozenWhole(people=people, columns=columns, lacking={})
    people = pa.concat_arrays([each.column(0).combine_chunks() for each in shards])
    columns, lacking = {}, {}
    for name in sorted({name for each in shards for name in each.column_names[1:]}):
        columns[name], there = _scattered(shards, name)
        if not there.all():
            lacking[name] = np.logical_not(there)
    return FrozenWhole(people=people, columns=columns, lacking=lacking)


def _shard(content: bytes) -> Any:
    found = pq.read_table(io.BytesIO(content), use_threads=False)
    return found.select([PERSON, *(name for name in found.column_names if name != PERSON)])


def _scattered(shards: Sequence[Any], name: str) -> tuple[Column, NDArray[np.bool_]]:
    values, present, there = [], [], []
    for shard in shards:
        has = name in shard.column_names
        column = (
            _column(shard.column(name))
            if has
            else Column(np.zeros(shard.num_rows, dtype=np.int64), np.zeros(shard.num_rows, bool))
        )
        values.append(column.values)
        full = np.ones(shard.num_rows, dtype=np.bool_)
        present.append(full if column.present is None else column.present)
        there.append(np.full(shard.num_rows, has))
    held = np.concatenate(present)
    return Column(np.concatenate(values), None if held.all() else held), np.concatenate(there)


def _column(chunked: Any) -> Column:
    array = chunked.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if array.null_count == 0:
        return Column(array.to_numpy())
    return Column(array.fill_null(0).to_numpy(), np.asarray(array.is_valid()))

"""Frozen inputs: exactly what was scored, as Parquet that any tool can read.

One shard holds whole rows of one variant (one scorecard, one plan). Missing is null, never zero.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from domain.columns import Column
from storage import tables
from storage.sealing import opened, sealed_values

PERSON = "person_id"
_GROUP = 2_000  # people that are read together when one of them is explained


def write_shard(person_ids: Sequence[str], columns: Mapping[str, Column]) -> bytes:
    """Write the inputs of some people; the same inputs give the same bytes with one library."""
    arrays: list[Any] = [pa.array(list(person_ids), pa.string())]
    names = [PERSON]
    for name in sorted(columns):
        column = columns[name]
        mask = None if column.present is None else ~column.present
        arrays.append(pa.array(column.values, pa.int64(), mask=mask))
        names.append(name)
    sink = io.BytesIO()
    pq.write_table(
        pa.table(arrays, names=names),
        sink,
        row_group_size=_GROUP,
        compression="zstd",
        write_statistics=False,
    )
    return sink.getvalue()


def read_shard(content: bytes) -> tuple[list[str], dict[str, Column]]:
    """Read a shard back into columns."""
    return _columns(pq.read_table(io.BytesIO(content)))


def read_rows(content: bytes, rows: Sequence[int]) -> tuple[list[str], dict[str, Column]]:
    """Read some rows of a shard, in their order; only the pieces that they lie in are opened."""
    file = pq.ParquetFile(io.BytesIO(content))
    size = file.metadata.row_group(0).num_rows  # all but the last are as long
    groups = sorted({row // size for row in rows})
    begins = {group: place * size for place, group in enumerate(groups)}
    places = [begins[row // size] + row % size for row in rows]
    found = file.read_row_groups(groups, use_threads=False)  # a few rows: threads cost more
    return _columns(found.take(pa.array(places, pa.int64())))


def _columns(table: Any) -> tuple[list[str], dict[str, Column]]:
    people = [str(each) for each in table.column(PERSON).to_pylist()]
    columns = {}
    for name in table.column_names:
        if name == PERSON:
            continue
        array = table.column(name).combine_chunks()
        present = None if array.null_count == 0 else np.asarray(array.is_valid())
        columns[name] = Column(np.asarray(array.fill_null(0), dtype=np.int64), present)
    return people, columns


def keep_shards(
    connection: Connection, entity_id: str, run_id: str, shards: Sequence[bytes]
) -> None:
    """Store the shards of a run, each with its hash."""
    rows = [
        {
            "run_id": run_id,
            "shard": number,
            "legal_entity_id": entity_id,
            "parquet": content,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for number, content in enumerate(shards)
    ]
    if rows:
        sealed = [sealed_values(connection, tables.snapshot, row) for row in rows]
        connection.execute(tables.snapshot.insert(), sealed)


def frozen_inputs(
    connection: Connection, run_id: str, shard: int, row: int, person_id: str
) -> dict[str, int | None]:
    """Return the frozen inputs of one person of a run by name."""
    table = tables.snapshot
    query = select(table).where(table.c.run_id == run_id, table.c.shard == shard)
    content = opened(connection, table.c.parquet, connection.execute(query).one())
    file = pq.ParquetFile(io.BytesIO(content))
    group, place = divmod(row, file.metadata.row_group(0).num_rows)  # all but the last are as long
    people, columns = _columns(file.read_row_group(group))
    if people[place] != person_id:
        raise ValueError(f"shard {shard} of {run_id} is not the one that was stored")
    return {name: column.at(place) for name, column in columns.items()}

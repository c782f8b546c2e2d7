"""What somebody with the database's own password can do to a sealed trail, one act at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sqlalchemy import Connection, text

FORGED = {
    "legal_entity_id": "ent_other",
    "account_id": "somebody",
    "action": "nothingHappened",
    "subject_id": "per_somebody",
    "details": json.dumps({"request": "0" * 64}),
    "at": "2026-10-01T07:59:59.000001+00:00",
}
# What no program of ours writes, and what must not stop the search.
STRANGE_ON_SQLITE = ("'yesterday'", "'{broken'", "x'00ff'", "7", "''", """'{"a":1,"a":2}'""")
STRANGE_ON_POSTGRESQL = {
    "at": ("'infinity'", "'-infinity'", "'0044-03-15 BC'", "at + interval '1 microsecond'"),
    "details": ("'null'", "'[]'", "'1.50'", "'{\"a\": 1e400}'"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, and what has to be found: the code and the row or checkpoint it names."""

    told: str
    code: str
    place: int


@dataclass(slots=True)
class Tamperer:
    """Does one random act on an open connection whose guards are down."""

    connection: Connection
    random: Random
    entity_id: str
    other_id: str
    seqs: list[int]  # of the sealed rows, in order
    checkpoints: list[int]  # how many rows each had sealed

    def act(self) -> Act:
        """Do something."""
        acts: list[Callable[[], Act]] = [
            self.edit, self.edit, self.delete, self.insert, self.copy, self.swap, self.move,
            self.truncate, self.edit_checkpoint, self.delete_checkpoints, self.roll_back,
        ]  # fmt: skip
        return self.random.choice(acts)()

    def edit(self) -> Act:
        index = self._index()
        column = self.random.choice(sorted(FORGED))
        value = self._value(column)
        self._do(f"UPDATE audit_event SET {column} = {value} WHERE seq = {self.seqs[index]}")
        gone = column == "legal_entity_id"
        code = self._gone(index) if gone else "trail_row_edited"
        return Act(f"{column} of row {index + 1} = {value}", code, index + 1)

    def delete(self) -> Act:
        index = self._index()
        count = self.random.randint(1, 3)
        gone = self.seqs[index : index + count]
        self._do(f"DELETE FROM audit_event WHERE seq IN ({', '.join(map(str, gone))})")
        code = self._gone(index + len(gone) - 1)
        return Act(f"deleted {len(gone)} rows from {index + 1}", code, index + 1)

    def insert(self) -> Act:
        index = self._index()
        values = {**FORGED, "legal_entity_id": self.entity_id}
        row = ", ".join(self._cast(name, f"'{value}'") for name, value in values.items())
        self._do(
            f"INSERT INTO audit_event (seq, {', '.join(values)})"
            f" VALUES ({self.seqs[index] - self.random.randint(1, 9)}, {row})"
        )
        return Act(f"forged a row before {index + 1}", "trail_row_inserted", index + 1)

    def copy(self) -> Act:
        index, source = self._index(), self._index()
        names = ", ".join(sorted(FORGED))
        self._do(
            f"INSERT INTO audit_event (seq, {names}) SELECT {self.seqs[index] - 5}, {names}"
            f" FROM audit_event WHERE seq = {self.seqs[source]}"
        )
        # A copy just before the next row of the same content cannot be told from one behind it.
        place = index + 1 if source == index else index
        return Act(f"copied {source + 1} before {index + 1}", "trail_row_inserted", place + 1)

    def swap(self) -> Act:
        first, second = sorted(self.random.sample(range(len(self.seqs)), 2))
        low, high = self.seqs[first], self.seqs[second]
        for old, new in ((low, 0), (high, low), (0, high)):
            self._do(f"UPDATE audit_event SET seq = {new} WHERE seq = {old}")
        return Act(f"swapped {first + 1} and {second + 1}", "trail_rows_reordered", first + 1)

    def move(self) -> Act:
        source, target = self._index(), self._index()
        while target in {source, source + 1}:
            source, target = self._index(), self._index()
        self._do(
            f"UPDATE audit_event SET seq = {self.seqs[target] - 5} WHERE seq = {self.seqs[source]}"
        )
        told = f"moved {source + 1} before {target + 1}"
        return Act(told, "trail_rows_reordered", min(source, target) + 1)

    def truncate(self) -> Act:
        index = self._index()
        self._do(
            f"DELETE FROM audit_event WHERE seq >= {self.seqs[index]}"
            f" AND legal_entity_id = '{self.entity_id}'"
        )
        return Act(f"truncated before {index + 1}", "trail_truncated", index + 1)

    def edit_checkpoint(self) -> Act:
        number = self.random.randint(1, len(self.checkpoints))
        blob = "x'00'" if self.connection.dialect.name == "sqlite" else "CAST('\\x00' AS bytea)"
        change = self.random.choice(
            [
                "size = size + 1", "last_seq = last_seq - 1", f"root = '{'0' * 64}'",
                "at = '2026-10-01T07:59:59.000001'", f"previous = '{'f' * 64}'",
                f"public_key = '{'0' * 64}'", f"signature = '{'0' * 128}'", "signature = 'none'",
                f"leaves = {blob}", f"subtrees = {blob}",
            ]
        )  # fmt: skip
        self._do(
            f"UPDATE checkpoint SET {change} WHERE number = {number}"
            f" AND legal_entity_id = '{self.entity_id}'"
        )
        return Act(f"{change} of checkpoint {number}", "trail_checkpoint_forged", number)

    def delete_checkpoints(self) -> Act:
        number = self.random.randint(1, len(self.checkpoints))
        sign = self.random.choice(["=", ">="])
        self._do(
            f"DELETE FROM checkpoint WHERE number {sign} {number}"
            f" AND legal_entity_id = '{self.entity_id}'"
        )
        return Act(f"deleted checkpoints {sign} {number}", "trail_checkpoint_missing", number)

    def roll_back(self) -> Act:
        """Take the last checkpoints away together with all that they sealed."""
        left = self.random.randint(0, len(self.checkpoints) - 1)
        rows = self.checkpoints[left - 1] if left else 0
        mine = f"legal_entity_id = '{self.entity_id}'"
        self._do(f"DELETE FROM checkpoint WHERE number > {left} AND {mine}")
        self._do(f"DELETE FROM audit_event WHERE seq >= {self.seqs[rows]} AND {mine}")
        return Act(f"rolled back to checkpoint {left}", "trail_checkpoint_missing", left + 1)

    def _index(self) -> int:
        return self.random.randrange(len(self.seqs))

    def _gone(self, last: int) -> str:
        return "trail_truncated" if last == len(self.seqs) - 1 else "trail_row_deleted"

    def _value(self, column: str) -> str:
        if column == "legal_entity_id":
            return f"'{self.other_id}'"
        is_strange = self.random.random() < 0.4
        if is_strange and self.connection.dialect.name == "sqlite":
            return self.random.choice(STRANGE_ON_SQLITE)
        if is_strange and column in STRANGE_ON_POSTGRESQL:
            return self.random.choice(STRANGE_ON_POSTGRESQL[column])
        if is_strange and column in {"account_id", "subject_id"}:
            return "NULL"
        return self._cast(column, f"'{FORGED[column]}'")

    def _cast(self, column: str, value: str) -> str:
        kinds = {"details": "jsonb", "at": "timestamptz"}
        if self.connection.dialect.name == "sqlite" or column not in kinds:
            return value
        return f"CAST({value} AS {kinds[column]})"

    def _do(self, statement: str) -> None:
        done = self.connection.execute(text(statement.replace(":", "\\:")))
        assert done.rowcount >= 1, statement

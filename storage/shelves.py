"""Rows of a table that are looked up together, changed together and written together.

A shelf answers from memory what it has asked the database for. Whoever is going to ask for many
things says so before (``want``): the first question for one of them fetches all of them. Who said
nothing gets the same answers, only with a statement for each question. What is added stands on the
shelf at once, for later questions to find, and goes to the database with ``write``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Table, select

from storage.among import looked_up
from storage.bulk import add_tuples
from storage.engine import Writing
from storage.rules import newest
from storage.sealed import Sealed
from storage.sealing import indexes_of, opened_row, sealed_columns

_AT_ONCE = 1_000
_ABOUT = {"legal_entity_id", "known_at", "made_by", "reason"}  # of a row, not what it says


class Sought:
    """The keys of one column: those to ask for, those asked for, and the series they led to."""

    __slots__ = ("asked", "led", "wanted")

    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self.asked: set[str] = set()
        self.led: dict[str, dict[str, None]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    row: Any
    before: Any
    reason: str | None


class Shelf:
    """The newest revisions of a table's series, as far as they were asked for or added.

    ``series`` is the column that names a series, ``columns`` those by which rows are looked up.
    ``fetched`` is told each row that the database had: it may lead to other rows.
    """

    def __init__(
        self,
        writing: Writing,
        table: Table,
        series: str,
        columns: Sequence[str],
        fetched: Callable[[Any], None] | None = None,
    ) -> None:
        self.writing = writing
        self._fetched = fetched
        self._table = table
        self._series = series
        self._name_of = attrgetter(series)
        self._newest: dict[str, Any] = {}
        self._sought = {column: Sought() for column in columns}
        self._added: list[_Added] = []

    def want(self, column: str, key: str) -> None:
        """Say that ``key`` is going to be asked for."""
        self._sought[column].wanted.add(key)

    def has_none(self, column: str, key: str) -> None:
        """Say that the database cannot have a row of ``key``: it has just been thought of."""
        self._sought[column].asked.add(key)

    def find(self, column: str, key: str) -> list[Any]:
        """Return the newest revisions whose ``column`` is ``key``, the oldest series first."""
        sought = self._sought[column]
        if key not in sought.asked:
            self._fetch(column, key)
        led = sought.led.get(key, ())
        # A series may have had the key once, or have been taken off the shelf again.
        rows = [self._newest[series] for series in led if series in self._newest]
        found = [row for row in rows if getattr(row, column) == key]
        return found if len(found) < 2 else sorted(found, key=self._name_of)

    def first(self, column: str, key: str) -> Any:
        """Return the first of ``find``, or None."""
        found = self.find(column, key)
        return found[0] if found else None

    def series_of(self, row: Any) -> str:
        """Return the series to which a row of this shelf belongs."""
        return str(self._name_of(row))

    def add(
        self, series: str, revision: int, fields: Mapping[str, Any], reason: str | None = None
    ) -> None:
        """Put a revision on the shelf; ``fields`` are all that it says."""
        row = SimpleNamespace(**fields, **{self._series: series}, revision=revision)
        self._added.append(_Added(row=row, before=self._newest.get(series), reason=reason))
        self._newest[series] = row
        self._lead(row)

    def mark(self) -> int:
        """Return where the shelf stands, for ``back_to``."""
        return len(self._added)

    def back_to(self, mark: int) -> None:
        """Take off the shelf what was added since."""
        while len(self._added) > mark:
            added = self._added.pop()
            series = self._name_of(added.row)
            if added.before is None:
                del self._newest[series]
            else:
                self._newest[series] = added.before

    def write(self) -> int:
        """Bring what was added to the database; return how many rows."""
        writing, table = self.writing, self._table
        said = _said(table)
        about = {
            "legal_entity_id": writing.entity_id,
            "known_at": writing.known_at,
            "made_by": writing.actor,
        }
        shared = {name: value for name, value in about.items() if name in table.c}
        names, values_of = [*said, *shared], attrgetter(*said)
        if "reason" in table.c:
            names.append("reason")
        own = tuple(shared.values())
        why = [(each.reason,) if "reason" in table.c else () for each in self._added]
        rows = [
            (*values_of(each.row), *own, *reason)
            for each, reason in zip(self._added, why, strict=True)
        ]
        add_tuples(writing.connection, table, names, rows)
        self._added.clear()
        return len(rows)

    def _lead(self, row: Any) -> None:
        for column, sought in self._sought.items():
            key = getattr(row, column)
            if key is not None:
                sought.led.setdefault(key, {})[self._name_of(row)] = None

    def _fetch(self, column: str, key: str) -> None:
        """Ask the database for a key, and for all that are wanted besides."""
        sought = self._sought[column]
        keys = sorted((sought.wanted | {key}) - sought.asked)
        sought.asked.update(keys)
        sought.wanted.clear()
        for start in range(0, len(keys), _AT_ONCE):
            for row in self._rows(column, keys[start : start + _AT_ONCE]):
                # What was added since is newer than what the database knows.
                self._newest.setdefault(self._name_of(row), row)
                self._lead(row)
                if self._fetched is not None:
                    self._fetched(row)

    def _rows(self, column: str, keys: Sequence[str]) -> Iterator[Any]:
        writing, table = self.writing, self._table
        connection, entity_id = writing.connection, writing.entity_id
        kind, values, where = table.c[column].type, list[Any](keys), table.c[column]
        if isinstance(kind, Sealed) and kind.index is not None:
            where = table.c[kind.index]
            values = list(indexes_of(connection, table.c[column], keys, entity_id))
        query = select(*(table.c[name] for name in _said(table))).where(
            newest(table, self._series), table.c.legal_entity_id == entity_id
        )
        for row in connection.execute(looked_up(connection, query, where, values)):
            yield opened_row(connection, table, row) if sealed_columns(table) else row


@cache
def _said(table: Table) -> tuple[str, ...]:
    """List what a revision says: its columns without those about it and without indexes."""
    kinds = (column.type for column in table.columns)
    left_out = {kind.index for kind in kinds if isinstance(kind, Sealed)} | _ABOUT
    return tuple(column.name for column in table.columns if column.name not in left_out)

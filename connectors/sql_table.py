"""One stream of an open database: what it has, and its rows page by page.

Pages begin at a place in an order, never at a count of rows. Each page begins with the last row of
the one before, so that a key that is none is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn
from zoneinfo import ZoneInfo

from connectors.databases import Column, DatabaseAnswer, Holds, OpenDatabase, Raw
from connectors.failures import ConfigurationRefused
from connectors.sql_query import Wording
from connectors.sql_settings import (
    CHECK_SECONDS,
    NumberChanges,
    SqliteFile,
    SqlSettings,
    StreamSettings,
    TimeChanges,
)

PAGE = 500
_TIMES = (Holds.DAY, Holds.LOCAL, Holds.INSTANT)
_AS_SAID = (Holds.FLOAT, Holds.BINARY)
Condition = Callable[[Wording], Wording]
Row = tuple[Raw, ...]


class Table:
    """One stream of an open database: what it has, and its rows in an order."""

    def __init__(self, settings: SqlSettings, name: str, database: OpenDatabase) -> None:
        self.name = name
        self.stream: StreamSettings = settings.stream(name)
        self.zone = ZoneInfo(settings.zone_of(self.stream))
        self.is_file = isinstance(settings.database, SqliteFile)
        self._kind = settings.place(CHECK_SECONDS).kind
        self._database = database
        self.columns: tuple[Column, ...] = self._look()
        self.places: Mapping[str, int] = {
            column.name: place for place, column in enumerate(self.columns)
        }
        for code, column in self._unusable():
            raise ConfigurationRefused(code, {"place": name, "column": column})

    def column(self, name: str) -> Column:
        """Return a column of the stream."""
        return self.columns[self.places[name]]

    def rows(
        self, order: Sequence[str], condition: Condition, *, only: Sequence[str] = ()
    ) -> Iterator[Row]:
        """Emit the rows that fit, in an order, page by page."""
        at: Row | None = None  # where the page before ended: it comes once more
        while True:
            words = self._select(only).text(" WHERE ")
            condition(words)
            if at is not None:
                words.text(" AND ").at_or_behind(order, at)
            words.text(" ORDER BY ").names(order).text(" LIMIT ").value(PAGE)
            answer = self._ask(words)
            names = [column.name for column in answer.columns]
            places = [names.index(name) for name in order]
            here, repeated = at, 0
            for row in answer.rows:
                before, here = here, tuple(row[place] for place in places)
                if here == at:
                    repeated += 1
                    if repeated == 1:
                        continue
                if here == before:
                    self.refuse("sql_key_not_unique", ",".join(self.stream.key))
                yield row
            if len(answer.rows) < PAGE:
                return
            at = here

    def few(self, condition: Condition) -> DatabaseAnswer:
        """Return the rows that fit, one more than a page at most, in any order."""
        words = self._select(()).text(" WHERE ")
        condition(words)
        return self._ask(words.text(" LIMIT ").value(PAGE + 1))

    def named(self, words: Wording) -> Wording:
        """Add the condition that no column of the key is empty."""
        for place, name in enumerate(self.stream.key):
            words.text(" AND " if place else "").name(name).text(" IS NOT NULL")
        return words

    def nameless(self, words: Wording) -> Wording:
        """Add the condition that a column of the key is empty."""
        words.text("(")
        for place, name in enumerate(self.stream.key):
            words.text(" OR " if place else "").name(name).text(" IS NULL")
        return words.text(")")

    def _look(self) -> tuple[Column, ...]:
        words = self._select(()).text(" LIMIT ").value(0)
        try:
            return self._ask(words).columns
        except ConfigurationRefused as refused:
            if refused.code != "sql_column_missing":
                raise
            self._name_the_missing()
            raise

    def _name_the_missing(self) -> None:
        """Ask for each column alone: no database tells in a way we could read which one it was."""
        for name in self.stream.wanted():
            try:
                self._ask(self._select((name,)).text(" LIMIT ").value(0))
            except ConfigurationRefused as refused:
                if refused.code == "sql_column_missing":
                    self.refuse(refused.code, name)
                raise

    def _unusable(self) -> Iterator[tuple[str, str]]:
        """Name what the settings promise and the columns do not keep."""
        stream, names = self.stream, [column.name for column in self.columns]
        for name in stream.wanted():
            if name not in names:
                yield "sql_column_missing", name
        for name in names:
            if names.count(name) > 1:
                yield "sql_column_twice", name
        for name in stream.key:
            if self.column(name).holds in _AS_SAID:
                yield "sql_key_unusable", name
        changes = stream.changes
        if changes is not None and not self._tells_changes(changes):
            yield "sql_changes_unusable", changes.column
        for column in self.columns:
            if column.holds is Holds.FLOAT and column.name not in stream.floats:
                yield "sql_float_undeclared", column.name

    def _tells_changes(self, changes: TimeChanges | NumberChanges) -> bool:
        holds = self.column(changes.column).holds
        if self.is_file:  # whose columns may hold anything: each cell is looked at
            return holds not in _AS_SAID
        return holds in _TIMES if isinstance(changes, TimeChanges) else holds is Holds.NUMBER

    def _select(self, only: Sequence[str]) -> Wording:
        stream, words = self.stream, Wording(self._kind)
        names = only or (stream.columns and stream.wanted())
        words.text("SELECT DISTINCT " if only else "SELECT ")
        if names:
            words.names(names)
        else:
            words.text("*")
        words.text(" FROM ")
        if stream.query:
            return words.text(f"({stream.query}) AS attain_source")
        return words.name(stream.schema, stream.table)

    def _ask(self, words: Wording) -> DatabaseAnswer:
        table = "" if self.stream.query else self.stream.table
        return self._database.ask(words.statement(self.name, table))

    def refuse(self, code: str, column: str) -> NoReturn:
        """Refuse the settings of the stream because of a column."""
        raise ConfigurationRefused(code, {"place": self.name, "column": column}) from None

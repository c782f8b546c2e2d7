"""Directories: departments and people as they are now, read whole because nobody says what changed.

Who is gone is found by comparing keys (``Deletes.SWEEP``). A directory has no days, so a range of
days is refused. Who stands in several departments is listed in each of them and is told once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from connectors.contract import Backfill, Checkpoint, Cursor, Message, Notice, Scalar, StreamInfo
from connectors.emitting import Emitting, with_checkpoints
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.row_cells import Unreadable, notice, rejected, text_in

R = TypeVar("R")


class Directory(ABC, Generic[R]):
    """A stream of a directory; ``R`` is the run of its connector."""

    info: StreamInfo

    @abstractmethod
    def messages(self, run: R, /) -> Iterator[Message]:
        """Tell every row that there is."""

    def read(self, run: R, _cursor: Cursor, backfill: Backfill | None) -> Iterator[Message]:
        """Emit all of them: nobody says what changed."""
        if backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        yield from with_checkpoints(self.info.name, self.messages(run), {})
        yield Checkpoint(stream=self.info.name, cursor={})


def each_once(
    source: str,
    info: StreamInfo,
    rows: Iterable[Any],
    content_of: Callable[[Any], dict[str, Scalar]],
    emitting: Emitting,
    reason: str = "source_row_unreadable",
) -> Iterator[Message]:
    """Emit the rows of a list, each once; the first of several that have one key is told.

    A notice among them is passed on.
    """
    seen = set[str]()
    for place, row in enumerate(rows, 1):
        if isinstance(row, Notice):
            yield row
            continue
        try:
            content = content_of(row)
            key = text_in(content, info.key[0])
        except Unreadable as unreadable:
            yield rejected(info.name, f"{source}:{info.name}/{place}", row, unreadable, reason)
            continue
        if key not in seen:
            seen.add(key)
            yield emitting.record(info.name, key, content, f"{source}:{info.name}/{key}")


def keys_once(
    stream: str, rows: Iterable[Any], column: str, refused: Collection[tuple[Any, int]]
) -> Iterator[str]:
    """Name everybody in a list, each once.

    A row without a name may be anybody, and so may who stands in a department that the list did not
    reach: it is among the ``refused`` when the rows have come.
    """
    seen = set[str]()
    for row in rows:
        try:
            key = text_in(row if isinstance(row, Mapping) else {}, column)
        except Unreadable:
            raise KeysIncomplete("keys_incomplete", {"place": stream}) from None
        if key not in seen:
            seen.add(key)
            yield key
    if refused:
        raise KeysIncomplete("keys_incomplete", {"place": stream})


def everybody(rows: Iterable[Any], column: str) -> frozenset[str]:
    """Return the names of a list; who has none cannot be asked for."""
    named = {str(row.get(column) or "").strip() for row in rows if isinstance(row, Mapping)}
    return frozenset(named - {""})


def somebody(rows: Iterable[Any], column: str) -> list[str]:
    """Return the first name of a list, or none: a check takes seconds."""
    for row in rows:
        if isinstance(row, Mapping) and row.get(column):
            return [str(row[column])]
    return []


def skipped(source: str, stream: str, refused: Collection[tuple[Any, int]]) -> Iterator[Message]:
    """Tell which departments the application may not see, and the error that said so."""
    for department, code in sorted(set(refused)):
        what = str(department)
        place = f"{source}:departments/{what}"
        yield notice(stream, place, "source_skipped", what=what, code=str(code))

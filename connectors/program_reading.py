"""One run of a program of others for one stream: its rows, its state, and whether to believe it.

Rows arrive by their key, so nothing doubles. What a protocol's own messages mean is its own.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.contract import (
    CHECKPOINT_RECORDS_MAX,
    CURSOR_BYTES_MAX,
    Checkpoint,
    Cursor,
    Json,
    Message,
    Notice,
    Rejected,
    Scalar,
    join_key,
)
from connectors.emitting import Emitting
from connectors.failures import (
    ConfigurationRefused,
    ConnectorFailure,
    ProgramFailed,
    Suspicious,
)
from connectors.json_rows import flat_row
from connectors.program_lines import Row, State
from connectors.program_settings import StreamChoice
from connectors.program_sources import ProgramSource

_STRAYS_MAX = 10_000
_SHRUNK_ROWS_MIN = 20


class ProgramReading(ABC):
    """One run of a program for one stream."""

    def __init__(
        self,
        source: ProgramSource[Any, Any],
        entries: Mapping[str, Any],
        name: str,
        emitting: Emitting,
    ) -> None:
        if name not in entries:
            raise ConfigurationRefused("stream_unknown", {"stream": name})
        self.source = source
        self.entries = entries
        self.entry = entries[name]
        self.name = name
        self.emitting = emitting
        self.choice: StreamChoice = source.settings.streams.get(name) or StreamChoice()
        self.state: str | None = None
        self.seen: Counter[str] = Counter()
        self._covered: Cursor = {}
        self._first_stray = ""

    # -- what a protocol says itself -------------------------------------------------------------

    @property
    @abstractmethod
    def reads_all(self) -> bool:
        """Say whether every run reads the whole stream."""

    @abstractmethod
    def asked(self, state: str | None) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """Return the words behind ``--config FILE`` and the files for a run from a state."""

    @abstractmethod
    def take(self, line: bytes) -> Iterator[Message]:
        """Understand one line."""

    # -- the whole read --------------------------------------------------------------------------

    def run(self, before: Cursor) -> Iterator[Message]:
        """Emit the rows and, when the program has ended well, move the cursor to its state."""
        anew = self._is_due(before)
        state = None if anew else before.get("state")
        begun = None if anew else before.get("begun")
        whole = not isinstance(state, str) or isinstance(begun, int) or self.reads_all
        self.seen["begun"] = begun if isinstance(begun, int) and isinstance(state, str) else 0
        self._covered, since = before, 0
        with closing(self.rows(state if isinstance(state, str) else None)) as messages:
            for message in messages:
                if isinstance(message, Checkpoint):
                    self._covered = self._piece(before, whole=whole, anew=anew)
                    since = CHECKPOINT_RECORDS_MAX if self._covered is not before else since
                if since == CHECKPOINT_RECORDS_MAX:
                    yield Checkpoint(stream=self.name, cursor=self._covered)
                    since = 0
                if not isinstance(message, Checkpoint):
                    yield message
                    since += 1
        yield from self._ending(before, whole=whole)

    def _piece(self, before: Cursor, *, whole: bool, anew: bool) -> Cursor:
        """Return the cursor of a state in mid-run, where the program vouches for what it covers.

        A whole read that a person may have to look at first does not move on by pieces; the first
        one does as soon as there are rows, and remembers how many.
        """
        rows = self.seen["begun"] + self.seen["rows"]
        if self.state is None or anew or (whole and (rows == 0 or "rows" in before)):
            return before
        return {**before, "state": self.state, **({"begun": rows} if whole else {})}

    def _is_due(self, before: Cursor) -> bool:
        """Say whether everything is to be read anew, because that was long ago."""
        last = before.get("whole")
        if not self.choice.full_days or not isinstance(last, str):
            return False
        today = self.source.context.now.date()
        return date.fromisoformat(last) + timedelta(days=self.choice.full_days) <= today

    def _ending(self, before: Cursor, *, whole: bool) -> Iterator[Message]:
        if self.seen["strays"]:
            told = {"count": str(self.seen["strays"]), "first": self._first_stray[:200]}
            yield self.notice("tap_printed", told)
        cursor: dict[str, Json] = {k: v for k, v in before.items() if k != "begun"}
        if self.state is not None:
            cursor["state"] = self.state
        if whole:
            rows = self.seen["begun"] + self.seen["rows"]
            cursor |= {"rows": rows, "whole": self.source.context.now.date().isoformat()}
            odd = self._oddity(before.get("rows"), rows)
            if odd is not None:
                yield Checkpoint(stream=self.name, cursor=before)
                code, values = odd
                raise Suspicious(code, values, stream=self.name, cursor=cursor)
        yield Checkpoint(stream=self.name, cursor=cursor)

    def _oddity(self, before: object, rows: int) -> tuple[str, Mapping[str, str]] | None:
        """Doubt a whole read that brought nothing, or less than half of the one before."""
        values = {"stream": self.name, "tap": self.source.tap.name, "rows": str(rows)}
        if rows == 0 and before != 0 and not self.seen["rejected"]:
            return "tap_told_nothing", values
        known = before if isinstance(before, int) else 0
        if known >= _SHRUNK_ROWS_MIN and rows * 2 < known:
            return "tap_told_less", {**values, "before": str(known)}
        return None

    # -- the program -----------------------------------------------------------------------------

    def rows(self, state: str | None) -> Generator[Message, None, None]:
        """Run the program and emit what it says of the stream.

        A checkpoint among it means that the program's state covers what came before.
        """
        arguments, files = self.asked(state)
        with closing(self.source.lines(self.source.tap.program, arguments, files)) as lines:
            for line in lines:
                yield from self.take(line)

    def row(self, line: Row, key: tuple[str, ...]) -> Message:
        """Make a record of a row, by the columns of its key."""
        self.seen["read"] += 1
        parts = []
        for column in key:
            cell = _cell(line.row, column)
            if cell is None or isinstance(cell, dict | list) or cell == "":
                return self.rejected("source_key_missing", {"column": column}, _json(line.row))
            parts.append(_text(cell))
        if line.changed:
            values = {"columns": ", ".join(line.changed)[:300]}
            return self.rejected("tap_cells_lost", values, _json(line.row), key=join_key(parts))
        own = self.source.of_the_program
        content: dict[str, Scalar] = flat_row(
            {name: cell for name, cell in line.row.items() if not name.startswith(own)}
        )
        self.seen["rows"] += 1
        return self.emitting.record(self.name, join_key(parts), content, self.place())

    def note_state(self, line: State) -> None:
        """Keep a state, unless it tells a secret or is too large."""
        if line.tells_secret:
            raise self.failed("tap_state_tells_secret")
        if len(line.text) > CURSOR_BYTES_MAX // 2:  # it is written once more as JSON
            raise self.failed("tap_state_too_large", str(len(line.text)))
        self.state = line.text

    def note_stray(self, text: str) -> None:
        """Count what is printed beside the messages."""
        self.seen["strays"] += 1
        self._first_stray = self._first_stray or text
        if self.seen["strays"] > _STRAYS_MAX:
            raise self.failed("tap_prints_too_much", str(_STRAYS_MAX))

    def notice(self, code: str, values: Mapping[str, str]) -> Notice:
        """Tell a person something."""
        return Notice(stream=self.name, position=self.place(), code=code, values=values)

    def rejected(
        self, reason: str, values: Mapping[str, str], text: str, key: str = ""
    ) -> Rejected:
        """Keep what cannot be trusted for a person."""
        self.seen["rejected"] += 1
        return Rejected(
            stream=self.name,
            position=self.place(),
            reason=reason,
            values=values,
            payload={"row": text[:2_000]},
            key=key,
        )

    def place(self) -> str:
        """Say where the program is."""
        return f"{self.source.tap.name}:{self.name}/record:{self.seen['read']}"

    def failed(self, code: str, detail: str = "") -> ConnectorFailure:
        """Say what the program did wrong."""
        values = {"program": self.source.tap.name, "detail": self.source.redact(detail)}
        return ProgramFailed(code, values)


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """Find a cell of a key: a column of that name, else the way into the objects of the row."""
    if column in row:
        return row[column]
    found: Any = row
    for step in column.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)

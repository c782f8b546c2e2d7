"""How far a sync is, as a line on a terminal; nothing is printed where nobody looks."""

from __future__ import annotations

from typing import TextIO

from storage.engine import Writing

_WIDTH = 30


class SyncProgress:
    """One line, written anew for each batch that was committed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._looked_at = stream.isatty()
        self._longest = 0

    def __call__(self, _writing: Writing, done: int, total: int | None) -> None:
        """Say that ``done`` rows were read, of ``total`` where the source tells."""
        line = f"{done:,}" if not total else f"{_bar(done, total)} {done:,} / {total:,}"
        self._longest = max(self._longest, len(line))
        self._write(f"\r{line.ljust(self._longest)}")

    def end(self) -> None:
        """Wipe the line: what follows says how it went."""
        if self._longest:
            self._write(f"\r{' ' * self._longest}\r")

    def _write(self, text: str) -> None:
        if self._looked_at:
            self._stream.write(text)
            self._stream.flush()


def _bar(done: int, total: int) -> str:
    full = min(_WIDTH, _WIDTH * done // total)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}]"

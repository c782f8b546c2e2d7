"""Directories: departments and people as they are now, read whole because nobody says what changed.

Who is gone is found by comparing keys (``Deletes.SWEEP``). A directory has no days, so a range of
days that is asked for brings nothing of it, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.contract import Backfill, Checkpoint, Cursor, Message, Notice
from connectors.emitting import with_checkpoints


def read_directory(
    stream: str, rows: Iterable[Message], cursor: Cursor, backfill: Backfill | None
) -> Iterator[Message]:
    """Emit all of them, or for a range of days nothing but why."""
    if backfill is not None:
        yield Notice(stream=stream, position=stream, code="source_backfill_unsupported")
        yield Checkpoint(stream=stream, cursor=cursor)
        return
    yield from with_checkpoints(stream, rows, {})
    yield Checkpoint(stream=stream, cursor={})

"""Directories: departments and people as they are now, read whole because nobody says what changed.

Who is gone is found by comparing keys (``Deletes.SWEEP``). A directory has no days, so a range of
days is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.contract import Backfill, Checkpoint, Message
from connectors.emitting import with_checkpoints
from connectors.failures import ConfigurationRefused


def read_directory(
    stream: str, rows: Iterable[Message], backfill: Backfill | None
) -> Iterator[Message]:
    """Emit all of them."""
    if backfill is not None:
        raise ConfigurationRefused("source_backfill_unsupported")
    yield from with_checkpoints(stream, rows, {})
    yield Checkpoint(stream=stream, cursor={})

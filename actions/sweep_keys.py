"""What the keys that a source lists say against what we have: rows that are gone, rows untold.

A row may be there without ever having been told: a right that was given or given back, a row put
back from a backup. Its time of change is older than the cursor, so no read would bring it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from actions.deed import Runtime
from domain.access import Actor
from storage.engine import Engine, reading
from storage.quarantine import open_keys
from storage.records import keys_after
from storage.syncs import MARK, StoredCursor, counts_before, cursor_of, put_cursor

_AT_ONCE = 5_000
_ROWS_MIN = 5
_SHARE = 5  # more than a fifth of them vanished: a person is asked


def is_large(gone: Collection[str], known: Collection[str], present: Collection[str]) -> bool:
    """Say whether so many are gone that a person must look first; a list of nothing always is."""
    if not present:
        return bool(gone)
    return len(gone) > _ROWS_MIN and len(gone) * _SHARE > len(known)


def living_keys(engine: Engine, actor: Actor, connection_id: str, stream: str) -> dict[str, str]:
    """Return the keys of all our records that are not gone, each with its place."""
    found: dict[str, str] = {}
    key = ""
    while True:
        with reading(engine, actor) as connection:
            rows = keys_after(connection, connection_id, stream, key, _AT_ONCE)
        if not rows:
            return found
        found.update({own: place for own, place, is_there in rows if is_there})
        key = rows[-1][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The keys of one stream as its source lists them in a run."""

    runtime: Runtime
    actor: Actor
    entity_id: str
    connection_id: str
    run_id: str
    stream: str
    present: set[str]

    def told(self, read: Callable[[StoredCursor], None]) -> tuple[dict[str, str], dict[str, int]]:
        """Bring what is listed and was never told, by reading on or, when that is no use, anew.

        What came between the read and the list is there after reading on. Some sources list a row
        before they tell it: only when the very same ones are left in the next run is everything
        read, and that once, for a source may list what it never tells. Return what we have then,
        and the numbers of the run that say what is left.
        """
        known = self._living()
        left = self._untold(known)
        if not left:
            return known, {}
        seen, tried = f"{MARK}seen:{self.stream}", f"{MARK}tried:{self.stream}"
        before, name = self._before(), seen
        anew = before.get(seen) == _mark(left)
        if before.get(tried) == _mark(left):
            name = tried
        elif (at := self._go_on(anew=anew)) is not None:
            read(at)
            known = self._living()
            left = self._untold(known)
            name = tried if anew else seen
        counts = {f"keys_not_told:{self.stream}": len(left), name: _mark(left)}
        return known, counts if left else {}

    def _living(self) -> dict[str, str]:
        return living_keys(self.runtime.engine, self.actor, self.connection_id, self.stream)

    def _untold(self, known: Collection[str]) -> set[str]:
        strange = self.present - set(known)
        if not strange:
            return strange
        with reading(self.runtime.engine, self.actor) as connection:
            return strange - set(open_keys(connection, self.connection_id, self.stream))

    def _before(self) -> Mapping[str, int]:
        with reading(self.runtime.engine, self.actor) as connection:
            return counts_before(connection, self.connection_id, self.run_id)

    def _go_on(self, *, anew: bool) -> StoredCursor | None:
        """Return from where to read; None when everything was read just now."""
        with self.runtime.writing(self.entity_id, self.actor) as writing:
            at = cursor_of(writing.connection, self.connection_id, self.stream)
            if at is None or not at.cursor:
                return None
            if anew:
                at = StoredCursor(cursor=None, mapping_hash=at.mapping_hash)
                put_cursor(writing, self.connection_id, self.stream, at)
            return at


def _mark(keys: Collection[str]) -> int:
    """Return a number by which the same keys are known again."""
    return zlib.crc32("\n".join(sorted(keys)).encode()) & 0x7FFF_FFFF | 1

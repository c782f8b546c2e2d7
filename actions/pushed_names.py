"""Finding pushed users by what a provider calls them, without opening everybody's row each time.

Rows are sealed, so a name cannot be looked up in them. A row never changes once it is there: what
it is called needs to be read once in a process, and only a keyed mark of it is remembered.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from domain.access import Actor
from storage.engine import Database
from storage.pushed import pushed_ids, pushed_rows
from storage.records import StoredRecord

NAMES = ("userName", "externalId")
_MOST = 200_000
_AT_ONCE = 1_000


class PushedNames:
    """Marks of names by the id of their row; for any thread."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._marks: OrderedDict[str, Mapping[str, bytes]] = OrderedDict()
        self._turn = Lock()

    def called(
        self,
        connection: Database,
        actor: Actor,
        source: tuple[str, str],
        stream: str,
        wanted: Mapping[str, str],
    ) -> tuple[str, ...]:
        """Return the keys of the rows whose columns are ``wanted``, whatever their case."""
        ids = pushed_ids(connection, actor, source, stream)
        with self._turn:
            marks = {key: self._marks.get(row_id) for key, row_id in ids.items()}
        unknown = [key for key, mark in marks.items() if mark is None]
        for start in range(0, len(unknown), _AT_ONCE):
            chunk = unknown[start : start + _AT_ONCE]
            rows = pushed_rows(connection, actor, source, stream, keys=chunk)
            fresh = {key: self._read(row) for key, row in rows.items()}
            marks |= fresh
            self._keep({rows[key].id: mark for key, mark in fresh.items()})
        held = {name: self._mark(text) for name, text in wanted.items()}
        return tuple(
            key
            for key, mark in marks.items()
            if mark is not None and all(mark.get(name) == each for name, each in held.items())
        )

    def _read(self, row: StoredRecord) -> Mapping[str, bytes]:
        texts = {name: (row.content or {}).get(name) for name in NAMES}
        return {name: self._mark(str(text)) for name, text in texts.items() if text is not None}

    def _mark(self, text: str) -> bytes:
        folded = text.casefold().encode()
        return hashlib.blake2b(folded, key=self._secret, digest_size=16).digest()

    def _keep(self, fresh: Mapping[str, Mapping[str, bytes]]) -> None:
        with self._turn:
            self._marks.update(fresh)
            while len(self._marks) > self._most:
                self._marks.popitem(last=False)


PUSHED_NAMES = PushedNames()

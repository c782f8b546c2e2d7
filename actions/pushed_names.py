"""Finding pushed users by what a provider calls them, without opening everybody's row each time.

Rows are sealed, so a name cannot be looked up in them. A row never changes once it is there: what
it is called is read once in a process, and only a keyed mark of it is remembered. Each question
asks for what came since the last one, and looks again at whoever the marks name.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from domain.access import Actor, Deed
from storage.engine import Database
from storage.pushed import pushed_rows, pushed_since, reaches_pushed
from storage.records import StoredRecord

NAMES = ("userName", "externalId")
_MOST = 200_000
_AT_ONCE = 1_000
EDGE_ROWS = 20  # so many revisions back somebody may read an older state
_Source = tuple[str, str]  # the legal entity and the connection


_Edge = tuple[datetime, frozenset[str]]  # an instant, and the ids of the rows that came then


@dataclass(slots=True, kw_only=True)
class _Learned:
    """What is remembered of a stream: the keys of rows by their marks, and up to where.

    Several edges are kept, the newest last: whoever reads an older state of the database than
    somebody else did a moment ago still finds one of them there.
    """

    edges: tuple[_Edge, ...] = ()
    keys: dict[tuple[str, bytes], set[str]] = field(default_factory=dict)


class PushedNames:
    """Marks of the names of rows; for any thread."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._learned: OrderedDict[tuple[_Source, str], _Learned] = OrderedDict()
        self._turn = Lock()

    def called(
        self,
        connection: Database,
        actor: Actor,
        source: _Source,
        stream: str,
        wanted: Mapping[str, str],
        now: datetime | None = None,
    ) -> tuple[str, ...]:
        """Return the keys of the rows whose columns are ``wanted``, whatever their case.

        A writer says at which instant it writes: what came then may yet be undone.
        """
        if not reaches_pushed(actor, *source, Deed.READ):
            return ()
        learned = self._up_to_date(connection, actor, source, stream, now)
        held = {name: self._mark(text) for name, text in wanted.items()}
        with self._turn:
            named = [learned.keys.get(mark, set[str]()) for mark in held.items()]
            keys = sorted(set.intersection(*named))
        # A row may have got another name since, or be gone.
        rows = pushed_rows(connection, actor, source, stream, keys=keys) if keys else {}
        return tuple(key for key, row in rows.items() if held.items() <= self._read(row).items())

    def _up_to_date(
        self,
        connection: Database,
        actor: Actor,
        source: _Source,
        stream: str,
        now: datetime | None,
    ) -> _Learned:
        learned, edges = self._of(source, stream)
        rows = pushed_since(connection, actor, source, stream, edges[0][0] if edges else None)
        there = {row.id for row in rows}
        if edges and not any(ids <= there for _, ids in edges):
            # What was learned is not there: this is another database than it was.
            learned, edges = self._of(source, stream, anew=True)
            rows = pushed_since(connection, actor, source, stream, None)
        seen = set[str]().union(*(ids for _, ids in edges))
        fresh = list(dict.fromkeys(row.key for row in rows if row.id not in seen))
        for start in range(0, len(fresh), _AT_ONCE):
            chunk = fresh[start : start + _AT_ONCE]
            found = pushed_rows(connection, actor, source, stream, keys=chunk)
            marks = [(mark, key) for key, row in found.items() for mark in self._read(row).items()]
            with self._turn:
                for mark, key in marks:
                    learned.keys.setdefault(mark, set()).add(key)
        self._reach(learned, [row for row in rows if now is None or row.seen_at < now])
        return learned

    def _of(
        self, source: _Source, stream: str, *, anew: bool = False
    ) -> tuple[_Learned, tuple[_Edge, ...]]:
        """Return what is remembered of a stream; others are forgotten when it is too much."""
        name = (source, stream)
        with self._turn:
            if anew or name not in self._learned:
                self._learned[name] = _Learned()
            self._learned.move_to_end(name)
            held = sum(len(each.keys) for each in self._learned.values())
            while held > self._most and len(self._learned) > 1:
                held -= len(self._learned.popitem(last=False)[1].keys)
            learned = self._learned[name]
            return learned, learned.edges

    def _reach(self, learned: _Learned, rows: Sequence[Any]) -> None:
        """Remember up to where was read; rows come in the order of their instants."""
        came: dict[datetime, set[str]] = {}
        for row in rows:
            came.setdefault(row.seen_at, set()).add(row.id)
        with self._turn:
            edges = list(learned.edges)
            edges += [
                (at, frozenset(ids)) for at, ids in came.items() if not edges or at > edges[-1][0]
            ]
            while len(edges) > 1 and sum(len(ids) for _, ids in edges) > EDGE_ROWS:
                del edges[0]
            learned.edges = tuple(edges)

    def _read(self, row: StoredRecord) -> Mapping[str, bytes]:
        texts = {name: (row.content or {}).get(name) for name in NAMES}
        return {name: self._mark(str(text)) for name, text in texts.items() if text is not None}

    def _mark(self, text: str) -> bytes:
        folded = text.casefold().encode()
        return hashlib.blake2b(folded, key=self._secret, digest_size=16).digest()


PUSHED_NAMES = PushedNames()

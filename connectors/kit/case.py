"""What a check looks at: one connector, sample data, and what the case can do to its source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unittest import SkipTest

from connectors.contract import (
    Backfill,
    CheckCode,
    Checkpoint,
    Connector,
    Context,
    Cursor,
    Deletes,
    HookRequest,
    Json,
    Message,
    ReadRequest,
    Record,
    Tombstone,
    content_hash,
)
from connectors.web import NoWeb, Pairs, Web, WebAnswer

NOW = datetime(2026, 10, 1, tzinfo=UTC)
MOST_CALLS = 20_000
# What a source may honestly be without; each has a rule in ``absent.py`` that sees through it.
MAY_BE_ABSENT = ("K18", "K19", "K20", "K21", "K26", "K27", "mapping")
_REASON_LEAST = 20
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_EPOCH_LEAST = 10**9  # seconds, in 2001; milliseconds are larger


class NotApplicable(SkipTest):
    """The connector promises nothing here; the reason is told, and nothing has passed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not applicable because {reason}")


class NotProven(SkipTest):
    """The connector could be wrong here: the case gives the check nothing to try it with."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not proven because {reason}")


class Runaway(BaseException):
    """A connector that asks for ever; no ``except Exception`` of its own may hold this."""


Place = tuple[str, str]  # a stream and a key, or a stream and a column


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What the case can do to its source, at any moment; each one is a deed or not there.

    ``insert``, ``change`` and ``delete`` do so to one row, now, and name it; ``insert`` puts the
    row where it pushes others over the edge of a page. ``tie`` adds more rows with one and the same
    time of change than a page holds; ``undated`` a row without any. ``new_field`` and
    ``lost_field`` change the columns. ``many`` fills the source with so many rows, first with a few
    hundred and then with more; a page should hold 200 of them at most.
    """

    insert: Callable[[], Place] | None = None
    change: Callable[[], Place] | None = None
    delete: Callable[[], Place] | None = None
    tie: Callable[[], set[Place]] | None = None
    undated: Callable[[], Place] | None = None
    new_field: Callable[[], Place] | None = None
    lost_field: Callable[[], Place] | None = None
    many: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier release was set up with and left behind."""

    config: Mapping[str, Json]
    cursors: Mapping[str, Cursor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One connector with sample data, fresh for every check.

    ``wrong`` maps a check's answer to a configuration that must give it. ``rejected`` is how many
    rows of the sample are bad. ``unknown`` names (stream, column) of a column that only the source
    knows and that must arrive. ``secrets`` are the secret values in ``config``. ``web`` leads to
    the simulator. ``faults`` is what can be done to the source. ``future`` are cursors long after
    every row, for all streams whose cursors hold a time; ``backfill`` a range with the keys that
    lie in it (streams that have no days refuse); ``hook`` a callback that is
    genuine; ``earlier`` what former releases left behind: at first the settings and cursors of
    today, written down, which every later release then has to go on from.

    ``absent`` says of a check (or of ``mapping``) why there can be nothing to try in this source;
    the reason is shown in the grade. It never holds against what the connector declares.
    ``cassettes`` is the folder of what ``attain plugin record`` kept of the real source.

    To reach Gold a case gives: every ``faults``, ``future``, ``earlier``, a ``wrong`` for each
    answer, and ``backfill`` and ``hook`` if the connector has these capabilities.
    ``tests/connectors/test_odoo.py`` is a case to copy; docs/write-a-connector.md says more.
    """

    connector: Connector
    folder: Path
    config: Mapping[str, Json]
    streams: tuple[str, ...]
    wrong: Mapping[CheckCode, Mapping[str, Json]] = field(default_factory=dict)
    rejected: int = 0
    unknown: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    web: Web = field(default_factory=NoWeb)
    faults: Faults = field(default_factory=Faults)
    future: Mapping[str, Cursor] = field(default_factory=dict)
    backfill: tuple[Backfill, frozenset[Place]] | None = None
    hook: HookRequest | None = None
    earlier: tuple[Earlier, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    cassettes: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a statement about a check that applies to every source, and one without reason."""
        for number, reason in self.absent.items():
            if number not in MAY_BE_ABSENT:
                raise ValueError(f"{number} applies to every source: absent has no such check")
            if len(reason.strip()) < _REASON_LEAST:
                raise ValueError(f"absent[{number!r}] needs a sentence that says why")

    def context(self, config: Mapping[str, Json] | None = None, web: Web | None = None) -> Context:
        """Build what the host would hand over."""
        own = self.config if config is None else config
        return Context(config=own, folder=self.folder, now=NOW, web=web or self.web)

    def reading(
        self, cursors: Mapping[str, Cursor] | None = None, web: Web | None = None
    ) -> Iterator[Message]:
        """Begin to read all streams from the given cursors."""
        request = ReadRequest(streams=self.streams, cursors=cursors or {})
        return self.connector.read(self.context(web=web), request)

    def read(self, cursors: Mapping[str, Cursor] | None = None) -> list[Message]:
        """Read all streams from the given cursors."""
        return list(self.reading(cursors))

    def deletes(self, stream: str) -> Deletes:
        """Say how the stream tells deletions, as discovered or, without that, as declared."""
        found = self.connector.discover(self.context()).streams
        for info in (*found, *self.connector.info.streams):
            if info.name == stream:
                return info.deletes
        return Deletes.NONE


@dataclass(slots=True, kw_only=True)
class WatchedWeb:
    """The case's web with an eye on it; ``instead`` may answer (or raise) in the source's place."""

    inner: Web
    instead: Callable[[int], WebAnswer | Exception | None] = lambda _: None
    spoil: Callable[[int, WebAnswer], WebAnswer] = lambda _, answer: answer
    most: int = MOST_CALLS
    inside: bool = False
    asked: list[str] = field(default_factory=list)

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read."""
        return self._ask(address, lambda: self.inner.get(address, query, headers))

    def post(
        self,
        address: str,
        *,
        json: object = None,
        form: Pairs | None = None,
        body: bytes | None = None,
        query: Pairs = (),
        headers: Pairs = (),
        reads: bool = False,
    ) -> WebAnswer:
        """Send."""

        def send() -> WebAnswer:
            return self.inner.post(
                address, json=json, form=form, body=body, query=query, headers=headers, reads=reads
            )

        return self._ask(address, send)

    def _ask(self, address: str, send: Callable[[], WebAnswer]) -> WebAnswer:
        self.asked.append(address)
        number = len(self.asked)
        if number > self.most:
            raise Runaway(f"asked more than {self.most} times")
        said = self.instead(number)
        if isinstance(said, Exception):
            raise said
        if said is not None:
            return said
        self.inside = True
        try:
            answer = send()
        finally:
            self.inside = False
        return self.spoil(number, answer)


def rows(messages: list[Message]) -> list[tuple[str, str, str]]:
    """List what a host would store: stream, key and content (``-`` for a deletion)."""
    found = []
    for message in messages:
        if isinstance(message, Record):
            found.append((message.stream, message.key, content_hash(message.content)))
        elif isinstance(message, Tombstone):
            found.append((message.stream, message.key, "-"))
    return found


def latest(messages: list[Message]) -> dict[Place, str]:
    """Return the last content of every key."""
    return {(stream, key): content for stream, key, content in rows(messages)}


def cursors_of(messages: list[Message]) -> dict[str, Cursor]:
    """Return the last cursor of every stream."""
    return {m.stream: m.cursor for m in messages if isinstance(m, Checkpoint)}


def committed(messages: list[Message]) -> list[Message]:
    """Return what a host would have kept of a read that broke off: all before the checkpoints."""
    ends = {m.stream: place for place, m in enumerate(messages) if isinstance(m, Checkpoint)}
    return [m for place, m in enumerate(messages) if place <= ends.get(m.stream, -1)]


def spread(count: int, places: int = 5) -> list[int]:
    """Return at most ``places`` numbers from 1 to ``count``, the first and the last among them."""
    if count <= places:
        return list(range(1, count + 1))
    return sorted({1 + (count - 1) * each // (places - 1) for each in range(places)})


def holds_time(value: object) -> bool:
    """Say whether a cursor holds an instant or a day, as text or counted since 1970."""
    if isinstance(value, Mapping):
        return any(holds_time(each) for each in (*value, *value.values()))
    if isinstance(value, list | tuple):
        return any(holds_time(each) for each in value)
    if isinstance(value, str):
        counted = value.isascii() and value.isdigit() and int(value) >= _EPOCH_LEAST
        return counted or _INSTANT.fullmatch(value) is not None
    return isinstance(value, int | float) and value >= _EPOCH_LEAST

"""Replaying: a connector reads its cassettes, and there is no network and no source.

A request that was not recorded is told with the nearest one that was, and what differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from connectors.contract import (
    Catalog,
    Checkpoint,
    CheckReport,
    Connector,
    Context,
    Cursor,
    Message,
    ReadRequest,
    Record,
)
from connectors.kit.cassettes import (
    Asked,
    Body,
    Cassette,
    CassetteRefused,
    asked_of,
    cassette_of,
    read_document,
    sent_body,
    written,
)
from connectors.kit.hiding import IGNORED
from connectors.kit.scanning import allowed_in, demand_clean
from connectors.web import Pairs, WebAnswer

_SHOWN = 80


class NotRecorded(CassetteRefused):
    """The connector asks what nobody recorded."""


def masked(asked: Asked, names: Sequence[str]) -> Asked:
    """Blank what is another one each time, by its name."""
    own = frozenset(names)
    return replace(
        asked,
        query=_masked(asked.query, own),
        headers=_masked(asked.headers, own),
        body=Body(kind=asked.body.kind, says=_masked(asked.body.says, own)),
    )


def _masked(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: IGNORED if name in names else _masked(each, names) for name, each in value.items()
        }
    return [_masked(each, names) for each in value] if isinstance(value, list) else value


@dataclass(slots=True, kw_only=True)
class ReplayWeb:
    """The way out that ends at a cassette; the same request again gets the next answer to it."""

    cassette: Cassette
    name: str
    served: list[int] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read from the cassette."""
        return self._serve("GET", address, query, headers, Body())

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
        """Read from the cassette what was sent for."""
        return self._serve("POST", address, query, headers, sent_body(json, form, body))

    def _serve(
        self, method: str, address: str, query: Pairs, headers: Pairs, body: Body
    ) -> WebAnswer:
        own = self.cassette
        asked = masked(asked_of(method, address, query, headers, body, own.kept), own.ignored)
        places = [n for n, each in enumerate(own.exchanges) if _same(each.asked, asked)]
        if not places:
            self.missed.append(self._told(asked))
            raise NotRecorded(self.missed[-1])
        place = next((n for n in places if n not in self.served), places[-1])
        self.served.append(place)
        return own.exchanges[place].answer()

    def _told(self, asked: Asked) -> str:
        head = f"{_line(asked)} was not recorded in {self.name}"
        if not self.cassette.exchanges:
            return f"{head}; nothing was"
        nearest = min(
            self.cassette.exchanges, key=lambda each: len(_differences(each.asked, asked))
        )
        number = self.cassette.exchanges.index(nearest) + 1
        lines = "\n  ".join(_differences(nearest.asked, asked))
        found = f"number {number}, {_line(nearest.asked)}"
        return f"{head}.\nThe nearest is {found}, which differs:\n  {lines}"

    def demand_all_asked(self) -> None:
        """Refuse recorded answers that nobody asked for."""
        left = [
            f"number {number}, {_line(each.asked)}"
            for number, each in enumerate(self.cassette.exchanges, 1)
            if number - 1 not in self.served
        ]
        if left:
            raise CassetteRefused(f"{self.name}: never asked for: {'; '.join(left)}")


def _same(recorded: Asked, asked: Asked) -> bool:
    return replace(recorded, withheld=()) == replace(asked, withheld=())


def _line(asked: Asked) -> str:
    query = "&".join(f"{name}={value}" for name, value in asked.query.items())
    return f"{asked.method} {asked.address}{'?' if query else ''}{query}"


def _differences(recorded: Asked, asked: Asked) -> list[str]:
    """Say what differs, most telling first; an address weighs more than a value."""
    found = []
    if recorded.method != asked.method:
        found.append(f"method: asked {asked.method}, recorded {recorded.method}")
    if recorded.address != asked.address:
        found.append(f"address: asked {asked.address}, recorded {recorded.address}")
        there, here = recorded.address.split("/"), asked.address.split("/")
        found += [
            f"address, part {n}: asked {b}, recorded {a}"
            for n, (a, b) in enumerate(zip(there, here, strict=False))
            if a != b
        ]
    for what, a, b in (
        ("query", recorded.query, asked.query),
        ("header", recorded.headers, asked.headers),
        ("body", _flat(recorded.body), _flat(asked.body)),
    ):
        for name in dict.fromkeys((*a, *b)):
            if a.get(name) != b.get(name):
                said, kept = _shown(b.get(name)), _shown(a.get(name))
                found.append(f"{what} {name}: asked {said}, recorded {kept}")
    return found


def _flat(body: Body) -> Mapping[str, Any]:
    return body.says if isinstance(body.says, Mapping) else {body.kind or "none": body.says}


def _shown(value: Any) -> str:
    text = "nothing" if value is None else written(value, 0)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def taken(
    connector: Connector,
    context: Context,
    streams: tuple[str, ...],
    records: int,
    cursors: Mapping[str, Cursor] | None = None,
) -> Iterator[Message]:
    """Read until the first checkpoint after so many records (0: to the end)."""
    count = 0
    reading = connector.read(context, ReadRequest(streams=streams, cursors=cursors or {}))
    try:
        for message in reading:
            yield message
            count += isinstance(message, Record)
            if records and count >= records and isinstance(message, Checkpoint):
                return
    finally:
        getattr(reading, "close", lambda: None)()


def told_by_kind(messages: list[Message]) -> dict[str, int]:
    """Count what a read told, by kind; a key that comes twice is one key."""
    counts = Counter(type(message).__name__ for message in messages)
    keys = {(m.stream, m.key) for m in messages if isinstance(m, Record)}
    return {name: counts[name] for name in sorted(counts)} | {"keys": len(keys)}


def told_by_check(report: CheckReport) -> dict[str, int]:
    """Count what a check found, by its codes and what they are about."""
    found = Counter(" ".join([each.code, *each.values.values()]) for each in report.findings)
    return {report.code.value: 1, **found}


@dataclass(slots=True, kw_only=True)
class Replayed:
    """A cassette in the player: what a vendor's test has in its hands."""

    cassette: Cassette
    name: str
    folder: Path
    web: ReplayWeb = field(init=False)

    def __post_init__(self) -> None:
        """Put it in."""
        self.web = ReplayWeb(cassette=self.cassette, name=self.name)

    @classmethod
    def opened(cls, path: Path, folder: Path, not_before: date | None = None) -> Replayed:
        """Open a file; one that tells a secret, or is older than the day, is refused."""
        document = read_document(path)
        cassette = cassette_of(document)
        demand_clean(path.name, document, (), allowed_in(path.parent))
        if not_before is not None and cassette.recorded.date() < not_before:
            raise CassetteRefused(
                f"{path.name} was recorded on {cassette.recorded.date()}, before {not_before}: "
                f"record it anew with: attain plugin record {cassette.connector}"
            )
        return cls(cassette=cassette, name=path.name, folder=folder)

    @property
    def context(self) -> Context:
        """What the host would hand over: the settings and the instant of the recording."""
        return Context(
            config=self.cassette.config,
            folder=self.folder,
            now=self.cassette.recorded,
            web=self.web,
        )

    def check(self, connector: Connector) -> CheckReport:
        """Check as recorded."""
        return connector.check(self.context)

    def discover(self, connector: Connector) -> Catalog:
        """Discover as recorded."""
        return connector.discover(self.context)

    def read(self, connector: Connector) -> list[Message]:
        """Read as recorded, as far as it was."""
        own = self.cassette
        return list(taken(connector, self.context, own.streams, own.records))

    def run(self, connector: Connector) -> dict[str, int]:
        """Do what was recorded, and count what the connector says, as the cassette does."""
        if self.cassette.deed == "check":
            return told_by_check(self.check(connector))
        if self.cassette.deed == "discover":
            return {"streams": len(self.discover(connector).streams)}
        return told_by_kind(self.read(connector))

    def demand_as_recorded(self, connector: Connector) -> None:
        """Refuse a connector that says another number of things than when it was recorded."""
        told = self.run(connector)
        if told != dict(self.cassette.told):
            raise CassetteRefused(
                f"{self.name}: the connector said {dict(self.cassette.told)}, and now {told}"
            )

    def demand_all_asked(self) -> None:
        """Refuse recorded answers that nobody asked for."""
        self.web.demand_all_asked()

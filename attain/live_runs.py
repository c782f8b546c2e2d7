"""A run against a real source, and the note of it that counts for a grade."""

from __future__ import annotations

import inspect
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import typer

from attain.commands_grade import OWN_PACKAGE, package_of
from connectors.contract import Connector
from connectors.kit.case import WatchedWeb
from connectors.web import Web
from plugins.live_note import LiveNote, Nearness, write_note
from plugins.seals import fingerprint


@dataclass(slots=True, kw_only=True)
class LiveRun:
    """A connector before its source; ``near`` are the private hosts that it may ask."""

    connector: Connector
    near: tuple[str, ...]
    open_inner: Callable[[], Web]
    ways: list[WatchedWeb] = field(default_factory=list)
    code: str = field(init=False)
    unchanged: bool = False

    def __post_init__(self) -> None:
        """Remember which code it is that runs."""
        self.code = fingerprint(self.package)

    def end(self) -> None:
        """See whether it still is that code."""
        self.unchanged = self.code == fingerprint(self.package)

    @property
    def package(self) -> Path:
        """The folder of the package that the connector is in."""
        return package_of(Path(inspect.getfile(type(self.connector))))

    def open_web(self) -> Web:
        """Open a way out, and remember where it leads."""
        way = WatchedWeb(inner=self.open_inner())
        self.ways.append(way)
        return way

    def noted(self, counts: Mapping[str, int], ran: datetime) -> list[Path]:
        """Leave the note in the package, or say why this run was none that counts."""
        why = self._why_not(counts)
        if why:
            typer.echo(f"No run against a real source is noted: {why}.", err=True)
            return []
        source = Nearness.PRIVATE if self._hosts() & {*self.near} else Nearness.PUBLIC
        note = LiveNote(
            connector=self.connector.info.id,
            ran=ran,
            source=source,
            streams=counts,
            files=fingerprint(self.package),
        )
        return [write_note(self.package, note)]

    def _why_not(self, counts: Mapping[str, int]) -> str:
        if self.package == OWN_PACKAGE:
            return "the connector is Attain's own, whose package holds all of them"
        if not self.unchanged:
            return "its files were changed while it ran"
        if not self._hosts():
            return "it asked nothing over the web"
        if not sum(counts.values()):
            return "no record was read"
        here = [host for host in self._hosts() & {*self.near} if is_here(host)]
        return f"{here[0]} is this very machine, where a simulated source is too" if here else ""

    def _hosts(self) -> set[str]:
        asked = (urlsplit(address).hostname for way in self.ways for address in way.asked)
        return {host.lower() for host in asked if host}


def is_here(host: str) -> bool:
    """Say whether a name leads to an address of this machine: only there can one listen."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_may_listen(family, address) for family, _, _, _, address in found)


def _may_listen(family: int, address: tuple[object, ...]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listening:
            listening.bind(address)
    except OSError:
        return False
    return True


def records_in(texts: Mapping[str, str]) -> dict[str, int]:
    """Count the records of each stream in what was recorded."""
    counts: dict[str, int] = {}
    for told, streams in _reads(texts.values()):
        for stream in streams:
            counts[stream] = counts.get(stream, 0) + told.get("Record", 0)
    return counts


def _reads(texts: Iterable[str]) -> Iterable[tuple[Mapping[str, int], list[str]]]:
    for document in map(json.loads, texts):
        yield document["told"], document["streams"]

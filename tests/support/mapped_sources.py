"""A simulated source, synced into facts by the mapping that comes along with its connector."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import connectors
from connectors.contract import Connector
from domain.mapping_document import decode_mapping, encode_mapping
from tests.support.loopback import Asked, Told
from tests.support.source_web import simulated
from tests.support.syncing import Company


def three_kinds(stream: str) -> dict[str, Any]:
    """Build the smallest mapping that Gold takes: three kinds of facts of one stream."""
    targets = [
        {
            "target": kind,
            "make": "FACT",
            "kind": kind,
            "namespace": "shop",
            "person": {"column": "owner"},
            "date": {"column": "day", "formats": ["%Y-%m-%d"]},
            "quantity": {"constant": "1", "unit": "COUNT", "sign": "AS_IS"},
        }
        for kind in ("order", "visit", "lead")
    ]
    return {"format": "attain.mapping/1", "streams": {stream: {"targets": targets}}}


def shipped_mapping(connector: str) -> dict[str, Any]:
    """Return the mapping that comes along with one of our connectors."""
    path = Path(connectors.__file__).parent / "mappings" / f"{connector}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def written(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read a mapping in which nothing may be wrong, and write it in its one form."""
    mapping, problems = decode_mapping(document)
    assert problems == ()
    assert mapping is not None
    return encode_mapping(mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """A company that reads from a simulator."""

    company: Company
    connection: str

    def sync(self) -> Any:
        """Read once."""
        return self.company.sync(self.connection)

    def told(self) -> list[tuple[Any, ...]]:
        """List the facts that hold: key, kind, who, day, how much, of what."""
        return [(*row[:3], row[3].isoformat(), *row[4:6]) for row in self.company.facts()]

    def amounts(self, kind: str) -> dict[str, int]:
        """Return how much each fact of a kind says, by key."""
        return {row[0]: row[4] for row in self.company.facts() if row[1] == kind}


@contextmanager
def synced(
    place: tuple[str, Path],
    connector: Connector,
    answer: Callable[[Asked], Told],
    config: Callable[[str], Mapping[str, Any]],
    mapping: Mapping[str, Any],
) -> Iterator[Synced]:
    """Found a company in a database and a folder, and connect it to a simulator."""
    url, folder = place
    company = Company(url, folder, {connector.info.id: connector})
    try:
        with simulated(answer) as (address, web):
            company.runtime = replace(company.runtime, web=lambda _info, _config, _wait: web)
            made = company.connect(dict(config(address)), mapping, connector.info.id)
            yield Synced(company=company, connection=made)
    finally:
        company.runtime.engine.dispose()

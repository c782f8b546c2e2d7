"""The connections of the demo company and the mapping documents of their streams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "mappings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One connection; ``config`` has its path under the folder the deliveries are laid into.

    ``streams`` are in the order in which they should be read: people before the links to them,
    links before the facts that need them.
    """

    key: str
    name: Mapping[str, str]
    connector: str
    config: Mapping[str, Any]
    streams: tuple[str, ...]
    mapping: Mapping[str, Any]


def sources() -> tuple[Source, ...]:
    """Return the connections in the order in which they should be synced."""
    document = json.loads((_FOLDER / "connections.json").read_text(encoding="utf-8"))
    return tuple(
        Source(
            key=each["key"],
            name=each["name"],
            connector=each["connector"],
            config=each["config"],
            streams=tuple(each["config"]["streams"]),
            mapping=json.loads((_FOLDER / f"{each['key']}.json").read_text(encoding="utf-8")),
        )
        for each in document["connections"]
    )

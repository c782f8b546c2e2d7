"""The catalogue of a Singer tap: found in what it prints, and with one stream of it chosen."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.failures import ProgramFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stream that a tap offers; ``entry`` is the catalogue's own text about it."""

    name: str
    alias: str
    entry: Mapping[str, Any]

    @property
    def about(self) -> Mapping[str, Any]:
        """Return the metadata of the stream itself."""
        for each in _metadata(self.entry):
            if not each.get("breadcrumb"):
                found = each.get("metadata")
                return found if isinstance(found, dict) else {}
        return {}

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns that the tap says identify a row."""
        for found in (self.entry.get("key_properties"), self.about.get("table-key-properties")):
            if isinstance(found, list) and found:
                return tuple(map(str, found))
        return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns."""
        schema = self.entry.get("schema")
        properties = schema.get("properties") if isinstance(schema, dict) else None
        return tuple(properties) if isinstance(properties, dict) else ()

    @property
    def reads_all(self) -> bool:
        """Say whether the tap reads this stream from the beginning each time."""
        about = self.about
        method = (
            about.get("forced-replication-method")
            or about.get("replication-method")
            or self.entry.get("replication_method")
        )
        if method:
            return str(method).upper() == "FULL_TABLE"
        return not (about.get("valid-replication-keys") or self.entry.get("replication_key"))


def _metadata(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    found = entry.get("metadata")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield each


def read_catalog(text: str, tap: str) -> dict[str, Entry]:
    """Find the catalogue in what a tap printed: other things may stand around it."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            found, _ = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and isinstance(found.get("streams"), list):
            return dict(_entries(found["streams"]))
        after = text.find("\n", at)
        at = text.find("{", after) if after >= 0 else -1
    raise ProgramFailed("tap_without_catalog", {"program": tap})


def _entries(streams: list[Any]) -> Iterator[tuple[str, Entry]]:
    for each in streams:
        if not isinstance(each, dict):
            continue
        alias = str(each.get("stream") or each.get("tap_stream_id") or "")
        name = str(each.get("tap_stream_id") or alias)
        if name:
            yield name, Entry(name=name, alias=alias, entry=each)


def chosen(entries: Mapping[str, Entry], name: str, method: str) -> str:
    """Write the catalogue with one stream chosen, all its columns with it, and nothing else."""
    streams = []
    for entry in entries.values():
        own = copy.deepcopy(dict(entry.entry))
        wanted = entry.name == name
        own["selected"] = wanted
        metadata = list(_metadata(own))
        root = next((each for each in metadata if not each.get("breadcrumb")), None)
        if root is None:
            root = {"breadcrumb": [], "metadata": {}}
            metadata.append(root)
        for each in metadata:
            about = each.setdefault("metadata", {})
            about["selected"] = wanted and about.get("inclusion") != "unsupported"
        if wanted and method:
            root["metadata"]["replication-method"] = own["replication_method"] = method
        own["metadata"] = metadata
        streams.append(own)
    return json.dumps({"streams": streams})

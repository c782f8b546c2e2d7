"""The mapping a company begins with: what a connector brings, or for ours a file by its id."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from connectors.contract import ConnectorInfo, Json

_FOLDER = Path(__file__).parent / "mappings"
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}\Z")


def default_mapping(info: ConnectorInfo, *, shipped: bool) -> Mapping[str, Json] | None:
    """Return the default mapping; a file counts only for a connector that we ship ourselves."""
    if info.mapping is not None:
        return info.mapping
    path = _FOLDER / f"{info.id}.json"
    if not shipped or not _ID.match(info.id) or not path.is_file():
        return None
    found: dict[str, Json] = json.loads(path.read_text("utf-8"))
    return found

"""Events in callbacks: the JSON that an envelope holds, and what names an event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from connectors.sealed_callbacks import EnvelopeRefused

_LARGEST = 256 * 1024


def object_in(text: bytes) -> dict[str, Any]:
    """Read the object of an envelope, or of what is in it."""
    if len(text) > _LARGEST:
        raise EnvelopeRefused("too_large")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise EnvelopeRefused("not_json") from None
    if not isinstance(said, dict):
        raise EnvelopeRefused("not_json")
    return said


def delivery_name(source: str, own: object, event: Mapping[str, Any]) -> str:
    """Return what names an event: its ``own`` id, or else a hash of what it says."""
    if isinstance(own, str) and own.strip():
        return f"{source}-{own.strip()}"
    text = json.dumps(event, sort_keys=True, ensure_ascii=False)
    return f"{source}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"

"""Callbacks that a shared secret signs: HMAC-SHA256 in base64, compared without telling how far."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any


def signature_of(secret: str, content: bytes) -> str:
    """Sign bytes as they are; ``json.dumps(json.loads(body))`` would be other bytes."""
    return base64.b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()


def is_signed(secret: str, content: bytes, signature: str) -> bool:
    """Say whether a signature is the one of the secret; without a secret nothing is signed."""
    wanted = signature_of(secret, content).encode()
    return bool(secret) and hmac.compare_digest(
        wanted, signature.strip().encode("utf-8", "replace")
    )


def is_fresh(milliseconds: str, now: datetime, most: timedelta) -> bool:
    """Say whether a time that a callback names is near: not long ago, not in the future."""
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 15):
        return False
    return abs(now.timestamp() * 1_000 - int(milliseconds)) <= most / timedelta(milliseconds=1)


def body_of(body: bytes) -> Any:
    """Read the JSON of a callback; None for anything else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def id_in(row: Any, *names: str) -> str:
    """Return the first whole number under one of some names as text, "" when there is none."""
    for name in names:
        found = row.get(name) if isinstance(row, dict) else None
        if type(found) is int and found > 0:
            return str(found)
        if isinstance(found, str) and found.isascii() and found.isdigit():
            return found
    return ""

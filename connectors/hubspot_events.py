"""HubSpot's callbacks: the third form of its signature, and what the events are about.

The signature covers the method, the whole address as HubSpot knows it, the body as it came and the
time; a proxy may have changed the address on the way, so it is taken from the settings. A callback
is a hint: HubSpot sends events late, twice and out of order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import HookAnswer, HookRequest
from connectors.hubspot_settings import HubSpotSettings, HubSpotStream
from connectors.signed_hooks import body_of, id_in, is_fresh, is_signed

FRESH = timedelta(seconds=300)
_MERGED = ("primaryObjectId", "newObjectId")


def answer_callback(settings: HubSpotSettings, request: HookRequest, now: datetime) -> HookAnswer:
    """Answer a list of events."""
    if not settings.callback:
        return HookAnswer(status=404)
    if request.method.upper() != "POST":
        return HookAnswer(status=405)
    signature = request.headers.get("x-hubspot-signature-v3", "")
    time = request.headers.get("x-hubspot-request-timestamp", "")
    signed = signed_text("POST", settings.callback, request.body, time)
    if not is_signed(settings.access.client_secret, signed, signature):
        return HookAnswer(status=403)
    if not is_fresh(time, now, FRESH):
        return HookAnswer(status=403)
    events = body_of(request.body)
    if not isinstance(events, list):
        return HookAnswer(status=400)
    return HookAnswer(
        status=200, reread=_reread(events, settings.streams), delivery=_delivery(events)
    )


def signed_text(method: str, address: str, body: bytes, time: str) -> bytes:
    """Put together what the signature covers."""
    return b"".join((method.encode(), address.encode(), body, time.encode("utf-8", "replace")))


def _reread(events: list[Any], streams: tuple[HubSpotStream, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for event in events:
        stream = _stream_of(event, streams)
        if stream is None:
            continue
        keys = [id_in(event, name) for name in ("objectId", *_MERGED)]
        merged = event.get("mergedObjectIds")
        if isinstance(merged, list):
            keys += [str(each) for each in merged if type(each) is int]
        found.setdefault(stream.name, {}).update(dict.fromkeys(key for key in keys if key))
    return {name: tuple(keys) for name, keys in found.items()}


def _stream_of(event: Any, streams: tuple[HubSpotStream, ...]) -> HubSpotStream | None:
    if not isinstance(event, Mapping):
        return None
    kind = str(event.get("subscriptionType") or "").partition(".")[0]
    number = str(event.get("objectTypeId") or "")
    for stream in streams:
        if (kind and kind == stream.event) or (number and number == stream.number):
            return stream
    return None


def _delivery(events: list[Any]) -> str:
    """Name a delivery by its events, without the count of attempts: a repeat is the same one."""
    names = ("eventId", "subscriptionType", "objectId", "occurredAt", "portalId")
    told = [[str(event.get(name)) for name in names] for event in events if isinstance(event, dict)]
    return f"hubspot-{hashlib.sha256(repr(sorted(told)).encode()).hexdigest()[:40]}"

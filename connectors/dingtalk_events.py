"""DingTalk's callbacks: verified, opened, answered as it wants, and turned into what to read again.

A callback is a hint, never data. What is easily got wrong:

- The only answer that DingTalk takes for one is the word ``success``, sealed as its own messages
  are. It is sealed with what the callback itself brought, so that one that comes twice is
  answered the same twice.
- The names of the query are written both ways (``signature``, ``msg_signature``; ``timestamp``,
  ``timeStamp``); times are seconds or milliseconds.
- An event has an id (``eventId``), but not every one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.beijing import milli_or_none
from connectors.callback_events import delivery_name, object_in
from connectors.contract import HookAnswer, HookRequest
from connectors.day_streams import named_day
from connectors.sealed_callbacks import (
    CallbackSecrets,
    EnvelopeRefused,
    is_fresh,
    is_signed,
    open_sealed,
    seal,
    signature,
)

SUCCESS = b"success"
_RANDOM = 16
_CHECK = "check_url"


def answer_callback(secrets: CallbackSecrets, request: HookRequest, now: datetime) -> HookAnswer:
    """Answer an event or the check of the address, which is an event too."""
    if request.method.upper() != "POST":
        return HookAnswer(status=405)
    query = request.query
    signed = query.get("msg_signature") or query.get("signature") or ""
    timestamp = query.get("timestamp") or query.get("timeStamp") or ""
    nonce = query.get("nonce") or ""
    try:
        encrypted = _encrypted(request.body)
        if not is_signed(secrets, signed, timestamp, nonce, encrypted):
            return HookAnswer(status=403)
        if not is_fresh(timestamp, now):
            return HookAnswer(status=403)
        event = object_in(open_sealed(secrets, encrypted))
    except EnvelopeRefused:
        return HookAnswer(status=400)
    body = sealed_success(secrets, timestamp, nonce, encrypted)
    if event.get("EventType") == _CHECK:
        return HookAnswer(status=200, body=body)
    return HookAnswer(status=200, body=body, reread=reread_of(event), delivery=delivery_of(event))


def sealed_success(secrets: CallbackSecrets, timestamp: str, nonce: str, encrypted: str) -> bytes:
    """Write the answer; its random part follows from the callback and from what only we know."""
    secret = f"{secrets.token}{secrets.key}".encode()
    random = hmac.new(secret, encrypted.encode(), hashlib.sha256).digest()[:_RANDOM]
    sealed = seal(secrets, SUCCESS, random)
    said = {
        "msg_signature": signature(secrets.token, timestamp, nonce, sealed),
        "timeStamp": timestamp,
        "nonce": nonce,
        "encrypt": sealed,
    }
    return json.dumps(said).encode()


def delivery_of(event: Mapping[str, Any]) -> str:
    """Return what names an event: its id, or else a hash of what it says."""
    return delivery_name("dingtalk", event.get("eventId"), event)


def reread_of(event: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Say which rows an event is about."""
    kind = str(event.get("EventType") or "")
    if kind.startswith("user_"):
        users = _texts(event.get("UserId") or event.get("userId"))
        return {"members": users} if users else {}
    if kind.startswith("org_dept_"):
        units = _texts(event.get("DeptId") or event.get("deptId"))
        return {"departments": units} if units else {}
    if kind == "check_in":
        return _day(event, "staffId", "timeStamp", ("visits",))
    if kind == "attend_bossCheck_change":
        return _day(event, "userId", "workDate", ("results", "punches"))
    if kind == "attendance_check_record":
        rows = event.get("DataList")
        found = [
            name
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, Mapping)
            for name in _day(row, "userId", "checkTime", ("punches",)).get("punches", ())
        ]
        return {"punches": tuple(dict.fromkeys(found))} if found else {}
    return {}


def _day(
    event: Mapping[str, Any], who: str, when: str, streams: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    member, moment = event.get(who), milli_or_none(event, when)
    if not isinstance(member, str) or not member or moment is None:
        return {}
    return dict.fromkeys(streams, (named_day(member, moment.date()),))


def _texts(value: Any) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else [value]
    return tuple(str(each) for each in rows if isinstance(each, str | int) and str(each).strip())


def _encrypted(body: bytes) -> str:
    found = object_in(body).get("encrypt")
    if not isinstance(found, str) or not found:
        raise EnvelopeRefused("nothing_encrypted")
    return found

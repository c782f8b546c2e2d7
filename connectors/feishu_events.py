"""Feishu's event callbacks: opened, verified, answered, and turned into what to read again.

A callback is a hint, never data. What is easily got wrong:

- The key of the cipher is the SHA-256 of the encrypt key, the first 16 bytes are the IV, and the
  padding fills blocks of 16.
- The signature is over the **raw** body, with the encrypt key in front of it. The check of the
  address (``url_verification``) is sent without one that can be relied on: the word inside it
  says whose it is, and it is answered with the challenge and changes nothing.
- Version 2.0 has the name of an event in ``header.event_id``; version 1 in ``uuid``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.beijing import BEIJING
from connectors.callback_events import delivery_name, object_in
from connectors.contract import HookAnswer, HookRequest
from connectors.day_streams import named_day
from connectors.feishu_settings import EventSecrets
from connectors.sealed_callbacks import EnvelopeRefused, is_fresh

_BLOCK = 16
_CHECK = "url_verification"
_DONE = b"{}"


def signature(encrypt_key: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Return ``X-Lark-Signature``: SHA-256 of the three texts and the raw body."""
    head = f"{timestamp}{nonce}{encrypt_key}".encode(errors="replace")
    return hashlib.sha256(head + body).hexdigest()


def open_event(encrypt_key: str, encrypted: str) -> bytes:
    """Return what an envelope says."""
    try:
        closed = base64.b64decode(encrypted, validate=True)
    except (ValueError, binascii.Error):
        raise EnvelopeRefused("not_base64") from None
    if len(closed) < 2 * _BLOCK or len(closed) % _BLOCK:
        raise EnvelopeRefused("length")
    key = hashlib.sha256(encrypt_key.encode()).digest()
    decryptor = Cipher(algorithms.AES(key), modes.CBC(closed[:_BLOCK])).decryptor()
    plain = decryptor.update(closed[_BLOCK:]) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        return unpadder.update(plain) + unpadder.finalize()
    except ValueError:
        raise EnvelopeRefused("padding") from None


def seal_event(encrypt_key: str, text: bytes, iv: bytes) -> str:
    """Put a text into an envelope; ``iv`` are 16 bytes that nobody can guess."""
    key = hashlib.sha256(encrypt_key.encode()).digest()
    padder = PKCS7(_BLOCK * 8).padder()
    plain = padder.update(text) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + encryptor.update(plain) + encryptor.finalize()).decode("ascii")


def answer_event(secrets: EventSecrets, request: HookRequest, now: datetime) -> HookAnswer:
    """Answer an event, or the check of the address."""
    if request.method.upper() != "POST":
        return HookAnswer(status=405)
    try:
        # Who sends no envelope at all could be anybody: an encrypt key must be set in Feishu.
        encrypted = object_in(request.body).get("encrypt")
        if not isinstance(encrypted, str) or not encrypted:
            return HookAnswer(status=400)
        event = object_in(open_event(secrets.encrypt_key, encrypted))
    except EnvelopeRefused:
        return HookAnswer(status=400)
    if event.get("type") == _CHECK:
        return _checked(secrets, event)
    if not _is_genuine(secrets, request, now) or not _has_word(secrets, _header(event)):
        return HookAnswer(status=403)
    return HookAnswer(status=200, body=_DONE, reread=reread_of(event), delivery=delivery_of(event))


def _checked(secrets: EventSecrets, event: Mapping[str, Any]) -> HookAnswer:
    challenge = event.get("challenge")
    if not _has_word(secrets, event) or not isinstance(challenge, str):
        return HookAnswer(status=403)
    return HookAnswer(status=200, body=json.dumps({"challenge": challenge}).encode())


def _is_genuine(secrets: EventSecrets, request: HookRequest, now: datetime) -> bool:
    headers = request.headers
    timestamp = headers.get("x-lark-request-timestamp", "")
    nonce = headers.get("x-lark-request-nonce", "")
    wanted = signature(secrets.encrypt_key, timestamp, nonce, request.body)
    signed = headers.get("x-lark-signature", "").lower().encode(errors="replace")
    return hmac.compare_digest(wanted.encode(), signed) and is_fresh(timestamp, now)


def _has_word(secrets: EventSecrets, holder: Mapping[str, Any]) -> bool:
    word = str(holder.get("token") or "").encode(errors="replace")
    return hmac.compare_digest(secrets.verification_token.encode(), word)


def _header(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what says which event it is: of version 2.0 a part of it, of version 1 the whole."""
    header = event.get("header")
    return header if isinstance(header, Mapping) else event


def delivery_of(event: Mapping[str, Any]) -> str:
    """Return what names an event: its id, or else a hash of what it says."""
    own = _header(event).get("event_id") or event.get("uuid")
    return delivery_name("feishu", own, event)


def reread_of(event: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Say which rows an event is about; a stream without keys is to be read as it comes."""
    kind, about = str(_header(event).get("event_type") or ""), event.get("event")
    if not isinstance(about, Mapping):
        return {}
    if kind.startswith("contact.scope."):
        return {"departments": (), "members": ()}
    thing = about.get("object")
    if isinstance(thing, Mapping):
        for start, stream, column in (
            ("contact.user.", "members", "user_id"),
            ("contact.department.", "departments", "open_department_id"),
        ):
            named = thing.get(column)
            if kind.startswith(start):
                return {stream: (named,) if isinstance(named, str) and named else ()}
    if kind.startswith("attendance.user_flow."):
        return _day(about, "punches", _second_day(about.get("check_time")))
    if kind.startswith("attendance.user_task."):
        return _day(about, "results", _number_day(about.get("date")))
    return {}


def _day(about: Mapping[str, Any], stream: str, day: str) -> dict[str, tuple[str, ...]]:
    who = about.get("employee_id")
    if not isinstance(who, str) or not who or not day:
        return {}
    return {stream: (named_day(who, datetime.fromisoformat(day).date()),)}


def _second_day(value: Any) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return ""
    return datetime.fromtimestamp(int(text), BEIJING).date().isoformat()


def _number_day(value: Any) -> str:
    try:
        return datetime.strptime(str(value), "%Y%m%d").replace(tzinfo=BEIJING).date().isoformat()
    except ValueError:
        return ""

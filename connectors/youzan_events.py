"""Youzan's message push: verified, answered, and turned into what to read again.

A message is a hint, never data: it comes out of order, again and again, or not at all. What is
easily got wrong:

- The signature is a plain MD5 over the application's id, the **raw** body and its secret.
- ``msg`` is sometimes an object and sometimes its JSON, percent-encoded.
- One address serves all shops of an application, and test messages: what is not of this shop is
  answered and not kept.
- Only an answer that holds the word ``success`` ends the repetitions.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from connectors.contract import HookAnswer, HookRequest
from connectors.youzan_settings import YouzanSettings

SUCCESS = b'{"code":0,"msg":"success"}'
_LARGEST = 512 * 1024


def signature(client_id: str, body: bytes, client_secret: str) -> str:
    """Return ``Event-Sign``."""
    # MD5 is Youzan's choice; who knows the secret alone can make it.
    text = client_id.encode() + body + client_secret.encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def answer_push(settings: YouzanSettings, request: HookRequest) -> HookAnswer:
    """Answer a message."""
    if request.method.upper() != "POST":
        return HookAnswer(status=405)
    wanted = signature(settings.client_id, request.body, settings.client_secret)
    signed = request.headers.get("event-sign", "").lower().encode(errors="replace")
    if len(request.body) > _LARGEST or not hmac.compare_digest(wanted.encode(), signed):
        return HookAnswer(status=403)
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError):
        return HookAnswer(status=400)
    if not isinstance(said, dict):
        return HookAnswer(status=400)
    shops = {str(said.get("kdt_id")), str(said.get("root_kdt_id"))}
    if settings.shop not in shops or said.get("test") is True:
        return HookAnswer(status=200, body=SUCCESS)
    reread = reread_of(said)
    if not reread:
        return HookAnswer(status=200, body=SUCCESS)
    return HookAnswer(status=200, body=SUCCESS, reread=reread, delivery=delivery_of(said))


def delivery_of(said: Mapping[str, Any]) -> str:
    """Return what names a message, the same whenever it is sent again."""
    number = said.get("msg_id")
    if isinstance(number, str) and number.strip():
        return f"youzan-{number.strip()}"
    parts = [str(said.get(name)) for name in ("type", "kdt_id", "id", "version")]
    return f"youzan-{hashlib.sha256(repr(parts).encode()).hexdigest()[:40]}"


def reread_of(said: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Say which rows a message is about."""
    kind, about = str(said.get("type") or ""), _message(said.get("msg"))
    if "refund" in kind.lower():
        found = {"refunds": _text(about, "refund_id"), "orders": _text(about, "tid")}
    elif kind.startswith(("trade_", "youzan_trade_")):
        found = {"orders": _text(about, "tid") or _text(said, "id")}
    else:
        return {}
    return {stream: (key,) for stream, key in found.items() if key}


def _message(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(unquote(value))
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return str(value).strip() if isinstance(value, str | int) else ""

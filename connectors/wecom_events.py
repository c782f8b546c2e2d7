"""WeCom's callbacks: verified, opened, and turned into what to read again.

A callback is a hint, never data: it can be lost, doubled or late, so the reads alone must bring
everything. Nothing here touches the network, and WeCom gets its answer at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from xml.parsers import expat

from connectors.beijing import BEIJING
from connectors.contract import HookAnswer, HookRequest, join_key
from connectors.sealed_callbacks import (
    CallbackSecrets,
    EnvelopeRefused,
    is_fresh,
    is_signed,
    open_sealed,
)

_LARGEST = 256 * 1024
_DEEPEST = 16
_SECONDS_MAX = 10**11
# Lives 20 seconds and lets its holder write to a customer: not kept, not even as part of a hash.
_NOT_TOLD = frozenset({"WelcomeCode"})

Fields = Mapping[str, str]


def answer_callback(secrets: CallbackSecrets, request: HookRequest, now: datetime) -> HookAnswer:
    """Answer a verification (GET) or an event (POST)."""
    query = request.query
    signed, timestamp, nonce = (
        query.get(name, "") for name in ("msg_signature", "timestamp", "nonce")
    )
    method = request.method.upper()
    if method not in {"GET", "POST"}:
        return HookAnswer(status=405)
    try:
        encrypted = query.get("echostr", "") if method == "GET" else _encrypted(request.body)
        if not is_signed(secrets, signed, timestamp, nonce, encrypted):
            return HookAnswer(status=403)
        if not is_fresh(timestamp, now):
            return HookAnswer(status=403)
        message = open_sealed(secrets, encrypted)
        if method == "GET":
            # The plain text and nothing else: no quotes, no byte order mark, no line feed.
            return HookAnswer(status=200, body=message)
        event = read_fields(message)
    except EnvelopeRefused:
        return HookAnswer(status=400)
    return HookAnswer(status=200, reread=reread_of(event), delivery=delivery_of(event))


def delivery_of(event: Fields) -> str:
    """Return what names an event, for it has no id: the same one again gets the same name."""
    told = sorted((name, value) for name, value in event.items() if name not in _NOT_TOLD)
    digest = hashlib.sha256(repr(told).encode())
    return f"wecom-{digest.hexdigest()[:40]}"


def reread_of(event: Fields) -> dict[str, tuple[str, ...]]:
    """Say which rows an event is about; a stream without keys is to be read as it comes."""
    kind, change = event.get("Event", ""), event.get("ChangeType", "")
    if kind == "change_contact":
        if change.endswith("_party") and event.get("Id"):
            return {"departments": (event["Id"],)}
        users = [event.get(name, "").lower() for name in ("UserID", "NewUserID")]
        found = tuple(user for user in users if user)
        return {"members": found} if found else {}
    if kind == "change_external_contact" and event.get("UserID"):
        day = _day(event.get("CreateTime", ""))
        return {"behaviour": (join_key([event["UserID"].lower(), day]),)} if day else {}
    if kind == "change_external_chat":
        return {"groupchats": ()}
    number = event.get("ApprovalInfo/SpNo", "")
    if kind == "sys_approval_change" and number:
        return {"approvals": (number,)}
    return {}


def read_fields(text: bytes) -> dict[str, str]:
    """Read an XML text into its leaves by path: ``<xml><A><B>x</B></A></xml>`` is ``A/B: x``.

    A leaf that comes twice keeps both values, with a comma between. A document type is refused:
    entities that grow have no place in a callback.
    """
    if len(text) > _LARGEST:
        raise EnvelopeRefused("too_large")
    reader = _Leaves()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.take
    try:
        parser.Parse(text, True)  # noqa: FBT003 - the parser takes no names
    except expat.ExpatError:
        raise EnvelopeRefused("not_xml") from None
    return reader.found


class _Leaves:
    """Collects the leaves of a document while it is parsed."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._leaf = False

    def refuse(self, *_: object) -> None:
        raise EnvelopeRefused("document_type")

    def begin(self, name: str, _attributes: object) -> None:
        self._path.append(name)
        self._text.clear()
        self._leaf = True
        if len(self._path) > _DEEPEST:
            raise EnvelopeRefused("too_deep")

    def take(self, text: str) -> None:
        self._text.append(text)

    def end(self, _name: str) -> None:
        if self._leaf and len(self._path) > 1:
            path, text = "/".join(self._path[1:]), "".join(self._text).strip()
            before = self.found.get(path)
            self.found[path] = text if before is None else f"{before},{text}"
        self._path.pop()
        self._leaf = False


def _encrypted(body: bytes) -> str:
    found = read_fields(body).get("Encrypt", "")
    if not found:
        raise EnvelopeRefused("nothing_encrypted")
    return found


def _day(seconds: str) -> str:
    if not (seconds.isascii() and seconds.isdigit() and int(seconds) < _SECONDS_MAX):
        return ""
    return datetime.fromtimestamp(int(seconds), BEIJING).date().isoformat()

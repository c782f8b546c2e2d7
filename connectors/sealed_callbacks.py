"""The callback envelope of WeCom and DingTalk: who sent it (a signature), what it says (AES).

What is easily got wrong:

- The padding fills blocks of **32** bytes, though the cipher's are 16: a value up to 32 is right.
- The key has 43 letters of base64; the last one may carry bits that are not used, which a strict
  reader refuses although such keys are handed out.
- A right signature does not say whose message it is: the receiver stands inside, and is checked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors.contract import Json
from connectors.form import text_of, wrong

KEY_LETTERS = 43
FRESH = timedelta(minutes=10)
_BLOCK = 32
_AES_BLOCK = 16
_HEAD = 20  # 16 random bytes, then the length of the message
_KEY = re.compile(rf"[A-Za-z0-9+/]{{{KEY_LETTERS}}}")


class EnvelopeRefused(Exception):  # noqa: N818 - an answer, not an error of the program
    """The envelope is not from the source, or not for us; ``reason`` is a word, never a value."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSecrets:
    """What the page of the callback in the admin console shows, and who we are."""

    token: str = field(repr=False)
    key: str = field(repr=False)
    receiver: str


def is_callback_key(text: str) -> bool:
    """Say whether a text can be an EncodingAESKey."""
    return _KEY.fullmatch(text) is not None


def secrets_of(config: Mapping[str, Json], receiver: Callable[[], str]) -> CallbackSecrets | None:
    """Read the secrets of a callback, or None when none are set; one alone is not enough."""
    token = text_of(config, "callback_token", required=False)
    key = text_of(config, "callback_key", required=False)
    if not token and not key:
        return None
    if not token:
        raise wrong("callback_token")
    if not is_callback_key(key):
        raise wrong("callback_key")
    return CallbackSecrets(token=token, key=key, receiver=receiver())


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """Return ``msg_signature``: SHA-1 of the four texts, sorted byte by byte."""
    parts = sorted(text.encode(errors="replace") for text in (token, timestamp, nonce, encrypted))
    # SHA-1 is their choice; what it guards is authentic by the key of the envelope as well.
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()


def is_signed(
    secrets: CallbackSecrets, signed: str, timestamp: str, nonce: str, encrypted: str
) -> bool:
    """Compare the signature, in the same time whatever it is."""
    wanted = signature(secrets.token, timestamp, nonce, encrypted)
    return hmac.compare_digest(wanted.encode(), signed.lower().encode(errors="replace"))


def is_fresh(timestamp: str, now: datetime) -> bool:
    """Say whether a callback is of these minutes; some write seconds, others milliseconds."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 14):
        return False
    seconds = int(timestamp) / (1000 if len(timestamp) == 13 else 1)
    return abs(now.timestamp() - seconds) <= FRESH.total_seconds()


def seal(secrets: CallbackSecrets, message: bytes, random: bytes) -> str:
    """Put a message into an envelope; ``random`` are 16 bytes that nobody can guess."""
    plain = random + len(message).to_bytes(4, "big") + message + secrets.receiver.encode()
    pad = _BLOCK - len(plain) % _BLOCK
    encryptor = _cipher(secrets.key).encryptor()
    closed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return base64.b64encode(closed).decode("ascii")


def open_sealed(secrets: CallbackSecrets, encrypted: str) -> bytes:
    """Return the message of an envelope for us; check the signature before."""
    try:
        closed = base64.b64decode(encrypted, validate=True)
    except (ValueError, binascii.Error):
        raise EnvelopeRefused("not_base64") from None
    if not closed or len(closed) % _AES_BLOCK:
        raise EnvelopeRefused("length")
    decryptor = _cipher(secrets.key).decryptor()
    plain = decryptor.update(closed) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise EnvelopeRefused("padding")
    plain = plain[:-pad]
    if len(plain) < _HEAD:
        raise EnvelopeRefused("short")
    end = _HEAD + int.from_bytes(plain[_AES_BLOCK:_HEAD], "big")
    message, receiver = plain[_HEAD:end], plain[end:]
    if end > len(plain) or not hmac.compare_digest(receiver, secrets.receiver.encode()):
        raise EnvelopeRefused("receiver")
    return message


def _cipher(key: str) -> Cipher[modes.CBC]:
    # The lenient decoder ignores the bits that the last letter has too many.
    raw = base64.b64decode(key + "=")
    if len(raw) != _BLOCK:
        raise EnvelopeRefused("key")
    return Cipher(algorithms.AES(raw), modes.CBC(raw[:_AES_BLOCK]))

"""Authenticated encryption of single values, and the form in which they are stored.

    1 byte   the suite: 1 is ``intl`` (AES-256-GCM, HMAC-SHA256), 2 is ``gm`` (SM4-GCM, HMAC-SM3)
    8 bytes  the id of the data key
    12 bytes a random nonce
    the rest the ciphertext with its tag of 16 bytes

What a value belongs to (table, column, row, key) is authenticated with it and not stored: copied
to another row or column it does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from enum import StrEnum
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

KEY_BYTES = 32
ID_BYTES = 8
_NONCE, _TAG = 12, 16
_HEAD = 1 + ID_BYTES
_LEAST = _HEAD + _NONCE + _TAG


class SealBroken(Exception):  # noqa: N818 - a fault, named after what is wrong
    """A stored value does not open: damaged, moved, or its key is gone. It names the place only."""


class Suite(StrEnum):
    """A set of algorithms that belong together."""

    INTL = "intl"
    GM = "gm"


_BYTES = {Suite.INTL: b"\x01", Suite.GM: b"\x02"}


class Aead(Protocol):
    """Encrypts and decrypts with associated data."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the ciphertext with its tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plain bytes, or raise InvalidTag."""
        ...


class _Sm4Gcm:
    """SM4 in Galois/Counter mode, as RFC 8998 uses it; a key has 16 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key[:16])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the ciphertext with its tag."""
        machine = Cipher(self._key, modes.GCM(nonce)).encryptor()
        machine.authenticate_additional_data(associated_data or b"")
        return machine.update(data) + machine.finalize() + machine.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plain bytes, or raise InvalidTag."""
        machine = Cipher(self._key, modes.GCM(nonce, data[-_TAG:])).decryptor()
        machine.authenticate_additional_data(associated_data or b"")
        return machine.update(data[:-_TAG]) + machine.finalize()


def aead_of(suite: Suite, key: bytes) -> Aead:
    """Return the cipher of a suite under ``key`` of 32 bytes."""
    return AESGCM(key) if suite is Suite.INTL else _Sm4Gcm(key)


def keyed_hash(suite: Suite, key: bytes, text: bytes) -> bytes:
    """Return the 32 bytes by which equal texts are found without being readable."""
    if suite is Suite.INTL:
        return hmac.new(key, text, hashlib.sha256).digest()
    machine = HMAC(key, hashes.SM3())
    machine.update(text)
    return machine.finalize()


def head_of(suite: Suite, key_id: str) -> bytes:
    """Return how every value under a key begins."""
    return _BYTES[suite] + bytes.fromhex(key_id)


def key_id_of(sealed: bytes) -> str:
    """Return the id of the key under which a value lies."""
    return sealed[1:_HEAD].hex()


def is_sealed(value: object) -> bool:
    """Say whether ``value`` has the stored form."""
    return isinstance(value, bytes) and len(value) >= _LEAST and value[:1] in _BYTES.values()


def seal(aead: Aead, head: bytes, plain: bytes, about: bytes) -> bytes:
    """Encrypt ``plain`` for the place that ``about`` names."""
    nonce = os.urandom(_NONCE)
    return head + nonce + aead.encrypt(nonce, plain, about)


def unseal(aead: Aead, sealed: bytes, about: bytes) -> bytes:
    """Decrypt what was sealed for the place that ``about`` names, or raise SealBroken."""
    body = _HEAD + _NONCE
    try:
        return aead.decrypt(sealed[_HEAD:body], sealed[body:], about)
    except (InvalidTag, ValueError):
        # Neither the bytes nor a cause: whoever reads the log learns the place and nothing else.
        raise SealBroken("a stored value does not open") from None

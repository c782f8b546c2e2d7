"""Words that stand for the secrets of a connection, for a guest that only passes them on.

A connector that declares the capability ``sealed`` puts its secrets into requests as they are, and
signs and encodes nothing with them. It is given stand-ins, and never sees what they stand for: the
host puts the secrets in when it asks the web in the guest's place.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from connectors.contract import Context

CAPABILITY = "sealed"
_BLANK = "•••"
_LEAST = 6  # a shorter one is a word of ordinary texts: nobody could tell where it is meant


class StandIns:
    """The stand-ins of one call; they mean nothing to the next one."""

    def __init__(self, context: Context) -> None:
        self._redact = context.redact
        self._meant: dict[str, str] = {}
        self.config: Mapping[str, Any] = {
            name: self._sealed(value) for name, value in context.config.items()
        }
        self._any = re.compile("|".join(self._meant) or r"(?!)")

    def _sealed(self, value: object) -> Any:
        """Seal what the connection blanks as a whole: that is a secret, wherever it stands."""
        if isinstance(value, Mapping):
            return {name: self._sealed(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._sealed(each) for each in value]
        if not isinstance(value, str) or len(value) < _LEAST or self._redact(value) != _BLANK:
            return value
        word = f"sealed-{secrets.token_hex(16)}"
        self._meant[word] = value
        return word

    def hidden(self, text: str) -> str:
        """Blank every stand-in, as the secret itself would be."""
        return self._redact(self._any.sub(_BLANK, text))

    def opened(self, text: str) -> str:
        """Put the secrets in."""
        return self._any.sub(lambda found: self._meant[found.group()], text)

    def opened_all(self, value: Any) -> Any:
        """Put the secrets into every text of a JSON value."""
        if isinstance(value, str):
            return self.opened(value)
        if isinstance(value, dict):
            return {self.opened(name): self.opened_all(each) for name, each in value.items()}
        return [self.opened_all(each) for each in value] if isinstance(value, list) else value

    def opened_bytes(self, body: bytes) -> bytes:
        """Put the secrets into a body, byte by byte as they are."""
        for word, meant in self._meant.items():
            body = body.replace(word.encode(), meant.encode())
        return body

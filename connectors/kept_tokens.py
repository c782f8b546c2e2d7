"""Tokens that a source lends for a while: kept for all reads of this process, renewed by one.

Asking for a token too often gets a caller locked out, and some sources end the old one when a new
one is handed out. So there is one for everybody, and who finds it ended names the one that ended:
two who find that at once renew it once.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is shown with each call; ``company`` is whose it is, where the source tells that."""

    value: str = field(repr=False)
    until: datetime
    company: str = ""


class Tokens:
    """The tokens of this process by access: one call at a time for each, one token for everybody.

    Whoever waits for a source that does not answer holds up nobody with another access.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._known: dict[str, Token] = {}

    def current(self, place: str, now: datetime, ended: str, ask: Callable[[], Token]) -> Token:
        """Return the token of a place; ``ended`` is one that is no longer good."""
        with self._lock:
            turn = self._turns.setdefault(place, threading.Lock())
        with turn:
            known = self._known.get(place)
            if known is None or known.value == ended or known.until <= now:
                self._known.pop(place, None)
                known = self._known[place] = ask()
            return known


def place_of(*parts: str) -> str:
    """Name an access without telling its secrets: another secret is another place."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

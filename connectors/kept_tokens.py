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
from datetime import datetime, timedelta
from typing import TypeVar

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LentToken:
    """The token of one access during one run; ``ask`` asks the source for another one."""

    tokens: Tokens
    place: str
    now: datetime
    ask: Callable[[], Token]

    def current(self, ended: str = "") -> Token:
        """Return the token; ``ended`` is one that is no longer good."""
        return self.tokens.current(self.place, self.now, ended, self.ask)

    def show(self, send: Callable[[Token], T], has_ended: Callable[[T], bool]) -> tuple[T, Token]:
        """Send with the token, and once more with another one when the answer says it has ended.

        A source may end a token early; one that ends at once is no matter of time, so the second
        answer is returned whatever it says, with the token that brought it.
        """
        token = self.current()
        answer = send(token)
        if has_ended(answer):
            token = self.current(token.value)
            answer = send(token)
        return answer, token


def lent_until(now: datetime, seconds: object, margin: timedelta) -> datetime:
    """Return until when to use a token that lives some seconds: not up to its last moment."""
    lives = timedelta(seconds=seconds if type(seconds) is int and seconds > 0 else 0)
    return now + lives - min(margin, lives / 2)


def place_of(*parts: str) -> str:
    """Name an access without telling its secrets: another secret is another place."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

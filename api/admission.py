"""Who may hold a connection open: from which pages, and how many at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from api.budget import neighbourhood

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(slots=True, kw_only=True)
class Admission:
    """The open connections of this process; used from the event loop alone."""

    origins: frozenset[str] = frozenset()  # other pages that may connect: scheme and host
    connections: int = 500
    each: int = 10  # of one account
    strangers: int = 100  # connected and not yet signed in
    strangers_each: int = 20  # of one address
    _accounts: Counter[str] = field(default_factory=Counter)
    _strangers: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        """How many connections are open, named or not."""
        return self._accounts.total() + self._strangers.total()

    def allows(self, origin: str | None) -> bool:
        """Whether a page of another origin may connect."""
        return origin is not None and origin.lower() in self.origins

    def enter(self, address: str) -> Ticket | None:
        """Let somebody in who has not said who they are; None when there are too many."""
        place = neighbourhood(address)
        if (
            self._strangers.total() >= self.strangers
            or self._strangers[place] >= self.strangers_each
            or self._accounts.total() >= self.connections
        ):
            return None
        self._strangers[place] += 1
        return Ticket(self, place)


class Ticket:
    """One open connection; given back once."""

    def __init__(self, admission: Admission, place: str) -> None:
        self._admission = admission
        self._place: str | None = place
        self._account: str | None = None

    def name(self, account_id: str) -> bool:
        """Say whose it is; False when the account, or the process, has too many."""
        admission = self._admission
        if admission._accounts[account_id] >= admission.each:  # noqa: SLF001 - its own tickets
            return False
        if admission._accounts.total() >= admission.connections:  # noqa: SLF001
            return False
        self.give_back()
        self._account = account_id
        admission._accounts[account_id] += 1  # noqa: SLF001
        return True

    def give_back(self) -> None:
        """Free the place."""
        if self._place is not None:
            _less(self._admission._strangers, self._place)  # noqa: SLF001
        if self._account is not None:
            _less(self._admission._accounts, self._account)  # noqa: SLF001
        self._place = self._account = None


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


def is_same_origin(origin: str | None, host: str | None) -> bool:
    """Tell whether a page is ours. No browser leaves ``Origin`` out of a WebSocket's handshake.

    Host and port are compared, not the scheme: a proxy in front of us may speak TLS.
    """
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        here = urlsplit(f"{parts.scheme}://{host}")
        ports = (parts.port, here.port)
    except ValueError:
        return False
    if parts.hostname is None or parts.scheme not in _PORTS:
        return False
    theirs, ours = (port or _PORTS[parts.scheme] for port in ports)
    return parts.hostname == here.hostname and theirs == ours

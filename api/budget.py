"""What an account may ask for in a while: a bucket of points that refills by the second.

In memory and per process: after a restart, or on a second process, the bucket is full again. Who is
not signed in shares the bucket of the address; both stores are bounded and separate, so that a
flood of strange addresses pushes no account's bucket out.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import TypeAlias

Seconds: TypeAlias = Callable[[], float]  # a clock that only goes forward
MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    points: float
    filled_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What came of one request to spend; ``wait`` is 0 when it was granted."""

    remaining: int
    wait: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The buckets of everybody; for any thread."""

    size: int
    per_second: int
    seconds: Seconds
    most: int = MOST_BUCKETS
    _accounts: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _addresses: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _turn: Lock = field(default_factory=Lock)

    def spend(self, account_id: str | None, address: str, cost: int) -> Spent:
        """Take ``cost`` points or, when there are too few, none at all."""
        with self._turn:
            return self._spend(account_id, address, cost)

    def _spend(self, account_id: str | None, address: str, cost: int) -> Spent:
        if account_id is not None:
            bucket = self._bucket(self._accounts, account_id)
        else:
            bucket = self._bucket(self._addresses, neighbourhood(address))
        # A cost above the size could never be saved up for: the full bucket pays for it.
        asked = min(cost, self.size)
        if bucket.points < asked:
            wait = math.ceil((asked - bucket.points) / self.per_second)
            return Spent(remaining=int(bucket.points), wait=max(1, wait))
        bucket.points -= asked
        return Spent(remaining=int(bucket.points), wait=0)

    @property
    def buckets(self) -> int:
        """How many buckets are remembered."""
        return len(self._accounts) + len(self._addresses)

    def _bucket(self, store: OrderedDict[str, _Bucket], key: str) -> _Bucket:
        now = self.seconds()
        bucket = store.get(key)
        if bucket is None:
            if len(store) >= self.most:
                store.popitem(last=False)  # unused for the longest time: the fullest of all
            bucket = store[key] = _Bucket(float(self.size), now)
        store.move_to_end(key)
        gained = max(0.0, now - bucket.filled_at) * self.per_second
        bucket.points = min(float(self.size), bucket.points + gained)
        bucket.filled_at = now
        return bucket


def neighbourhood(address: str) -> str:
    """Return what shares a bucket: an IPv4 address, or the /64 that one IPv6 customer is given."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))

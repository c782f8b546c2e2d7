"""The one way out over HTTP: bounded in time and size, guarded, and silent about secrets.

An address that an administrator typed can point anywhere, also at this machine and at the network
behind it. So every name is resolved once, every address it has must be public (or the host is
allowed by the installation), and the connection goes to the address that was checked. Nothing is
redirected. A failure says what happened and at which host: never the path, the query or the body,
because these hold codes, tokens and secrets.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

import httpcore2
import httpx2
import msgspec
import stamina

# These libraries write the whole address of a request, query and all, into their logs.
for _talkative in ("httpx2", "httpcore2"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

SECONDS = 10.0
MOST_BYTES = 256 * 1024
_LONGEST_WAIT = 2.0  # a source that asks for more is not waited for while somebody looks on
_BLOCK = 16 * 1024
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_NOTHING: Mapping[str, str] = MappingProxyType({})

Pairs: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
Resolve: TypeAlias = Callable[[str, int], Iterable[str]]


class Trouble(StrEnum):
    """What went wrong on the way."""

    ADDRESS = "address"  # not an address we speak to at all: scheme, credentials in it
    DENIED = "denied"  # a private or local address that the installation does not allow
    UNKNOWN_HOST = "unknown_host"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTED = "redirected"
    ENCODED = "encoded"
    STATUS = "status"
    NOT_JSON = "not_json"


class HttpFailure(Exception):  # noqa: N818 - named by consequence, like those of the contract
    """An exchange that gave no usable answer; the text names the host and nothing else."""

    def __init__(self, trouble: Trouble, host: str, status: int | None = None) -> None:
        self.trouble = trouble
        self.host = host
        self.status = status
        super().__init__(f"{trouble.value}{'' if status is None else f' {status}'} at {host}")


class Fatal(HttpFailure):
    """It will not work until a person changes something."""


class Retriable(HttpFailure):
    """It may work later; ``after`` are the seconds that the other side asked us to wait."""

    def __init__(
        self, trouble: Trouble, host: str, status: int | None = None, after: float | None = None
    ) -> None:
        self.after = after
        super().__init__(trouble, host, status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a status of 200 to 499, and the body in full."""

    host: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def ok(self) -> bool:
        """Whether the other side did what was asked."""
        return self.status < 300

    def json_object(self) -> dict[str, Any]:
        """Read the body as a JSON object; an HTML page of some proxy is a failure."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Retriable(Trouble.NOT_JSON, self.host, self.status) from None
        return found

    def demand_ok(self) -> Answer:
        """Return the answer, or fail when the other side refused."""
        if not self.ok:
            raise Fatal(Trouble.STATUS, self.host, self.status)
        return self


class Http:
    """A client with one set of limits; it may be shared by threads and lives until ``close``."""

    def __init__(
        self,
        *,
        private_hosts: Iterable[str] = (),
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
        resolve: Resolve | None = None,
        gzip: bool = False,
    ) -> None:
        self._allowed = frozenset(host.lower() for host in private_hosts)
        self._seconds = seconds
        self._most = most_bytes
        self._gzip = gzip
        self._client = httpx2.Client(
            transport=_Guarded(_Backend(self._allowed, resolve or _addresses)),
            follow_redirects=False,
            trust_env=False,
            timeout=seconds,
            headers={
                "user-agent": "attain",
                "accept-encoding": "gzip" if gzip else "identity",
            },
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def get(
        self,
        address: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
    ) -> Answer:
        """Read; what fails in passing is tried once more within the same time."""
        with self._within(address) as host:
            for attempt in stamina.retry_context(
                _worth_another_try, attempts=2, timeout=None, wait_initial=0.1, wait_jitter=0.1
            ):
                with attempt:
                    return self._once("GET", address, host, params=query, headers=headers)
        raise AssertionError("a retry ends with an answer or a failure")

    def post_form(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str] = _NOTHING
    ) -> Answer:
        """Send a form, once: whoever retries has to know whether twice is harmless."""
        with self._within(address) as host:
            return self._once("POST", address, host, data=form, headers=headers)

    def send(
        self,
        method: str,
        address: str,
        *,
        query: Pairs = (),
        headers: Pairs = (),
        body: bytes = b"",
    ) -> Answer:
        """Make one exchange, once, with a body as it is."""
        with self._within(address) as host:
            return self._once(
                method,
                address,
                host,
                params=_listed(query),
                headers=_listed(headers),
                content=body,
            )

    @contextmanager
    def _within(self, address: str) -> Iterator[str]:
        host = self._host_of(address)
        mark = _ends.set(time.monotonic() + self._seconds)
        try:
            yield host
        finally:
            _ends.reset(mark)

    def _host_of(self, address: str) -> str:
        try:
            url = httpx2.URL(address)
        except (httpx2.InvalidURL, ValueError):
            raise Fatal(Trouble.ADDRESS, "-") from None
        host = url.host.lower()
        # Without TLS only to hosts that the installation named: they are on this machine or near.
        plain = url.scheme == "http" and host in self._allowed
        if not host or url.userinfo or not (url.scheme == "https" or plain):
            raise Fatal(Trouble.ADDRESS, host or "-")
        return host

    def _once(self, method: str, address: str, host: str, **content: Any) -> Answer:
        # An empty query would take the one that the address has away.
        content = {name: value for name, value in content.items() if value}
        try:
            with self._client.stream(method, address, **content) as response:
                return self._answer(response, host)
        except httpx2.TimeoutException:
            raise Retriable(Trouble.TIMEOUT, host) from None
        except (httpx2.HTTPError, httpcore2.NetworkError, OSError):
            raise Retriable(Trouble.UNREACHABLE, host) from None

    def _answer(self, response: httpx2.Response, host: str) -> Answer:
        status = response.status_code
        if 300 <= status < 400:
            raise Fatal(Trouble.REDIRECTED, host, status)
        if status >= 500 or status in {408, 425, 429}:
            after = _seconds_to_wait(response.headers.get("retry-after"))
            raise Retriable(Trouble.STATUS, host, status, after)
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip" if self._gzip else "identity"):
            raise Fatal(Trouble.ENCODED, host, status)  # a few bytes could become a gigabyte
        body = bytearray()
        for block in response.iter_raw(_BLOCK):
            body += block
            if len(body) > self._most:
                raise Fatal(Trouble.TOO_LARGE, host, status)
        # Some servers (Tryton 8.2) say gzip of a body that is not.
        if encoding == "gzip" and body.startswith(_GZIP):
            body = self._unpacked(body, host, status)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(host=host, status=status, body=bytes(body), headers=names)

    def _unpacked(self, packed: bytearray, host: str, status: int) -> bytearray:
        unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
        try:
            body = unpacker.decompress(packed, self._most + 1)
        except zlib.error:
            raise Retriable(Trouble.NOT_JSON, host, status) from None
        if len(body) > self._most:
            raise Fatal(Trouble.TOO_LARGE, host, status)
        if not unpacker.eof:
            raise Retriable(Trouble.UNREACHABLE, host, status)  # cut off on the way
        return bytearray(body)


def _listed(pairs: Pairs) -> list[tuple[str, str]]:
    return list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)


def _worth_another_try(failure: Exception) -> bool | float:
    if not isinstance(failure, Retriable) or failure.trouble is Trouble.TIMEOUT:
        return False
    if failure.after is None:
        return True
    return failure.after if failure.after <= _LONGEST_WAIT else False


def _seconds_to_wait(text: str | None) -> float | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    now = datetime.fromtimestamp(time.time(), UTC)
    return max(0.0, (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds())


# ---- where a connection may go -------------------------------------------------------------------

_ends: ContextVar[float] = ContextVar("the end of the exchange that this thread is in")


def _left(timeout: float | None) -> float:
    """Return how long a single step may take: never past the end of the whole exchange."""
    left = _ends.get() - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the exchange took too long")
    return left if timeout is None else min(left, timeout)


class _Guarded(httpx2.HTTPTransport):
    """The library's transport over our own way of connecting."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=20,
            keepalive_expiry=5.0,
            network_backend=backend,
        )


class _Backend(httpcore2.NetworkBackend):
    """Resolves once, checks every address, connects to the one that was checked."""

    def __init__(self, allowed: frozenset[str], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = list(self._resolve(host, port))
        except OSError:
            addresses = []
        if not addresses:
            raise Retriable(Trouble.UNKNOWN_HOST, host)
        if host.lower() not in self._allowed and not all(map(is_public, addresses)):
            raise Fatal(Trouble.DENIED, host)
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, _left(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                failure = failed
            else:
                return _Bounded(stream)
        raise failure or httpcore2.ConnectError("no address")


class _Bounded(httpcore2.NetworkStream):
    """A connection that no single step can hold longer than the whole exchange may take."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Bounded(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an address is on the open internet: not here, not near, not reserved.

    ``is_public("169.254.169.254")`` is False; so is an IPv6 address that carries it.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped or found.sixtofour
        if inside is None and found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is not None:
            found = inside
    return found.is_global and not found.is_multicast

"""One real server for all tests of a module, with a source behind it that each test puts back.

A module of ``tests/connectors`` names its simulator ``SHARED``; the fixtures there do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from connectors.contract import Connector
from connectors.http import Http
from connectors.web_host import LimitedWeb, open_http
from tests.support.loopback import Asked, Told, on_loopback
from tests.support.source_web import local_web


class Answers(Protocol):
    """What a simulated source does."""

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        ...


S = TypeVar("S", bound=Answers)
C = TypeVar("C", bound=Connector)


class SharedSimulator(Generic[S, C]):
    """Holds the source and our connector of the moment, the address of the server, one way out."""

    source: S
    connector: C
    http: Http

    def __init__(self, sample: Callable[[], S], connect: Callable[[], C]) -> None:
        self._sample = sample
        self._connect = connect
        self.address = ""

    def renew(self) -> S:
        """Begin anew with the sample, and with a connector that remembers nothing."""
        self.source, self.connector = self._sample(), self._connect()
        return self.source

    @property
    def web(self) -> LimitedWeb:
        """Build a way out to the server."""
        return local_web(self.http)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve whatever source is there, the sample to begin with."""
        self.http = open_http(["127.0.0.1"])
        try:
            with on_loopback(self._answer) as self.address:
                self.renew()
                yield
        finally:
            self.http.close()

    def _answer(self, asked: Asked) -> Told:
        return self.source.answer(asked)

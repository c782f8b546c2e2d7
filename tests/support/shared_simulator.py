"""One real server for all tests of a module, with a source behind it that each test puts back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from connectors.web_host import LimitedWeb, open_http
from tests.support.loopback import Asked, Told, on_loopback
from tests.support.source_web import local_web


class Answers(Protocol):
    """What a simulated source does."""

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        ...


S = TypeVar("S", bound=Answers)


class SharedSimulator(Generic[S]):
    """Holds the source of the moment, the address of the server and one way out."""

    def __init__(self, source: S) -> None:
        self.source = source
        self.address = ""
        self._http = open_http(["127.0.0.1"])

    @property
    def web(self) -> LimitedWeb:
        """Build a way out to the server."""
        return local_web(self._http)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve whatever source is there."""
        with on_loopback(self._answer) as self.address:
            yield self.address
        self._http.close()

    def _answer(self, asked: Asked) -> Told:
        return self.source.answer(asked)

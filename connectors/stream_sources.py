"""Connectors made of a ``StreamSet``: how a run is opened is their own, what it does is alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from connectors.contract import Catalog, CheckFinding, CheckReport, Context, Message, ReadRequest
from connectors.emitting import checked
from connectors.stream_sets import StreamSet


class Choice(Protocol):
    """Settings that name the streams of the connection."""

    @property
    def streams(self) -> Sequence[str]:
        """Their names."""
        ...


class Run(Protocol):
    """One run of a connector."""

    @property
    def settings(self) -> Choice:
        """The settings, read."""
        ...


R = TypeVar("R", bound=Run)


class StreamSource(ABC, Generic[R]):
    """A source whose rows come from the streams of a set."""

    streams: StreamSet[R]

    @abstractmethod
    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> R:
        """Read the settings; ``named`` are the rows that callbacks named, by stream."""

    @abstractmethod
    def sign_in(self, context: Context, run: R) -> None:
        """Read the settings that only a callback needs, and ask for a token."""

    def check(self, context: Context) -> CheckReport:
        """Sign in and ask for as little as possible of every stream."""

        def look() -> Iterator[CheckFinding]:
            run = self.open(context, {})
            self.sign_in(context, run)
            self.streams.probe(run, run.settings.streams)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        return self.streams.catalog(self.open(context, {}).settings.streams)

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream."""
        run = self.open(context, request.reread)
        yield from self.streams.read(run, run.settings.streams, request)


class SweptSource(StreamSource[R]):
    """A source with streams that list their keys, such as a directory."""

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Name every row of a stream that there is."""
        yield from self.streams.keys(self.open(context, {}), stream)

"""Sources that keep objects: the settings say which, and the source itself how each of them looks.

What such a connector does with its streams is alike; how a question is written and what a row says
is its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from connectors.contract import (
    Catalog,
    CheckFinding,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Message,
    ReadRequest,
    StreamInfo,
)
from connectors.emitting import Emitting, checked
from connectors.failures import ConfigurationRefused


class Chosen(Protocol):
    """Settings that say which streams the connection has."""

    @property
    def streams(self) -> Sequence[Any]:
        """The streams."""
        ...

    def stream(self, name: str, /) -> Any:
        """Return one of them; another one is a refusal."""
        ...


S = TypeVar("S", bound=Chosen)
A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Generic[S, A]):
    """One run: the settings, the source that is asked, the numbering of what it tells."""

    context: Context
    settings: S
    source: A
    emitting: Emitting = field(default_factory=Emitting)


class ObjectSource(ABC, Generic[S, A, T]):
    """A connector that reads objects; ``T`` is what the settings say of one."""

    info: ConnectorInfo

    @abstractmethod
    def begin(self, context: Context) -> Asking[S, A]:
        """Read the settings; nothing is asked yet."""

    @abstractmethod
    def probe(self, asking: Asking[S, A], stream: T) -> None:
        """Ask for as little as shows whether a stream may be read."""

    @abstractmethod
    def describe(self, asking: Asking[S, A], stream: T) -> StreamInfo:
        """Ask how the rows of a stream look."""

    @abstractmethod
    def read_stream(
        self, asking: Asking[S, A], stream: T, cursor: Cursor, request: ReadRequest, /
    ) -> Iterator[Message]:
        """Emit what was changed since the cursor, or what lies in a range of business dates."""

    def check(self, context: Context) -> CheckReport:
        """Ask for as little as possible of every stream."""

        def look() -> Iterator[CheckFinding]:
            asking = self.begin(context)
            for stream in asking.settings.streams:
                self.probe(asking, stream)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Describe every stream of the settings."""
        asking = self.begin(context)
        streams = asking.settings.streams
        return Catalog(streams=tuple(self.describe(asking, stream) for stream in streams))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream; who reads no range of days refuses one."""
        if request.backfill is not None and "backfill" not in self.info.capabilities:
            raise ConfigurationRefused("source_backfill_unsupported")
        asking = self.begin(context)
        for name in request.streams:
            stream = asking.settings.stream(name)
            yield from self.read_stream(asking, stream, request.cursors.get(name, {}), request)

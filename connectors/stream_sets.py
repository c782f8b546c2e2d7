"""The streams of a connector whose runs share calls and settings: chosen, probed, read, named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

from connectors.contract import Backfill, Catalog, Cursor, Message, ReadRequest, StreamInfo
from connectors.failures import ConfigurationRefused, KeysIncomplete

R_contra = TypeVar("R_contra", contravariant=True)


class Stream(Protocol[R_contra]):
    """One kind of row; ``run`` is one run of the connector."""

    @property
    def info(self) -> StreamInfo:
        """Say what its rows are."""
        ...

    def probe(self, run: R_contra, /) -> None:
        """Ask for as little as shows whether it may be read."""
        ...

    def read(
        self, run: R_contra, cursor: Cursor, backfill: Backfill | None, /
    ) -> Iterator[Message]:
        """Emit what is new."""
        ...


@runtime_checkable
class Swept(Protocol):
    """A stream that lists its keys."""

    def keys(self, run: object, /) -> Iterator[str]:
        """Name every row that there is."""
        ...


class StreamSet(Generic[R_contra]):
    """All streams of a connector, by name."""

    def __init__(self, *streams: Stream[R_contra]) -> None:
        self._streams: Mapping[str, Stream[R_contra]] = {each.info.name: each for each in streams}

    @property
    def infos(self) -> tuple[StreamInfo, ...]:
        """Say what the rows of each are."""
        return tuple(stream.info for stream in self._streams.values())

    def catalog(self, names: Sequence[str]) -> Catalog:
        """Name the streams of a connection."""
        return Catalog(streams=tuple(self._streams[name].info for name in names))

    def probe(self, run: R_contra, names: Sequence[str]) -> None:
        """Ask for as little as possible of each."""
        for name in names:
            self._streams[name].probe(run)

    def read(self, run: R_contra, names: Sequence[str], request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream; ``names`` are those of the connection."""
        for name in request.streams:
            if name not in names:
                raise ConfigurationRefused("stream_unknown", {"stream": name})
            yield from self._streams[name].read(
                run, request.cursors.get(name, {}), request.backfill
            )

    def keys(self, run: R_contra, name: str) -> Iterator[str]:
        """Name every row of a stream; most sources keep no list of what happened."""
        if name not in self._streams:
            raise ConfigurationRefused("stream_unknown", {"stream": name})
        stream = self._streams[name]
        if not isinstance(stream, Swept):
            raise KeysIncomplete("keys_incomplete", {"place": name})
        yield from stream.keys(run)

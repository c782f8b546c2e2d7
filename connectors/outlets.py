"""Ways out of Attain: channels that reach a person, anchors that remember checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from connectors.contract import Context, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelInfo:
    """A way to reach a person (a chat, a mailbox); fields as in ``ConnectorInfo``."""

    id: str
    title: Mapping[str, str]
    api: str
    config_schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One text for one receiver; ``dedup`` lets a channel drop what it already delivered."""

    receiver: str
    title: str
    body: str
    dedup: str


@runtime_checkable
class Channel(Protocol):
    """Delivers texts; raises the same failures as a connector."""

    @property
    def info(self) -> ChannelInfo:
        """Say who the channel is; no I/O."""
        ...

    def send(self, context: Context, message: Outgoing) -> str:
        """Deliver once and return the outside system's id of the message, or ""."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorInfo:
    """A kind of place outside that remembers checkpoints; ``place`` says what names one."""

    id: str
    title: Mapping[str, str]
    api: str
    place: str


@runtime_checkable
class Anchor(Protocol):
    """Keeps lines where the database's owner cannot change them; fails like a connector."""

    @property
    def info(self) -> AnchorInfo:
        """Say what the anchor is; no I/O."""
        ...

    def keep(self, place: str, line: str) -> str:
        """Keep the line (twice is once) and return a receipt that helps to find it again."""
        ...

    def kept(self, place: str) -> Iterator[str]:
        """Read back every line that lies there."""
        ...

"""What tests of connectors ask over and over: read a stream, and look at what came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.contract import (
    Backfill,
    Checkpoint,
    Connector,
    Context,
    Message,
    ReadRequest,
    Record,
    Rejected,
    Tombstone,
)
from connectors.web import NoWeb, Web
from tests.support.source_web import NOW


def context_for(config: Mapping[str, Any], web: Web | None = None, now: datetime = NOW) -> Context:
    """Build what the host would hand over."""
    return Context(config=config, folder=Path(), now=now, web=web or NoWeb())


class Reader:
    """Reads one connector again and again, over one way out."""

    def __init__(self, connector: Connector, web: Web) -> None:
        self.connector = connector
        self.web = web

    def read(
        self,
        config: Mapping[str, Any],
        stream: str,
        cursors: Any = None,
        *,
        backfill: Backfill | None = None,
        reread: Mapping[str, tuple[str, ...]] | None = None,
        now: datetime = NOW,
    ) -> list[Message]:
        """Read one stream to its end."""
        request = ReadRequest(
            streams=(stream,), cursors=cursors or {}, backfill=backfill, reread=reread or {}
        )
        return list(self.connector.read(context_for(config, self.web, now), request))


def keys_of(messages: list[Message]) -> list[str]:
    """Name the rows that came."""
    return [message.key for message in messages if isinstance(message, Record)]


def contents_of(messages: list[Message]) -> dict[str, Mapping[str, Any]]:
    """Return the last content of each row that came."""
    return {message.key: message.content for message in messages if isinstance(message, Record)}


def gone_in(messages: list[Message]) -> list[str]:
    """Name the rows that were taken back."""
    return [message.key for message in messages if isinstance(message, Tombstone)]


def rejected_in(messages: list[Message]) -> list[tuple[str, str]]:
    """Return the key and the reason of each row that was not taken."""
    return [(each.key, each.reason) for each in messages if isinstance(each, Rejected)]


def cursors_of(messages: list[Message]) -> dict[str, Any]:
    """Return the last cursor of each stream."""
    return {each.stream: each.cursor for each in messages if isinstance(each, Checkpoint)}

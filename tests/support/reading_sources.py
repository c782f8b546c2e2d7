"""What tests of connectors do over and over: hand a connector what the host would, and ask it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.contract import (
    Backfill,
    Catalog,
    CheckReport,
    Connector,
    Context,
    ListsKeys,
    Message,
    ReadRequest,
)
from connectors.web import NoWeb, Web
from tests.support.source_web import NOW


def context_for(config: Mapping[str, Any], web: Web | None = None, now: datetime = NOW) -> Context:
    """Build what the host would hand over."""
    return Context(config=config, folder=Path(), now=now, web=web or NoWeb())


class Reader:
    """Asks one connector again and again, over one way out."""

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

    def check(self, config: Mapping[str, Any], now: datetime = NOW) -> CheckReport:
        """Ask whether the settings are right."""
        return self.connector.check(context_for(config, self.web, now))

    def discover(self, config: Mapping[str, Any]) -> Catalog:
        """Ask what there is."""
        return self.connector.discover(context_for(config, self.web))

    def keys(self, config: Mapping[str, Any], stream: str) -> list[str]:
        """Ask for the keys of all rows that there are."""
        assert isinstance(self.connector, ListsKeys)
        return list(self.connector.keys(context_for(config, self.web), stream))

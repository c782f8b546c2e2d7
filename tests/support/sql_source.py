"""Databases to read from: a SQLite file, a database on the test server, and the way there."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.contract import Context, Json, Message, ReadRequest, Record
from connectors.databases_host import GuardedDatabases, databases_of
from connectors.kit.case import Case
from connectors.sql import SqlConnector
from connectors.web import Web
from tests.support.source_web import NOW

FILE = "crm.db"
DEALS: dict[str, Any] = {
    "table": "deal",
    "key": ["id"],
    "changes": {"kind": "TIME", "column": "changed", "again_minutes": 60},
    "deletes": {"kind": "SWEEP"},
}


def settings(streams: Mapping[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    """Describe the file, as a person would."""
    return {
        "database": {"kind": "SQLITE", "file": FILE},
        "zone": "Asia/Shanghai",
        "streams": dict(streams or {"deals": DEALS}),
        **others,
    }


def way(config: Mapping[str, Json], folder: Path, private: Sequence[str] = ()) -> GuardedDatabases:
    """Build the way to databases as an installation does."""
    return databases_of(SqlConnector.info, config, private, folder)


class SqlCase(Case):
    """A case whose context leads to databases."""

    def context(self, config: Mapping[str, Json] | None = None, web: Web | None = None) -> Context:
        """Build what the host would hand over."""
        made = Case.context(self, config, web)
        return replace(made, databases=way(made.config, self.folder))


def write(folder: Path, *statements: str) -> None:
    """Change the file."""
    with sqlite3.connect(folder / FILE) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def read(
    config: Mapping[str, Any],
    folder: Path,
    cursors: Any = None,
    private: Sequence[str] = (),
    **asked: Any,
) -> list[Message]:
    """Read every stream of the settings."""
    databases = way(config, folder, private)
    now = asked.pop("now", NOW)
    context = Context(config=config, folder=folder, now=now, databases=databases)
    streams = asked.pop("streams", tuple(config["streams"]))
    request = ReadRequest(streams=streams, cursors=cursors or {}, **asked)
    return list(SqlConnector().read(context, request))


def records(messages: list[Message]) -> dict[str, Mapping[str, Any]]:
    """Return the contents by key."""
    return {m.key: m.content for m in messages if isinstance(m, Record)}

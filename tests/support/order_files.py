"""Files of orders in a folder, read by the connector for files without a host."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.contract import (
    Checkpoint,
    Context,
    Cursor,
    Message,
    Notice,
    ReadRequest,
    Record,
    Rejected,
)
from connectors.files import FilesConnector

NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
ORDERS = {"pattern": "orders*.csv", "key": ["order_no"]}


def context(folder: Path, **orders: Any) -> Context:
    config: dict[str, Any] = {"path": ".", "streams": {"orders": {**ORDERS, **orders}}}
    return Context(config=config, folder=folder, now=NOW)


def read(folder: Path, cursors: Mapping[str, Cursor] | None = None, **orders: Any) -> list[Message]:
    request = ReadRequest(streams=("orders",), cursors=cursors or {})
    return list(FilesConnector().read(context(folder, **orders), request))


def records(messages: list[Message]) -> list[Record]:
    return [m for m in messages if isinstance(m, Record)]


def rejected(messages: list[Message]) -> list[Rejected]:
    return [m for m in messages if isinstance(m, Rejected)]


def notices(messages: list[Message], code: str) -> list[Notice]:
    return [m for m in messages if isinstance(m, Notice) and m.code == code]


def cursor(messages: list[Message]) -> dict[str, Cursor]:
    return {m.stream: m.cursor for m in messages if isinstance(m, Checkpoint)}


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path

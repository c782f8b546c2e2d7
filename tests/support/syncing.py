"""A company with one connection of files, and what its facts come to: for tests of syncing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select, true

from actions.connect_source import create_connection, set_mapping
from actions.deed import Runtime
from actions.found_company import found_company
from actions.sync_source import Synced, sync_source
from connectors.files import FilesConnector
from domain.access import System
from storage import tables
from storage.engine import open_engine, reading
from storage.rules import known
from storage.sealing import opened, opened_row
from tests.support.keys import keys

HOST = System(name="test")
NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
ORDERS: dict[str, Any] = {
    "path": ".",
    "streams": {"orders": {"pattern": "orders*.csv", "key": ["order_no"]}},
}
ORDER_MAPPING: dict[str, Any] = {
    "format": "attain.mapping/1",
    "streams": {
        "orders": {
            "targets": [
                {
                    "target": "order",
                    "make": "FACT",
                    "kind": "order",
                    "namespace": "crm",
                    "person": {"column": "seller"},
                    "date": {"column": "day", "formats": ["%Y-%m-%d"]},
                    "quantity": {"unit": "CNY", "column": "amount", "sign": "AS_IS"},
                    "subject": {"column": "customer", "whenMissing": "ALLOW"},
                }
            ]
        }
    },
}


class Company:
    """One legal entity on a database, with a folder of files."""

    def __init__(self, url: str, folder: Path, connectors: Mapping[str, Any] | None = None) -> None:
        self.now = NOW
        self.runtime = Runtime(
            engine=open_engine(url, keys()),
            clock=lambda: self.now,
            data_folder=folder,
            connectors=connectors or {"files": FilesConnector()},
        )
        self.entity_id = found_company(self.runtime, "Test")
        self.folder = folder

    def connect(
        self,
        config: Mapping[str, Any] | None = None,
        mapping: Mapping[str, Any] | None = None,
        connector: str = "files",
    ) -> str:
        with self.runtime.writing(self.entity_id, HOST) as writing:
            made = create_connection(
                self.runtime,
                writing,
                HOST,
                name="CRM",
                connector=connector,
                config=config or ORDERS,
            )
            set_mapping(writing, HOST, made, mapping or ORDER_MAPPING)
        return made

    def pass_time(self) -> None:
        self.now += timedelta(minutes=1)

    def map(self, connection_id: str, mapping: Mapping[str, Any]) -> None:
        with self.runtime.writing(self.entity_id, HOST) as writing:
            set_mapping(writing, HOST, connection_id, mapping)

    def sync(self, connection_id: str, *, accept: bool = False) -> Synced:
        return sync_source(
            self.runtime, HOST, self.entity_id, connection_id, accept=accept, wait=lambda _: None
        )

    def facts(self, connection_id: str | None = None) -> list[tuple[Any, ...]]:
        """Every fact that holds, by key: what the source must have come to."""
        fact, identity = tables.fact, tables.identity
        with reading(self.runtime.engine, HOST) as connection:
            later = datetime(2100, 1, 1, tzinfo=UTC)
            rows = connection.execute(
                select(fact, identity.c.id.label("who"), identity.c.value)
                .join(identity, identity.c.id == fact.c.identity_id)
                .where(
                    known(fact, later, "connection_id", "stream", "key"),
                    fact.c.deleted.is_(False),
                    true() if connection_id is None else fact.c.connection_id == connection_id,
                )
                .order_by(fact.c.stream, fact.c.key)
            ).all()
            names = {
                row.who: opened(
                    connection, identity.c.value, SimpleNamespace(id=row.who, value=row.value)
                )
                for row in rows
            }
            return [
                (
                    row.key,
                    row.kind,
                    names[row.who],
                    row.business_date,
                    row.quantity,
                    row.unit,
                    row.subject,
                    json.dumps(row.attributes, sort_keys=True),
                )
                for row in rows
            ]

    def all(self, table: Any) -> list[Any]:
        with reading(self.runtime.engine, HOST) as connection:
            rows = connection.execute(select(table)).all()
            return [opened_row(connection, table, row) for row in rows]

    def open_quarantine(self) -> list[Any]:
        return [row for row in self.all(tables.quarantine) if row.resolved_at is None]


def write_orders(folder: Path, name: str, rows: list[str]) -> None:
    """Write a delivery of orders: lines of ``order_no,seller,customer,amount,day``."""
    text = "order_no,seller,customer,amount,day\n" + "".join(f"{row}\n" for row in rows)
    (folder / name).write_text(text, "utf-8")

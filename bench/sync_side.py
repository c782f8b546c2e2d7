"""One side of the benchmark of syncing, in a process of its own, so that its memory is its own.

``python sync_side.py WAY PORT SIZE FOLDER`` prints a line of JSON: processor seconds without
importing and setting up, the peak of memory, how many records and what they came to. The ways:

- ``read``: the connector reads them through the host's guarded way out, nothing is kept
- ``host``: the whole sync: read, mapped, people found by name, kept with its cursor on SQLite
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import func, select

from actions.connect_source import create_connection, set_mapping
from actions.deed import Runtime
from actions.found_company import found_company
from actions.source_context import context_of
from actions.sync_source import Outcome, sync_source
from bench.machine import ticking
from bench.path_parts import forget_peak, peak_mb
from connectors.contract import ReadRequest, Record
from connectors.rest import RestConnector
from connectors.web_host import open_http, web_of
from domain.access import System
from storage import tables
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade

BENCH = System(name="bench")
Told = tuple[int, Decimal]
MAPPING: dict[str, Any] = {
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
                    "subject": {"column": "customer.name", "whenMissing": "ALLOW"},
                }
            ]
        }
    },
}


def config(port: int, size: int) -> dict[str, Any]:
    """Describe the interface as an administrator would."""
    paging = {
        "kind": "PAGE",
        "parameter": "page",
        "size_parameter": "size",
        "size": size,
        "first": 1,
        "drift": "STEADY",
    }
    stream = {
        "path": "/orders",
        "records": "items",
        "key": ["id"],
        "paging": paging,
        "deletes": "NONE",
    }
    return {
        "address": f"http://127.0.0.1:{port}",
        "access": {"kind": "NONE"},
        "streams": {"orders": stream},
    }


def opened(folder: Path) -> Runtime:
    """Open a company's database in ``folder`` and the way out to this machine."""
    keys, url = Keyring(LocalKey(b"k" * 32)), f"sqlite:///{folder / 'sync.db'}"
    upgrade(url, keys=keys)
    http = open_http(["127.0.0.1"])
    clock = ticking()
    return Runtime(
        engine=open_engine(url, keys),
        clock=clock,
        data_folder=folder,
        connectors={"rest": RestConnector()},
        web=lambda info, settings, wait: web_of(http, info, settings, clock, wait),
    )


def read(runtime: Runtime, settings: dict[str, Any]) -> Told:
    """Let the connector read, and keep nothing."""
    connector = RestConnector()
    context = context_of(runtime, connector, settings, runtime.clock())
    count, total = 0, Decimal(0)
    for message in connector.read(context, ReadRequest(streams=("orders",))):
        if isinstance(message, Record):
            count += 1
            total += Decimal(str(message.content["amount"]))
    return count, total


def host(runtime: Runtime, entity_id: str, connection_id: str) -> Told:
    """Sync, and say what lies in the database."""
    done = sync_source(runtime, BENCH, entity_id, connection_id)
    if done.outcome is not Outcome.SUCCEEDED:
        raise SystemExit(f"the sync ended as {done.outcome}: {done.code} {done.values}")
    fact = tables.fact
    with reading(runtime.engine, BENCH) as connection:
        query = select(func.count(), func.sum(fact.c.quantity))
        count, steps = connection.execute(query).one()
    return int(count), Decimal(int(steps)) / 100


def prepared(way: str, port: int, size: int, folder: Path) -> Callable[[], Told]:
    """Set up what the way needs; what is returned is what is measured."""
    runtime, settings = opened(folder), config(port, size)
    if way == "read":
        return lambda: read(runtime, settings)
    entity_id = found_company(runtime, "Bench")
    with runtime.writing(entity_id, BENCH) as writing:
        made = create_connection(
            runtime, writing, BENCH, name="Orders", connector="rest", config=settings
        )
        set_mapping(writing, BENCH, made, MAPPING)
    return lambda: host(runtime, entity_id, made)


def run() -> None:
    """Run one way and print what it came to."""
    way, port, size, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    deed = prepared(way, port, size, folder)
    forget_peak()
    processor, wall = time.process_time(), time.perf_counter()
    count, total = deed()
    told = {
        "cpu_s": time.process_time() - processor,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": peak_mb(),
        "records": count,
        "total": str(total),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    run()

"""A file of orders through the whole sync against a script written for that file alone.

Ours is what a company's server does: the connector for files, the host, the mapping, people found
by name, records and facts with their revisions, a cursor in each commit, then everybody's sums.
The script (``bench/ingest_by_hand.py``) parses the same file and fills the same columns of the
same tables, encrypted alike, with the same indexes, the same durability (SQLite with
``synchronous=FULL``, PostgreSQL with ``fsync`` on) and as many rows a transaction, by the quickest
means of each database.

Bar: at least RATE_BAR of the script's records a second, on both databases, by the wall's clock and
by the processor's (that of PostgreSQL's own processes included); the best of several rounds in
turn. Both must leave the same sums, the same number of rows in every table, the same hashes and the
same facts, and the product must read back what the script wrote. ``--rows N`` takes another size.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import func, select

from actions.connect_source import create_connection, set_mapping
from actions.deed import Runtime
from actions.found_company import found_company
from actions.sync_source import Outcome, sync_source
from bench.databases import count_of, on_both, without_postgresql
from bench.ingest_by_hand import STREAM, Key, Script
from bench.machine import machine, ticking
from bench.path_company import LOADER, MONTH, load_people, put
from bench.path_parts import server_seconds
from connectors.files import FilesConnector
from domain.measure import Adding, Aggregate
from storage import tables
from storage.engine import Engine, open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.measures import add_up
from storage.migrate import upgrade
from storage.people import rebuild_closure
from storage.records import latest_records
from storage.sealed import Purpose
from tests.support.postgres import Cluster
from tests.support.syncing import ORDER_MAPPING, ORDERS

ROWS, ROWS_QUICK = 100_000, 3_000
ROUNDS, ROUNDS_QUICK = 3, 1
RATE_BAR, RATE_BAR_QUICK = 0.5, 0.12  # most of a small run is what happens once
SELLERS = 2_000  # one row in twenty is of somebody nobody has heard of
SAMPLE = 500
KEY = b"k" * 32
_COUNTED = (tables.record, tables.fact, tables.identity, tables.quarantine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A company on a database of its own, ready to take the file in."""

    runtime: Runtime
    entity_id: str
    connection_id: str
    server: int  # the first process of the database's server, 0 without one

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.runtime.engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of one reading in: by the wall, of processors, and of those the server's."""

    wall: float
    processor: float
    server: float


def write_orders(place: Path, rows: int) -> None:
    """Write the file: orders of September by sellers of whom most are known."""
    chance = random.Random(11)
    with place.open("w", encoding="utf-8") as handle:
        handle.write("order_no,seller,customer,amount,day\n")
        for number in range(rows):
            seller = chance.randrange(SELLERS)
            name = f"new-{seller}" if number % 20 == 0 else str(seller)
            amount, day = chance.randrange(100, 5_000_000), MONTH + timedelta(chance.randrange(30))
            handle.write(
                f"SO-{number:07d},{name},华东客户-{chance.randrange(30_000)},"
                f"{amount // 100}.{amount % 100:02d},{day.isoformat()}\n"
            )


def opened(url: str, folder: Path) -> Runtime:
    """Open a database for the product."""
    return Runtime(
        engine=open_engine(url, Keyring(LocalKey(KEY))),
        clock=ticking(),
        data_folder=folder,
        connectors={"files": FilesConnector()},
    )


def company(url: str, folder: Path) -> tuple[str, str]:
    """Found a company with its people and one connection of files; return both ids."""
    upgrade(url, keys=Keyring(LocalKey(KEY)))
    runtime = opened(url, folder)
    entity_id = found_company(runtime, "Bench")
    with runtime.writing(entity_id, LOADER) as writing:
        known_at, unit = writing.known_at, "unit_root"
        names = "id revision code name kind known_at"
        put(writing, tables.unit, names, [(unit, 1, unit, unit, "COMPANY", known_at)])
        names = "series_id revision valid_from voided known_at unit_id parent_id"
        place = [("place", 1, date(2026, 1, 1), False, known_at, unit, None)]
        put(writing, tables.unit_place, names, place)
        rebuild_closure(writing)
        platforms = [(f"plat_{n:026d}", 1, f"p{n}", f"p{n}", known_at) for n in range(3)]
        put(writing, tables.platform, "id revision code name known_at", platforms)
        load_people(writing, [unit] * SELLERS, np.random.default_rng(1))
        made = create_connection(
            runtime, writing, LOADER, name="CRM", connector="files", config=ORDERS
        )
        set_mapping(writing, LOADER, made, ORDER_MAPPING)
    runtime.engine.dispose()
    return entity_id, made


def ours(side: Side) -> dict[str, int]:
    """Sync as the product does, and add up the month of everybody."""
    done = sync_source(side.runtime, LOADER, side.entity_id, side.connection_id)
    if done.outcome is not Outcome.SUCCEEDED:
        raise SystemExit(f"the sync ended as {done.outcome}: {done.code} {done.values}")
    sales = Aggregate(
        adding=Adding.SUM, fact="order", where=(), unit="CNY", of=None,
        start=MONTH, end=date(2026, 10, 1),
    )  # fmt: skip
    with reading(side.engine, LOADER) as connection:
        return add_up(connection, side.entity_id, sales, known_at=side.runtime.clock())


def by_hand(side: Side, file: Path) -> dict[str, int]:
    """Run the script on a connection of the driver, with the keys of the installation."""
    content, index = keys_of_script(side)
    postgresql = side.server != 0
    base = driver(side.engine, postgresql=postgresql)
    try:
        return Script(
            base=base,
            postgresql=postgresql,
            entity_id=side.entity_id,
            connection_id=side.connection_id,
            content_key=content,
            index_key=index,
        ).run(file)
    finally:
        base.close()


def keys_of_script(side: Side) -> tuple[Key, Key]:
    """Hand out the keys of the installation: of what names somebody, and of indexes."""
    with side.runtime.writing(side.entity_id, LOADER) as writing:
        keyring: Any = writing.connection.get_execution_options()["attain_keys"]
        found = [
            keyring.active(writing.connection, side.entity_id, purpose)
            for purpose in (Purpose.IDENTITY, Purpose.INDEX)
        ]
    content, index = (Key(name=key.id, head=key.head, secret=key.secret) for key in found)
    return content, index


def driver(engine: Engine, *, postgresql: bool) -> Any:
    """Open the database as the script does, by its driver alone."""
    url = engine.url
    if postgresql:
        query: dict[str, Any] = dict(url.query)
        return psycopg.connect(user=url.username, dbname=url.database, autocommit=True, **query)
    base = sqlite3.connect(str(url.database), isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        base.execute(f"PRAGMA {pragma}")
    return base


def timed(side: Side, deed: Callable[[], dict[str, int]]) -> tuple[dict[str, int], Spent]:
    """Do it, and say how long it took on every clock."""
    server, own, wall = server_seconds(side.server), time.process_time(), time.perf_counter()
    sums = deed()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    server = server_seconds(side.server) - server if side.server else 0.0
    return sums, Spent(wall=wall, processor=own + server, server=server)


def left(side: Side) -> dict[str, Any]:
    """Say what lies in the tables: how many rows, hashes, facts, a sample that is opened."""
    record, fact, identity = tables.record, tables.fact, tables.identity
    with reading(side.engine, LOADER) as connection:
        found: dict[str, Any] = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in _COUNTED
        }
        hashes = select(record.c.key, record.c.revision, record.c.content_hash, record.c.position)
        found["hashes"] = _digest(
            (*row[:3], sorted(row.position.items()))
            for row in connection.execute(hashes.order_by(record.c.key))
        )
        facts = (
            select(
                fact.c.key, fact.c.revision, fact.c.kind, fact.c.business_date, fact.c.instant,
                fact.c.quantity, fact.c.unit, fact.c.subject, fact.c.attributes, fact.c.deleted,
                identity.c.namespace, identity.c.value_index, record.c.key.label("record_key"),
            )
            .join(identity, identity.c.id == fact.c.identity_id)
            .join(record, record.c.id == fact.c.record_id)
            .order_by(fact.c.key)
        )  # fmt: skip
        # The index of a name is another in each database, for its key is: its rank is the same.
        rows = [tuple(row) for row in connection.execute(facts)]
        found["facts"] = _digest((*row[:11], row[12]) for row in rows)
        names: dict[bytes, int] = {}
        found["names"] = _digest((names.setdefault(row[11], len(names)),) for row in rows)
        keys = [f"SO-{number:07d}" for number in range(SAMPLE)]
        stored = latest_records(connection, side.connection_id, STREAM, keys)
        found["sample"] = {key: stored[key].content for key in keys}
    return found


def _digest(rows: Any) -> str:
    return hashlib.sha256("\n".join(repr(tuple(row)) for row in rows).encode()).hexdigest()


def measure(folder: Path, file: Path, rounds: int, cluster: Cluster | None) -> dict[str, Any]:
    """Take the file in both ways in turn, each time into a database of its own."""
    server, best = 0, dict[str, Spent]()
    if cluster is not None:
        server = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    differing = 0
    begun = str(folder / "begun.db") if cluster is None else cluster.create_database()
    entity_id, made = company(_address(begun, cluster), file.parent)
    for number in range(rounds):
        sides = []
        for name in ("ours", "by_hand"):
            copy = str(folder / f"{name}-{number}.db")
            if cluster is None:
                shutil.copyfile(begun, copy)
            else:
                copy = cluster.create_database(template=begun)
            runtime = opened(_address(copy, cluster), file.parent)
            sides.append(
                Side(runtime=runtime, entity_id=entity_id, connection_id=made, server=server)
            )
        mine, other = sides
        sums, spent = timed(mine, lambda: ours(mine))  # noqa: B023 - called at once
        sums_of_script, spent_by_script = timed(other, lambda: by_hand(other, file))  # noqa: B023
        for name, each in (("ours", spent), ("by_hand", spent_by_script)):
            before = best.get(name, each)
            best[name] = Spent(
                wall=min(before.wall, each.wall),
                processor=min(before.processor, each.processor),
                server=min(before.server, each.server),
            )
        one, two = left(mine), left(other)
        differing += sum(one[part] != two[part] for part in one) + (sums != sums_of_script)
        for side in sides:
            side.engine.dispose()
    return {"best": best, "differing": differing}


def _address(name: str, cluster: Cluster | None) -> str:
    return f"sqlite:///{name}" if cluster is None else cluster.url(name)


def shown(database: str, rows: int, measured: dict[str, Any]) -> dict[str, Any]:
    """Print one database's figures; return them with the share of the script's rate."""
    figures: dict[str, Any] = {}
    for name, spent in measured["best"].items():
        figures[f"{name}_s"] = round(spent.wall, 2)
        figures[f"{name}_cpu_s"] = round(spent.processor, 2)
        figures[f"{name}_server_cpu_s"] = round(spent.server, 2)
        figures[f"{name}_records_per_s"] = round(rows / spent.wall)
        figures[f"{name}_cpu_us_per_record"] = round(spent.processor / rows * 1e6, 1)
    own, hand = measured["best"]["ours"], measured["best"]["by_hand"]
    figures["rate"] = round(hand.wall / own.wall, 3)
    figures["rate_by_cpu"] = round(hand.processor / own.processor, 3)
    figures["parts_that_differ"] = measured["differing"]
    for name, value in figures.items():
        print(f"{database:<12}{name:<28}{value}", flush=True)
    return figures


def main(words: Sequence[str]) -> int:
    """Measure both databases, compare what is left in them, and fail when a bar is missed."""
    quick = "--quick" in words
    rows, rounds = (ROWS_QUICK, ROUNDS_QUICK) if quick else (ROWS, ROUNDS)
    rows = count_of(words, "--rows", rows)
    ended = without_postgresql(quick=quick)
    if ended is not None:
        return ended
    found = on_both(
        lambda place: write_orders(place / "orders.csv", rows),
        lambda folder, cluster: measure(folder, folder / "in" / "orders.csv", rounds, cluster),
        lambda database, measured: shown(database, rows, measured),
    )
    bar = RATE_BAR_QUICK if quick else RATE_BAR
    # On a busy machine the wall's clock of a small run says little.
    held = ("rate_by_cpu",) if quick else ("rate", "rate_by_cpu")
    report = {
        "figures": {"rows": rows, **found},
        "ratio": {base: {name: each[name] for name in held} for base, each in found.items()},
        "bar": bar,
        "machine": machine(),
    }
    print(json.dumps(report))
    missed = [each[name] < bar for each in found.values() for name in held]
    return int(any(missed) or any(each["parts_that_differ"] for each in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

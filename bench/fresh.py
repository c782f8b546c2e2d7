"""One new fact to a fresh leaderboard of a unit with pay, in a company of 100,000 people.

A new order lies in the folder of a connection. Then, one after the other, each of them committed:
the sync that takes it in, the calculation of its period from the last run (only who was touched is
gathered anew), and the page of the unit's leaderboard with everybody's payout, as the API reads it.
The clock runs from before the sync until the page is there; the page must hold the seller with a
higher value than before, and at the end a calculation of everybody must come to the same hash.

Bar: 99 of 100 within P99_BAR_MS, on PostgreSQL with ``fsync`` on, over REPEATS. It does not hold: a
calculation writes a row for everybody. ``--people N`` and ``--repeats N`` take other sizes.
``--quick`` is a few hundred people on SQLite with a wide bar.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from actions.calculate import Mode, calculate
from actions.connect_source import create_connection, set_mapping
from actions.deed import Runtime
from actions.sync_source import Outcome, sync_source
from bench.machine import machine, ticking
from bench.path_company import LOADER, PERIOD, load
from connectors.files import FilesConnector
from domain.access import Resource
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade
from storage.results import results, run_by_id, standing_of, standings
from tests.support.postgres import Cluster, find_binaries, start_cluster
from tests.support.syncing import ORDER_MAPPING, ORDERS

PEOPLE, PEOPLE_QUICK, REPEATS, REPEATS_QUICK = 100_000, 300, 200, 3
P99_BAR_MS, P99_BAR_QUICK_MS = 100, 60_000
PAGE, DAY = 50, date(2026, 9, 30)
PARTS = ("sync", "calculate", "board")


@dataclass(slots=True, kw_only=True)
class Company:
    """The company, its connection, and the last run."""

    runtime: Runtime
    entity_id: str
    connection_id: str
    run_id: str
    spent: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})


def opened(url: str, folder: Path, people: int) -> Company:
    """Load the company and calculate it once."""
    keys = Keyring(LocalKey(b"k" * 32))
    upgrade(url, keys=keys)
    runtime = Runtime(
        engine=open_engine(url, keys),
        clock=ticking(),
        data_folder=folder,
        connectors={"files": FilesConnector()},
    )
    entity_id = load(runtime, people).entity_id
    with runtime.writing(entity_id, LOADER) as writing:
        made = create_connection(
            runtime, writing, LOADER, name="CRM", connector="files", config=ORDERS
        )
        set_mapping(writing, LOADER, made, ORDER_MAPPING)
    done = calculate(runtime, LOADER, entity_id, PERIOD, Mode.TRIAL, accept_provisional=True)
    return Company(runtime=runtime, entity_id=entity_id, connection_id=made, run_id=done.id)


def sales_of(company: Company, person_id: str) -> tuple[str, int]:
    """Return a person's unit and sales as the last run has them."""
    with reading(company.runtime.engine, LOADER) as connection:
        found = standing_of(
            connection, company.run_id, measure="sales", peer_kind="UNIT", person_id=person_id
        )
    assert found is not None
    return found.group_id, found.value_num or 0


def once(company: Company, number: int, seller: int) -> None:
    """Let one order come in, and wait until the board of its seller's unit is fresh."""
    person_id = f"per_{seller:026d}"
    unit_id, before = sales_of(company, person_id)
    rows = f"order_no,seller,customer,amount,day\nN-{number},{seller},C-new,100.00,2026-09-30\n"
    place = company.runtime.data_folder / f"orders-{number:05d}.csv"
    place.write_text(rows, "utf-8")
    marks = [time.perf_counter()]
    done = sync_source(company.runtime, LOADER, company.entity_id, company.connection_id)
    if done.outcome is not Outcome.SUCCEEDED or done.counts["facts_added"] != 1:
        raise SystemExit(f"the sync ended as {done.outcome}: {done.counts}")
    marks.append(time.perf_counter())
    company.run_id = calculate(
        company.runtime,
        LOADER,
        company.entity_id,
        PERIOD,
        Mode.TRIAL,
        accept_provisional=True,
        incremental=True,
    ).id
    marks.append(time.perf_counter())
    paid = board(company, unit_id)
    marks.append(time.perf_counter())
    for part, begun, ended in zip(PARTS, marks, marks[1:], strict=False):
        company.spent[part].append((ended - begun) * 1_000)
    told = ", ".join(f"{part} {spent[-1]:.0f}" for part, spent in company.spent.items())
    print(f"{number + 1:>5}: {told} ms", flush=True)
    if not paid or sales_of(company, person_id)[1] != before + 100_00:
        raise SystemExit("the board is not fresh")


def board(company: Company, unit_id: str) -> dict[str, int | None]:
    """Read the first page of a unit's board by sales, and what everybody on it is paid."""
    with reading(company.runtime.engine, LOADER) as connection:
        run = run_by_id(connection, company.entity_id, company.run_id)
        assert run is not None
        page = standings(
            connection,
            run.id,
            measure="sales",
            peer_kind="UNIT",
            group_id=unit_id,
            first=PAGE,
            day=DAY,
        )
        ids = [each.person_id for each in page]
        found = results(connection, LOADER, run, day=DAY, resource=Resource.PAY, person_ids=ids)
    return {each.person_id: each.payout for each in found}


def same_as_whole(company: Company) -> bool:
    """Say whether a calculation of everybody comes to the hash of the last run."""
    whole = calculate(
        company.runtime,
        LOADER,
        company.entity_id,
        PERIOD,
        Mode.TRIAL,
        accept_provisional=True,
        incremental=False,
    )
    with reading(company.runtime.engine, LOADER) as connection:
        found = [
            run_by_id(connection, company.entity_id, each) for each in (company.run_id, whole.id)
        ]
    return len({run.result_hash for run in found if run is not None}) == 1


def measure(url: str, people: int, repeats: int) -> dict[str, Any]:
    """Let the orders come in one by one."""
    chance = random.Random(3)
    with tempfile.TemporaryDirectory() as folder:
        company = opened(url, Path(folder), people)
        for number in range(repeats):
            once(company, number, chance.randrange(people))
        same = same_as_whole(company)
        company.runtime.engine.dispose()
    whole = [sum(parts) for parts in zip(*company.spent.values(), strict=True)]
    return {
        "people": people,
        "repeats": repeats,
        "p50_ms": round(median(whole)),
        # Of fewer than a hundred the 99th hundredth is the slowest.
        "p99_ms": round(quantiles(whole, n=100)[98] if repeats >= 100 else max(whole)),
        **{f"{part}_p50_ms": round(median(spent), 1) for part, spent in company.spent.items()},
        "same_hash_as_everybody": same,
    }


def _word(words: Sequence[str], name: str, usual: int) -> int:
    return int(words[list(words).index(name) + 1]) if name in words else usual


def main(words: Sequence[str]) -> int:
    """Measure, print the figures, and fail when the bar is missed."""
    quick = "--quick" in words
    people = _word(words, "--people", PEOPLE_QUICK if quick else PEOPLE)
    repeats = _word(words, "--repeats", REPEATS_QUICK if quick else REPEATS)
    if not quick and find_binaries() is None:
        print("not measured: PostgreSQL's programs were not found", file=sys.stderr)
        return 2
    cluster: Cluster | None = None
    with tempfile.TemporaryDirectory() if quick else nullcontext("") as folder:
        if not quick:
            cluster = start_cluster(
                durable=True, settings=("shared_buffers=1GB", "max_wal_size=4GB")
            )
        try:
            url = f"sqlite:///{folder}/fresh.db"
            if cluster is not None:
                url = cluster.url(cluster.create_database())
            figures = measure(url, people, repeats)
        finally:
            if cluster is not None:
                cluster.stop()
    bar = P99_BAR_QUICK_MS if quick else P99_BAR_MS
    for name, value in figures.items():
        print(f"{name:<28}{value}")
    report = {
        "figures": figures,
        "ratio": round(figures["p99_ms"] / bar, 2),
        "bar": {"p99_ms": bar},
        "machine": machine(),
    }
    print(json.dumps(report))
    return int(figures["p99_ms"] > bar or not figures["same_hash_as_everybody"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

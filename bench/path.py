"""The whole path on PostgreSQL: facts read, added up, scored, compared, paid and written.

Bar: the posted run takes at most RATIO_BAR times as long as the plain way of the same rows, timed
in the same run on the same server: every row that the calculation looks at goes out by COPY once,
and every row that it wrote comes in by COPY once, into tables with the same keys and indexes, and
is committed. That is what a program would take that reads and writes by the quickest means there
is and calculates nothing; the rest of the ratio is the price of revisions, identities, adding up,
scoring, comparing, paying, hashing and freezing. Memory has a bar of its own.

The server is a throw-away one with fsync on; it is ours alone, so its processor time is counted
too. Setting up is reported apart and not measured. ``--people N`` takes another size.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from actions.calculate import Mode, calculate
from actions.deed import Runtime
from bench.machine import machine, ticking
from bench.path_company import LOADER, PERIOD, Loaded, load
from bench.path_parts import REST, Part, Parts, forget_peak, peak_mb
from storage import tables
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade
from storage.results import results, run_by_id
from storage.statements import statement_of
from tests.support.postgres import Cluster, find_binaries, start_cluster

PEOPLE, PEOPLE_QUICK = 100_000, 600
RATIO_BAR = 3.0
MEMORY_BAR_MB = 1_500
SETTINGS = ("shared_buffers=1GB", "max_wal_size=4GB")
_WRITTEN = (tables.result, tables.standing, tables.cohort, tables.snapshot, tables.ledger_entry)
# What a calculation looks at: of facts all revisions in its windows, of the rest everything.
_READ = {
    "fact": "connection_id, stream, key, revision, identity_id, business_date, quantity, unit,"
    " subject, deleted",
    "identity_link": "series_id, revision, valid_from, valid_to, identity_id, person_id",
    "assignment": "series_id, revision, valid_from, valid_to, person_id, unit_id, platform_id,"
    " position",
    "goal": "id, revision, owner_id, state",
    "goal_line": "goal_id, revision, metric_key, unit, target",
}
_ROWS = {"fact": "business_date >= '2026-04-01'", "goal": f"period = '{PERIOD}'"}


def calculated(runtime: Runtime, loaded: Loaded, mode: Mode, server: int) -> tuple[str, Parts]:
    """Calculate the period as the product does, with its parts timed."""
    parts = Parts(server)
    with parts.watching(), parts.measured(REST):
        done = calculate(runtime, LOADER, loaded.entity_id, PERIOD, mode, accept_provisional=True)
    return done.id, parts


def plain_way(runtime: Runtime, run_id: str) -> tuple[float, float]:
    """Time the same rows out and in by COPY, with nothing calculated: seconds out, seconds in."""
    with reading(runtime.engine, LOADER) as connection:
        started = time.perf_counter()
        for table, columns in _READ.items():
            query = f"SELECT {columns} FROM {table} WHERE {_ROWS.get(table, 'true')}"
            sum(len(piece) for piece in _copied_out(connection, query))
        out = time.perf_counter() - started
    with reading(runtime.engine, LOADER) as connection:
        kept = {
            table.name: list(
                _copied_out(connection, f"SELECT * FROM {table.name} WHERE run_id = '{run_id}'")
            )
            for table in _WRITTEN
        }
    with runtime.engine.begin() as connection:
        for name in kept:
            connection.execute(text(f"CREATE TABLE plain_{name} (LIKE {name} INCLUDING ALL)"))
    started = time.perf_counter()
    with runtime.engine.begin() as connection:
        for name, pieces in kept.items():
            cursor = connection.connection.cursor()
            with cursor.copy(f"COPY plain_{name} FROM STDIN") as copy:
                for piece in pieces:
                    copy.write(piece)
    return out, time.perf_counter() - started


def _copied_out(connection: Connection, query: str) -> Any:
    with connection.connection.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
        yield from copy


def explained_ms(runtime: Runtime, run_id: str, entity_id: str) -> float:
    """Time the explanation of one person from storage."""
    with reading(runtime.engine, LOADER) as connection:
        run = run_by_id(connection, entity_id, run_id)
        assert run is not None
        person = f"per_{0:026d}"
        (found,) = results(connection, LOADER, run, day=date(2026, 9, 30), person_ids=[person])
        times = []
        for _ in range(5):
            started = time.perf_counter()
            statement_of(connection, run, found)
            times.append(time.perf_counter() - started)
    return sorted(times)[2] * 1_000


def shown(title: str, parts: Parts) -> Part:
    """Print the parts of a run with their shares; return the whole."""
    whole = Part()
    for part in parts.found.values():
        whole.add(part)
    print(f"\n{title:<34}{'wall s':>8}{'share':>8}{'own cpu':>9}{'server':>8}")
    for name, part in sorted(parts.found.items()):
        share = part.wall / whole.wall
        print(f"{name:<34}{part.wall:>8.2f}{share:>8.1%}{part.own:>9.2f}{part.server:>8.2f}")
    print(f"{'all':<34}{whole.wall:>8.2f}{1:>8.0%}{whole.own:>9.2f}{whole.server:>8.2f}")
    return whole


def measure(cluster: Cluster, people: int) -> dict[str, Any]:
    """Load, calculate twice, copy the plain way, explain."""
    url = cluster.url(cluster.create_database())
    upgrade(url)
    engine = open_engine(url, Keyring(LocalKey(os.urandom(32))))
    clock = ticking()
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime(engine=engine, clock=clock, data_folder=Path(folder))
        loaded = load(runtime, people)
        print(f"set up: {people} people, {loaded.teams} teams, {loaded.facts} facts, "
              f"{loaded.seconds:.1f} s (not measured below)", flush=True)  # fmt: skip
        server = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        forget_peak()
        _, trial = calculated(runtime, loaded, Mode.TRIAL, server)
        run_id, posted = calculated(runtime, loaded, Mode.POSTED, server)
        memory = peak_mb()
        first, second = shown("trial", trial), shown("posted", posted)
        out, back = plain_way(runtime, run_id)
        explain_ms = explained_ms(runtime, run_id, loaded.entity_id)
    engine.dispose()
    compute = sum(p.wall for name, p in posted.found.items() if name.startswith("compute"))
    return {
        "people": people,
        "facts": loaded.facts,
        "setup_s": round(loaded.seconds, 1),
        "trial_s": round(first.wall, 2),
        "posted_s": round(second.wall, 2),
        "plain_out_s": round(out, 2),
        "plain_in_s": round(back, 2),
        "compute_share": round(compute / second.wall, 3),
        "peak_mb": memory,
        "explain_ms": round(explain_ms, 1),
        "parts": {name: round(part.wall, 3) for name, part in sorted(posted.found.items())},
    }


def main(words: Sequence[str]) -> int:
    """Measure, print the figures, and fail when a bar is missed."""
    quick = "--quick" in words
    people = PEOPLE_QUICK if quick else PEOPLE
    if "--people" in words:
        people = int(words[list(words).index("--people") + 1])
    if find_binaries() is None:
        print("not measured: PostgreSQL's programs were not found", file=sys.stderr)
        return 0 if quick and not os.environ.get("CI") else 2
    cluster = start_cluster(durable=True, settings=SETTINGS)
    try:
        figures = measure(cluster, people)
    finally:
        cluster.stop()
    ratio = figures["posted_s"] / (figures["plain_out_s"] + figures["plain_in_s"])
    report = {
        "figures": figures,
        "ratio": round(ratio, 2),
        "bar": {"ratio": RATIO_BAR, "peak_mb": MEMORY_BAR_MB},
        "machine": machine(),
    }
    for name, value in figures.items():
        if name != "parts":
            print(f"{name:<24}{value}")
    print(json.dumps(report))
    # In a small run the fixed costs are most of it: only the full run is held to the ratio.
    slow = ratio > RATIO_BAR and not quick
    return int(slow or figures["peak_mb"] > MEMORY_BAR_MB)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

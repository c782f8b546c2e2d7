"""A run that starts from the last one against one that gathers everybody: same hash, and the time.

One order in a thousand people arrives after the first run; then the period is calculated both ways
on the embedded database. The hashes must be equal. Getting the numbers ready must take at most
GATHER_BAR of the time of gathering everybody; the whole of both runs is reported beside it, because
scoring, hashing and writing every row is the same work for both. ``--people N`` takes another size.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from actions.calculate import Mode, calculate
from actions.deed import Runtime
from actions.identifiers import new_id
from actions.incremental import start as plain
from bench.path_company import LOADER, PERIOD, load
from domain.period import period_named
from storage import tables
from storage.bulk import add_rows
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade
from storage.results import Run, run_by_id

PEOPLE, PEOPLE_QUICK = 50_000, 600
GATHER_BAR = 0.5
ONE_IN = 1_000


def main(words: Sequence[str]) -> int:
    """Measure."""
    people = PEOPLE_QUICK if "--quick" in words else PEOPLE
    if "--people" in words:
        people = int(words[list(words).index("--people") + 1])
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder), people, bars="--quick" not in words)


def _measured(folder: Path, people: int, *, bars: bool) -> int:
    keys, url = Keyring(LocalKey(b"k" * 32)), f"sqlite:///{folder / 'bench.db'}"
    upgrade(url, keys=keys)
    engine = open_engine(url, keys)
    begun = time.monotonic()
    start = datetime(2026, 10, 2, 8, tzinfo=UTC)
    runtime = Runtime(
        engine=engine,
        clock=lambda: start.fromtimestamp(start.timestamp() + time.monotonic() - begun, UTC),
        data_folder=folder,
    )
    entity = load(runtime, people).entity_id
    _run(runtime, entity, incremental=False)
    late = _orders_arrive(runtime, entity, people)
    quick, quick_all, quick_gather = _run(runtime, entity, incremental=True)
    whole, whole_all, whole_gather = _run(runtime, entity, incremental=False)
    engine.dispose()
    print(f"{people:,} people, {late} late orders; {quick.gathered} gathered anew")
    print(f"numbers ready   last run {quick_gather:7.2f} s   everybody {whole_gather:7.2f} s")
    print(f"whole run       last run {quick_all:7.2f} s   everybody {whole_all:7.2f} s")
    if quick.result_hash != whole.result_hash:
        print("NOT THE SAME HASH")
        return 1
    share = quick_gather / whole_gather
    print(f"the same hash; numbers ready in {share:.2f} of the time (bar {GATHER_BAR})")
    return 1 if bars and share > GATHER_BAR else 0


def _run(runtime: Runtime, entity: str, *, incremental: bool) -> tuple[Run, float, float]:
    """Calculate and return the run, the seconds of all of it, and those until it can score."""
    spent: list[float] = []

    def timed(*given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return plain(*given, **named)
        finally:
            spent.append(time.perf_counter() - started)

    with patch("actions.calculate.start", timed):
        started = time.perf_counter()
        done = calculate(
            runtime,
            LOADER,
            entity,
            PERIOD,
            Mode.TRIAL,
            accept_provisional=True,
            incremental=incremental,
        )
        seconds = time.perf_counter() - started
    with reading(runtime.engine, LOADER) as connection:
        run = run_by_id(connection, entity, done.id)
    assert run is not None
    return run, seconds, spent[0]


def _orders_arrive(runtime: Runtime, entity: str, people: int) -> int:
    """Add an order of one in so many people, copied from one that they have."""
    day = period_named(PERIOD).start
    fact = tables.fact
    with runtime.writing(entity, LOADER) as writing:
        rows = writing.connection.execute(
            select(fact)
            .where(fact.c.kind == "order", fact.c.business_date >= day)
            .order_by(fact.c.seq)
            .limit(max(people // ONE_IN, 1))
        ).all()
        known = writing.known_at
        add_rows(writing.connection, fact, [_late(row, day, known) for row in rows])
    return len(rows)


def _late(row: Any, day: date, known_at: datetime) -> dict[str, Any]:
    told = {name: value for name, value in row._asdict().items() if name != "seq"}
    identifier = new_id("fact", known_at)
    changed = {"id": identifier, "key": identifier, "known_at": known_at, "business_date": day}
    return told | changed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

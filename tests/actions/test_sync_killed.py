"""A sync killed at any moment loses nothing and doubles nothing; on both databases."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from storage import tables
from storage.engine import reading
from tests.support.company import SYSTEM
from tests.support.syncing import Company, write_orders

ROOT = Path(__file__).resolve().parents[2]
KILLS = 15
ROWS = 1_600


def delivery(number: int) -> list[str]:
    """Make a delivery: rows of its own, corrections of the one before, and some poison."""
    first = number * ROWS // 2
    rows = [f"A{i},S{i % 40},C{i % 90},{number}{i % 100}.25,2026-07-15" for i in range(ROWS)]
    rows = [row.replace("A", f"A{first}-", 1) for row in rows[: ROWS // 5]] + rows
    return [*rows[:700], f"P{number},S1,C1,much,2026-07-01", *rows[700:]]


def kill_once(command: list[str], seconds: float) -> bool:
    """Start a sync and kill it so long after it began; say whether it was still running."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        begun = process.stdout.readline()
        if not begun:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read())
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
        assert process.returncode == 0
        return False


def revisions(company: Company, connection_id: str) -> Counter[str]:
    with reading(company.runtime.engine, SYSTEM) as connection:
        fact = tables.fact
        keys = select(fact.c.key).where(fact.c.connection_id == connection_id)
        return Counter(connection.execute(keys).scalars())


def test_a_sync_killed_again_and_again_comes_to_the_same_as_one_left_alone(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    company = Company(database_url, folder)
    killed = company.connect()
    command = [sys.executable, "-m", "tests.support.sync_once", database_url, str(folder), killed]
    chance = random.Random(20261121)
    kills = deliveries = 0
    idle = True
    while kills < KILLS or deliveries < 3:
        if idle:
            write_orders(folder, f"orders_{deliveries}.csv", delivery(deliveries))
            deliveries += 1
        killed_it = kill_once(command, chance.uniform(0.0, 0.5))
        kills, idle = kills + killed_it, not killed_it
    company.sync(killed)
    quiet = company.connect()
    company.sync(quiet)
    try:
        assert company.facts(killed) == company.facts(quiet)
        assert len(company.facts(quiet)) > ROWS
        first = revisions(company, killed)
        assert set(first) == set(revisions(company, quiet))
        # Every delivery may revise a fact once; a doubled row would revise it more often.
        assert max(first.values()) <= deliveries
        cut = [r for r in company.all(tables.sync_run) if r.problem_code == "sync_interrupted"]
        assert len(cut) >= KILLS // 2
        assert any(run.counts for run in cut), "no kill fell behind a run's first commit"
        waiting = [row for row in company.open_quarantine() if row.connection_id == killed]
        assert sorted(row.position["key"] for row in waiting) == sorted(
            f"P{number}" for number in range(deliveries)
        )
    finally:
        company.runtime.engine.dispose()

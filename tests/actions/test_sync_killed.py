"""A sync killed at any moment loses nothing and doubles nothing; on both databases."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from storage import tables
from storage.engine import reading
from tests.support.company import SYSTEM
from tests.support.dying import obeying
from tests.support.syncing import Company, write_orders

KILLS = 15
ROWS = 1_600


def delivery(number: int) -> list[str]:
    """Make a delivery: rows of its own, corrections of the one before, and some poison."""
    first = number * ROWS // 2
    rows = [f"A{i},S{i % 40},C{i % 90},{number}{i % 100}.25,2026-07-15" for i in range(ROWS)]
    rows = [row.replace("A", f"A{first}-", 1) for row in rows[: ROWS // 5]] + rows
    return [*rows[:700], f"P{number},S1,C1,much,2026-07-01", *rows[700:]]


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
    chance = random.Random(20261121)
    kills = deliveries = 0
    steps, is_idle = 90, True
    with obeying(chance, "tests.support.sync_once", database_url, str(folder)) as sync:
        while kills < KILLS or deliveries < 3:
            if is_idle:
                write_orders(folder, f"orders_{deliveries}.csv", delivery(deliveries))
                deliveries += 1
            taken = sync(killed, chance.randint(1, steps))
            steps, is_idle = max(steps, taken or 0), taken is not None
            kills += taken is None
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

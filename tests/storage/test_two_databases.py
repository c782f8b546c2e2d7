"""The fixtures themselves: every database test stands on two real databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from storage.engine import open_engine, reading
from storage.migrate import is_current, upgrade
from tests.support.company import SYSTEM
from tests.support.postgres import Cluster
from tests.support.source import ROOT


def test_a_test_database_has_the_shape_of_this_release(database_url: str) -> None:
    engine = open_engine(database_url)
    with reading(engine, SYSTEM) as connection:
        assert is_current(connection)
    engine.dispose()


def test_an_empty_database_is_empty_and_can_be_migrated(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    assert inspect(engine).get_table_names() == []
    upgrade(empty_database_url)
    assert "fact" in inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_commits_the_next_does_not_see(database_url: str, turn: int) -> None:
    engine = open_engine(database_url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("CREATE TABLE left_behind (turn integer)"))
    engine.dispose()


def test_a_durable_server_keeps_what_it_acknowledged_through_a_power_cut(
    durable_postgres: Cluster,
) -> None:
    url = durable_postgres.url(durable_postgres.create_database())
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (number integer)"))
        connection.execute(text("INSERT INTO kept VALUES (41)"))
    durable_postgres.kill()
    engine.dispose()
    durable_postgres.start()
    with engine.begin() as connection:
        assert connection.execute(text("SELECT number FROM kept")).scalar_one() == 41
    engine.dispose()


def test_outside_the_tests_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    """The tests do not wait; what is acknowledged at home must survive a power cut."""
    asked = (
        "from storage.engine import open_engine;"
        " from tests.support.keys import keys;"
        f" engine = open_engine('sqlite:///{tmp_path / 'own.db'}', keys());"
        " print(engine.connect().exec_driver_sql('PRAGMA synchronous').scalar_one())"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "2"  # FULL

"""Migrations: they build exactly the tables of this release, and can go down and up again."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from storage.engine import open_engine, reading
from storage.migrate import downgrade, is_current, upgrade
from storage.tables import APPEND_ONLY, metadata
from tests.support.company import SYSTEM
from tests.support.source import assert_none


def guards_of(connection: Connection) -> set[str]:
    """List the triggers of a database."""
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    return set(connection.execute(text(names)).scalars())


def test_a_migrated_database_has_the_tables_that_the_code_expects(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        drift = compare_metadata(context, metadata)
    engine.dispose()
    assert_none(
        [str(difference) for difference in drift],
        "storage/tables.py says one thing and the migrations build another: a new installation "
        "differs from the tests' expectation. Write a migration.",
    )


def test_going_down_removes_everything_and_up_builds_it_again(database_url: str) -> None:
    downgrade(database_url, "base")
    engine = open_engine(database_url)
    left = set(inspect(engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    upgrade(database_url)
    with reading(engine, SYSTEM) as connection:
        assert is_current(connection)
    engine.dispose()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    engine = open_engine(database_url)
    before = sorted(inspect(engine).get_table_names())
    upgrade(database_url)
    assert sorted(inspect(engine).get_table_names()) == before
    engine.dispose()


def test_every_table_that_is_only_added_to_is_guarded(database_url: str) -> None:
    wanted = {f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")}
    engine = open_engine(database_url)
    with reading(engine, SYSTEM) as connection:
        found = guards_of(connection)
    engine.dispose()
    assert_none(
        sorted(wanted - found),
        "Without its trigger a fact, a statement or a ledger line can be changed without a trace.",
    )


def test_a_guarded_table_exists(database_url: str) -> None:
    engine = open_engine(database_url)
    tables = set(inspect(engine).get_table_names())
    engine.dispose()
    assert_none(sorted(set(APPEND_ONLY) - tables), "APPEND_ONLY names tables that do not exist.")

"""Bringing a database to the shape of this release, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.append_only import guard_tables, unguard_tables
from storage.engine import open_engine
from storage.keyring import Keyring
from storage.row_security import open_tables, secure_tables

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database_url: str, revision: str = "head", keys: Keyring | None = None) -> None:
    """Migrate up to ``revision`` in one transaction; a database that is there already stays.

    ``keys`` are asked for when there are rows to encrypt.
    """
    _run(database_url, lambda config: command.upgrade(config, revision), keys)


def downgrade(database_url: str, revision: str, keys: Keyring | None = None) -> None:
    """Migrate down to ``revision`` (``base`` empties the database)."""
    _run(database_url, lambda config: command.downgrade(config, revision), keys)


def is_current(connection: Connection) -> bool:
    """Say whether the database has this release's shape."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == wanted


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("file_template", "%%(rev)s")
    config.set_main_option("path_separator", "os")
    return config


def _run(database_url: str, step: Callable[[Config], None], keys: Keyring | None) -> None:
    engine = open_engine(database_url, keys)
    try:
        with engine.connect().execution_options(writes=True) as connection:
            _loosen(connection)
            config = _config()
            with connection.begin():
                config.attributes["connection"] = connection
                unguard_tables(connection)
                open_tables(connection)
                step(config)
                guard_tables(connection)
                secure_tables(connection)
                _demand_whole(connection)
            _sweep(connection, sorted(config.attributes.get("rewritten", ())))
    finally:
        engine.dispose()


def _loosen(connection: Connection) -> None:
    """Let SQLite build tables anew that others point at, and blank out what was there before."""
    if connection.dialect.name != "sqlite":
        return
    cursor = connection.connection.cursor()
    for pragma in ("foreign_keys=OFF", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _demand_whole(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise RuntimeError(f"a row of {broken[0]} points at nothing: the migration is taken back")


def _sweep(connection: Connection, tables: Sequence[str]) -> None:
    """Rewrite the files of tables, so that no plain value stays in the space between rows."""
    raw = connection.connection.driver_connection
    assert raw is not None
    if connection.dialect.name == "sqlite":
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)") if tables else ():
            raw.execute(statement).fetchall()
        return
    raw.autocommit = True
    for table in tables:
        raw.execute(f"VACUUM FULL {table}")
    raw.autocommit = False

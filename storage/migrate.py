"""Bringing a database to the shape of this release, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.append_only import guard_tables, unguard_tables
from storage.engine import open_engine
from storage.row_security import open_tables, secure_tables

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    """Migrate up to ``revision`` in one transaction; a database that is there already stays."""
    _run(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    """Migrate down to ``revision`` (``base`` empties the database)."""
    _run(database_url, lambda config: command.downgrade(config, revision))


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


def _run(database_url: str, step: object) -> None:
    engine = open_engine(database_url)
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            config = _config()
            config.attributes["connection"] = connection
            unguard_tables(connection)
            open_tables(connection)
            step(config)  # type: ignore[operator]
            guard_tables(connection)
            secure_tables(connection)
    finally:
        engine.dispose()

"""The database itself refuses to change or delete what may only be added."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect

from storage.tables import APPEND_ONLY

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION attain_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END $$
"""
_POSTGRES = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION attain_append_only()
"""
_VERBS = {"sqlite": ("update", "delete"), "postgresql": ("update", "delete", "truncate")}


def guard_tables(connection: Connection) -> None:
    """Put the guards on every append-only table that exists."""
    present = set(inspect(connection).get_table_names())
    if connection.dialect.name == "sqlite":
        template = _SQLITE
    else:
        template = _POSTGRES
        connection.exec_driver_sql(_FUNCTION)
    for table in APPEND_ONLY:
        for verb in _VERBS[connection.dialect.name]:
            if table in present:
                connection.exec_driver_sql(template.format(table=table, verb=verb))


def unguard_tables(connection: Connection) -> None:
    """Take the guards away, for a migration that has to rewrite a table's shape."""
    present = set(inspect(connection).get_table_names())
    for table in APPEND_ONLY:
        for verb in _VERBS[connection.dialect.name]:
            if table in present:
                place = "" if connection.dialect.name == "sqlite" else f" ON {table}"
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{place}")


def _as_owner(connection: Connection, statement: str) -> None:
    """Run a statement as the login itself, which must own the tables, and take the role on again.

    The role that the transaction works in owns nothing.
    """
    role = connection.exec_driver_sql("SHOW role").scalar_one()
    connection.exec_driver_sql("SET LOCAL ROLE NONE")
    connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"SET LOCAL ROLE {role}")


@contextmanager
def lifted(connection: Connection, table: str) -> Iterator[None]:
    """Let rows of one table be sealed anew inside the block; the transaction alone sees it.

    PostgreSQL's readers are not disturbed: its triggers are switched off, not dropped.
    """
    if table not in APPEND_ONLY:
        yield
        return
    if connection.dialect.name == "postgresql":
        _as_owner(connection, f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_update")
        yield
        _as_owner(connection, f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_update")
        return
    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_update")
    yield
    connection.exec_driver_sql(_SQLITE.format(table=table, verb="update"))

"""Row-level security on PostgreSQL: roles, grants and a policy for every table, made anew.

``secure_tables`` runs at the end of every migration over all tables there are, so a new table is
never without; ``open_tables`` before it, so that a migration may rewrite rows and shapes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from domain.access import NOBODY, System
from domain.problem import Refused
from storage.carrying import APP_ROLE, SYSTEM_ROLE, carry
from storage.row_rules import rule_of
from storage.tables import APPEND_ONLY, metadata

_ROLES = (APP_ROLE, SYSTEM_ROLE)
_VERSION_TABLE = "alembic_version"
_POLICIES = ("attain_system", "attain_read", "attain_add", "attain_change", "attain_remove")


def open_tables(connection: Connection) -> None:
    """Take every policy away inside the migration: its owner would see no row through them."""
    if connection.dialect.name != "postgresql":
        return
    for table, policy in connection.execute(
        text(
            "SELECT tablename, policyname FROM pg_policies"
            " WHERE schemaname = current_schema() AND policyname = ANY (:names)"
        ),
        {"names": list(_POLICIES)},
    ).all():
        connection.exec_driver_sql(f'DROP POLICY {policy} ON "{table}"')
    for name in _present(connection):
        connection.exec_driver_sql(
            f'ALTER TABLE "{name}" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY'
        )


def secure_tables(connection: Connection) -> None:
    """Put grants and policies on every table; what the product does not know gets no grant."""
    if connection.dialect.name != "postgresql":
        return
    _have_roles(connection)
    both = ", ".join(_ROLES)
    present = _present(connection)
    for name in present:
        _secure(connection, name, both)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {_schema(connection)} TO {both}")
    if present:
        connection.exec_driver_sql(f'GRANT SELECT ON "{_VERSION_TABLE}" TO {both}')


def _secure(connection: Connection, name: str, both: str) -> None:
    run = connection.exec_driver_sql
    rule = rule_of(metadata.tables[name])
    run(f'REVOKE ALL ON "{name}" FROM {both}')
    run(f'GRANT SELECT, INSERT ON "{name}" TO {APP_ROLE}')
    if name not in APPEND_ONLY:
        run(f'GRANT UPDATE, DELETE ON "{name}" TO {APP_ROLE}')
    # What may only be added is guarded against the product by triggers: keys are changed there.
    run(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{name}" TO {SYSTEM_ROLE}')
    for sequence in _sequences(connection, name):
        run(f"GRANT USAGE ON SEQUENCE {sequence} TO {both}")
    run(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
    run(f'CREATE POLICY attain_system ON "{name}" TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)')
    for policy, command, condition in (
        ("attain_read", "SELECT", f"USING ({rule.read})"),
        ("attain_add", "INSERT", f"WITH CHECK ({rule.write})"),
        ("attain_change", "UPDATE", f"USING ({rule.write}) WITH CHECK ({rule.write})"),
        ("attain_remove", "DELETE", f"USING ({rule.write})"),
    ):
        run(f'CREATE POLICY {policy} ON "{name}" FOR {command} TO {APP_ROLE} {condition}')


def _present(connection: Connection) -> list[str]:
    found = connection.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    ).scalars()
    return sorted(set(found) & set(metadata.tables))


def _sequences(connection: Connection, table: str) -> Sequence[str]:
    return (
        connection.execute(
            text(
                "SELECT d.objid::regclass::text FROM pg_depend d JOIN pg_class c ON c.oid = d.objid"
                " WHERE c.relkind = 'S' AND d.deptype IN ('a', 'i')"
                " AND d.refobjid = to_regclass(quote_ident(:table))"
            ),
            {"table": table},
        )
        .scalars()
        .all()
    )


def _schema(connection: Connection) -> str:
    return str(connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one())


def _have_roles(connection: Connection) -> None:
    """Make the roles and join them; where the login may not, say what its administrator runs."""
    login = str(connection.execute(text("SELECT quote_ident(session_user)")).scalar_one())
    try:
        for role in _ROLES:
            if not _is_role(connection, role):
                with connection.begin_nested():
                    connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN NOINHERIT")
            if not _may_take_on(connection, role):
                with connection.begin_nested():
                    connection.exec_driver_sql(f"GRANT {role} TO {login}")
    except DBAPIError as error:
        raise Refused("row_security_roles_missing", {"login": login}) from error


def _is_role(connection: Connection, role: str) -> bool:
    query = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    return connection.execute(query, {"role": role}).first() is not None


def _may_take_on(connection: Connection, role: str) -> bool:
    try:
        with connection.begin_nested() as attempt:
            connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
            attempt.rollback()
    except DBAPIError:
        return False
    return True


def check_row_security(engine: Engine) -> None:
    """Refuse when the second net is not there: no role to take on, or a table without policies."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        login = str(connection.execute(text("SELECT quote_ident(session_user)")).scalar_one())
        for actor in (System(name="check"), NOBODY):
            try:
                with connection.begin_nested():
                    carry(connection, actor)
                    free = _is_free(connection)
            except DBAPIError as error:
                raise Refused("row_security_roles_missing", {"login": login}) from error
            if free:
                raise Refused("row_security_roles_too_strong", {"login": login})
        bare = _bare(connection)
        connection.rollback()
    if bare:
        raise Refused("row_security_missing", {"table": bare[0], "count": str(len(bare))})


def is_secure(engine: Engine) -> bool:
    """Say whether the second net is there."""
    try:
        check_row_security(engine)
    except Refused:
        return False
    return True


def _is_free(connection: Connection) -> bool:
    query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    return bool(connection.execute(text(query)).scalar_one())


def _bare(connection: Connection) -> list[str]:
    """List the tables that are not guarded, for their owner as for everybody."""
    guarded = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE c.relnamespace = current_schema()::regnamespace"
            " AND c.relrowsecurity AND c.relforcerowsecurity"
            " GROUP BY c.relname HAVING count(*) = :policies"
        ),
        {"policies": len(_POLICIES)},
    ).scalars()
    return sorted(set(metadata.tables) - set(guarded))

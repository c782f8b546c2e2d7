"""The migration that encrypts: rows keep their values both ways, and nothing plain stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from actions.deed import Runtime
from storage.engine import open_engine, reading
from storage.keyring import KeyWrong
from storage.migrate import downgrade, is_current, upgrade
from storage.sealing import sealed_tuples
from tests.support.company import SYSTEM, Company, as_owner
from tests.support.keys import keys
from tests.support.postgres import Cluster
from tests.support.sealed import ENTRIES, PAID, everything, fill, lie_open
from tests.support.stamped import office_with

BEFORE = "known_organisation"  # the revision under the one that encrypts


def _filled(runtime: Runtime) -> list[Any]:
    fill(Company(runtime))
    with reading(runtime.engine, SYSTEM) as connection:
        return everything(connection)


def _laid_open(runtime: Runtime) -> list[Any]:
    found = _filled(runtime)
    url = runtime.engine.url.render_as_string(hide_password=False)
    runtime.engine.dispose()
    downgrade(url, BEFORE, keys())
    return found


def filled(url: str, folder: Path) -> list[Any]:
    """Fill the test's database; built once, copied for whoever asks again."""
    with office_with(_filled, url, folder) as found:
        return found


def laid_open(url: str, folder: Path) -> list[Any]:
    """Fill the test's database as it was before the migration; built once as well."""
    with office_with(_laid_open, url, folder) as found:
        return found


def read(url: str) -> list[Any]:
    engine = open_engine(url, keys())
    with reading(engine, SYSTEM) as connection:
        assert is_current(connection)
        found = everything(connection)
    engine.dispose()
    return found


def asked(url: str, question: str) -> Any:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(question)).scalar_one()
    engine.dispose()
    return found


def test_rows_keep_their_values_down_and_up_again(database_url: str, tmp_path: Path) -> None:
    before = filled(database_url, tmp_path)
    downgrade(database_url, BEFORE, keys())
    assert asked(database_url, "SELECT count(*) FROM person WHERE staff_number LIKE 'canary%'") == 8
    assert asked(database_url, "SELECT min(amount) FROM ledger_entry") == PAID
    assert asked(database_url, "SELECT count(*) FROM record WHERE content IS NULL") == 1
    upgrade(database_url, keys=keys())
    assert read(database_url) == before
    assert len([name for name, _ in before if name == "ledger_entry"]) == ENTRIES


def test_rows_are_not_encrypted_without_a_key_and_nothing_has_happened_then(
    database_url: str, tmp_path: Path
) -> None:
    before = filled(database_url, tmp_path)
    with pytest.raises(KeyWrong):
        downgrade(database_url, BEFORE)
    assert read(database_url) == before
    downgrade(database_url, BEFORE, keys())
    with pytest.raises(KeyWrong):
        upgrade(database_url)
    assert asked(database_url, "SELECT max(amount) FROM ledger_entry") == PAID + ENTRIES - 1


def test_a_migration_that_was_cut_off_is_run_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = laid_open(database_url, tmp_path)
    calls: list[str] = []

    def cut_off(*words: Any) -> Any:
        calls.append("")
        if len(calls) == 4:
            raise InterruptedError
        return sealed_tuples(*words)

    with monkeypatch.context() as patch:
        patch.setattr("storage.sealing.sealed_tuples", cut_off)
        with pytest.raises(InterruptedError):
            upgrade(database_url, keys=keys())
    assert asked(database_url, "SELECT count(*) FROM person WHERE staff_number LIKE 'canary%'") == 8
    upgrade(database_url, keys=keys())
    assert read(database_url) == before


def migrated(url: str, folder: Path, flush: Callable[[], None]) -> tuple[list[str], list[str]]:
    """Name the files that tell a secret before and after the migration."""
    downgrade(url, BEFORE, keys())
    flush()
    before = lie_open(folder)
    upgrade(url, keys=keys())
    flush()
    return before, lie_open(folder)


def test_no_plain_value_stays_in_the_embedded_file(sqlite_url: str, tmp_path: Path) -> None:
    filled(sqlite_url, tmp_path)
    assert lie_open(tmp_path) == []
    before, after = migrated(sqlite_url, tmp_path, lambda: None)
    assert before == ["attain.db"]
    assert after == []


def test_no_plain_value_stays_in_the_servers_tables(
    postgres_url: str, postgres_cluster: Cluster, tmp_path: Path
) -> None:
    filled(postgres_url, tmp_path)
    oid = asked(postgres_url, "SELECT oid FROM pg_database WHERE datname = current_database()")
    engine = open_engine(postgres_url)

    def flush() -> None:
        with as_owner(engine) as connection:
            connection.execute(text("CHECKPOINT"))

    flush()
    folder = postgres_cluster.folder / "data" / "base" / str(oid)
    assert lie_open(folder) == []
    before, after = migrated(postgres_url, folder, flush)
    engine.dispose()
    assert before
    assert after == []

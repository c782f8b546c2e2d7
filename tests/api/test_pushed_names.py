"""Pushed users are found by name: what is remembered of them never says anything that is not so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import storage.pushed
from actions.pushed_names import EDGE_ROWS, PushedNames
from connectors.scim_schemas import USERS
from storage.engine import Database, open_engine, reading
from storage.records import stored_record
from tests.support.keys import keys
from tests.support.provisioning import Provider, placing_mapping, provided, user
from tests.support.syncing import HOST


@pytest.fixture
def provider(sqlite_url: str, tmp_path: Path) -> Iterator[Provider]:
    with provided(sqlite_url, tmp_path, placing_mapping()) as made:
        yield made


def pushed(provider: Provider, name: str) -> str:
    return str(provider.post("Users", user(name))["id"])


@contextmanager
def state(provider: Provider) -> Iterator[Database]:
    with reading(provider.company.runtime.engine, HOST) as connection:
        yield connection


def asked(
    names: PushedNames, provider: Provider, connection: Database, name: str, **more: Any
) -> tuple[str, ...]:
    source = (provider.company.entity_id, provider.connection)
    wanted = {"userName": f"{name}@acme.example"}
    return names.called(connection, HOST, source, USERS.stream, wanted, **more)


def test_a_name_is_whose_it_is_now_whoever_changed_it(provider: Provider) -> None:
    names = PushedNames()
    li, bo = pushed(provider, "li"), pushed(provider, "bo")
    with state(provider) as connection:
        assert asked(names, provider, connection, "LI") == (li,)
        assert asked(names, provider, connection, "an") == ()
    provider.ask("PUT", f"Users/{li}", user("an"))
    provider.ask("DELETE", f"Users/{bo}")
    with state(provider) as connection:
        assert asked(names, provider, connection, "li") == ()
        assert asked(names, provider, connection, "an") == (li,)
        assert asked(names, provider, connection, "bo") == ()
    again = pushed(provider, "li")
    with state(provider) as connection:
        assert asked(names, provider, connection, "li") == (again,)


def test_whoever_reads_an_older_state_learns_nothing_anew_and_spoils_nothing(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = PushedNames()
    ids = [pushed(provider, f"u{n}") for n in range(4)]
    opened: list[str] = []

    def noted(connection: Any, row: Any) -> Any:
        opened.append(row.key)
        return stored_record(connection, row)

    monkeypatch.setattr(storage.pushed, "stored_record", noted)
    with state(provider) as older:
        assert asked(names, provider, older, "u1") == (ids[1],)
        fresh = pushed(provider, "li")
        with state(provider) as newer:
            assert asked(names, provider, newer, "li") == (fresh,)
        opened.clear()
        assert asked(names, provider, older, "li") == ()
        assert asked(names, provider, older, "u2") == (ids[2],)
    with state(provider) as connection:
        assert asked(names, provider, connection, "li") == (fresh,)
    assert set(opened) == {ids[2], fresh}, "only who is named is looked at"


def test_what_a_push_brought_and_was_undone_is_not_taken_for_known(provider: Provider) -> None:
    names, company = PushedNames(), provider.company
    li = pushed(provider, "li")
    other = pushed(provider, "bo")
    # As if this were the transaction in which the last one was pushed, and it may yet be undone.
    with state(provider) as connection:
        rows = storage.pushed.pushed_since(
            connection, HOST, (company.entity_id, provider.connection), USERS.stream, None
        )
        last = rows[-1].seen_at
        assert asked(names, provider, connection, "bo", now=last) == (other,)
        edges = [at for each in names._learned.values() for at, _ in each.edges]
        assert edges
        assert max(edges) < last
        assert asked(names, provider, connection, "li", now=last) == (li,)


def test_another_database_in_the_place_of_the_one_before_is_learned_anew(
    provider: Provider, tmp_path: Path
) -> None:
    names = PushedNames()
    li = pushed(provider, "li")
    engine = provider.company.runtime.engine
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(str(engine.url.database), tmp_path / "before.db")
    provider.ask("PUT", f"Users/{li}", user("an"))
    for number in range(EDGE_ROWS):
        provider.ask("PUT", f"Users/{li}", user("an", title=f"{number}"))
    with state(provider) as connection:
        assert asked(names, provider, connection, "an") == (li,)
        assert asked(names, provider, connection, "li") == ()
    back = open_engine(f"sqlite:///{tmp_path / 'before.db'}", keys())
    with reading(back, HOST) as connection:
        assert asked(names, provider, connection, "an") == ()
        assert asked(names, provider, connection, "li") == (li,)
    back.dispose()

"""The server seals by itself, at its pace, and one entity that is broken stops no other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.deed import perform
from attain.sealer import Sealer, seal_everything
from storage.append_only import unguard_tables
from storage.checkpoints import last_checkpoint
from storage.engine import reading
from tests.support.company import SYSTEM, Company, as_owner, office


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def do(company: Company) -> None:
    perform(company.runtime, SYSTEM, company.entity_id, "testDo", {}, lambda _w: "per_a")


def sealed(company: Company) -> int:
    with reading(company.engine, SYSTEM) as connection:
        found = last_checkpoint(connection, company.entity_id)
    return 0 if found is None else found.checkpoint.size


def test_rows_are_sealed_while_the_server_runs_and_once_more_when_it_ends(
    company: Company,
) -> None:
    sealer = Sealer(company.runtime, 0.05)
    do(company)
    sealer.start()
    ends = time.monotonic() + 60
    while not sealed(company) and time.monotonic() < ends:
        time.sleep(0.01)
    assert sealed(company) == 1
    sealer.stop()
    slow = Sealer(company.runtime, 3600)
    slow.start()
    do(company)
    slow.stop()
    assert sealed(company) == 2


def test_nothing_is_sealed_by_itself_where_that_is_switched_off(company: Company) -> None:
    sealer = Sealer(company.runtime, 0)
    do(company)
    sealer.start()
    sealer.stop()
    assert sealed(company) == 0


def test_an_entity_whose_seal_is_broken_does_not_keep_another_from_being_sealed(
    company: Company,
) -> None:
    do(company)
    assert seal_everything(company.runtime) == 1
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        connection.execute(text("UPDATE checkpoint SET root = 'x'"))
    other = Company(company.runtime, "Another")
    do(company)
    do(other)
    assert seal_everything(company.runtime) == 1
    assert (sealed(company), sealed(other)) == (1, 1)

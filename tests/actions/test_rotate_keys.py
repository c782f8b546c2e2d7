"""Keys are changed while everything stays readable, whatever interrupts it; on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from actions.rotate_keys import rotate_data_keys, rotate_outer_key
from storage import tables
from storage.cipher import SealBroken, Suite
from storage.engine import changing, open_engine, reading
from storage.keyring import Keyring, KeyWrong, LocalKey
from storage.rekey import (
    begin_rotation,
    count_values,
    end_rotation,
    seal_anew,
    sealed_tables,
    stored_keys,
)
from storage.sealing import opened
from tests.support.company import SYSTEM, Company, office
from tests.support.dying import obeying
from tests.support.keys import KEY
from tests.support.postgres import Cluster
from tests.support.sealed import ENTRIES, everything, fill, lie_open, number

NEW = bytes(range(100, 132))


def states(company: Company) -> list[str]:
    with reading(company.engine, SYSTEM) as connection:
        keys = stored_keys(connection, company.entity_id)
        values = count_values(connection, company.entity_id)
        known = {key.id for key in keys}
        assert values.keys() <= known
        assert all(not values.get(key.id) for key in keys if key.state == "RETIRED")
    return [f"{key.purpose} {key.version} {key.state}" for key in keys]


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        made = Company(runtime)
        fill(made)
        yield made


def test_after_new_data_keys_every_value_reads_the_same_and_the_old_keys_open_nothing(
    company: Company,
) -> None:
    with reading(company.engine, SYSTEM) as connection:
        before = everything(connection)
        entry = connection.execute(select(tables.ledger_entry).limit(1)).one()
    actions = ["keysRotationBegin", "keysRotationEnd"]
    assert rotate_data_keys(company.runtime, SYSTEM, company.entity_id, rows=100) > ENTRIES
    with reading(company.engine, SYSTEM) as connection:
        assert everything(connection) == before
        # A row as it was before, put back from a copy: its key is gone.
        with pytest.raises(SealBroken, match="gone"):
            opened(connection, tables.ledger_entry.c.amount, entry)
        trail = select(tables.audit_event.c.action).where(tables.audit_event.c.action.in_(actions))
        assert (
            list(connection.execute(trail.order_by(tables.audit_event.c.seq)).scalars()) == actions
        )
        wrapped = "SELECT count(*) FROM data_key WHERE state = 'RETIRED' AND wrapped IS NOT NULL"
        assert connection.execute(text(wrapped)).scalar_one() == 0
    assert states(company) == [
        f"{purpose} {version} {state}"
        for purpose in ("IDENTITY", "INDEX", "PAY")
        for version, state in ((1, "RETIRED"), (2, "ACTIVE"))
    ]


def test_while_rows_are_sealed_anew_others_write_and_find_as_before(company: Company) -> None:
    runtime, entity = company.runtime, company.entity_id
    with runtime.writing(entity, SYSTEM) as writing:
        old = begin_rotation(writing)
        assert begin_rotation(writing) == old, "begun twice it is taken up, not begun anew"
    # A person who is known under the old index is found; nobody is doubled.
    first = company.write(lambda writing: number(writing, 0))
    late = company.person("late")
    for table in sealed_tables():
        after, more = None, True
        while more:
            with runtime.writing(entity, SYSTEM) as writing:
                after, _ = seal_anew(writing, table, old, after, 7)
            more = after is not None
    with runtime.writing(entity, SYSTEM) as writing:
        end_rotation(writing, old)
    assert company.write(lambda writing: number(writing, 0)) == first
    assert company.person("late") == late
    with reading(company.engine, SYSTEM) as connection:
        names = connection.execute(select(tables.identity.c.id)).scalars().all()
    assert len(names) == 9


def test_a_rotation_does_not_end_while_a_row_lies_under_an_old_key(company: Company) -> None:
    with company.runtime.writing(company.entity_id, SYSTEM) as writing:
        old = begin_rotation(writing)
    with (
        pytest.raises(RuntimeError, match="still under a key"),
        company.runtime.writing(company.entity_id, SYSTEM) as writing,
    ):
        end_rotation(writing, old)


def test_the_guards_stand_again_after_a_rotation(company: Company) -> None:
    rotate_data_keys(company.runtime, SYSTEM, company.entity_id)
    with (
        pytest.raises(Exception, match="append-only"),
        changing(company.engine, SYSTEM) as connection,
    ):
        connection.execute(text("UPDATE ledger_entry SET period = '2026-10'"))


def test_a_new_key_outside_opens_everything_and_the_old_one_nothing(
    company: Company, database_url: str
) -> None:
    with reading(company.engine, SYSTEM) as connection:
        before = everything(connection)
    assert rotate_outer_key(company.runtime, SYSTEM, LocalKey(NEW)) == 3
    assert rotate_outer_key(company.runtime, SYSTEM, LocalKey(NEW)) == 0
    for key, fits in ((NEW, True), (KEY, False)):
        ring = Keyring(LocalKey(key))
        engine = open_engine(database_url, ring)
        with reading(engine, SYSTEM) as connection:
            if fits:
                ring.check(connection)
                assert everything(connection) == before
            else:
                with pytest.raises(KeyWrong):
                    everything(connection)
        engine.dispose()
    # A server that still has the old key must not make data keys that only it can open.
    with pytest.raises(KeyWrong):
        Company(company.runtime, "Second").person("zhao")


def test_a_rotation_moves_to_the_other_ciphers(company: Company) -> None:
    company.engine.get_execution_options()["attain_keys"].suite = Suite.GM
    with reading(company.engine, SYSTEM) as connection:
        before = everything(connection)
    rotate_data_keys(company.runtime, SYSTEM, company.entity_id)
    with reading(company.engine, SYSTEM) as connection:
        assert everything(connection) == before
        keys = stored_keys(connection, company.entity_id)
    assert {key.suite for key in keys if key.state == "ACTIVE"} == {"gm"}


# ---- killed -------------------------------------------------------------------------------------


def killed_again_and_again(url: str, folder: Path, kills: int, seed: int) -> None:
    chance, key, other = random.Random(seed), KEY, NEW
    module = "tests.support.rotating"
    with office(url, folder) as runtime, obeying(chance, module, url) as rotate:
        made = Company(runtime)
        fill(made)
        with reading(made.engine, SYSTEM) as connection:
            before = everything(connection)
        killed = rounds = half = here = 0
        # Kills fall within the steps of a whole rotation, as many as the last one took.
        steps = {"data": 100, "outer": 10}
        while killed < kills or rounds < 2 or here:
            deed = "outer" if rounds % 2 else "data"
            # Turning the outer key takes no longer than its kills: two are enough of it each time.
            is_last = killed >= kills or (deed == "outer" and here >= 2)
            last = 0 if is_last else chance.randint(1, steps[deed])
            taken = rotate(f"{deed} {key.hex()} {other.hex()}", last)
            if taken is None:
                killed, here = killed + 1, here + 1
                half += any("RETIRING" in each for each in states(made))
                continue
            steps[deed] = max(steps[deed], taken)
            rounds, here = rounds + 1, 0
            if deed == "outer":
                key, other = other, key
        engine = open_engine(url, Keyring(LocalKey(key)))
        with reading(engine, SYSTEM) as connection:
            assert everything(connection) == before
        engine.dispose()
        assert {each.split()[2] for each in states(made)} == {"ACTIVE", "RETIRED"}
        assert half >= kills // 5, "the kills fell beside the work"
        assert lie_open(folder) == []


def test_a_rotation_killed_anywhere_is_taken_up_on_an_embedded_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    killed_again_and_again(sqlite_url, tmp_path, 10, 1)


def test_a_rotation_killed_anywhere_is_taken_up_on_a_durable_server(
    durable_postgres: Cluster, tmp_path: Path
) -> None:
    killed_again_and_again(_durable(durable_postgres), tmp_path, 10, 2)


@pytest.mark.long
@pytest.mark.timeout(3_000)
def test_five_hundred_kills_of_rotations(
    durable_postgres: Cluster, sqlite_url: str, tmp_path: Path
) -> None:
    killed_again_and_again(sqlite_url, tmp_path, 250, 3)
    killed_again_and_again(_durable(durable_postgres), tmp_path, 250, 4)


def _durable(cluster: Cluster) -> str:
    from storage.migrate import upgrade

    url = cluster.url(cluster.create_database())
    upgrade(url)
    return url

"""What is kept encrypted opens in its own row only, or is a fault that says where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text, update

from storage import tables
from storage.append_only import unguard_tables
from storage.cipher import SealBroken, Suite, aead_of
from storage.engine import changing, open_engine, reading
from storage.keyring import Keyring, KeyWrong, LocalKey
from storage.people import people
from storage.sealed import Form
from storage.sealing import decode, encode, opened, sealed_values
from tests.support.company import SYSTEM, Company, as_owner, office
from tests.support.keys import KEY

NUMBER = tables.person.c.staff_number


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        made = Company(runtime)
        made.person("anna")
        made.person("bo")
        yield made


def rows(connection: Connection) -> list[Any]:
    return list(connection.execute(select(tables.person).order_by(tables.person.c.name)))


def test_a_staff_number_is_read_and_found_but_lies_nowhere_in_the_database(
    company: Company,
) -> None:
    with reading(company.engine, SYSTEM) as connection:
        stored = rows(connection)
        assert [opened(connection, NUMBER, row) for row in stored] == ["anna", "bo"]
        now = company.runtime.clock()
        (found,) = people(connection, SYSTEM, search="bo", valid_at=now.date(), known_at=now)
    assert found.staff_number == "bo"
    for row in stored:
        kept = row.staff_number + row.staff_number_index + row.source_key + row.source_key_index
        assert b"anna" not in kept
        assert b"bo" not in kept
    assert stored[0].staff_number[:9] == stored[1].staff_number[:9], "one key for the entity"


def test_a_value_copied_to_another_row_or_column_does_not_open(company: Company) -> None:
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        anna, bo = rows(connection)
        person = tables.person
        change = update(person).where(person.c.id == anna.id)
        connection.execute(
            change.values(staff_number=bo.staff_number, source_key=anna.staff_number)
        )
        connection.execute(
            update(person).where(person.c.id == bo.id).values(staff_number=bo.source_key)
        )
        for row in rows(connection):
            with pytest.raises(SealBroken, match=r"person\|staff_number\|per_"):
                opened(connection, NUMBER, row)
        with pytest.raises(SealBroken, match=r"person\|source_key\|per_"):
            opened(connection, person.c.source_key, rows(connection)[0])


def test_one_damaged_value_is_a_fault_of_its_row_and_the_others_are_read(company: Company) -> None:
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        anna, bo = rows(connection)
        broken = bytearray(anna.staff_number)
        broken[-1] ^= 1
        person = tables.person
        change = update(person).where(person.c.id == anna.id)
        connection.execute(change.values(staff_number=bytes(broken)))
        damaged, whole = rows(connection)
        with pytest.raises(SealBroken) as caught:
            opened(connection, NUMBER, damaged)
        assert caught.value.__cause__ is None
        assert opened(connection, NUMBER, whole) == "bo"
        assert whole.id == bo.id


def test_a_plain_value_is_refused_on_its_way_in(company: Company) -> None:
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        with pytest.raises(Exception, match="plain value"):
            connection.execute(update(tables.person).values(staff_number=b"anna"))


@pytest.mark.parametrize("key", [bytes(32), KEY[:-1] + b"\0"])
def test_another_key_is_told_from_the_right_one_and_opens_nothing(
    company: Company, database_url: str, key: bytes
) -> None:
    other = Keyring(LocalKey(key))
    engine = open_engine(database_url, other)
    with changing(engine, SYSTEM) as connection:
        with pytest.raises(KeyWrong):
            other.check(connection)
        with pytest.raises(KeyWrong):
            opened(connection, NUMBER, rows(connection)[0])
    engine.dispose()


def test_without_keys_nothing_is_written_or_read(company: Company, database_url: str) -> None:
    engine = open_engine(database_url)
    with changing(engine, SYSTEM) as connection:
        with pytest.raises(KeyWrong):
            opened(connection, NUMBER, rows(connection)[0])
        values = {"id": "per_1", "revision": 1, "legal_entity_id": company.entity_id}
        with pytest.raises(KeyWrong):
            sealed_values(connection, tables.person, {**values, "staff_number": "7"})
    engine.dispose()


@pytest.mark.parametrize("suite", list(Suite))
def test_both_suites_seal_and_a_key_of_one_opens_beside_a_key_of_the_other(
    company: Company, suite: Suite
) -> None:
    ring = company.engine.get_execution_options()["attain_keys"]
    ring.suite = suite
    with changing(company.engine, SYSTEM) as connection:
        connection.execute(text("UPDATE data_key SET state = 'RETIRING'"))
        for purpose in ("IDENTITY", "INDEX"):
            from storage.sealed import Purpose

            ring.add(connection, company.entity_id, Purpose(purpose), 2)
    company.person("chen")
    with reading(company.engine, SYSTEM) as connection:
        stored = rows(connection)
        assert [opened(connection, NUMBER, row) for row in stored] == ["anna", "bo", "chen"]
    assert stored[2].staff_number[0] == {Suite.INTL: 1, Suite.GM: 2}[suite]


def test_sm4_gcm_gives_the_published_answer() -> None:
    # RFC 8998, appendix A.1.
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    plain = b"".join(bytes([each]) * 8 for each in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    about = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    nonce = bytes.fromhex("00001234567800000000abcd")
    aead = aead_of(Suite.GM, key)
    sealed = aead.encrypt(nonce, plain, about)
    assert sealed[-16:].hex() == "83de3541e4c2b58177e065a9bf7b62ec"
    assert aead.decrypt(nonce, sealed, about) == plain


@given(st.text(max_size=40))
def test_a_text_comes_back_whatever_it_holds(given_text: str) -> None:
    assert decode(Form.TEXT, encode(Form.TEXT, given_text)) == given_text
    assert len(encode(Form.TEXT, given_text)) % 16 == 0
    document = {"a": given_text, "b": [None, 1, True]}
    assert decode(Form.DOCUMENT, encode(Form.DOCUMENT, document)) == document


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_amount_has_the_same_length(amount: int) -> None:
    assert decode(Form.WHOLE, encode(Form.WHOLE, amount)) == amount
    assert len(encode(Form.WHOLE, amount)) == 8

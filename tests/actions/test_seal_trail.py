"""Sealing: what is new and once, by a key that is nobody else's, and proven by copies elsewhere."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from actions.deed import perform
from actions.seal_trail import seal_trail
from actions.trail_key import is_signed, kept, kept_file, key_file, public_key, signing_key
from actions.verify_trail import Verified, verify_trail
from domain.access import Role
from domain.merkle import consistency_proof, inclusion_proof, is_consistent, is_included
from domain.trail import Checkpoint
from storage.append_only import unguard_tables
from storage.checkpoints import checkpoints
from storage.engine import changing, reading
from tests.support.company import SYSTEM, Company, as_owner, office
from tests.support.viewers import refused, viewer


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def do(company: Company, count: int = 1) -> None:
    for _deed in range(count):
        perform(company.runtime, SYSTEM, company.entity_id, "testDo", {}, lambda _w: "per_a")


def seal(company: Company) -> Checkpoint | None:
    return seal_trail(company.runtime, SYSTEM, company.entity_id)


def verified(company: Company, **kept_elsewhere: object) -> Verified:
    return verify_trail(company.runtime, SYSTEM, company.entity_id, **kept_elsewhere)  # type: ignore[arg-type]


def codes(found: Verified) -> list[str]:
    return [problem.code for problem in found.problems]


def test_only_what_is_new_is_sealed_and_each_checkpoint_names_the_one_before(
    company: Company,
) -> None:
    assert seal(company) is None
    do(company, 3)
    first = seal(company)
    assert seal(company) is None
    do(company, 2)
    second = seal(company)
    assert first is not None
    assert second is not None
    assert (first.number, first.size, first.previous) == (1, 3, None)
    assert (second.number, second.size, second.previous) == (2, 5, first.hash)
    do(company)
    found = verified(company)
    assert (found.checkpoints, found.sealed, found.unsealed) == (2, 5, 1)
    assert found.head == second.hash
    assert found.problems == ()


def test_a_sealed_row_can_be_proven_to_somebody_who_has_the_root_only(company: Company) -> None:
    do(company, 5)
    first = seal(company)
    do(company, 4)
    second = seal(company)
    assert first is not None
    assert second is not None
    with reading(company.engine, SYSTEM) as connection:
        stored = list(checkpoints(connection, company.entity_id))
    leaves = [leaf for each in stored for leaf in each.leaves]
    root = bytes.fromhex(second.root)
    for index, leaf in enumerate(leaves):
        assert is_included(leaf, index, 9, inclusion_proof(index, leaves), root)
    grown = consistency_proof(5, leaves)
    assert is_consistent(5, 9, bytes.fromhex(first.root), root, grown)


def test_the_key_is_made_once_for_its_owner_only(company: Company, tmp_path: Path) -> None:
    assert public_key(tmp_path) is None
    do(company)
    seal(company)
    mode = stat.S_IMODE(key_file(tmp_path).stat().st_mode)
    assert mode == 0o600
    again = signing_key(tmp_path).public_key().public_bytes_raw().hex()
    assert again == public_key(tmp_path)
    assert [each.name for each in tmp_path.glob("trail.key*")] == ["trail.key"]


def test_a_signature_holds_for_nothing_else(company: Company) -> None:
    do(company)
    sealed = seal(company)
    assert sealed is not None
    with reading(company.engine, SYSTEM) as connection:
        (stored,) = checkpoints(connection, company.entity_id)
    assert stored.checkpoint == sealed
    assert is_signed(sealed, stored.signature)
    assert not is_signed(replace(sealed, size=2), stored.signature)
    assert not is_signed(replace(sealed, at="2026-10-01T00:00:00.000000"), stored.signature)


def test_a_checkpoint_by_a_strange_key_is_not_believed(company: Company, tmp_path: Path) -> None:
    do(company)
    seal(company)
    former = public_key(tmp_path)
    assert former is not None
    key_file(tmp_path).unlink()
    assert codes(verified(company)) == ["trail_key_unknown"]
    do(company)
    seal(company)
    assert codes(verified(company)) == ["trail_key_unknown"]
    assert codes(verified(company, public_keys=[former])) == []


def test_a_trail_made_anew_is_betrayed_by_a_copy_that_lies_elsewhere(
    company: Company, tmp_path: Path
) -> None:
    do(company, 4)
    seal(company)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(kept_file(tmp_path).read_text("utf-8"), "utf-8")
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        connection.execute(text("DELETE FROM checkpoint"))
        connection.execute(text("DELETE FROM audit_event WHERE action = 'testDo'"))
    kept_file(tmp_path).unlink()
    assert codes(verified(company)) == []
    assert codes(verified(company, copies=kept(elsewhere))) == ["trail_checkpoint_missing"]
    do(company, 4)
    seal(company)
    assert codes(verified(company, copies=kept(elsewhere))) == ["trail_checkpoint_forged"]


def test_a_torn_line_of_the_copies_is_no_alarm_and_spoils_no_other(
    company: Company, tmp_path: Path
) -> None:
    do(company)
    seal(company)
    with kept_file(tmp_path).open("a", encoding="utf-8") as file:
        file.write('\n{"entity": "ent_')
    do(company)
    seal(company)
    assert [each.number for each in kept(kept_file(tmp_path))] == [1, 2]
    assert codes(verified(company)) == []


def test_nothing_is_built_on_a_checkpoint_that_contradicts_itself(company: Company) -> None:
    do(company, 3)
    seal(company)
    do(company)
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        connection.execute(text("UPDATE checkpoint SET size = 4"))
    with refused("trail_checkpoint_forged"):
        seal(company)


def test_an_auditor_verifies_the_own_entity_and_nobody_seals_by_hand(company: Company) -> None:
    do(company)
    seal(company)
    auditor, stranger = viewer(Role.AUDITOR, company.entity_id), viewer(Role.AUDITOR, "ent_other")
    assert verify_trail(company.runtime, auditor, company.entity_id).sealed == 1
    for nobody in (stranger, viewer(Role.SALESPERSON, company.entity_id, person="per_a")):
        with refused("forbidden"):
            verify_trail(company.runtime, nobody, company.entity_id)
    for role in (Role.AUDITOR, Role.HR, Role.ADMIN):
        with refused("forbidden"):
            seal_trail(company.runtime, viewer(role, company.entity_id), company.entity_id)


@pytest.mark.parametrize("statement", ["UPDATE checkpoint SET size = 9", "DELETE FROM checkpoint"])
def test_no_statement_changes_a_checkpoint(company: Company, statement: str) -> None:
    do(company)
    seal(company)
    with pytest.raises(DatabaseError), changing(company.engine, SYSTEM) as connection:
        connection.execute(text(statement))
    assert verified(company).checkpoints == 1

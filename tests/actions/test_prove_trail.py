"""Proofs about the trail: they hold for what was sealed, for nothing else, and without a server."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from actions.anchor_trail import anchor_trail
from actions.deed import perform
from actions.prove_trail import check_proof, prove_growth, prove_row
from actions.seal_trail import seal_trail
from actions.trail_key import kept_file, public_key
from actions.verify_trail import verify_trail
from attain.sealer import seal_everything
from connectors.anchors import BUILTIN
from connectors.failures import Transient
from connectors.outlets import AnchorInfo
from domain.access import Role
from domain.problem import Refused
from storage.append_only import unguard_tables
from storage.checkpoints import anchorings
from storage.engine import reading
from tests.support.company import SYSTEM, Company, as_owner, office
from tests.support.viewers import refused, viewer


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(replace(runtime, anchors={each.info.id: each for each in BUILTIN}))


def do(company: Company, count: int) -> None:
    for number in range(count):
        perform(company.runtime, SYSTEM, company.entity_id, f"do{number}", {}, lambda _w: "per_a")


def seal(company: Company) -> None:
    assert seal_trail(company.runtime, SYSTEM, company.entity_id) is not None


def numbers(company: Company) -> list[int]:
    with reading(company.engine, SYSTEM) as connection:
        found = connection.execute(text("SELECT seq FROM audit_event ORDER BY seq"))
        return list(found.scalars())


def prove(company: Company, seq: int, number: int | None = None) -> dict[str, Any]:
    return prove_row(company.runtime, SYSTEM, company.entity_id, seq, number=number)


def check(company: Company, proof: object) -> None:
    """Check what has been through a file, as whoever gets it would."""
    key = public_key(company.runtime.data_folder)
    assert key is not None
    check_proof(json.loads(json.dumps(proof)), [key])


def test_every_sealed_row_has_a_proof_that_holds(company: Company) -> None:
    do(company, 5)
    seal(company)
    do(company, 4)
    seal(company)
    rows = numbers(company)
    for seq in rows:
        check(company, prove(company, seq))
    for seq in rows[:5]:
        check(company, prove(company, seq, 1))
    check(company, prove_growth(company.runtime, SYSTEM, company.entity_id, 1, 2))
    do(company, 1)
    with refused("trail_row_unsealed"):
        prove(company, numbers(company)[-1])
    with refused("trail_row_unsealed"):
        prove(company, rows[5], 1)
    with refused("not_found"):
        prove(company, 10**12)
    with refused("trail_checkpoint_missing"):
        prove(company, rows[0], 9)


def places(document: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List where a document holds a text, a number or nothing."""
    if isinstance(document, dict):
        return [each for name, value in document.items() for each in places(value, (*path, name))]
    if isinstance(document, list):
        found = [each for at, value in enumerate(document) for each in places(value, (*path, at))]
        return found or [path]
    return [path]


@pytest.fixture(scope="module")
def proofs(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    folder = tmp_path_factory.mktemp("proofs")
    (folder / "attain.db").write_bytes(_sqlite_template.read_bytes())
    with office(f"sqlite:///{folder / 'attain.db'}", folder) as runtime:
        company = Company(runtime)
        do(company, 6)
        seal(company)
        do(company, 5)
        seal(company)
        made = (
            prove(company, numbers(company)[3]),
            prove_growth(runtime, SYSTEM, company.entity_id, 1, 2),
        )
        key = public_key(folder)
        assert key is not None
        return made, key


@given(data=st.data())
def test_a_proof_changed_anywhere_proves_nothing(proofs: tuple[Any, str], data: Any) -> None:
    made, key = proofs
    proof = copy.deepcopy(data.draw(st.sampled_from(made)))
    *way, last = data.draw(st.sampled_from(places(proof)))
    holder = proof
    for step in way:
        holder = holder[step]
    other: st.SearchStrategy[object] = st.one_of(
        st.none(), st.integers(-2, 2**70), st.text(max_size=5), st.just([])
    )
    flipped = st.just(_flipped(holder[last]))
    holder[last] = data.draw(st.one_of(flipped, other).filter(lambda value: value != holder[last]))
    with pytest.raises(Refused):
        check_proof(json.loads(json.dumps(proof)), [key])


def _flipped(value: object) -> object:
    """Change one character, or one unit."""
    if isinstance(value, str) and value:
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return value + 1 if isinstance(value, int) else "x"


def test_a_proof_by_a_strange_key_is_not_believed(proofs: tuple[Any, str]) -> None:
    made, key = proofs
    check_proof(made[0], [key])
    with refused("trail_key_unknown"):
        check_proof(made[0], ["0" * 64])
    nothings: tuple[object, ...] = ({}, [], None, {"format": "attain.trail_inclusion/1"})
    for nothing in nothings:
        with refused("trail_proof_unreadable"):
            check_proof(nothing, [key])


def test_a_row_that_was_changed_has_no_proof(company: Company) -> None:
    do(company, 3)
    seal(company)
    seq = numbers(company)[1]
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        connection.execute(
            text("UPDATE audit_event SET account_id = 'acc_boss' WHERE seq = :seq"), {"seq": seq}
        )
    with refused("trail_row_edited"):
        prove(company, seq)


def test_only_whoever_may_read_the_trail_gets_a_proof(company: Company) -> None:
    do(company, 1)
    seal(company)
    seq = numbers(company)[0]
    auditor = viewer(Role.AUDITOR, company.entity_id)
    assert prove_row(company.runtime, auditor, company.entity_id, seq)["index"] == 0
    for nobody in (viewer(Role.AUDITOR, "ent_x"), viewer(Role.MANAGER, company.entity_id)):
        with refused("forbidden"):
            prove_row(company.runtime, nobody, company.entity_id, seq)
        with refused("forbidden"):
            prove_growth(company.runtime, nobody, company.entity_id, 1, 1)


# ---- anchors ------------------------------------------------------------------------------------


def anchored(company: Company, *names: str) -> Company:
    company.runtime = replace(company.runtime, anchored_in=names)
    return company


def receipts(company: Company) -> list[tuple[int, str]]:
    with reading(company.engine, SYSTEM) as connection:
        found = anchorings(connection, company.entity_id, [1, 2, 3])
    return [(each.number, each.anchor) for each in found]


def clone(tmp_path: Path) -> Path:
    """Make a repository with a remote of its own, as an auditor would hand it over."""
    remote, folder = tmp_path / "remote.git", tmp_path / "clone"
    for words in (
        ["git", "init", "-q", "--bare", str(remote)],
        ["git", "clone", "-q", str(remote), str(folder)],
        ["git", "-C", str(folder), "config", "push.default", "current"],
    ):
        subprocess.run(words, check=True, capture_output=True)
    return folder


def test_each_place_remembers_each_checkpoint_once(company: Company, tmp_path: Path) -> None:
    file, git = f"file:{tmp_path / 'elsewhere.jsonl'}", f"git:{clone(tmp_path)}"
    do(company, 2)
    seal(company)
    anchored(company, file)
    assert anchor_trail(company.runtime, SYSTEM, company.entity_id) == ()
    anchored(company, file, git)
    do(company, 1)
    assert seal_everything(company.runtime) == 1
    assert seal_everything(company.runtime) == 0
    assert receipts(company) == [(1, file), (1, git), (2, file), (2, git)]
    lines = [line for line in (tmp_path / "elsewhere.jsonl").read_text().splitlines() if line]
    assert len(lines) == 2
    pushed = subprocess.run(
        ["git", "-C", str(tmp_path / "remote.git"), "log", "--oneline"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert len(pushed.stdout.splitlines()) == 2
    assert verify_trail(company.runtime, SYSTEM, company.entity_id).problems == ()


def test_a_trail_made_anew_with_its_data_folder_is_betrayed_by_its_anchor(
    company: Company, tmp_path: Path
) -> None:
    anchored(company, f"file:{tmp_path / 'elsewhere.jsonl'}")
    do(company, 3)
    seal_everything(company.runtime)
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        for table in ("anchoring", "checkpoint", "audit_event"):
            connection.execute(text(f"DELETE FROM {table}"))
    kept_file(tmp_path).unlink()
    do(company, 2)
    seal(company)
    found = verify_trail(company.runtime, SYSTEM, company.entity_id)
    assert [problem.code for problem in found.problems] == ["trail_checkpoint_forged"]


class Sulking:
    """A place that is away for a while."""

    info = AnchorInfo(id="sulking", title={}, api="1", place="anything")

    def __init__(self) -> None:
        self.away = True
        self.lines: list[str] = []

    def keep(self, _place: str, line: str) -> str:
        if self.away:
            raise Transient("anchor_failed", {"what": "sulking", "fault": "Away"})
        self.lines.append(line)
        return "kept"

    def kept(self, _place: str) -> list[str]:
        if self.away:
            raise Transient("anchor_failed", {"what": "sulking", "fault": "Away"})
        return self.lines


def test_a_place_that_is_away_is_tried_again_and_stops_no_other(
    company: Company, tmp_path: Path
) -> None:
    sulking = Sulking()
    company.runtime = replace(
        company.runtime, anchors={**company.runtime.anchors, "sulking": sulking}
    )
    anchored(company, "sulking:x", f"file:{tmp_path / 'elsewhere.jsonl'}")
    do(company, 1)
    seal(company)
    (problem,) = anchor_trail(company.runtime, SYSTEM, company.entity_id)
    assert (problem.code, problem.values["anchor"]) == ("anchor_failed", "sulking:x")
    assert len(receipts(company)) == 1
    codes = verify_trail(company.runtime, SYSTEM, company.entity_id).problems
    assert [each.code for each in codes] == ["anchor_failed"]
    sulking.away = False
    assert anchor_trail(company.runtime, SYSTEM, company.entity_id) == ()
    assert len(receipts(company)) == 2
    assert verify_trail(company.runtime, SYSTEM, company.entity_id).problems == ()

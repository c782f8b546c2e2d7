"""What is sealed of a run, and the proof of one statement: built again byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from actions.anchor_trail import anchor_trail
from actions.calculate import Mode, calculate
from actions.prove_statement import prove_statement
from actions.seal_trail import seal_trail
from connectors.anchors import BUILTIN
from domain.access import Resource
from domain.document import canonical
from domain.merkle import is_included, leaf_hash
from domain.problem import Refused
from domain.sealed import RunHeader, result_content, salt_of, sealed_leaf
from storage.append_only import unguard_tables
from storage.engine import reading
from storage.results import Result, Run, latest_run, results, run_by_id
from storage.run_seals import run_seal_of
from storage.statements import statement_of
from tests.support.company import SYSTEM, Company, as_owner, office
from tests.support.proving import PERIOD, crew


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[tuple[Company, dict[str, str]]]:
    with office(database_url, tmp_path) as runtime:
        yield crew(runtime)


def run_and_results(company: Company, run_id: str | None = None) -> tuple[Run, dict[str, Result]]:
    with reading(company.engine, SYSTEM) as connection:
        run = run_by_id(connection, company.entity_id, run_id or "")
        run = run or latest_run(
            connection, company.entity_id, period=PERIOD, known_at=company.runtime.clock()
        )
        assert run is not None
        found = results(connection, SYSTEM, run, day=date(2026, 9, 30), resource=Resource.PAY)
    return run, {each.person_id: each for each in found}


def calculated(company: Company, mode: Mode = Mode.POSTED) -> None:
    calculate(company.runtime, SYSTEM, company.entity_id, PERIOD, mode, accept_provisional=True)


def proof(company: Company, person_id: str, run_id: str | None = None) -> dict[str, Any]:
    run, found = run_and_results(company, run_id)
    with reading(company.engine, SYSTEM) as connection:
        explained = statement_of(connection, run, found[person_id])
    return prove_statement(company.runtime, run, found[person_id], explained, {})


def leaf_of(document: dict[str, Any]) -> bytes:
    return leaf_hash(canonical(document))


def test_every_result_and_every_fact_it_leans_on_hangs_on_a_signed_checkpoint(
    made: tuple[Company, dict[str, str]], tmp_path: Path
) -> None:
    company, ids = made
    calculated(company, Mode.TRIAL)
    trial = proof(company, ids["anna"])
    assert (trial["run"]["mode"], trial["seal"]) == ("TRIAL", None)
    calculated(company)
    first = proof(company, ids["anna"])
    assert first["seal"]["trail"] is None  # nobody has sealed the trail yet
    assert first["seal"]["result"]["document"]["content"]["inputs"] == trial["content"]["inputs"]
    seal_trail(company.runtime, SYSTEM, company.entity_id)
    for person_id in ids.values():
        seal = proof(company, person_id)["seal"]
        assert len(seal["cohorts"]) == 2  # one component compares, one shares a pool
        for each in (seal["result"], *seal["cohorts"]):
            path = [bytes.fromhex(step) for step in each["path"]]
            leaf, root = leaf_of(each["document"]), bytes.fromhex(seal["root"])
            assert is_included(leaf, each["index"], seal["size"], path, root)
        facts = [each["document"]["content"] for each in seal["cohorts"]]
        wanted = {each["component"]: sha256(canonical(each)).hexdigest() for each in facts}
        assert seal["result"]["document"]["content"]["cohorts"] == wanted
        details = json.loads(seal["trail"]["row"]["details"])
        assert (details["root"], details["leaves"]) == (seal["root"], str(seal["size"]))
        assert seal["trail"]["row"]["subject"] == seal["result"]["document"]["run"]
    place = tmp_path / "remembered.jsonl"
    outside = replace(
        company.runtime,
        anchors={each.info.id: each for each in BUILTIN},
        anchored_in=(f"file:{place}",),
    )
    assert not list(anchor_trail(outside, SYSTEM, company.entity_id))
    calculated(company)
    seal_trail(company.runtime, SYSTEM, company.entity_id)  # newer, and not remembered yet
    (receipt,) = proof(company, ids["bo"], first["run"]["id"])["labels"]["anchors"]
    assert receipt["anchor"] == f"file:{place}"
    again = proof(company, ids["anna"])["seal"]["result"]["document"]
    before = first["seal"]["result"]["document"]
    assert again["content"] == before["content"]
    assert again["salt"] != before["salt"]  # nothing that somebody guessed once helps again


def test_a_result_that_was_changed_after_the_run_has_no_proof(
    made: tuple[Company, dict[str, str]],
) -> None:
    company, ids = made
    calculated(company)
    run, found = run_and_results(company)
    anna = found[ids["anna"]]
    with reading(company.engine, SYSTEM) as connection:
        explained = statement_of(connection, run, anna)
        sealed = run_seal_of(connection, run.id)
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        connection.execute(text("UPDATE result SET score = 1"))
        kept = connection.execute(text("SELECT secret, cohorts FROM run_seal")).one()
    _, changed = run_and_results(company)
    with pytest.raises(Refused) as refused:
        prove_statement(company.runtime, run, changed[ids["anna"]], explained, {})
    assert refused.value.code == "proof_leaf_missing"
    assert sealed is not None
    assert sealed.secret not in bytes(kept.secret)  # encrypted, as pay is
    assert b"above" not in bytes(kept.cohorts)


def test_the_quick_way_to_a_leaf_and_the_plain_one_are_the_same() -> None:
    header = RunHeader(
        entity_id="le", run_id="calc", period=PERIOD, mode="POSTED", known_at="now", final=True
    )
    content = result_content(
        person_id='p"100%s',
        rules={"currency": None, "engine": "1", "plan": None, "scorecard": "ab"},
        inputs={"销售.num": -5, "a.num": None},
        score=None,
        payout=0,
        amounts={"b.amount": 12},
        cohorts={"m": None},
    )
    written = canonical(content)
    salt = salt_of(b"secret", written)
    assert leaf_of(header.document("result", content, salt)) == sealed_leaf(
        written, header.tail("result"), salt
    )

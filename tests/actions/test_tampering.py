"""Whoever changes a sealed trail by the back door is found out, and where; nobody else is."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random

from sqlalchemy import insert

from actions.deed import Runtime
from actions.seal_trail import seal_trail
from actions.trail_key import kept, kept_file, public_key
from actions.verify_trail import Verified, verify_on, verify_trail
from storage.append_only import unguard_tables
from storage.engine import Writing
from storage.tables import audit_event
from tests.support.company import SYSTEM, Company, office
from tests.support.tampering import Tamperer

TAMPERINGS = 1_000 if os.environ.get("ATTAIN_LONG") == "1" else 100
LOOKED = 10  # how often the trail is verified before it is tampered with: each turn is taken back
GAP = 10  # between the numbers of rows, as transactions leave it that were rolled back
ROUNDS, ROWS, LATER = 6, 7, 3


def happen(company: Company, number: int) -> int:
    """Add a row to the trail with its own number."""

    def deed(writing: Writing) -> str:
        row = insert(audit_event).values(
            seq=GAP * number,
            legal_entity_id=company.entity_id,
            account_id="acc_hr" if number % 2 else None,
            action="testDo",
            subject_id=f"per_{number}",
            details={"request": f"{number:064x}", "说明": "第一行", "n": number, "x": None},
            at=writing.known_at,
        )
        writing.connection.execute(row)
        return ""

    company.write(deed)
    return GAP * number


def sealed_among(company: Company, other: Company) -> tuple[list[int], list[int]]:
    """Fill two trails that lie among each other and seal them, round by round."""
    number, seqs, sizes = 0, [], []
    for _round in range(ROUNDS):
        for _row in range(ROWS):
            seqs.append(happen(company, number := number + 1))
            happen(other, number := number + 1)
        assert seal_trail(other.runtime, SYSTEM, other.entity_id) is not None
        sealed = seal_trail(company.runtime, SYSTEM, company.entity_id)
        assert sealed is not None
        sizes.append(sealed.size)
    for _row in range(LATER):
        happen(company, number := number + 1)
    return seqs, sizes


def places(verified: Verified) -> set[tuple[str, int]]:
    return {
        (each.code, int(each.values["row" if "row" in each.values else "checkpoint"]))
        for each in verified.problems
    }


def clean(runtime: Runtime, company: Company) -> Verified:
    verified = verify_trail(runtime, SYSTEM, company.entity_id)
    assert verified.problems == ()
    return verified


def test_every_tampering_is_found_and_located(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, other = Company(runtime), Company(runtime, "Other")
        seqs, sizes = sealed_among(company, other)
        trusted = {public_key(tmp_path) or ""}
        copies = tuple(kept(kept_file(tmp_path)))
        alarms, missed, found = 0, [], Counter[str]()
        for seed in range(TAMPERINGS):
            with runtime.engine.connect().execution_options(writes=True) as connection:
                turn = connection.begin()
                if seed % LOOKED == 0:
                    before = verify_on(connection, company.entity_id, trusted, copies)
                    alarms += len(before.problems)
                unguard_tables(connection)
                act = Tamperer(
                    connection, Random(seed), company.entity_id, other.entity_id, seqs, sizes
                ).act()
                after = verify_on(connection, company.entity_id, trusted, copies)
                turn.rollback()
            found[act.code] += 1
            if places(after) != {(act.code, act.place)}:
                missed.append(f"seed {seed}: {act} but {after.problems}")
        assert missed == []
        assert alarms == 0
        assert found.total() == TAMPERINGS
        assert len(found) == 7, "the acts do not cover every kind of fault"
        assert clean(runtime, company).unsealed == LATER


def test_a_growing_trail_never_raises_an_alarm(database_url: str, tmp_path: Path) -> None:
    random = Random(7)
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        happened = 0
        for _step in range(TAMPERINGS):
            if random.random() < 0.4:
                seal_trail(runtime, SYSTEM, company.entity_id)
            else:
                happen(company, happened := happened + 1)
            verified = clean(runtime, company)
            assert verified.sealed + verified.unsealed == happened

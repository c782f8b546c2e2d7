"""``attain trail``: an administrator seals, an auditor verifies, and a forged row has a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from actions.deed import perform
from attain.cli import app
from storage.append_only import unguard_tables
from storage.engine import changing
from tests.support.company import SYSTEM, Company, as_owner, office
from tests.support.keys import KEY


@pytest.fixture
def company(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Company]:
    monkeypatch.setenv("ATTAIN_DATA", str(tmp_path))
    monkeypatch.setenv("ATTAIN_DATABASE_URL", database_url)
    monkeypatch.setenv("ATTAIN_LOCALE", "en")
    (tmp_path / "attain.key").write_text(KEY.hex() + "\n", "ascii")
    (tmp_path / "attain.key").chmod(0o600)
    with office(database_url, tmp_path) as runtime:
        made = Company(runtime)
        for _deed in range(3):
            perform(runtime, SYSTEM, made.entity_id, "testDo", {}, lambda _writing: "per_a")
        yield made


def say(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["trail", *words])
    return done.exit_code, done.output


def test_the_trail_is_sealed_once_and_verified(company: Company, tmp_path: Path) -> None:
    status, told = say("verify")
    assert (status, "rows sealed 0  not sealed yet 3" in told) == (0, True)
    status, told = say("seal")
    assert status == 0
    assert told.startswith("checkpoint 1  rows 3  at ")
    key = told.splitlines()[-1].removeprefix("public key ")
    assert len(bytes.fromhex(key)) == 32
    assert say("seal")[1].startswith("Nothing is new")
    status, told = say("verify", "--copies", str(tmp_path / "trail.checkpoints"), "--key", key)
    assert status == 0
    assert "checkpoints 1  rows sealed 3  not sealed yet 0" in told
    assert f"public key {key}" in told
    assert "as it was sealed" in told


def test_a_forged_row_is_named_and_the_status_is_1(company: Company) -> None:
    say("seal")
    with as_owner(company.engine) as connection:
        unguard_tables(connection)
        seq = connection.execute(text("SELECT max(seq) - 1 FROM audit_event")).scalar_one()
        forge = text("UPDATE audit_event SET account_id = 'acc_boss' WHERE seq = :seq")
        connection.execute(forge, {"seq": seq})
    status, told = say("verify")
    assert status == 1
    assert f"Row 2 of the trail (number {seq}, sealed by checkpoint 1) was changed" in told
    assert "as it was sealed" not in told


def test_another_word_is_refused_with_the_choices(company: Company) -> None:
    status, told = say("burn")
    assert status == 2
    assert "seal, verify" in told


def test_a_proof_is_printed_and_checked_in_a_folder_without_a_database(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("seal")
    key = say("seal")[1].splitlines()[-1].removeprefix("public key ")
    with changing(company.engine, SYSTEM) as connection:
        seq = connection.execute(text("SELECT min(seq) FROM audit_event")).scalar_one()
    row, growth = tmp_path / "row.json", tmp_path / "growth.json"
    row.write_text(say("prove", str(seq))[1], "utf-8")
    growth.write_text(say("growth", "1", "1")[1], "utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("ATTAIN_DATA", str(elsewhere))
    monkeypatch.delenv("ATTAIN_DATABASE_URL")
    assert say("check", str(row), "--key", key) == (0, "The proof holds.\n")
    assert say("check", str(growth), "--key", key) == (0, "The proof holds.\n")
    assert say("check", str(row))[0] == 1
    row.write_text(row.read_text("utf-8").replace("testDo", "testDont"), "utf-8")
    status, told = say("check", str(row), "--key", key)
    assert (status, "does not hold" in told) == (1, True)
    for wrong in (("prove",), ("prove", "one"), ("growth", "1", "2", "3"), ("check",)):
        assert say(*wrong)[0] == 2

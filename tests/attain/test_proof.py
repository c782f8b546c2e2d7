"""``attain evidence`` packs a payout, and ``attain verify`` checks it or names the wrong line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from attain.cli import app
from tests.actions.test_prove_statement import calculated
from tests.support.company import office
from tests.support.keys import KEY
from tests.support.proving import crew


@pytest.fixture
def folder(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ATTAIN_DATA", str(tmp_path))
    monkeypatch.setenv("ATTAIN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("ATTAIN_LOCALE", "en")
    (tmp_path / "attain.key").write_text(KEY.hex() + "\n", "ascii")
    (tmp_path / "attain.key").chmod(0o600)
    with office(sqlite_url, tmp_path) as runtime:
        company, _ = crew(runtime)
        calculated(company)
        yield tmp_path  # nobody has sealed the trail yet: the command does


def say(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_a_statement_is_written_into_a_new_file_of_its_owner(folder: Path) -> None:
    out = folder / "anna.xlsx"
    status, told = say("statement", "anna", "2026-09", "--out", str(out))
    assert status == 0, told
    assert out.stat().st_mode & 0o077 == 0
    book = CalamineWorkbook.from_path(str(out))
    paid = book.get_sheet_by_name("What is paid").to_python()
    assert paid[-1][:2] == ["Total", 11394.7]
    assert say("statement", "anna", "2026-09", "--out", str(out))[0] == 2  # never over a file
    assert say("statement", "anna", "2026-09", "--out", str(folder / "anna.txt"))[0] == 2


def test_a_payout_is_packed_and_verified_and_a_changed_one_is_not(folder: Path) -> None:
    pack = folder / "pack"
    status, told = say("evidence", "anna", "2026-09", "--out", str(pack))
    assert status == 0, told
    assert (pack / "statement.json").stat().st_mode & 0o077 == 0  # pay, for its owner's eyes
    status, told = say("verify", str(pack / "statement.json"))
    assert (status, "that is the key you trust" in told) == (0, True)
    assert "Statement of anna for 2026-09: CNY 11394.70" in told
    assert say("verify", str(pack / "statement.json"), "--lang", "zh")[1].endswith("全部成立。\n")

    changed = json.loads((pack / "statement.json").read_text("utf-8"))
    line = next(each for each in changed["statement"]["pay"] if each["name"] == "above.amount")
    line["value"] = "421358"  # a thousand yuan more
    (pack / "other.json").write_text(json.dumps(changed), "utf-8")
    status, told = say("verify", str(pack / "other.json"))
    assert status == 1
    assert "line above.amount: it says 421358, computed is 321358" in told
    assert say("verify", str(pack / "statement.json"), "--key", "00" * 32)[0] == 1

    assert say("evidence", "anna", "2026-09", "--out", str(pack))[0] == 2  # never over a file
    archive = folder / "pack.zip"
    assert say("evidence", "anna", "2026-09", "--out", str(archive))[0] == 0
    with zipfile.ZipFile(archive) as found:
        assert sorted(found.namelist()) == sorted(
            each.name for each in pack.iterdir() if each.name != "other.json"
        )
    status, told = say("verify", str(archive), "--lang", "zh")
    assert (status, told.splitlines()[-1]) == (0, "全部成立。")
    status, told = say("verify", str(pack))  # with a file in it that nobody packed
    assert (status, "other.json: the manifest does not name this file" in told) == (1, True)

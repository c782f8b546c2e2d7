"""The key from outside as an operator meets it: made, missing, wrong, changed."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from attain.keys import found_keys, key_place, open_database
from attain.settings import Settings, SettingsInvalid, read_settings
from storage.migrate import upgrade
from tests.support import forked_attain
from tests.support.company import Company, office
from tests.support.keys import KEY


def attain(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTAIN_")}
    return forked_attain.attain(*words, env={**kept, "ATTAIN_DATA": str(data), **more})


@pytest.fixture
def filled(tmp_path: Path) -> Settings:
    """An embedded installation with a company, under its own key."""
    settings = read_settings({"ATTAIN_DATA": str(tmp_path)})
    upgrade(settings.database_url, keys=found_keys(settings))
    engine = open_database(settings)
    with office(settings.database_url, tmp_path) as runtime:
        object.__setattr__(runtime, "engine", engine)
        Company(runtime).person("anna")
    engine.dispose()
    return settings


def test_the_first_start_makes_a_key_that_only_its_owner_reads(filled: Settings) -> None:
    place = key_place(filled)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    before = place.read_text("ascii")
    assert len(before.strip()) == 64
    open_database(filled).dispose()
    assert place.read_text("ascii") == before


def test_a_server_without_its_key_or_with_another_does_not_start(filled: Settings) -> None:
    place = key_place(filled)
    kept = place.read_text("ascii")
    place.unlink()
    missing = attain(filled.data, "serve")
    assert missing.returncode == 1
    assert missing.stderr == (
        f"The key file {place} is missing: restore it from its backup, or make the first one with"
        " attain keys make.\n"
    )
    assert not place.exists(), "a key made now would be a wrong one"
    place.write_text(KEY.hex())
    wrong = attain(filled.data, "serve")
    assert wrong.returncode == 1
    assert wrong.stderr == (
        f"The key in {place} is not the one that this database was encrypted with:"
        " restore that key, or finish a rotation that was begun.\n"
    )
    place.write_text("no key")
    spoiled = attain(filled.data, "serve")
    assert (spoiled.returncode, spoiled.stderr) == (
        1,
        f"There is no key of 64 hex digits in {place}.\n",
    )
    assert kept


def test_keys_are_changed_and_told_on_the_command_line(filled: Settings, tmp_path: Path) -> None:
    data, new = filled.data, tmp_path / "new.key"
    assert "values" in attain(data, "keys", "status").stdout
    changed = attain(data, "keys", "rotate", "--kek", str(new))
    assert f"Now set ATTAIN_KEY_FILE={new}" in changed.stdout, changed.stderr
    old = attain(data, "keys", "rotate", "--data")
    assert "is not the one" in old.stderr
    rotated = attain(data, "keys", "rotate", "--data", ATTAIN_KEY_FILE=str(new))
    assert "the old keys are destroyed" in rotated.stdout, rotated.stderr
    by_variable = attain(
        data, "keys", "status", ATTAIN_KEY_VARIABLE="CRYPT", CRYPT=new.read_text("ascii").strip()
    )
    assert "version 2  ACTIVE" in by_variable.stdout, by_variable.stderr
    assert "RETIRED  intl" in by_variable.stdout
    again = attain(data, "keys", "make", str(new))
    assert "never overwritten" in again.stderr


def test_a_server_on_postgresql_makes_no_key_by_itself(postgres_url: str, tmp_path: Path) -> None:
    settings = read_settings({"ATTAIN_DATA": str(tmp_path), "ATTAIN_DATABASE_URL": postgres_url})
    with pytest.raises(SystemExit, match="is missing"):
        open_database(settings)
    assert list(tmp_path.iterdir()) == []


def test_the_key_does_not_show_in_the_settings() -> None:
    environment = {"ATTAIN_KEY_VARIABLE": "CRYPT", "CRYPT": KEY.hex()}
    settings = read_settings(environment)
    assert settings.key_text == KEY.hex()
    assert KEY.hex() not in repr(settings)
    assert KEY.hex() not in repr(found_keys(settings).__dict__)
    with pytest.raises(SettingsInvalid):
        read_settings({**environment, "ATTAIN_KEY_FILE": "/etc/key"})
    with pytest.raises(SettingsInvalid):
        read_settings({"ATTAIN_KEY_VARIABLE": "CRYPT"})

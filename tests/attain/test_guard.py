"""The guard: Attain never runs with somebody else's room in place of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from attain.guard import ROOMS, RoomHidden, refuse_hidden_rooms
from tests.support import source


def start(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A vendor's working folder that has packages of its own under our rooms' names."""
    for room in ("api", "plugins"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("raise RuntimeError('foreign code ran')\n")
    return tmp_path


@pytest.mark.parametrize(
    "words", [("-m", "attain", "--help"), ("-m", "uvicorn", "attain.asgi:app", "--port", "0")]
)
def test_a_foreign_room_in_the_working_folder_is_refused_by_name(
    hostile: Path, words: tuple[str, ...]
) -> None:
    done = start(hostile, *words)
    assert done.returncode != 0
    assert f"'api' would be imported from {hostile / 'api' / '__init__.py'}" in done.stderr
    assert "python -P -m attain" in done.stderr
    assert "foreign code ran" not in done.stderr


def test_the_advice_that_the_guard_gives_works(hostile: Path) -> None:
    done = start(hostile, "-P", "-m", "attain", "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_a_folder_without_init_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "notes.py").write_text("")
    assert start(tmp_path, "-m", "attain", "--help").returncode == 0


def test_a_missing_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attain.guard.find_spec", lambda _room: None)
    with pytest.raises(RoomHidden, match="not complete"):
        refuse_hidden_rooms(tmp_path)


def test_the_guard_watches_every_room_below_the_front_door() -> None:
    assert set(ROOMS) == set(source.ROOMS) - {"attain"}

"""``attain tap``: an operator installs a program of others and sees what it is before."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from attain.commands_tap import Wish, install_tap, tell_settings, tell_taps
from attain.settings import SettingsInvalid, read_settings
from connectors.process_host import running
from connectors.taps import read_tap
from tests.support.wheels import write_wheel

_PROGRAM = """
import json, sys

def main():
    about = {"settings": {"properties": {
        "api_key": {"description": "The key"},
        "pin": {"secret": True},
        "account": {"description": "Whose   rows"},
    }, "required": ["account"]}}
    print(json.dumps(about) if "--about" in sys.argv else "rows of version " + VERSION)
"""


@pytest.fixture
def taps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of taps, and an index that has two versions of one."""
    index = tmp_path / "index"
    index.mkdir()
    write_wheel(index, "tap-made-up", "1.0", _PROGRAM)
    write_wheel(index, "tap-made-up", "1.1", _PROGRAM)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    folder = tmp_path / "taps"
    folder.mkdir()
    return folder


def yes() -> bool:
    return True


def said_by(taps: Path, name: str = "tap-made-up") -> bytes:
    with running(read_tap(taps, name).program) as started:
        return b"".join(started.lines())


def test_a_tap_is_shown_with_its_licence_installed_replaced_and_told(
    taps: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def agrees() -> bool:
        shown.append(capsys.readouterr().out)
        assert not (taps / "tap-made-up").exists()
        return len(shown) == 2

    wish = Wish.read("Tap_Made.Up==1.0", reads=(taps,))
    with pytest.raises(typer.Exit):
        install_tap(taps, wish, agrees)
    assert list(taps.iterdir()) == []
    install_tap(taps, wish, agrees)
    assert "Licence: EUPL-1.2" in shown[0]
    assert said_by(taps) == b"rows of version 1.0"
    tap = read_tap(taps, "tap-made-up")
    assert (tap.file.version, tap.file.licence, tap.required) == ("1.0", "EUPL-1.2", ("account",))
    assert str(taps) in tap.program.reads
    lock = (taps / "tap-made-up" / "lock.txt").read_text("utf-8")
    assert lock.startswith("tap-made-up==1.0 --hash=sha256:")
    with pytest.raises(typer.BadParameter, match="there already"):
        install_tap(taps, Wish.read("tap-made-up==1.1"), yes)
    install_tap(taps, Wish.read("tap-made-up==1.1", replace=True), yes)
    assert said_by(taps) == b"rows of version 1.1"
    assert [path.name for path in taps.iterdir()] == ["tap-made-up"]
    capsys.readouterr()
    tell_taps(taps)
    tell_settings(taps, "tap-made-up")
    assert capsys.readouterr().out.splitlines() == [
        "tap-made-up  1.1  EUPL-1.2  fenced",
        "api_key (secret)  The key",
        "pin (secret: give it by reference, its name does not tell)  ",
        "account (required)  Whose rows",
    ]


@pytest.mark.parametrize(
    "wish",
    ["tap-made-up", "tap-made-up>=1", "tap-made-up==", "tap-made-up==1.*", "../x==1", "a b==1"],
)
def test_only_one_exact_version_is_taken(wish: str) -> None:
    with pytest.raises(typer.BadParameter):
        Wish.read(wish)


def test_a_version_that_the_index_does_not_have_leaves_nothing(taps: Path) -> None:
    with pytest.raises(typer.Exit):
        install_tap(taps, Wish.read("tap-made-up==7.0"), yes)
    assert list(taps.iterdir()) == []


def test_the_folder_of_taps_lies_outside_of_what_connections_read(tmp_path: Path) -> None:
    (tmp_path / "data" / "taps").mkdir(parents=True)
    given = {"ATTAIN_DATA": str(tmp_path / "data"), "ATTAIN_TAPS": str(tmp_path / "data" / "taps")}
    with pytest.raises(SettingsInvalid, match="ATTAIN_TAPS must lie outside"):
        read_settings(given)
    with pytest.raises(SettingsInvalid, match="ATTAIN_TAPS names no folder"):
        read_settings({**given, "ATTAIN_TAPS": str(tmp_path / "none")})
    assert read_settings({"ATTAIN_DATA": str(tmp_path / "data")}).taps is None

"""``attain plugin record``: from a real server on this machine to the example's own cassettes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from attain.cli import app
from attain.settings import read_settings
from plugins.vendor_names import lend_names
from tests.support.loopback import Asked, Told, on_loopback
from tests.support.source import ROOT

EXAMPLE = ROOT / "examples" / "attain-northwind"
KEPT = EXAMPLE / "tests" / "cassettes"
SECRET = "ATTAIN_SECRET_NORTHWIND"


@pytest.fixture(scope="module")
def northwind() -> Iterator[str]:
    """Serve what the example's vendor has simulated, as a source that is really there."""
    lend_names()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLE))
        own: Any = importlib.import_module("attain_northwind_crm.simulated")
    source = own.SimulatedSource.filled(14)

    def answer(asked: Asked) -> Told:
        said = source.answer(asked.path, asked.query, asked.headers)
        return Told(body=said.body, status=said.status)

    with on_loopback(answer) as address:
        yield address


def recorded(
    monkeypatch: pytest.MonkeyPatch, folder: Path, address: str, token: str, *more: str
) -> Any:
    """Run the command with the token by reference."""
    folder.mkdir(exist_ok=True)
    file = folder / "settings.json"
    config = {"address": address, "token": {"$env": SECRET}, "page": 4}
    file.write_text(json.dumps(config), "utf-8")
    given = {SECRET: token, "ATTAIN_SOURCE_HOSTS": "127.0.0.1", "ATTAIN_DATA": str(folder)}
    monkeypatch.setattr("attain.cli.settings_or_stop", lambda: read_settings(given))
    monkeypatch.setattr(sys, "path", list(sys.path))
    words = ["plugin", "record", str(EXAMPLE), "--config", str(file), "--to", str(folder / "out")]
    return CliRunner().invoke(app, [*words, *more])


def test_the_cassettes_of_the_example_are_what_the_command_records(
    northwind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = recorded(monkeypatch, tmp_path, northwind, "sample-token-5e1f")
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in KEPT.glob("*.json"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name in names:
        new, kept = (
            json.loads((folder / name).read_text("utf-8")) for folder in (tmp_path / "out", KEPT)
        )
        assert new | {"recorded": ""} == kept | {"recorded": ""}, f"record {name} anew"
        assert "sample-token" not in (tmp_path / "out" / name).read_text("utf-8")


def test_nothing_is_written_when_the_source_refuses_us(
    northwind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = recorded(monkeypatch, tmp_path, northwind, "wrong-token-1234")
    assert done.exit_code == 1
    assert "check says authentication" in done.output
    assert "wrong-token-1234" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_stream_that_is_not_there_is_told_with_those_that_are(
    northwind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = recorded(monkeypatch, tmp_path, northwind, "sample-token-5e1f", "--stream", "deals")
    assert done.exit_code == 1
    assert "no stream deals; there are orders" in done.output


def test_a_scan_tells_what_a_cassette_would(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["plugin", "scan", str(KEPT)]).exit_code == 0
    text = (KEPT / "read.orders.json").read_text("utf-8")
    (tmp_path / "read.orders.json").write_text(text.replace("19900000003", "13812345678"), "utf-8")
    done = CliRunner().invoke(app, ["plugin", "scan", str(tmp_path)])
    assert done.exit_code == 1
    assert "a telephone number of somebody" in done.output
    assert "13812345678" not in done.output


def test_the_tests_of_the_example_play_its_cassettes() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "attain.suite_report", "-p"]
    command += ["no:cacheprovider", "-p", "no:randomly", "tests/test_recorded.py"]
    done = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert "4 passed" in done.stdout, done.stdout[-2000:]

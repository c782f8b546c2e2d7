"""``attain plugin live``: a run against a real source leaves a note of itself alone."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from attain import live_runs
from attain.cli import app
from attain.live_runs import LiveRun, is_here
from attain.settings import read_settings
from connectors.kit.case import WatchedWeb
from connectors.kit.sample import SampleConnector
from connectors.web import NoWeb
from plugins.live_note import Nearness, read_note
from plugins.seals import LIVE, fingerprint
from plugins.vendor_names import lend_names
from tests.support.loopback import Asked, Told, on_loopback
from tests.support.northwind import forget_the_example
from tests.support.source import ROOT

SECRET = "ATTAIN_SECRET_NORTHWIND"


@dataclass
class Vendor:
    """A vendor's checkout, and a source that answers over the network."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    address: str = ""
    token: str = "sample-token-5e1f"
    while_asked: list[Callable[[], object]] = field(default_factory=list)

    @property
    def package(self) -> Path:
        return self.folder / "attain_northwind_crm"

    def says(self, word: str, *more: str) -> Result:
        """Run a command of ours with the token by reference."""
        file = self.folder.parent / "settings.json"
        config = {"address": self.address, "token": {"$env": SECRET}, "page": 4}
        file.write_text(json.dumps(config), "utf-8")
        data = str(self.folder.parent / "data")
        given = {SECRET: self.token, "ATTAIN_SOURCE_HOSTS": "127.0.0.1", "ATTAIN_DATA": data}
        self.monkeypatch.setattr("attain.cli.settings_or_stop", lambda: read_settings(given))
        words = ["plugin", word, str(self.folder), "--config", str(file), *more]
        return CliRunner().invoke(app, words)

    def elsewhere(self) -> None:
        """Let the source be on another machine."""
        self.monkeypatch.setattr(live_runs, "is_here", lambda _: False)


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "examples" / "attain-northwind", folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    forget_the_example()
    lend_names()
    own: Any = importlib.import_module("attain_northwind_crm.simulated")
    source = own.SimulatedSource.filled(14)
    made = Vendor(folder=folder, monkeypatch=monkeypatch)

    def answer(asked: Asked) -> Told:
        while made.while_asked:
            made.while_asked.pop()()
        said = source.answer(asked.path, asked.query, asked.headers)
        return Told(body=said.body, status=said.status)

    with on_loopback(answer) as address:
        made.address = address
        yield made
    forget_the_example()


def test_a_run_against_a_source_elsewhere_is_noted_with_the_code_that_ran(vendor: Vendor) -> None:
    vendor.elsewhere()
    done = vendor.says("live", "--records", "6")
    assert done.exit_code == 0, done.output
    assert done.output.strip() == str(vendor.package / LIVE)
    found = read_note(vendor.package)
    assert found is not None
    assert (found.connector, found.source) == ("northwind.crm", Nearness.PRIVATE)
    assert set(found.streams) == {"orders"}
    assert 6 <= found.records <= 9  # to the first checkpoint behind six
    assert found.files == fingerprint(vendor.package)
    text = (vendor.package / LIVE).read_text("utf-8")
    assert not any(told in text for told in ("127.0.0.1", "sample-token", "138", SECRET))


def test_a_source_on_this_very_machine_may_be_a_simulated_one_and_is_not_noted(
    vendor: Vendor,
) -> None:
    done = vendor.says("live")
    assert done.exit_code == 1
    assert "127.0.0.1 is this very machine" in done.output
    assert not (vendor.package / LIVE).exists()


def test_a_recording_leaves_the_note_too(vendor: Vendor) -> None:
    vendor.elsewhere()
    done = vendor.says("record", "--to", str(vendor.folder / "tests" / "cassettes"))
    assert done.exit_code == 0, done.output
    found = read_note(vendor.package)
    assert found is not None
    assert found.streams == {"orders": 14}


def test_a_run_that_proves_nothing_is_not_noted(vendor: Vendor) -> None:
    vendor.elsewhere()
    connector = vendor.package / "connector.py"
    text = connector.read_text("utf-8")
    vendor.while_asked.append(lambda: connector.write_text(f"{text}# better\n", "utf-8"))
    done = vendor.says("live")
    assert done.exit_code == 1
    assert "its files were changed while it ran" in done.output
    vendor.token = "wrong-token-1234"
    done = vendor.says("live")
    assert done.exit_code == 1
    assert "check says authentication" in done.output
    assert "wrong-token-1234" not in done.output
    assert not (vendor.package / LIVE).exists()


def test_a_run_that_met_nothing_or_read_nothing_is_not_noted_and_one_abroad_is_public(
    vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    own: Any = importlib.import_module("attain_northwind_crm.connector")
    run = LiveRun(connector=own.NorthwindCrmConnector(), near=("crm.lan",), open_inner=NoWeb)
    run.end()
    ran = datetime(2026, 11, 26, tzinfo=UTC)
    assert run.noted({"orders": 5}, ran) == []
    assert "it asked nothing over the web" in capsys.readouterr().err
    cast("WatchedWeb", run.open_web()).asked.append("https://crm.northwind.example/orders")
    assert run.noted({"orders": 0}, ran) == []
    assert "no record was read" in capsys.readouterr().err
    assert run.noted({"orders": 5}, ran) == [vendor.package / LIVE]
    found = read_note(vendor.package)
    assert found is not None
    assert (found.source, found.streams) == (Nearness.PUBLIC, {"orders": 5})
    ours = LiveRun(connector=SampleConnector(), near=(), open_inner=NoWeb)
    assert ours.noted({"deals": 5}, ran) == []
    assert "Attain's own" in capsys.readouterr().err


def test_this_machine_is_where_one_can_listen() -> None:
    assert is_here("127.0.0.1")
    assert not is_here("203.0.113.7")

"""A vendor's connector as a guest of a running host: what it breaks is its own run."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.check_connection import Trying, check_connection
from actions.sync_source import Outcome
from actions.take_hook import take_hook
from connectors.contract import CheckCode, HookRequest
from connectors.files import FilesConnector
from storage import tables
from tests.support import guests
from tests.support.guests import HASTY, TOKEN
from tests.support.syncing import HOST, ORDER_MAPPING, Company, write_orders


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One company for all of them: whatever one has done, the next connection works."""
    folder = tmp_path_factory.mktemp("guests")
    database = folder / "attain.db"
    shutil.copyfile(_sqlite_template, database)
    exports = folder / "exports"
    exports.mkdir()
    write_orders(exports, "orders.csv", ["F1,Li,C1,7.00,2026-09-30"])
    connectors = {
        "files": FilesConnector(),
        "hostile": guests.hostile(folder),
        "hasty": guests.hostile(folder, HASTY),
    }
    made = Company(f"sqlite:///{database}", exports, connectors)
    yield made
    made.runtime.engine.dispose()


@pytest.mark.parametrize(
    ("lie", "code", "kept", "at"),
    [
        ("crash", "program_killed", 2, {"at": 2}),  # and not the row behind the last checkpoint
        ("another", "connector_failed", 1, {"at": 1}),
        ("secret", "connector_failed", 1, {"at": 1}),
        pytest.param("long", "connector_failed", 1, {"at": 1}, marks=pytest.mark.long),
        pytest.param("early", "connector_failed", 1, {"at": 99}, marks=pytest.mark.long),
    ],
)
def test_a_lie_about_the_cursor_ends_its_own_run(
    company: Company,
    lie: str,
    code: str,
    kept: int,
    at: dict[str, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    bad = company.connect({"token": TOKEN, "lie": lie}, ORDER_MAPPING, "hostile")
    done = company.sync(bad)
    assert (done.outcome, done.code) == (Outcome.FAILED, code)
    assert len(company.facts(bad)) == kept
    cursors = [r.cursor for r in company.all(tables.sync_cursor) if r.connection_id == bad]
    assert cursors == [at]
    assert TOKEN not in repr(done) + caplog.text
    told = [r for r in company.all(tables.sync_run) if r.connection_id == bad]
    assert TOKEN not in repr(told)


def test_one_that_hangs_at_a_check_or_a_callback_is_told_and_holds_up_nobody(
    company: Company,
) -> None:
    config = {"token": TOKEN, "at": "check", "deed": "hang"}
    trying = Trying(connector="hasty", config=config)
    report = check_connection(company.runtime, HOST, company.entity_id, trying)
    assert report.code is CheckCode.UNREACHABLE
    assert [finding.code for finding in report.findings] == ["program_silent"]
    bad = company.connect({**config, "at": "hook"}, ORDER_MAPPING, "hasty")
    request = HookRequest(method="POST", query={}, headers={}, body=b"{}")
    assert take_hook(company.runtime, bad, request) is None
    kept = [each.connection_id for each in company.all(tables.hook_delivery)]
    assert bad not in kept
    assert company.sync(company.connect()).outcome is Outcome.SUCCEEDED


def test_a_good_one_is_read_swept_and_called_back(company: Company) -> None:
    good = company.connect({"token": TOKEN}, ORDER_MAPPING, "hostile")
    assert company.sync(good).outcome is Outcome.SUCCEEDED
    assert [fact[0] for fact in company.facts(good)] == ["A1#order", "A2#order"]
    request = HookRequest(method="POST", query={}, headers={}, body=b"{}")
    answer = take_hook(company.runtime, good, request)
    assert answer is not None
    assert (answer.status, answer.body) == (200, b"{}")

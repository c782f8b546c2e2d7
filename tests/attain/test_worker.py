"""The worker's lanes: a source that hangs holds up nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actions.calculate import Mode
from actions.jobs import start_calculation, start_sync, work_once
from attain.worker import Worker
from connectors.files import FilesConnector
from storage import tables
from storage.jobs import Lane
from tests.support.scripted import Scripted, mark, order
from tests.support.syncing import HOST, NOW, ORDER_MAPPING, ORDERS, Company, write_orders


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    yield from opened(database_url, tmp_path)


@pytest.fixture
def embedded(sqlite_url: str, tmp_path: Path) -> Iterator[Company]:
    yield from opened(sqlite_url, tmp_path)


def opened(url: str, tmp_path: Path) -> Iterator[Company]:
    folder = tmp_path / "exports"
    folder.mkdir()
    write_orders(folder, "orders.csv", ["F1,Li,C1,7.00,2026-09-30"])
    made = Company(url, folder, {"files": FilesConnector(), "scripted": Scripted()})
    yield made
    made.runtime.engine.dispose()


def queue(company: Company, connection_id: str | None = None) -> str:
    """Ask for a sync, or for a calculation."""
    with company.runtime.writing(company.entity_id, HOST) as writing:
        if connection_id is not None:
            return start_sync(writing, HOST, connection_id)
        return start_calculation(writing, HOST, "2026-09", Mode.TRIAL)


def states(company: Company) -> dict[str, str]:
    return {row.id: row.state for row in company.all(tables.job)}


def hanging(company: Company) -> tuple[str, threading.Event, threading.Event]:
    """A connection whose connector waits until it is let go."""
    reached, let_go = threading.Event(), threading.Event()

    def script(_request: object, _time: int) -> Iterator[object]:
        reached.set()
        let_go.wait(60)
        return iter([order(1), mark(1)])

    company.runtime.connectors["scripted"].script = script
    connection = company.connect({"token": "opensesame-42"}, ORDER_MAPPING, "scripted")
    return connection, reached, let_go


def test_a_source_that_hangs_holds_up_no_other_source(company: Company) -> None:
    bad, reached, let_go = hanging(company)
    good = company.connect(ORDERS)
    worker = Worker(company.runtime)
    try:
        hung = queue(company, bad)
        again = queue(company, bad)
        worker.start()
        assert reached.wait(20)
        fine = queue(company, good)
        last = time.monotonic() + 20
        while states(company)[fine] != "DONE" and time.monotonic() < last:
            time.sleep(0.05)
        found = states(company)
        assert (found[hung], found[again], found[fine]) == ("RUNNING", "QUEUED", "DONE")
        assert len(company.facts(good)) == 1
    finally:
        let_go.set()
        worker.stop()


def test_a_legal_entity_whose_rules_are_broken_keeps_no_other_from_being_looked_at(
    embedded: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, done = list[str](), threading.Event()

    def look(_runtime: object, entity_id: str) -> tuple[str, ...]:
        looked.append(entity_id)
        if entity_id == "broken":
            raise KeyError("a rule that nobody can read")
        done.set()
        return ()

    monkeypatch.setattr("attain.worker.entities_with_timetable", lambda _: ("broken", "sound"))
    monkeypatch.setattr("attain.worker.queue_due_calculations", look)
    worker = Worker(embedded.runtime)
    worker.start()
    try:
        assert done.wait(20)
    finally:
        worker.stop()
    assert looked[:2] == ["broken", "sound"]


def test_what_was_asked_for_after_a_sync_waits_for_it_but_not_for_ever(embedded: Company) -> None:
    bad, reached, let_go = hanging(embedded)
    before = queue(embedded)
    hung = queue(embedded, bad)
    after = queue(embedded)
    reader = threading.Thread(target=work_once, args=(embedded.runtime, Lane.SOURCES))
    reader.start()
    try:
        assert reached.wait(20)
        assert work_once(embedded.runtime, Lane.OTHERS)
        assert not work_once(embedded.runtime, Lane.OTHERS)
        found = states(embedded)
        assert (found[hung], found[after]) == ("RUNNING", "QUEUED")
        assert found[before] in {"DONE", "FAILED"}
        later = replace(embedded.runtime, clock=lambda: NOW + timedelta(minutes=31))
        assert work_once(later, Lane.OTHERS)
    finally:
        let_go.set()
        reader.join()
    assert states(embedded)[hung] == "DONE"

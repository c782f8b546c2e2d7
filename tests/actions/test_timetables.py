"""Sources are read by themselves: when they are due, once, and not while they keep failing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from actions.breaker import FAILURES_MAX
from actions.connect_source import change_connection, create_connection
from actions.jobs import start_sync, work_once
from actions.sync_by_timetable import queue_due_syncs
from actions.timetable import Timetable, next_due, timetable_of
from connectors.contract import Message, ReadRequest
from connectors.failures import ConfigurationRefused
from domain.problem import Refused
from storage import tables
from storage.engine import changing
from storage.jobs import claim_job
from tests.support.scripted import Scripted, mark, order
from tests.support.syncing import HOST, NOW, Company

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("timetable", "began", "zone", "due"),
    [
        (Timetable(every=15), "2026-10-01T08:00+00:00", SHANGHAI, "2026-10-01T08:15+00:00"),
        (Timetable(at=time(2, 30)), "2026-10-01T02:29+08:00", SHANGHAI, "2026-10-01T02:30+08:00"),
        (Timetable(at=time(2, 30)), "2026-10-01T02:30+08:00", SHANGHAI, "2026-10-02T02:30+08:00"),
        # the clocks go back at three: half past two comes twice, and counts once
        (Timetable(at=time(2, 30)), "2026-10-25T02:31+02:00", BERLIN, "2026-10-26T02:30+01:00"),
        # they go forward at two: half past two is left out, and comes an hour later
        (Timetable(at=time(2, 30)), "2026-03-28T03:00+01:00", BERLIN, "2026-03-29T03:30+02:00"),
    ],
)
def test_when_a_source_is_due(timetable: Timetable, began: str, zone: ZoneInfo, due: str) -> None:
    assert next_due(timetable, _at(began), zone) == _at(due)


@pytest.mark.parametrize(
    ("every", "at", "code"),
    [
        (None, None, "timetable_unclear"),
        (15, "02:30", "timetable_unclear"),
        (4, None, "number_out_of_range"),
        (10_081, None, "number_out_of_range"),
        (None, "25:00", "timetable_time_invalid"),
        (None, "noon", "timetable_time_invalid"),
    ],
)
def test_a_timetable_that_cannot_be_is_refused(
    every: int | None, at: str | None, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        timetable_of(every, at)


class Clock:
    """Stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, minutes: int) -> None:
        # Writers of a legal entity take turns: what they write is microseconds after now.
        self.now += timedelta(minutes=minutes, seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Scripted:
    found = Scripted()

    def script(_request: ReadRequest, time: int) -> Iterator[Message]:
        yield order(time)
        yield mark(time)

    found.script = script
    return found


@pytest.fixture
def company(database_url: str, tmp_path: Path, source: Scripted, clock: Clock) -> Iterator[Company]:
    made = Company(database_url, tmp_path, {"scripted": source})
    made.runtime = replace(made.runtime, clock=clock)
    yield made
    made.runtime.engine.dispose()


def _change(company: Company, connection_id: str, **changes: object) -> None:
    with company.runtime.writing(company.entity_id, HOST) as writing:
        change_connection(company.runtime, writing, HOST, connection_id, **changes)  # type: ignore[arg-type]


def test_a_source_is_read_when_it_is_due_and_once(
    company: Company, source: Scripted, clock: Clock
) -> None:
    crm = company.connect({}, connector="scripted")
    assert queue_due_syncs(company.runtime) == (), "without a timetable only when asked"
    _change(company, crm, timetable=Timetable(every=15))
    assert queue_due_syncs(company.runtime) == (crm,)
    assert queue_due_syncs(company.runtime) == (), "it waits already"
    assert work_once(company.runtime)
    clock.wait(14)
    assert queue_due_syncs(company.runtime) == ()
    clock.wait(1)
    assert queue_due_syncs(company.runtime) == (crm,)
    assert work_once(company.runtime)
    assert source.times == 2
    assert len(company.facts(crm)) == 2
    _change(company, crm, timetable=None)
    clock.wait(60)
    assert queue_due_syncs(company.runtime) == ()


def test_a_run_that_somebody_asked_for_counts_as_well(
    company: Company, source: Scripted, clock: Clock
) -> None:
    crm = company.connect({}, connector="scripted")
    _change(company, crm, timetable=Timetable(every=15))
    clock.wait(10)
    with company.runtime.writing(company.entity_id, HOST) as writing:
        start_sync(writing, HOST, crm)
    assert queue_due_syncs(company.runtime) == ()
    assert work_once(company.runtime)
    clock.wait(10)
    assert queue_due_syncs(company.runtime) == ()
    assert source.times == 1


def test_a_source_that_cannot_begin_is_tried_by_its_timetable_and_not_at_every_look(
    company: Company, clock: Clock
) -> None:
    crm = company.connect({}, connector="scripted")
    _change(company, crm, timetable=Timetable(every=15))
    gone = replace(company.runtime, connectors={})
    assert queue_due_syncs(gone) == (crm,)
    assert work_once(gone)
    clock.wait(1)
    assert queue_due_syncs(gone) == ()
    clock.wait(14)
    assert queue_due_syncs(gone) == (crm,)
    assert [row.state for row in company.all(tables.job)].count("FAILED") == 1
    assert company.all(tables.sync_run) == []


def test_a_source_without_a_mapping_waits_for_one(company: Company) -> None:
    with company.runtime.writing(company.entity_id, HOST) as writing:
        create_connection(
            company.runtime,
            writing,
            HOST,
            name="CRM",
            connector="scripted",
            config={},
            timetable=Timetable(every=15),
        )
    assert queue_due_syncs(company.runtime) == ()


def test_a_source_whose_worker_died_is_read_again_some_hours_later(
    company: Company, clock: Clock
) -> None:
    crm = company.connect({}, connector="scripted")
    _change(company, crm, timetable=Timetable(every=15))
    assert queue_due_syncs(company.runtime) == (crm,)
    with changing(company.runtime.engine, HOST) as connection:
        assert claim_job(connection, clock()) is not None
    clock.wait(660)
    assert queue_due_syncs(company.runtime) == ()
    clock.wait(60)
    assert queue_due_syncs(company.runtime) == (crm,)


def test_a_paused_source_and_one_that_keeps_failing_are_left_alone(
    company: Company, source: Scripted, clock: Clock
) -> None:
    crm = company.connect({}, connector="scripted")
    _change(company, crm, timetable=Timetable(every=5), paused=True)
    assert queue_due_syncs(company.runtime) == ()
    _change(company, crm, paused=False)

    def refuse(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise ConfigurationRefused("source_access_refused", {"status": "401"})
        yield  # pragma: no cover - makes it a generator

    source.script = refuse
    for _ in range(FAILURES_MAX):
        assert queue_due_syncs(company.runtime) == (crm,)
        assert work_once(company.runtime)
        clock.wait(5)
    # the pause of five minutes is over: one run may try, and how it goes decides
    assert queue_due_syncs(company.runtime) == (crm,)
    assert work_once(company.runtime)
    clock.wait(5)
    assert queue_due_syncs(company.runtime) == (), "left alone for ten minutes now"
    clock.wait(5)
    assert queue_due_syncs(company.runtime) == (crm,)
    assert len(company.all(tables.sync_run)) == FAILURES_MAX + 1

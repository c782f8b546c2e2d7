"""Days are read again: they bring their rows and move nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from actions.sync_source import Outcome, Synced, sync_source
from connectors.contract import Backfill, Message, ReadRequest, Ready, Tombstone
from connectors.failures import ConfigurationRefused, RateLimited, Transient
from storage import tables
from storage.engine import reading
from storage.source_health import signs
from tests.support.scripted import Scripted, mark, order
from tests.support.syncing import HOST, NOW, Company

DAYS = Backfill(start=date(2026, 7, 1), end=date(2026, 8, 1))


@pytest.fixture
def source() -> Scripted:
    made = Scripted()
    made.info = replace(made.info, capabilities={"backfill": 1})
    return made


@pytest.fixture
def company(sqlite_url: str, tmp_path: Path, source: Scripted) -> Iterator[Company]:
    made = Company(sqlite_url, tmp_path, {"scripted": source})
    yield made
    made.runtime.engine.dispose()


def read_days(company: Company, crm: str) -> Synced:
    return sync_source(
        company.runtime, HOST, company.entity_id, crm, days=DAYS, wait=lambda _: None
    )


def test_days_that_are_read_again_bring_their_rows_and_move_no_cursor(
    company: Company, source: Scripted
) -> None:
    asked: list[ReadRequest] = []

    def script(request: ReadRequest, time: int) -> Iterator[Message]:
        asked.append(request)
        if request.backfill is None:
            yield order(1)
            yield mark(1)
            return
        yield order(2)
        yield Tombstone(stream="orders", key="A1", position="row:1", order=1)
        yield mark(9)  # even if a connector forgets itself
        yield Ready(stream="orders", through=date(2026, 9, 30))
        yield mark(9)
        if time == 2:
            raise Transient("source_timeout", {"host": "crm"})

    source.script = script
    crm = company.connect({}, connector="scripted")
    company.sync(crm)
    before = [company.all(tables.sync_cursor), company.all(tables.readiness)]
    done = read_days(company, crm)
    assert (done.outcome, done.counts["facts_added"]) == (Outcome.DAYS_READ, 1)
    assert [fact[0] for fact in company.facts()] == ["A2#order"]
    assert [company.all(tables.sync_cursor), company.all(tables.readiness)] == before
    assert [each.backfill for each in asked] == [None, DAYS, DAYS]
    assert asked[1].cursors == {"orders": {"at": 1}}


def test_days_that_are_read_again_say_nothing_of_how_a_connection_fares(
    company: Company, source: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")

    def limited(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise RateLimited(NOW.replace(year=2027), {"host": "CRM"})

    source.script = limited
    company.sync(crm)
    source.script = lambda _request, _time: iter([mark(1)])
    assert read_days(company, crm).outcome is Outcome.DAYS_READ
    with reading(company.runtime.engine, HOST) as connection:
        found = signs(connection, HOST, company.entity_id, crm)[crm]
    assert (found.last_outcome, found.last_good_at, found.failures) == ("paused", None, 1)


def test_a_source_or_a_stream_without_days_is_not_asked_for_any(
    company: Company, source: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")

    def directory(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise ConfigurationRefused("source_backfill_unsupported")

    source.script = directory
    done = read_days(company, crm)
    assert (done.outcome, done.counts["streams_without_days"]) == (Outcome.DAYS_READ, 1)
    source.info = replace(source.info, capabilities={})
    done = read_days(company, crm)
    assert (done.outcome, done.code) == (Outcome.FAILED, "source_backfill_unsupported")
    assert source.times == 1

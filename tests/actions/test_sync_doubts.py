"""What a run says is hardly so waits for a person, and stays waiting until one has looked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from actions.breaker import BreakerState
from actions.jobs import start_sync
from actions.sync_source import Outcome, Synced, sync_source
from actions.watch_connection import breaker_at, reset_breaker
from connectors.contract import (
    Catalog,
    Context,
    Deletes,
    Message,
    ReadRequest,
    Ready,
    StreamInfo,
    Tombstone,
)
from connectors.failures import RateLimited, Suspicious
from connectors.row_cells import rejected_row
from domain.problem import Refused
from storage import tables
from storage.engine import reading
from tests.support.scripted import Scripted, mark, order
from tests.support.syncing import HOST, NOW, Company


class Listing(Scripted):
    """A source whose rows are compared with a list of keys."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: Callable[[], Iterator[str]] = lambda: iter(())

    def discover(self, context: Context) -> Catalog:
        stream = StreamInfo(name="orders", entity="order", key=("order_no",), deletes=Deletes.SWEEP)
        return Catalog(streams=(stream,))

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        return self.listed()


@pytest.fixture
def source() -> Listing:
    return Listing()


@pytest.fixture
def company(sqlite_url: str, tmp_path: Path, source: Listing) -> Iterator[Company]:
    made = Company(sqlite_url, tmp_path, {"scripted": source, "plain": Scripted()})
    yield made
    made.runtime.engine.dispose()


def test_a_stream_that_brought_nothing_is_not_believed_before_somebody_accepts_it(
    company: Company,
) -> None:
    source = company.runtime.connectors["plain"]
    assert isinstance(source, Scripted)
    crm = company.connect({}, connector="plain")
    ready = Ready(stream="orders", through=date(2026, 9, 30))
    source.script = lambda _request, _time: iter([ready, mark(1)])
    for _ in range(2):  # it does not become right by asking again
        synced = company.sync(crm)
        assert (synced.outcome, synced.code) == (Outcome.SUSPICIOUS, "source_empty")
    assert company.all(tables.readiness) == []
    assert company.sync(crm, accept=True).outcome is Outcome.EMPTY_EXPECTED
    assert len(company.all(tables.readiness)) == 1
    assert company.sync(crm).outcome is Outcome.EMPTY_EXPECTED


def test_a_source_that_was_empty_and_has_rows_now_is_believed_by_itself(company: Company) -> None:
    source = company.runtime.connectors["plain"]
    assert isinstance(source, Scripted)
    crm = company.connect({}, connector="plain")
    source.script = lambda _request, _time: iter([mark(1)])
    assert company.sync(crm).outcome is Outcome.SUSPICIOUS
    ready = Ready(stream="orders", through=date(2026, 9, 30))
    source.script = lambda _request, _time: iter([mark(1), order(1), mark(2), ready, mark(3)])
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    assert (len(company.facts()), len(company.all(tables.readiness))) == (1, 1)


def test_a_list_without_any_key_takes_nothing_back_however_few_rows_there_are(
    company: Company, source: Listing
) -> None:
    crm = company.connect({}, connector="scripted")
    source.script = lambda _request, _time: iter([order(1), order(2), mark(1)])
    source.listed = lambda: iter(["A1", "A2"])
    company.sync(crm)
    source.listed = lambda: iter(())
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.SUSPICIOUS, "sweep_too_large")
    assert len(company.facts()) == 2
    source.listed = lambda: iter(["A1"])
    company.sync(crm)
    assert len(company.facts()) == 1


def test_more_than_a_person_has_looked_at_is_not_accepted(
    company: Company, source: Listing
) -> None:
    crm = company.connect({}, connector="scripted")
    rows = [order(number) for number in range(12)]
    source.script = lambda _request, _time: iter([*rows, mark(1)])
    source.listed = lambda: (row.key for row in rows)
    company.sync(crm)

    def sync(left: int, accepted_run: str | None = None) -> Synced:
        source.listed = lambda: (row.key for row in rows[:left])
        return sync_source(company.runtime, HOST, company.entity_id, crm, accepted_run=accepted_run)

    looked_at = sync(6)
    assert looked_at.values["gone"] == "6"
    again = sync(3, looked_at.run_id)  # more is gone by now
    assert (again.outcome, again.values["gone"]) == (Outcome.SUSPICIOUS, "9")
    assert len(company.facts()) == 12
    assert sync(3, again.run_id).outcome is Outcome.SUCCEEDED
    assert len(company.facts()) == 3


def _one_row(company: Company, source: Listing) -> str:
    """Connect a source of one row, and read it."""
    crm = company.connect({}, connector="scripted")
    source.script = lambda _request, _time: iter([order(1), mark(1)])
    source.listed = lambda: iter(["A1"])
    company.sync(crm)
    return crm


def test_a_row_that_another_sync_brings_while_keys_are_listed_is_not_taken_for_gone(
    company: Company, source: Listing
) -> None:
    crm = _one_row(company, source)

    def meanwhile() -> Iterator[str]:
        yield "A1"
        source.script = lambda _request, _time: iter([order(2), mark(2)])
        source.listed = lambda: iter(["A1", "A2"])
        company.sync(crm)

    source.listed = meanwhile
    company.sync(crm)
    assert len(company.facts()) == 2


def test_a_row_that_is_read_behind_the_list_of_keys_is_not_taken_for_gone(
    company: Company, source: Listing
) -> None:
    crm = _one_row(company, source)
    source.script = lambda _request, _time: iter([mark(1)])

    def listed() -> Iterator[str]:
        yield "A1"
        yield "A9"  # never told: so the source is read once more, and brings a newer row
        source.script = lambda _request, _time: iter([order(2), mark(2)])

    source.listed = listed
    company.sync(crm)
    assert len(company.facts()) == 2


def test_a_source_that_says_until_when_is_left_alone_until_then(
    company: Company, source: Listing
) -> None:
    crm = company.connect({}, connector="scripted")
    until = NOW + timedelta(hours=2)

    def limited(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise RateLimited(until, {"host": "CRM"})

    def at(now: datetime) -> tuple[BreakerState, datetime | None]:
        company.runtime = replace(company.runtime, clock=lambda: now)
        with reading(company.runtime.engine, HOST) as connection:
            found = breaker_at(connection, HOST, company.entity_id, crm, now)
        return found.state, found.next_try

    source.script = limited
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.PAUSED, "source_rate_limited")
    assert at(until - timedelta(seconds=1)) == (BreakerState.OPEN, until)
    with (
        company.runtime.writing(company.entity_id, HOST) as writing,
        pytest.raises(Refused, match="connection_waits"),
    ):
        start_sync(writing, HOST, crm)
    assert at(until)[0] is BreakerState.CLOSED
    at(until - timedelta(hours=1))
    with company.runtime.writing(company.entity_id, HOST) as writing:
        reset_breaker(writing, HOST, crm)
    assert at(until - timedelta(minutes=30))[0] is BreakerState.CLOSED
    until += timedelta(days=9_000)  # nobody may ask to be left alone for ever
    company.sync(crm)
    assert at(NOW + timedelta(days=7))[0] is BreakerState.OPEN
    assert at(NOW + timedelta(days=8))[0] is BreakerState.CLOSED


def test_what_a_connector_held_back_is_told_in_the_run_that_accepts_it(company: Company) -> None:
    source = company.runtime.connectors["plain"]
    assert isinstance(source, Scripted)
    crm = company.connect({}, connector="plain")

    def script(request: ReadRequest, _time: int) -> Iterator[Message]:
        cursor = request.cursors.get("orders", {})
        if not cursor:
            yield order(1)
            yield mark(1)
        elif "accepted" not in cursor:
            yield mark(1)
            told, more = {"stream": "orders"}, {"at": 1, "accepted": True}
            raise Suspicious("source_empty", told, stream="orders", cursor=more, again=True)
        else:
            yield Tombstone(stream="orders", key="A1", position="row:1", order=1)
            yield mark(2)

    source.script = script
    company.sync(crm)
    assert company.sync(crm).outcome is Outcome.SUSPICIOUS
    assert len(company.facts()) == 1
    assert company.sync(crm, accept=True).outcome is Outcome.SUCCEEDED
    assert company.facts() == []


def test_what_was_accepted_is_not_read_once_more_unless_something_was_held_back(
    company: Company,
) -> None:
    source = company.runtime.connectors["plain"]
    assert isinstance(source, Scripted)
    crm = company.connect({}, connector="plain")

    def script(_request: ReadRequest, time: int) -> Iterator[Message]:
        yield order(1)
        yield mark(1)
        if time == 1:
            raise Suspicious("source_empty", {"stream": "orders"}, stream="orders", cursor={})

    source.script = script
    assert company.sync(crm, accept=True).outcome is Outcome.SUCCEEDED
    assert source.times == 1


def test_rows_without_a_key_that_stand_at_one_place_are_each_kept_for_a_person(
    company: Company, source: Listing
) -> None:
    def bad(amount: int) -> Message:
        row, why = {"amount": amount}, {"column": "id"}
        return rejected_row("orders", row, "crm:orders", "source_key_missing", why)

    crm = company.connect({}, connector="scripted")
    good = [order(number) for number in range(10)]
    source.script = lambda _request, _time: iter([*good, bad(7), bad(8), mark(1)])
    source.listed = lambda: (row.key for row in good)
    for _ in range(2):  # and the same ones again are no others
        company.sync(crm)
        assert {row.payload["row"] for row in company.open_quarantine()} == {
            '{"amount": 7}',
            '{"amount": 8}',
        }
        assert len(company.open_quarantine()) == 2

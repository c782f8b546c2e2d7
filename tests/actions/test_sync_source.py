"""The host against sources that are late, wrong, moody, poisoned or gone; on both databases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.connect_source import change_connection
from actions.sync_source import Outcome, sync_source
from connectors.contract import Catalog, Deletes, Message, ReadRequest, Rejected, StreamInfo
from connectors.failures import AuthExpired, RateLimited, Transient
from connectors.files import FilesConnector
from connectors.fxiaoke import FxiaokeConnector
from connectors.odoo import OdooConnector
from connectors.rest import RestConnector
from connectors.sql import SqlConnector
from connectors.tryton import TrytonConnector
from domain.problem import Refused
from storage import tables
from tests.support.scripted import SECRET, Scripted, good_rows, mark, order
from tests.support.syncing import HOST, NOW, ORDER_MAPPING, ORDERS, Company, write_orders

DOWN = Transient("source_unreachable", {"host": "crm.example"})


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
def company(database_url: str, tmp_path: Path, scripted: Scripted) -> Iterator[Company]:
    folder = tmp_path / "exports"
    folder.mkdir()
    made = Company(database_url, folder, {"files": FilesConnector(), "scripted": scripted})
    yield made
    made.runtime.engine.dispose()


# ------------------------------------------------------------------------- what comes twice


def test_the_same_files_again_change_nothing(company: Company) -> None:
    write_orders(company.folder, "orders_1.csv", good_rows(50))
    crm = company.connect()
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    facts, stored = company.facts(), len(company.all(tables.fact))
    assert len(facts) == 50
    assert company.sync(crm).outcome is Outcome.EMPTY_EXPECTED
    write_orders(company.folder, "orders_2.csv", good_rows(50))  # the same rows once more
    again = company.sync(crm)
    assert (again.outcome, again.counts["unchanged"]) == (Outcome.SUCCEEDED, 50)
    assert company.facts() == facts
    assert len(company.all(tables.fact)) == len(company.all(tables.record)) == stored


def test_a_correction_is_a_new_revision_and_the_old_one_stays(company: Company) -> None:
    write_orders(company.folder, "orders.csv", ["A1,Li,C1,10.00,2026-07-01", *good_rows(9, 10)])
    crm = company.connect()
    company.sync(crm)
    write_orders(company.folder, "orders.csv", ["A1,Wu,C1,12.00,2026-07-02", *good_rows(9, 10)])
    counts = company.sync(crm).counts
    assert (counts["facts_revised"], counts["unchanged"]) == (1, 9)
    assert company.facts()[0][2:5] == ("Wu", date(2026, 7, 2), 1200)
    kept = [row for row in company.all(tables.fact) if row.key == "A1#order"]
    assert sorted((row.revision, row.quantity) for row in kept) == [(1, 1000), (2, 1200)]
    assert [row.revision for row in company.all(tables.record) if row.key == "A1"] == [1, 2]


def test_deliveries_come_to_the_same_in_every_order_and_however_often(
    company: Company, tmp_path: Path
) -> None:
    deliveries = {
        "orders_1.csv": ["A1,Li,C1,10.00,2026-07-01", "A2,Li,C1,20.00,2026-07-01"],
        "orders_2.csv": ["A1,Li,C1,11.00,2026-07-01", "A3,Wu,C2,30.00,2026-07-03"],
        "orders_3.csv": ["A2,Wu,C1,21.00,2026-07-05", "A1,Li,C9,12.00,2026-07-01"],
    }
    results = []
    for number, sequence in enumerate(itertools.permutations(deliveries)):
        config = {**ORDERS, "path": f"way{number}"}
        (company.folder / f"way{number}").mkdir()
        crm = company.connect(config)
        for name in [*sequence, sequence[0]]:
            folder = company.folder / f"way{number}"
            write_orders(folder, name, deliveries[name])
            company.sync(crm)
        results.append(company.facts(crm))
    assert len(results) == 6
    assert all(result == results[0] for result in results)
    assert [(fact[0], fact[4]) for fact in results[0]] == [
        ("A1#order", 1200),
        ("A2#order", 2100),
        ("A3#order", 3000),
    ]


# ----------------------------------------------------------------------- sources with moods


def test_a_stumbling_source_is_read_to_the_end_without_gap_or_double(
    company: Company, scripted: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")

    def script(request: ReadRequest, time: int) -> Iterator[Message]:
        start = int(str(request.cursors.get("orders", {}).get("at", 0)))
        for number in range(start + 1, 61):
            yield order(number)
            if number % 10 == 0:
                yield mark(number)
            if time < 5 and number == start + 15:
                raise Transient("reset")

    scripted.script = script
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    assert len(company.facts()) == len(company.all(tables.fact)) == 60


@pytest.mark.parametrize("verb", ["discover", "keys"])
@pytest.mark.parametrize("failure", [RateLimited(NOW + timedelta(seconds=1)), DOWN])
def test_a_source_that_stumbles_over_its_columns_or_its_keys_is_asked_again(
    company: Company,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    failure: Exception,
) -> None:
    stream = StreamInfo(name="orders", entity="order", key=("order_no",), deletes=Deletes.SWEEP)
    moods = {"discover": 0, "keys": 0, verb: 3}
    waits: list[float] = []

    def stumble(of: str, answer: Any) -> Any:
        moods[of] -= 1
        if moods[of] >= 0:
            raise failure
        return answer

    monkeypatch.setattr(
        scripted, "discover", lambda _: stumble("discover", Catalog(streams=(stream,)))
    )
    scripted.keys = lambda *_: iter(stumble("keys", ["A1"]))  # type: ignore[attr-defined]
    scripted.script = lambda _request, _time: iter([order(1), mark(1)])
    crm = company.connect({}, connector="scripted")
    done = sync_source(company.runtime, HOST, company.entity_id, crm, wait=waits.append)
    assert (done.outcome, done.code) == (Outcome.SUCCEEDED, None)
    assert waits == ([1.0] * 3 if isinstance(failure, RateLimited) else [2.0, 4.0, 8.0])

    moods[verb] = 4
    ended = company.sync(crm)
    wanted = Outcome.PAUSED if isinstance(failure, RateLimited) else Outcome.FAILED
    code = "source_rate_limited" if isinstance(failure, RateLimited) else "source_unreachable"
    assert (ended.outcome, ended.code) == (wanted, code)  # what a person reads is the source's word
    assert moods[verb] == 0


def test_a_source_that_stays_down_fails_and_keeps_what_it_had_committed(
    company: Company, scripted: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")

    def script(request: ReadRequest, time: int) -> Iterator[Message]:
        if not request.cursors:
            yield order(1)
            yield mark(1)
        yield order(2)
        raise Transient("reset")

    scripted.script = script
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.FAILED, "source_unavailable")
    assert [fact[0] for fact in company.facts()] == ["A1#order"]
    assert scripted.times == 4


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (AuthExpired("token_expired"), "token_expired"),
        (RateLimited(NOW + timedelta(hours=1)), "source_rate_limited"),
    ],
)
def test_expired_access_and_long_waits_pause_the_run(
    company: Company, scripted: Scripted, failure: Exception, code: str
) -> None:
    crm = company.connect({}, connector="scripted")

    def script(request: ReadRequest, time: int) -> Iterator[Message]:
        yield order(1)
        yield mark(1)
        raise failure

    scripted.script = script
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.PAUSED, code)
    assert len(company.facts()) == 1


def test_a_bug_of_a_connector_is_its_own_and_tells_no_secret(
    company: Company, scripted: Scripted
) -> None:
    crm = company.connect({"token": SECRET}, connector="scripted")

    def script(request: ReadRequest, time: int) -> Iterator[Message]:
        yield order(1)
        raise KeyError(f"no field in https://crm.example/?token={SECRET}")

    scripted.script = script
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.FAILED, "connector_failed")
    assert synced.values["connector"] == "scripted"
    stored = json.dumps([str(row) for row in company.all(tables.sync_run)])
    assert SECRET not in stored + str(synced)
    assert "KeyError" in stored
    assert company.facts() == []


def test_an_older_version_that_comes_late_repairs_no_row_that_broke_since(
    company: Company, scripted: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")
    broken = Rejected(stream="orders", position="row:9", reason="row_ragged", key="A1")
    reads: list[list[Message]] = [
        [replace(order(1), version="2026-09-02"), mark(1)],
        [broken, mark(2)],
        [replace(order(1, amount="9.00"), version="2026-09-01"), mark(3)],
        [replace(order(1), version="2026-09-02"), mark(4)],
    ]
    scripted.script = lambda _request, time: iter(reads[time - 1])
    waiting = []
    for _ in reads:
        company.sync(crm)
        waiting.append(len(company.open_quarantine()))
    assert waiting == [0, 1, 1, 0]


@pytest.mark.parametrize("tail", [[order(1)], [mark(1), order(1)]])
def test_messages_behind_the_last_checkpoint_are_a_bug_of_the_connector(
    company: Company, scripted: Scripted, tail: list[Message]
) -> None:
    crm = company.connect({}, connector="scripted")
    scripted.script = lambda _request, _time: iter(tail)
    assert company.sync(crm).code == "connector_failed"
    assert company.facts() == []


def test_two_syncs_of_one_connection_cannot_harm_each_other(
    company: Company, scripted: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")

    def script(request: ReadRequest, time: int) -> Iterator[Message]:
        yield order(1)
        if time == 1:
            assert company.sync(crm).outcome is Outcome.SUCCEEDED
        yield mark(time)

    scripted.script = script
    with pytest.raises(Refused) as refused:
        company.sync(crm)
    assert refused.value.code == "connection_busy"
    assert len(company.all(tables.fact)) == 1
    outcomes = [row.outcome for row in company.all(tables.sync_run)]
    assert sorted(outcomes) == ["failed", "succeeded"]


def test_an_older_version_that_arrives_late_does_not_win(
    company: Company, scripted: Scripted
) -> None:
    crm = company.connect({}, connector="scripted")
    new = replace(order(1, amount="20.00"), version="2026-07-02")
    old = replace(order(1, amount="10.00"), version="2026-07-01")
    scripted.script = lambda _request, _time: iter([new if _time == 1 else old, mark(_time)])
    company.sync(crm)
    assert company.sync(crm).counts["stale"] == 1
    assert company.facts()[0][4] == 2000


def test_of_a_source_that_tells_what_is_now_the_later_word_counts(
    company: Company, scripted: Scripted
) -> None:
    # Of two machines that write, one is some minutes behind; so is a transaction that began before.
    monday = replace(order(1, amount="20.00"), version="2026-07-06T09:10")
    corrected = replace(order(1, amount="30.00"), version="2026-07-06T09:05")
    scripted.info = replace(Scripted.info, capabilities={"live": 1})
    crm = company.connect({}, connector="scripted")
    scripted.script = lambda _request, time: iter([(monday, corrected)[time - 1], mark(time)])
    company.sync(crm)
    company.sync(crm)
    assert company.facts()[0][4] == 3000
    ours = (FxiaokeConnector, OdooConnector, RestConnector, SqlConnector, TrytonConnector)
    assert all("live" in each.info.capabilities for each in ours)


# ----------------------------------------------------------------------------- the mapping


def test_a_changed_mapping_maps_everything_anew(company: Company) -> None:
    write_orders(company.folder, "orders.csv", good_rows(1_200))
    crm = company.connect()
    company.sync(crm)
    changed = json.loads(json.dumps(ORDER_MAPPING))
    target = changed["streams"]["orders"]["targets"][0]
    target["kind"] = "sale"
    target["where"] = [{"column": "seller", "comparison": "NOT_IN", "values": ["S0"]}]
    company.map(crm, changed)
    counts = company.sync(crm).counts
    facts = company.facts()
    assert {fact[1] for fact in facts} == {"sale"}
    assert len(facts) == 1_200 - counts["facts_deleted"]
    assert counts["facts_deleted"] == sum(i % 7 == 0 for i in range(1_200))
    assert counts["facts_revised"] == len(facts)
    stored = len(company.all(tables.fact))
    assert company.sync(crm).outcome is Outcome.EMPTY_EXPECTED
    assert len(company.all(tables.fact)) == stored
    company.map(crm, ORDER_MAPPING)
    company.sync(crm)
    assert len(company.facts()) == 1_200


def test_a_connection_that_is_paused_or_unmapped_is_refused(company: Company) -> None:
    crm = company.connect()
    with company.runtime.writing(company.entity_id, HOST) as writing:
        change_connection(company.runtime, writing, HOST, crm, paused=True)
    with pytest.raises(Refused) as refused:
        company.sync(crm)
    assert refused.value.code == "connection_paused"
    with pytest.raises(Refused) as refused:
        company.sync("con_unknown")
    assert refused.value.code == "not_found"
    assert company.all(tables.sync_run) == []


def test_a_stream_that_is_mapped_but_not_configured_is_named(company: Company) -> None:
    mapping = {**ORDER_MAPPING, "streams": {"deals": ORDER_MAPPING["streams"]["orders"]}}
    synced = company.sync(company.connect(mapping=mapping))
    assert (synced.outcome, synced.code) == (Outcome.FAILED, "stream_unknown")


def test_readiness_is_kept_with_the_kinds_it_feeds(company: Company) -> None:
    write_orders(company.folder, "orders_2026-07.csv", good_rows(3))
    config = json.loads(json.dumps(ORDERS))
    config["streams"]["orders"]["complete_through"] = r"orders_(\d{4}-\d{2})\.csv"
    crm = company.connect(config)
    company.sync(crm)
    company.sync(crm)
    (ready,) = company.all(tables.readiness)
    assert (ready.complete_through, ready.fact_kinds) == (date(2026, 7, 31), ["order"])

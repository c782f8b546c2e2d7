"""The host against sources that are late, wrong, moody, poisoned or gone; on both databases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from actions.connect_source import change_connection
from actions.sync_source import Outcome
from connectors.contract import (
    AuthExpired,
    Catalog,
    CheckCode,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Message,
    RateLimited,
    ReadRequest,
    Record,
    StreamInfo,
    Transient,
)
from connectors.files import FilesConnector
from domain.problem import Refused
from storage import tables
from tests.support.syncing import HOST, NOW, ORDER_MAPPING, ORDERS, Company, write_orders

Script = Callable[[ReadRequest, int], Iterator[Message]]
SECRET = "opensesame-42"


class Scripted:
    """A connector that does what a test says; ``times`` counts the reads."""

    info = ConnectorInfo(
        id="scripted",
        title={"zh-CN": "脚本", "en": "Scripted"},
        api="1.0",
        config_schema={"type": "object", "properties": {"token": {"secret": True}}},
    )

    def __init__(self) -> None:
        self.times = 0
        self.script: Script = lambda _request, _time: iter(())

    def check(self, context: Context) -> CheckReport:
        return CheckReport(code=CheckCode.OK)

    def discover(self, context: Context) -> Catalog:
        return Catalog(streams=(StreamInfo(name="orders", entity="order", key=("order_no",)),))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        self.times += 1
        return self.script(request, self.times)


def order(number: int, **cells: Any) -> Record:
    content = {
        "order_no": f"A{number}",
        "seller": "Li",
        "customer": "C1",
        "amount": "10.00",
        "day": "2026-07-01",
        **cells,
    }
    return Record(
        stream="orders", key=f"A{number}", content=content, position=f"row:{number}", order=number
    )


def mark(at: int) -> Checkpoint:
    return Checkpoint(stream="orders", cursor={"at": at})


def good_rows(count: int, start: int = 0) -> list[str]:
    return [
        f"A{i},S{i % 7},C{i % 5},{i + 1}.50,2026-0{1 + i % 9}-15"
        for i in range(start, start + count)
    ]


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


# ------------------------------------------------------------------------------ bad rows

POISON = [
    ("P1,S1,C1,about ten,2026-07-01", "cell_not_a_number"),
    ("P2,S1,C1,1.005,2026-07-01", "number_not_exact"),
    ("P3,S1,C1,,2026-07-01", "quantity_missing"),
    ("P4,S1,C1,5.00,2026-02-30", "date_unreadable"),
    ("P5,S1,C1,5.00,", "date_missing"),
    ("P6,S1,C1,5.00,9999-01-01", "date_implausible"),
    ("P7,,C1,5.00,2026-07-01", "person_missing"),
    ("P8,S1,C1", "row_ragged"),
    (",S1,C1,5.00,2026-07-01", "key_missing"),
    ('P10,"S"1,C1,5.00,2026-07-01', "quote_misplaced"),
    ("P11,S1,C\0,5.00,2026-07-01", "row_holds_nul"),
    ("P12,S1,C1,99999999999999999999,2026-07-01", "number_not_exact"),
    ("P13,S1,C1,NaN,2026-07-01", "cell_not_a_number"),
    ("P14,S1,C1,1e5,2026-07-01", "cell_not_a_number"),
]


def test_one_percent_of_poison_of_every_kind_never_stops_a_sync(company: Company) -> None:
    rows = good_rows(1_400)
    for place, (line, _) in enumerate(POISON):
        rows.insert(place * 100, line)
    write_orders(company.folder, "orders.csv", rows)
    crm = company.connect()
    synced = company.sync(crm)
    assert synced.outcome is Outcome.PARTIAL
    assert len(company.facts()) == 1_400
    waiting = {row.position["place"]: row for row in company.open_quarantine()}
    assert len(waiting) == len(POISON)
    for place, (line, code) in enumerate(POISON):
        number = place * 100 + 2
        (row,) = [
            r
            for at, r in waiting.items()
            if f"orders.csv/row:{number}" in at + "/"
            and at.split("row:")[1].split("/")[0] == str(number)
        ]
        assert row.code == code, line
        assert row.payload, "what was read is kept for the person who repairs it"


def test_a_bad_row_that_comes_well_is_repaired_and_counted(company: Company) -> None:
    bad = ["P1,S1,C1,about ten,2026-07-01", "P2,S1"]
    write_orders(company.folder, "orders_1.csv", [*good_rows(30), *bad])
    crm = company.connect()
    company.sync(crm)
    assert len(company.open_quarantine()) == 2
    fixed = ["P1,S1,C1,10.00,2026-07-01", "P2,S1,C1,20.00,2026-07-01"]
    write_orders(company.folder, "orders_2.csv", fixed)
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    assert company.open_quarantine() == []
    assert len(company.facts()) == 32


def test_a_row_that_becomes_bad_keeps_what_it_was_until_it_is_repaired(company: Company) -> None:
    write_orders(company.folder, "orders.csv", [*good_rows(30), "A99,Li,C1,10.00,2026-07-01"])
    crm = company.connect()
    company.sync(crm)
    write_orders(company.folder, "orders.csv", [*good_rows(30), "A99,Li,C1,much,2026-07-01"])
    assert company.sync(crm).outcome is Outcome.PARTIAL
    assert ("A99#order", 1000) in [(fact[0], fact[4]) for fact in company.facts()]
    (row,) = company.open_quarantine()
    assert (row.code, row.position["key"]) == ("cell_not_a_number", "A99")


def test_more_than_a_fifth_of_bad_rows_stops_the_sync_and_nothing_is_applied(
    company: Company,
) -> None:
    bad = [f"B{i},S1,C1,much,2026-07-01" for i in range(11)]
    write_orders(company.folder, "orders.csv", [*good_rows(40), *bad])
    crm = company.connect()
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.QUARANTINED, "sync_poisoned")
    assert synced.values == {"rows": "51", "bad": "11"}
    assert company.facts() == []
    assert company.all(tables.sync_cursor) == []
    assert len(company.open_quarantine()) == 11
    write_orders(company.folder, "orders.csv", [*good_rows(40), *bad[:10]])
    assert company.sync(crm).outcome is Outcome.PARTIAL  # a fifth exactly is not more
    assert len(company.facts()) == 40


def test_what_cannot_be_stored_is_set_aside(company: Company, scripted: Scripted) -> None:
    crm = company.connect({}, connector="scripted")
    odd = [
        order(1, amount=0.1),
        order(2, note="a\0b"),
        order(3, note="\ud800"),
        Record(stream="orders", key="k" * 301, content={}, position="row:4", order=4),
    ]
    rows = [order(number) for number in range(10, 40)]
    scripted.script = lambda _request, _time: iter([*odd, *rows, mark(1)])
    assert company.sync(crm).outcome is Outcome.PARTIAL
    assert len(company.facts()) == 30
    assert {row.code for row in company.open_quarantine()} == {"record_not_storable"}
    assert len(company.open_quarantine()) == 4


# ------------------------------------------------------------------------------- deletions

SWEPT = {
    "path": ".",
    "streams": {"orders": {**ORDERS["streams"]["orders"], "deletes": "sweep"}},
}


def test_a_row_that_vanished_from_a_snapshot_takes_its_fact_back(company: Company) -> None:
    write_orders(company.folder, "orders.csv", good_rows(30))
    crm = company.connect(SWEPT)
    company.sync(crm)
    write_orders(company.folder, "orders.csv", good_rows(29))
    counts = company.sync(crm).counts
    assert (counts["facts_deleted"], len(company.facts())) == (1, 29)
    write_orders(company.folder, "orders.csv", good_rows(30))
    company.sync(crm)
    assert len(company.facts()) == 30  # and comes back with it


def test_a_suspiciously_large_sweep_waits_for_a_person(company: Company) -> None:
    write_orders(company.folder, "orders.csv", good_rows(30))
    crm = company.connect(SWEPT)
    company.sync(crm)
    write_orders(company.folder, "orders.csv", good_rows(20))
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.SUSPICIOUS, "sweep_too_large")
    assert synced.values == {"stream": "orders", "gone": "10", "known": "30"}
    assert len(company.facts()) == 30
    assert company.sync(crm).outcome is Outcome.SUSPICIOUS  # it does not go away by itself
    assert company.sync(crm, accept=True).counts["facts_deleted"] == 10
    assert len(company.facts()) == 20


def test_nothing_is_swept_while_a_key_cannot_be_read(company: Company) -> None:
    write_orders(company.folder, "orders.csv", good_rows(30))
    crm = company.connect(SWEPT)
    company.sync(crm)
    write_orders(company.folder, "orders.csv", [*good_rows(28), ",S1,C1,1.00,2026-07-01"])
    synced = company.sync(crm)
    assert synced.counts["sweeps_left_out"] == 1
    assert len(company.facts()) == 30


def test_a_source_that_brings_nothing_at_all_is_no_success(company: Company) -> None:
    crm = company.connect()
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.SUSPICIOUS, "source_empty")


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
        change_connection(writing, HOST, crm, paused=True)
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


# --------------------------------------------------------------------------- the directory


def staff_book(path: Path, sheets: dict[str, list[list[str]]]) -> None:
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        for number, cells in enumerate(rows):
            page.write_row(number, 0, cells)
    book.close()


def cell(column: str, **more: Any) -> dict[str, Any]:
    return {"column": column, **more}


STAFF_MAPPING: dict[str, Any] = {
    "format": "attain.mapping/1",
    "streams": {
        "units": {
            "targets": [
                {
                    "target": "unit",
                    "make": "UNIT",
                    "code": cell("code"),
                    "name": cell("name"),
                    "kind": {"constant": "TEAM"},
                    "parent": cell("parent", whenMissing="ALLOW"),
                    "validFrom": {"constant": "2020-01-01"},
                }
            ]
        },
        "people": {
            "targets": [
                {
                    "target": "person",
                    "make": "PERSON",
                    "key": cell("no"),
                    "name": cell("name"),
                    "staffNumber": cell("no"),
                    "identities": {"wecom": cell("account")},
                }
            ]
        },
        "work": {
            "targets": [
                {
                    "target": "work",
                    "make": "ASSIGNMENT",
                    "person": cell("no"),
                    "unit": cell("unit"),
                    "position": {"constant": "Sales"},
                    "role": {"constant": "MEMBER"},
                    "validFrom": {"constant": "2020-01-01"},
                }
            ]
        },
    },
}
STAFF: dict[str, Any] = {
    "path": ".",
    "streams": {
        "units": {"pattern": "staff.xlsx", "sheet": "units", "key": ["code"]},
        "people": {"pattern": "staff.xlsx", "sheet": "people", "key": ["no"]},
        "work": {"pattern": "staff.xlsx", "sheet": "work", "key": ["no"]},
    },
}


def test_a_directory_is_taken_whatever_the_order_of_its_rows(company: Company) -> None:
    sheets = {
        "units": [["code", "name", "parent"], ["T2", "Two", "T1"], ["T1", "One", ""]],
        "people": [["no", "name", "account"], ["007", "李雷", "LiLei"]],
        "work": [["no", "unit"], ["007", "T2"], ["008", "T1"]],
    }
    staff_book(company.folder / "staff.xlsx", sheets)
    hr = company.connect(STAFF, STAFF_MAPPING)
    assert company.sync(hr).outcome is Outcome.PARTIAL
    assert {row.code for row in company.all(tables.unit)} == {"T1", "T2"}
    assert len(company.all(tables.unit_closure)) == 3
    (work,) = company.all(tables.assignment)
    (person,) = company.all(tables.person)
    assert (person.staff_number, work.person_id) == ("007", person.id)
    assert [row.person_id for row in company.all(tables.identity_link)] == [person.id]
    (waiting,) = company.open_quarantine()
    assert (waiting.code, waiting.position["key"]) == ("person_unknown", "008")
    # The missing person joins: the waiting row of the unchanged sheet fits now.
    sheets["people"].append(["008", "韩梅梅", "HanMeimei"])
    staff_book(company.folder / "staff.xlsx", sheets)
    assert company.sync(hr).outcome is Outcome.SUCCEEDED
    assert company.open_quarantine() == []
    assert len(company.all(tables.assignment)) == 2
    counted = [len(company.all(table)) for table in (tables.person, tables.unit, tables.record)]
    company.sync(hr)
    assert counted == [
        len(company.all(table)) for table in (tables.person, tables.unit, tables.record)
    ]

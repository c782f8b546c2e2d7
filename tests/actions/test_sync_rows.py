"""Rows that are bad, repaired, deleted or about the organisation; on both databases."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

import storage.records
from actions.sweep_keys import living_keys
from actions.sync_source import Outcome
from connectors.contract import Record
from connectors.files import FilesConnector
from storage import tables
from tests.support.scripted import Scripted, good_rows, mark, order
from tests.support.sent import sent
from tests.support.syncing import HOST, ORDERS, Company, write_orders


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


@pytest.mark.parametrize("amount", ["10.00", "11.00"])
def test_an_older_file_read_again_repairs_no_row_that_broke_in_a_later_one(
    company: Company, amount: str
) -> None:
    write_orders(company.folder, "orders_1.csv", [*good_rows(30), "P1,S1,C1,10.00,2026-07-01"])
    crm = company.connect()
    company.sync(crm)
    write_orders(company.folder, "orders_2.csv", ["P1,S1", *good_rows(5, 40)])
    assert company.sync(crm).outcome is Outcome.PARTIAL
    # Somebody corrects another row of the first file, or that one.
    corrected = ["A0,S9,C1,7.00,2026-07-01", *good_rows(29, 1)]
    write_orders(company.folder, "orders_1.csv", [*corrected, f"P1,S1,C1,{amount},2026-07-01"])
    assert company.sync(crm).outcome is Outcome.PARTIAL
    assert [row.position["key"] for row in company.open_quarantine()] == ["P1"]
    write_orders(company.folder, "orders_2.csv", ["P1,S1,C1,12.00,2026-07-01"])
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    assert ("P1#order", 1200) in [(fact[0], fact[4]) for fact in company.facts()]


def test_a_later_file_that_says_the_same_wins_over_one_that_comes_late(company: Company) -> None:
    crm = company.connect()
    for name, amount in (("orders_1", "10.00"), ("orders_3", "10.00"), ("orders_2", "90.00")):
        write_orders(company.folder, f"{name}.csv", [f"A1,Li,C1,{amount},2026-07-01"])
        company.sync(crm)
    assert [(fact[0], fact[4]) for fact in company.facts()] == [("A1#order", 1000)]


def test_a_row_that_came_well_in_a_later_file_waits_for_nobody(company: Company) -> None:
    write_orders(company.folder, "orders_1.csv", [*good_rows(30), "P1,S1"])
    write_orders(company.folder, "orders_2.csv", ["P1,S1,C1,12.00,2026-07-01"])
    assert company.sync(company.connect()).outcome is Outcome.SUCCEEDED
    assert company.open_quarantine() == []


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


def test_which_rows_are_still_there_is_seen_without_opening_one(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_orders(company.folder, "orders.csv", good_rows(6))
    crm = company.connect(SWEPT)
    company.sync(crm)
    write_orders(company.folder, "orders.csv", good_rows(5))
    company.sync(crm)
    monkeypatch.setattr(storage.records, "opened", None)
    living = living_keys(company.runtime.engine, HOST, crm, "orders")
    assert len(living) == 5
    assert set(living.values()) == {f"file:orders.csv/row:{number}" for number in range(2, 7)}


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
    synced = company.sync(hr)
    assert (synced.outcome, synced.counts["bad"]) == (Outcome.PARTIAL, 1)  # the unknown person
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


def test_a_cell_that_may_be_empty_fails_its_own_row_where_nothing_can_be_made_without_it(
    company: Company,
) -> None:
    sheets = {
        "units": [["code", "name", "parent"], ["T1", "One", ""]],
        "people": [["no", "name", "account"], ["007", "李雷", "LiLei"], ["008", "韩梅梅", "Han"]],
        "work": [["no", "unit", "title"], ["007", "T1", "Sales"], ["008", "T1", ""]],
    }
    staff_book(company.folder / "staff.xlsx", sheets)
    mapping = copy.deepcopy(STAFF_MAPPING)
    (work,) = mapping["streams"]["work"]["targets"]
    work["position"] = cell("title", whenMissing="ALLOW")
    hr = company.connect(STAFF, mapping)
    assert company.sync(hr).outcome is Outcome.PARTIAL
    (waiting,) = company.open_quarantine()
    assert (waiting.code, waiting.position["key"]) == ("cell_missing", "008")
    assert len(company.all(tables.assignment)) == 1


def test_as_many_statements_try_four_times_as_many_waiting_rows_again(company: Company) -> None:
    people = [[f"{n:03d}", f"Li {n}", f"li{n}"] for n in range(80)]
    sheets = {
        "units": [["code", "name", "parent"], ["T1", "One", ""]],
        "people": [["no", "name", "account"], *people],
        "work": [["no", "unit"], *([f"{n:03d}", "T1"] for n in range(76, 84))],
    }
    staff_book(company.folder / "staff.xlsx", sheets)
    hr = company.connect(STAFF, STAFF_MAPPING)
    counted = []
    for waiting, rows in ((4, range(84)), (16, range(96))):
        sheets["work"] = [["no", "unit"], *([f"{n:03d}", "T1"] for n in rows)]
        staff_book(company.folder / "staff.xlsx", sheets)
        company.sync(hr)
        before = company.open_quarantine()
        assert len(before) == waiting
        with sent(company.runtime.engine) as statements:
            assert company.sync(hr).counts["still_bad"] == waiting
        counted.append(len(statements))
        after = company.open_quarantine()
        assert [row.payload for row in after] == [row.payload for row in before]
        assert {row.run_id for row in after}.isdisjoint({row.run_id for row in before})
    assert counted[0] == counted[1]

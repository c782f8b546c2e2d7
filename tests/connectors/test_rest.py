"""The connector that is described by data, against an interface that misbehaves."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import (
    CheckCode,
    Checkpoint,
    Message,
    Record,
    Rejected,
)
from connectors.failures import AuthExpired, ConfigurationRefused, ConnectorFailure, Transient
from connectors.rest import RestConnector
from connectors.testing import CHECKS, Case, Earlier, Faults, Place, contract_suite
from connectors.web_host import hosts_of, limits_of
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, gone
from tests.support.reading_sources import Reader, context_for
from tests.support.rest_server import NARROW, SECRET, RestServer
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW

COUNTED = {"parameter": "offset", "size_parameter": "size", "size": 3, "drift": "OVERLAP"}
PAGINGS: dict[str, dict[str, Any]] = {
    "all": {"kind": "NONE"},
    "page": {**COUNTED, "kind": "PAGE", "parameter": "page", "first": 1, "drift": "STEADY"},
    "offset": {**COUNTED, "kind": "OFFSET"},
    "cursor": {"kind": "CURSOR", "next": "meta.next", "parameter": "at"},
    "next": {"kind": "NEXT_ADDRESS", "next": "next"},
    "link": {"kind": "NEXT_HEADER", "header": "Link"},
}
CHANGES = {
    "column": "changed",
    "parameter": "since",
    "form": "ISO",
    "again_minutes": 60,
    "ordered": True,
}


def filled(count: int = 10) -> RestServer:
    return RestServer(
        rows=[
            {
                "id": number,
                "amount": 10.25 + number,
                "changed": f"2026-09-01T{number:02d}:00:00+00:00",
                "owner": {"name": "李娜"},
                "gone": False,
            }
            for number in range(1, count + 1)
        ]
    )


def settings(address: str, kind: str = "cursor", **stream: Any) -> dict[str, Any]:
    return {
        "address": address,
        "access": {"kind": "NONE"},
        "streams": {
            "deals": {
                "path": f"/{kind}",
                "records": "data.items",
                "key": ["id"],
                "paging": PAGINGS[kind],
                "deletes": "NONE",
                "changes": CHANGES,
                **stream,
            }
        },
    }


def secured(address: str, **token: Any) -> dict[str, Any]:
    access = {
        "kind": "OAUTH2",
        "grant": "CLIENT_CREDENTIALS",
        "address": f"{address}/token",
        "client": "client",
        "client_in": "BASIC",
        **token,
    }
    made = settings(address, deletes="SWEEP")
    made["streams"]["deals"]["path"] = "/secured/cursor"
    return {**made, "access": access, "secret": SECRET}


def ids(messages: list[Message]) -> list[int]:
    return [int(m.key) for m in messages if isinstance(m, Record)]


def drop_first(server: RestServer, times: int = 1) -> None:
    """A row goes while somebody turns pages."""
    del server.rows[:times]


SHARED = SharedSimulator(filled, RestConnector)


def _faults(server: RestServer) -> Faults:
    """Give the kit a hand on the rows."""
    times = itertools.count(1)

    def put(number: int, at: str | None, **values: Any) -> Place:
        found = next((row for row in server.rows if row.get("id") == number), None)
        if found is None:
            found = {"id": number, "amount": 1, "owner": {"name": "李娜"}, "gone": False}
            server.rows.insert(0, found)
        found.update(changed=at, **values)
        return "deals", str(number)

    def now() -> str:
        return f"2026-09-02T00:00:{next(times):02d}+00:00"

    def delete() -> Place:
        # A row without a key makes the list of keys incomplete, so it goes as well.
        server.rows[:] = [row for row in server.rows if row.get("id", 3) != 3]
        return "deals", "3"

    def new_field() -> Place:
        server.rows[0]["channel"] = "expo"
        return "deals", "channel"

    def lost_field() -> Place:
        for row in server.rows:
            row.pop("amount", None)
        return "deals", "amount"

    def many(count: int) -> None:
        server.page = 200
        server.rows[:] = [
            {"id": number, "amount": number, "owner": {"name": "李娜"}, "changed": now_at(number)}
            for number in range(count)
        ]

    return Faults(
        insert=lambda: put(100 + next(times), now()),
        change=lambda: put(2, now(), amount=next(times)),
        delete=delete,
        tie=lambda: {put(number, "2026-09-03T00:00:00+00:00") for number in range(300, 311)},
        undated=lambda: put(400, None),
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def now_at(number: int) -> str:
    return f"2026-09-04T{number // 3_600:02d}:{number // 60 % 60:02d}:{number % 60:02d}+00:00"


def rest_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.page, server.sorts = 3, True
    del server.rows[6]["id"]
    right = secured(SHARED.address)
    return Case(
        connector=RestConnector(),
        folder=folder,
        config=right,
        streams=("deals",),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "secret": "wrong-secret"},
            CheckCode.PERMISSION: {**right, "secret": NARROW},
            CheckCode.CONFIGURATION: {**right, "streams": {}},
            CheckCode.UNREACHABLE: {
                **right,
                "access": {"kind": "NONE"},
                "address": "http://127.0.0.1:9",
            },
        },
        rejected=1,
        unknown=(("deals", "owner.name"),),
        secrets=(SECRET, NARROW),
        web=SHARED.web,
        faults=_faults(server),
        future={"deals": {"seen": "32472144000000"}},
        # As the first release wrote it: milliseconds since 1970.
        earlier=(Earlier(config=right, cursors={"deals": {"seen": "1788253200000"}}),),
        absent={"mapping": "its streams and columns are what a person describes in the settings"},
    )


TestRest = contract_suite(rest_case)


@pytest.mark.parametrize(
    ("kind", "paging"),
    [
        ("offset", PAGINGS["offset"]),
        ("page", {**PAGINGS["page"], "drift": "REPEAT"}),
        ("offset", {**PAGINGS["offset"], "drift": "REPEAT"}),
    ],
)
@pytest.mark.parametrize("number", ["K06", "K17", "K18", "K19", "K20", "K25", "K26"])
def test_counted_pages_of_rows_that_move_lose_nothing_either(
    number: str, kind: str, paging: dict[str, Any], tmp_path: Path
) -> None:
    case = rest_case(tmp_path)
    changes = {**CHANGES, "ordered": False}
    config = settings(SHARED.address, kind, paging=paging, changes=changes, deletes="SWEEP")
    CHECKS[number](dataclasses.replace(case, config=config))


@pytest.mark.parametrize("kind", list(PAGINGS))
@pytest.mark.parametrize("count", [0, 1, 3, 4, 9])
def test_every_way_of_turning_pages_brings_every_row_once(
    reader: Reader, server: RestServer, address: str, kind: str, count: int
) -> None:
    server.rows = server.rows[:count]
    assert ids(reader.read(settings(address, kind), "deals")) == list(range(1, count + 1))


@pytest.mark.parametrize("kind", ["page", "offset"])
@pytest.mark.parametrize("cap", [1, 2])
def test_pages_that_are_shorter_than_asked_for_are_not_the_last_ones(
    reader: Reader, server: RestServer, address: str, kind: str, cap: int
) -> None:
    server.cap = cap + (kind == "offset")  # a page of one row has no place for the repeated one
    assert ids(reader.read(settings(address, kind), "deals")) == list(range(1, 11))
    assert reader.keys(settings(address, kind), "deals") == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("behind", ["404", "AGAIN"])
def test_what_stands_behind_the_last_page_is_no_row(
    reader: Reader, server: RestServer, address: str, behind: str
) -> None:
    server.behind = behind
    if behind == "404":
        assert ids(reader.read(settings(address, "page"), "deals")) == list(range(1, 11))
        server.rows = server.rows[:9]  # the last page is full: it need not be the last one
    # A page that comes again may be the last one, or the answer of who does not know our parameter.
    config = settings(address, "page", changes={**CHANGES, "ordered": False})
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(config, "deals")
    code = "source_pages_circle" if behind == "AGAIN" else "source_answer_refused"
    assert raised.value.code == code


def test_a_row_arrives_exact_and_flat(reader: Reader, address: str) -> None:
    first = next(m for m in reader.read(settings(address), "deals") if isinstance(m, Record))
    assert first.content["amount"] == Decimal("11.25")
    assert first.content["owner.name"] == "李娜"
    assert first.position == "rest:/cursor/1"


def test_the_next_read_begins_before_the_latest_change(
    reader: Reader, server: RestServer, address: str
) -> None:
    whole = reader.read(settings(address), "deals")
    (cursor,) = cursors_of(whole).values()
    assert ids(reader.read(settings(address), "deals", {"deals": cursor})) == [9, 10]
    assert server.asked[-1].query["since"] == "2026-09-01T09:00:00+00:00"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("%Y-%m-%d %H:%M:%S", "2026-09-01 17:00:00"),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "2026-09-01T17:00:00.000000Z"),
        ("%Y-%m-%d", "2026-09-01"),
    ],
)
def test_a_source_that_compares_times_as_text_is_asked_in_its_own_writing(
    reader: Reader, server: RestServer, address: str, written: str, said: str
) -> None:
    config = settings(address, changes={**CHANGES, "written": written}, zone="Asia/Shanghai")
    whole = reader.read(config, "deals")
    (cursor,) = cursors_of(whole).values()
    reader.read(config, "deals", {"deals": cursor})
    assert server.asked[-1].query["since"] == said


def test_a_clock_that_runs_ahead_hides_nothing(
    reader: Reader, server: RestServer, address: str
) -> None:
    server.rows.append({"id": 99, "changed": "2031-01-01T00:00:00+00:00"})
    whole = reader.read(settings(address), "deals")
    (cursor,) = cursors_of(whole).values()
    # Whenever the next read comes: what changed since this one has an earlier time than row 99.
    reader.read(settings(address), "deals", {"deals": cursor}, now=NOW + timedelta(days=3))
    assert server.asked[-1].query["since"] == "2026-09-30T23:00:00+00:00"


def test_what_changes_behind_a_long_read_is_not_hidden_by_a_later_change_before_it(
    reader: Reader, server: RestServer, address: str
) -> None:
    def change() -> None:
        if len(server.asked) == 1:
            server.rows[0]["changed"] = (NOW + timedelta(minutes=1)).isoformat()
            server.rows[8]["changed"] = (NOW + timedelta(hours=3)).isoformat()

    server.after = change
    config = settings(address, changes={**CHANGES, "ordered": False})
    (cursor,) = cursors_of(reader.read(config, "deals")).values()
    found = reader.read(config, "deals", {"deals": cursor}, now=NOW + timedelta(hours=4))
    assert ids(found) == [1, 9]


@pytest.mark.parametrize(
    ("date", "since"),
    [
        ("Wed, 30 Sep 2026 22:00:00 GMT", "2026-09-30T21:00:00+00:00"),  # runs behind ours
        ("Thu, 01 Oct 2026 05:00:00 GMT", "2026-09-30T23:00:00+00:00"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "2026-09-30T23:00:00+00:00"),
        ("yesterday", "2026-09-30T23:00:00+00:00"),
    ],
)
def test_a_read_covers_no_more_than_the_clock_that_runs_behind_says(
    reader: Reader, server: RestServer, address: str, date: str, since: str
) -> None:
    server.rows[0]["changed"] = (NOW + timedelta(hours=3)).isoformat()
    server.date = date
    config = settings(address, changes={**CHANGES, "ordered": False})
    (cursor,) = cursors_of(reader.read(config, "deals")).values()
    reader.read(config, "deals", {"deals": cursor}, now=NOW + timedelta(hours=4))
    assert server.asked[-1].query["since"] == since


def test_a_row_that_goes_while_offsets_are_counted_is_noticed(
    reader: Reader, server: RestServer, address: str
) -> None:
    server.after = lambda: drop_first(server)
    with pytest.raises(Transient) as raised:
        reader.read(settings(address, "offset"), "deals")
    assert raised.value.code == "source_unsteady"


def test_a_list_is_read_until_it_holds_still(
    reader: Reader, server: RestServer, address: str
) -> None:
    times = iter([1])
    server.after = lambda: drop_first(server, next(times, 0))
    paging = {**PAGINGS["page"], "drift": "REPEAT"}
    changes = {**CHANGES, "ordered": False}
    found = ids(reader.read(settings(address, "page", paging=paging, changes=changes), "deals"))
    assert sorted(found) == list(range(1, 11))


def test_rows_that_break_the_promised_order_stop_the_read(
    reader: Reader, server: RestServer, address: str
) -> None:
    server.rows.reverse()
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "deals")
    assert raised.value.code == "source_not_ordered"
    unordered = settings(address, changes={**CHANGES, "ordered": False})
    assert len(ids(reader.read(unordered, "deals"))) == 10


def test_a_long_read_moves_its_cursor_only_when_rows_come_in_order(
    reader: Reader, server: RestServer, address: str
) -> None:
    server.rows = [
        {"id": number, "changed": f"2026-09-01T00:{number // 60:02d}:{number % 60:02d}+00:00"}
        for number in range(1_500)
    ]
    for ordered, moved in ((True, 2), (False, 1)):
        changes = {**CHANGES, "ordered": ordered}
        told = reader.read(settings(address, "all", changes=changes), "deals")
        cursors = [m.cursor for m in told if isinstance(m, Checkpoint)]
        assert len(cursors) == 2
        assert len([each for each in cursors if each]) == moved


def test_the_next_read_begins_where_the_source_said_it_was_when_this_one_began(
    reader: Reader, server: RestServer, address: str
) -> None:
    rows = [{"id": number, "changed": 1_000 + number} for number in range(1_500)]
    server.rows, server.etag = list(rows), "1700"
    told = {**CHANGES, "form": "EPOCH_MILLISECONDS", "again_minutes": 0, "mark_header": "ETag"}
    config = settings(address, "all", changes=told)
    messages = reader.read(config, "deals")
    marks = [m.cursor["seen"] for m in messages if isinstance(m, Checkpoint)]
    assert marks == ["1700", "1700"]  # after a thousand rows it had come to 1999, and no further
    reader.read(config, "deals", {"deals": {"seen": "1700"}})
    assert server.asked[-1].query["since"] == "1700"
    server.etag = ""
    report = reader.check(config)
    assert report.findings[0].code == "source_mark_missing"
    with pytest.raises(ConfigurationRefused):
        reader.read(config, "deals")


def test_a_row_that_says_it_is_gone_is_a_tombstone(
    reader: Reader, server: RestServer, address: str
) -> None:
    server.rows[3]["gone"] = True
    told = {"column": "gone", "values": ["true"]}
    found = reader.read(settings(address, deletes="TOMBSTONE", tombstones=told), "deals")
    assert gone(found) == ["4"]
    assert len(ids(found)) == 9
    swept = settings(address, deletes="SWEEP", tombstones=told)
    assert reader.keys(swept, "deals") == [str(key) for key in ids(found)]


def test_a_row_without_a_key_is_kept_for_a_person_and_the_read_goes_on(
    reader: Reader, server: RestServer, address: str
) -> None:
    del server.rows[3]["id"]
    found = reader.read(settings(address), "deals")
    (rejected,) = [m for m in found if isinstance(m, Rejected)]
    assert rejected.reason == "source_key_missing"
    assert "13.25" not in str(rejected.values)
    assert len(ids(found)) == 9
    with pytest.raises(ConnectorFailure):
        reader.keys(settings(address), "deals")


def test_numbers_without_end_are_neither_written_out_nor_times(
    reader: Reader, server: RestServer, address: str
) -> None:
    long = b'{"data": {"items": [{"id": 1, "changed": 1e99999999, "lines": [1e99999999]}]}}'
    server.trouble = [Told(body=long)] * 2
    for form in ("EPOCH_SECONDS", "AS_TOLD"):
        changes = {**CHANGES, "form": form, "ordered": False}
        (record, end) = reader.read(settings(address, "all", changes=changes), "deals")
        assert isinstance(record, Record)
        assert record.content["lines"] == '["1E+99999999"]'
        assert len(str(end)) < 200


def test_a_token_that_ends_between_pages_is_renewed_once_and_the_page_asked_again(
    reader: Reader, server: RestServer, address: str
) -> None:
    server.token_good_for = 2
    assert ids(reader.read(secured(address), "deals")) == list(range(1, 11))
    assert server.fetched == 2
    server.token_good_for, server.fetched = 0, 0
    with pytest.raises(AuthExpired):
        reader.read(secured(address), "deals")
    assert server.fetched == 2


def test_an_envelope_says_what_a_status_does_not(
    reader: Reader, server: RestServer, address: str
) -> None:
    envelope = {"place": "code", "good": ["0", ""], "denied": ["401"], "busy": ["9"]}
    config = {**settings(address), "envelope": envelope}
    assert len(ids(reader.read(config, "deals"))) == 10
    for code, failure in ((401, AuthExpired), (9, Transient), (5, ConfigurationRefused)):
        server.trouble = [Told(body={"code": code})]
        with pytest.raises(failure):
            reader.read(config, "deals")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"paging": {"kind": "PAGE"}}, "$.streams[...].paging"),
        ({"paging": {**PAGINGS["page"], "drift": "OVERLAP"}}, "$.streams.deals.paging.drift"),
        ({"paging": {**PAGINGS["page"], "drift": "REPEAT"}}, "$.streams.deals.changes.ordered"),
        ({"key": []}, "$.streams.deals.key"),
        ({"deletes": "TOMBSTONE"}, "$.streams.deals.tombstones"),
        ({"zone": "Mars/Base"}, "$.streams.deals.zone"),
        ({"changes": {**CHANGES, "written": "%d.%m.%Y"}}, "$.streams.deals.changes.written"),
        ({"colour": 1}, "$.streams[...]"),
    ],
)
def test_a_wrong_description_is_named_by_its_place(change: dict[str, Any], place: str) -> None:
    report = RestConnector().check(context_for(settings("https://x.example", **change)))
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": place}


def test_pages_that_lead_in_a_circle_end(reader: Reader, server: RestServer, address: str) -> None:
    server.trouble = [Told(body={"data": {"items": []}, "meta": {"next": "0"}})] * 5
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "deals")
    assert raised.value.code == "source_pages_circle"


def test_an_administrator_tightens_the_limits_and_names_hosts_by_the_settings() -> None:
    info = RestConnector.info
    config: dict[str, Any] = {
        "address": "https://a.example/api",
        "access": {"address": "https://login.example/t"},
        "limits": [{"calls": 5, "seconds": 60, "path": "/orders"}],
    }
    assert hosts_of(info, config) == {"a.example", "login.example"}
    (limit,) = limits_of(info, config)
    assert (limit.calls, limit.seconds, limit.path) == (5, 60.0, "/orders")
    for wrong in ("x", [{"calls": 0, "seconds": 1}], [{"calls": 1}], [{"calls": 1, "seconds": 0}]):
        with pytest.raises(ConfigurationRefused):
            limits_of(info, {"limits": wrong})

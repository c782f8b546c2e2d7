"""The connector for Fxiaoke, against a server that behaves as Fxiaoke does."""

from __future__ import annotations

import copy
import itertools
import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import fxiaoke
from connectors.contract import (
    Backfill,
    CheckCode,
    Deletes,
    Record,
    Rejected,
    Tombstone,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.fxiaoke import FxiaokeConnector
from connectors.testing import Case, Earlier, Faults, Place, contract_suite
from tests.support.fxiaoke_server import (
    AT,
    CODE,
    HOUR,
    NARROW,
    SECRET,
    TYPES,
    FxiaokeServer,
    settings,
)
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, keys_of
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW

OPPORTUNITY = "NewOpportunityObj"


def filled() -> FxiaokeServer:
    server = FxiaokeServer(types=copy.deepcopy(TYPES))
    for number in range(1, 9):
        server.put(
            OPPORTUNITY,
            f"OPP{number:03d}",
            # The order of the changes is not the order of the ids.
            AT + (number * 5 % 8) * 1_000,
            name=f"Deal {number}",
            amount="120000.00",
            owner=["FSUID_1"],
            account_id="ACC1",
            account_id__r="Demo Trading",
            create_time=1767100000000,
            life_status="normal",
        )
    server.put(OPPORTUNITY, "OPP001", AT, channel__c="expo")
    for number in range(1, 4):
        server.put("SalesOrderObj", f"SO{number}", AT, order_amount="0.10", owner=["FSUID_1"])
    return server


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fxiaoke, "PAGE", 3)


SHARED = SharedSimulator(filled, FxiaokeConnector)


def _faults(server: FxiaokeServer) -> Faults:
    """Give the kit a hand on the server; pages of three rows would make ``many`` slow."""
    times = itertools.count(10)

    def put(key: str, at: int, **values: Any) -> Place:
        server.put(OPPORTUNITY, key, at, **values)
        return "opportunities", key

    def now() -> int:
        return AT + next(times) * 1_000

    def new_field() -> Place:
        server.types[OPPORTUNITY]["booth__c"] = "text"
        put("OPP002", now(), booth__c="A 12")
        return "opportunities", "booth__c"

    def lost_field() -> Place:
        del server.types[OPPORTUNITY]["amount"]
        for row in server.tables[OPPORTUNITY].values():
            row.pop("amount", None)
        return "opportunities", "amount"

    def many(count: int) -> None:
        fxiaoke.PAGE = 100
        for number in range(count):
            put(f"X{number:05d}", AT + number, name=f"Deal {number}")

    return Faults(
        # Before the others, so that an offset would push every row on.
        insert=lambda: put(f"A{next(times)}", now()),
        change=lambda: put("OPP002", now(), name=f"changed {next(times)}"),
        delete=lambda: put("OPP003", now(), life_status="invalid"),
        tie=lambda: {put(f"T{number}", AT + 9_000) for number in range(11)},
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def fxiaoke_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {"OPP005"}
    midnight = 1767196800000  # 2026-01-01 in Shanghai
    for key, days in (("OPP002", -1), ("OPP003", 0), ("OPP004", 1)):
        server.put(OPPORTUNITY, key, AT, close_date=midnight + days * 24 * HOUR)
    server.put("SalesOrderObj", "SO2", AT, order_time=midnight)
    right = settings(SHARED.address)
    seen = {"seen": AT + 1_000}
    return Case(
        connector=FxiaokeConnector(),
        folder=folder,
        config=right,
        streams=("opportunities", "orders"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "app_secret": "wrong-secret-77"},
            CheckCode.PERMISSION: {**right, "user": NARROW},
            CheckCode.CONFIGURATION: {**right, "user": "a b"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("opportunities", "channel__c"),),
        secrets=(SECRET, CODE, "wrong-secret-77", "fx-token-0"),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"seen": 32_472_144_000_000} for name in ("opportunities", "orders")},
        backfill=(
            Backfill(start=date(2026, 1, 1), end=date(2026, 1, 2)),
            frozenset({("opportunities", "OPP003"), ("orders", "SO2")}),
        ),
        # As the first release wrote them.
        earlier=(Earlier(config=right, cursors={"opportunities": seen, "orders": {}}),),
        absent={
            "K20": "last_modified_time is a field of the system: Fxiaoke fills it in every row"
        },
    )


TestFxiaoke = contract_suite(fxiaoke_case)


def no(code: int, text: str = "") -> Told:
    return Told(body={"errorCode": code, "errorMessage": text})


def test_an_opportunity_arrives_exact_with_its_day_in_the_zone_of_the_company(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    midnight = 1767196800000  # 2026-01-01 in Shanghai, still 2025 in UTC
    server.put(OPPORTUNITY, "OPP001", AT, close_date=midnight)
    first = next(
        m for m in reader.read(settings(address), "opportunities") if isinstance(m, Record)
    )
    assert first.content == {
        "_id": "OPP001",
        "name": "Deal 1",
        "amount": "120000.00",
        "owner": '["FSUID_1"]',
        "owner.first": "FSUID_1",
        "account_id": "ACC1",
        "account_id__r": "Demo Trading",
        "life_status": "normal",
        "create_time": 1767100000000,
        "create_time.time": "2025-12-30T13:06:40.000Z",
        "create_time.day": "2025-12-30",
        "last_modified_time": AT,
        "last_modified_time.time": "2026-01-01T00:56:40.000Z",
        "last_modified_time.day": "2026-01-01",
        "close_date": midnight,
        "close_date.time": "2025-12-31T16:00:00.000Z",
        "close_date.day": "2026-01-01",
        "channel__c": "expo",
    }
    assert first.version == "001767229000000"


def test_a_field_that_a_row_leaves_out_is_an_empty_column(reader: Reader, address: str) -> None:
    second = [m for m in reader.read(settings(address), "opportunities") if isinstance(m, Record)][
        1
    ]
    assert second.content["channel__c"] is None
    assert second.content["close_date.day"] is None


def test_every_row_comes_once_whatever_the_order_of_changes(reader: Reader, address: str) -> None:
    expected = [f"OPP{number:03d}" for number in range(1, 9)]
    assert keys_of(reader.read(settings(address), "opportunities")) == expected


def test_no_query_uses_an_offset_or_too_large_a_page(
    reader: Reader, server: FxiaokeServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    for number in range(250):
        server.put(OPPORTUNITY, f"X{number:04d}", AT)
    assert len(keys_of(reader.read(settings(address), "opportunities"))) == 258
    assert {query["offset"] for query in server.queries} == {0}
    assert max(query["limit"] for query in server.queries) == 100


def test_a_row_that_changes_behind_the_walk_comes_with_the_next_read(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    def change(_name: str) -> None:
        if len(server.queries) == 3:  # OPP001 was told, OPP008 not yet
            server.put(OPPORTUNITY, "OPP001", AT + 5 * HOUR, name="behind")
            server.put(OPPORTUNITY, "OPP008", AT + 9 * HOUR, name="ahead")

    server.after = change
    config = settings(address, again_minutes=0)
    first = reader.read(config, "opportunities")
    assert cursors_of(first) == {"opportunities": {"seen": AT + 7_000}}
    again = {
        m.key: m.content["name"]
        for m in reader.read(config, "opportunities", cursors_of(first))
        if isinstance(m, Record)
    }
    assert again["OPP001"] == "behind"


def test_the_next_read_begins_before_the_latest_change_and_the_bound_is_included(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    cursors = cursors_of(reader.read(settings(address), "opportunities"))
    latest = AT + 7_000
    server.put(OPPORTUNITY, "LATE", latest - HOUR, name="late")
    server.put(OPPORTUNITY, "LATER", latest - HOUR - 1, name="too late")
    found = keys_of(reader.read(settings(address), "opportunities", cursors))
    assert "LATE" in found
    assert "LATER" not in found


def test_a_stamp_from_the_future_does_not_hide_what_comes_until_then(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.put(OPPORTUNITY, "OPP900", 4_000_000_000_000)
    cursors = cursors_of(reader.read(settings(address), "opportunities"))
    server.put(OPPORTUNITY, "OPP901", int(NOW.timestamp()) * 1000 + 1)
    assert "OPP901" in keys_of(reader.read(settings(address), "opportunities", cursors))


def test_an_invalid_row_is_taken_back_and_is_no_longer_a_key(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.put(OPPORTUNITY, "OPP002", AT + HOUR, life_status="invalid")
    gone = [m for m in reader.read(settings(address), "opportunities") if isinstance(m, Tombstone)]
    assert [(m.key, m.version) for m in gone] == [("OPP002", f"{AT + HOUR:015d}")]
    assert "OPP002" not in reader.keys(settings(address), "opportunities")


@pytest.mark.parametrize(("sweep", "deletes"), [(False, Deletes.TOMBSTONE), (True, Deletes.SWEEP)])
def test_how_deletions_are_found_is_as_the_settings_say(
    reader: Reader, address: str, *, sweep: bool, deletes: Deletes
) -> None:
    streams = reader.discover(settings(address, sweep=sweep)).streams
    assert {stream.deletes for stream in streams} == {deletes}
    assert "channel__c" in streams[0].columns
    assert set(streams[0].personal_fields) == {
        "owner",
        "owner.first",
        "owner__r",
        "owner__r.name",
    }


def test_a_row_with_a_time_that_is_none_is_rejected_with_its_place(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    def spoil(_name: str) -> None:
        server.tables[OPPORTUNITY]["OPP004"]["last_modified_time"] = "yesterday"

    server.after = spoil
    server.tables["NewOpportunityObj"]["OPP004"]["last_modified_time"] = AT
    bad = [m for m in reader.read(settings(address), "opportunities") if isinstance(m, Rejected)]
    assert [(m.key, m.position, m.reason) for m in bad] == [
        ("OPP004", "fxiaoke:NewOpportunityObj/OPP004", "date_unreadable")
    ]
    assert json.loads(bad[0].payload["row"])["name"] == "Deal 4"


def test_a_token_that_ends_in_the_middle_is_renewed_once_and_the_page_asked_again(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.ends_at = 2
    assert len(keys_of(reader.read(settings(address), "opportunities"))) == 8
    assert server.asked_for_tokens == 2


def test_a_token_that_is_never_good_is_not_asked_for_again_and_again(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.trouble = [no(20016)] * 9
    with pytest.raises(AuthExpired):
        reader.read(settings(address), "opportunities")
    assert server.asked_for_tokens == 2


def test_all_reads_of_a_process_share_one_token_asked_for_by_one_at_a_time(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    config = settings(address)
    threads = [threading.Thread(target=reader.check, args=(config,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.asked_for_tokens, server.at_once_most) == (1, 1)
    assert reader.check(config, NOW + timedelta(seconds=6_601)).ok
    assert server.asked_for_tokens == 2


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (no(30002), RateLimited),
        (no(30003), RateLimited),
        (no(10006, "参数错误"), ConfigurationRefused),
        (no(20017, "用户没有权限"), Forbidden),
        (Told(body=b"<html>"), Transient),
        (Told(body={"data": {}}), Transient),
        (Told(body={"errorCode": 0, "data": None}), Transient),
        (Told(body={"errorCode": 0, "data": {"dataList": 7}}), Transient),
    ],
)
def test_what_fxiaoke_refuses_in_a_200_is_told_by_its_consequence(
    reader: Reader, server: FxiaokeServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told]
    with pytest.raises(failure):
        reader.read(settings(address), "opportunities")


def test_a_quota_at_the_token_asks_to_wait_and_is_no_question_of_the_secret(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.token_trouble = [no(30002)]
    with pytest.raises(RateLimited) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.until == NOW + timedelta(hours=1)


def test_the_text_of_a_refusal_goes_along_without_the_secrets_it_repeats(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.trouble = [no(10006, f"参数错误 {SECRET} {CODE} fx-token-0")]
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.values == {"status": "10006 参数错误 ••• ••• •••"}


def test_an_object_that_may_not_be_read_is_a_question_of_rights(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.forbidden = {"SalesOrderObj"}
    report = reader.check(settings(address))
    assert report.code is CheckCode.PERMISSION


def test_pages_that_come_again_stop_the_read(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    page = Told(
        body={"errorCode": 0, "data": {"dataList": [{"_id": "A", "last_modified_time": 1}]}}
    )
    server.trouble = [page] * 4
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.code == "source_pages_circle"


def test_an_object_of_the_company_is_a_stream_of_its_own(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    server.put("training__c", "T1", AT, held_on__c=1767196800000)
    own = [{"stream": "trainings", "object": "training__c", "day": "held_on__c"}]
    found = reader.read(settings(address, own_objects=own), "trainings")
    assert [m.content["held_on__c.day"] for m in found if isinstance(m, Record)] == ["2026-01-01"]


def test_a_backfill_reads_its_days_in_the_zone_of_the_company_and_moves_nothing(
    reader: Reader, server: FxiaokeServer, address: str
) -> None:
    for key, day in (("B0", 30), ("B1", 31), ("B2", 32)):
        midnight = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=-8)
        server.put("SalesOrderObj", key, AT, order_time=int(midnight.timestamp()) * 1000)
    cursors = {"orders": {"seen": 5}}
    days = Backfill(start=date(2025, 12, 31), end=date(2026, 1, 1))
    found = reader.read(settings(address), "orders", cursors, backfill=days)
    assert keys_of(found) == ["B1"]
    assert cursors_of(found) == cursors


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "fxiaoke"}, "address"),
        ({"permanent_code": ""}, "permanent_code"),
        ({"user": "1\r\nx: y"}, "user"),
        ({"streams": ["contracts"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"own_objects": [{"stream": "trainings", "object": "training"}]}, "own_objects"),
        ({"own_objects": [{"stream": "orders", "object": "order__c"}]}, "streams"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"again_minutes": -1}, "again_minutes"),
        ({"sweep": "yes"}, "sweep"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}

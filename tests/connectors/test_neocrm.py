"""The connector for Neocrm, against a server that behaves as Neocrm does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import neocrm
from connectors.contract import Backfill, CheckCode, Deletes, Record
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    KeysIncomplete,
    RateLimited,
    Transient,
)
from connectors.neocrm import NeocrmConnector
from connectors.testing import Case, Earlier, Faults, contract_suite
from tests.support.loopback import Told
from tests.support.messages_read import last_cursor, records
from tests.support.neocrm_server import (
    AT,
    CLIENT_SECRET,
    HOUR,
    PASSWORD,
    SECURITY,
    TYPES,
    NeocrmServer,
    no,
    settings,
)
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW

DEAL = "opportunity"
DAY = 86_400_000
MIDNIGHT = 1767196800000  # 2026-01-01 in Shanghai, still 2025 in UTC


def filled() -> NeocrmServer:
    server = NeocrmServer(types={name: dict(fields) for name, fields in TYPES.items()})
    for number in range(1, 9):
        server.put(
            DEAL,
            f"20{number:02}",
            # The order of the changes is not the order of the ids.
            AT + (number * 5 % 8) * 1_000,
            opportunityName=f"Deal {number}",
            money="120000.00",
            ownerId="31",
            winRate="100",
            closeDate=str(MIDNIGHT + number * DAY),
            customItem12__c="expo",
        )
    for number in range(1, 4):
        server.put("order", f"30{number:02}", AT, amount="0.10", transactionDate=str(MIDNIGHT))
    return server


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neocrm, "PAGE", 3)


# ---- the contract --------------------------------------------------------------------------------


SHARED = SharedSimulator(filled, NeocrmConnector)


def _faults(server: NeocrmServer) -> Faults:
    def put(number: int, second: int, **values: Any) -> tuple[str, str]:
        server.put(DEAL, str(number), AT + HOUR + second * 1_000, **values)
        return "opportunities", str(number)

    def insert() -> tuple[str, str]:
        number = 2_100 + len(server.tables[DEAL])
        return put(number, number, opportunityName="inserted")

    def change() -> tuple[str, str]:
        return put(2002, len(server.queries), opportunityName=f"changed {len(server.queries)}")

    def delete() -> tuple[str, str]:
        del server.tables[DEAL]["2003"]
        return "opportunities", "2003"

    def tie() -> set[tuple[str, str]]:
        return {put(number, 9) for number in range(2_300, 2_311)}

    def new_field() -> tuple[str, str]:
        server.types[DEAL]["customItem77__c"] = "TEXT"
        put(2002, 1, customItem77__c="A 12")
        return "opportunities", "customItem77__c"

    def lost_field() -> tuple[str, str]:
        del server.types[DEAL]["money"]
        return "opportunities", "money"

    def many(count: int) -> None:
        neocrm.PAGE = 200
        for number in range(count):
            put(10_000 + number, number % 60, opportunityName=f"Deal {number}")

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def neocrm_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {"2005"}
    right = settings(SHARED.address, sweep=True)
    days = Backfill(start=date(2026, 1, 1), end=date(2026, 1, 3))
    wanted = {("orders", f"300{number}") for number in (1, 2, 3)}
    names = ("opportunities", "orders")
    return Case(
        connector=NeocrmConnector(),
        folder=folder,
        config=right,
        streams=names,
        wrong={
            CheckCode.AUTHENTICATION: {**right, "password": "wrong-password-77"},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars/Base"},
            CheckCode.UNREACHABLE: {**right, "login_address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("opportunities", "customItem12__c"),),
        secrets=(CLIENT_SECRET, PASSWORD, SECURITY, "wrong-password-77", server.token),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"seen": 32_503_680_000_000} for name in names},
        backfill=(days, frozenset({("opportunities", "2001"), *wanted})),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(config=right, cursors={"opportunities": {"seen": AT + 5_000}, "orders": {}}),
        ),
        absent={"K20": "Neocrm itself writes updatedAt into every row of its objects"},
    )


TestNeocrm = contract_suite(neocrm_case)


# ---- reading -------------------------------------------------------------------------------------


def test_an_opportunity_arrives_exact_with_its_day_in_the_zone_of_the_company(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    server.put(DEAL, "2001", AT, closeDate=str(MIDNIGHT), accountId=None)
    first = next(
        m for m in reader.read(settings(address), "opportunities") if isinstance(m, Record)
    )
    assert first.version == f"{AT:015d}"
    assert first.content == {
        "id": "2001",
        "opportunityName": "Deal 1",
        "money": "120000.00",
        "ownerId": "31",
        "accountId": None,
        "saleStageId": None,
        "winRate": "100",
        "customItem12__c": "expo",
        "closeDate": str(MIDNIGHT),
        "closeDate.time": "2025-12-31T16:00:00.000Z",
        "closeDate.day": "2026-01-01",
        "createdAt": str(AT + 5_000),
        "createdAt.time": "2026-01-01T00:56:45.000Z",
        "createdAt.day": "2026-01-01",
        "updatedAt": str(AT),
        "updatedAt.time": "2026-01-01T00:56:40.000Z",
        "updatedAt.day": "2026-01-01",
    }


def test_what_changes_while_the_scroll_goes_on_comes_with_the_next_read(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    def change() -> None:
        server.after = lambda: None
        server.put(DEAL, "2001", AT + 5 * HOUR, opportunityName="behind")

    server.after = change
    config = settings(address, again_minutes=0)
    first = reader.read(config, "opportunities")
    assert last_cursor(first) == {"seen": AT + 7_000}
    again = records(reader.read(config, "opportunities", {"opportunities": last_cursor(first)}))
    assert again["2001"]["opportunityName"] == "behind"


def test_the_next_read_begins_before_the_latest_change_and_the_bound_is_included(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    cursor = last_cursor(reader.read(settings(address), "opportunities"))
    latest = AT + 7_000
    server.put(DEAL, "LATE", latest - HOUR)
    server.put(DEAL, "LATER", latest - HOUR - 1)
    found = records(reader.read(settings(address), "opportunities", {"opportunities": cursor}))
    assert "LATE" in found
    assert "LATER" not in found


def test_a_stamp_from_the_future_does_not_hide_what_comes_until_then(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    server.put(DEAL, "2900", 4_000_000_000_000)
    cursor = last_cursor(reader.read(settings(address), "opportunities"))
    server.put(DEAL, "2901", int(NOW.timestamp()) * 1000 + 1)
    assert "2901" in records(
        reader.read(settings(address), "opportunities", {"opportunities": cursor})
    )


def test_a_read_that_broke_off_goes_on_with_its_mark_or_anew_when_the_mark_has_died(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    whole = records(reader.read(settings(address), "opportunities"))
    broken = {"top": AT + 7_000, "mark": "s0-3"}
    assert (
        list(records(reader.read(settings(address), "opportunities", {"opportunities": broken})))
        == list(whole)[3:]
    )
    server.scrolls.clear()
    assert (
        records(reader.read(settings(address), "opportunities", {"opportunities": broken})) == whole
    )


def test_a_backfill_reads_its_days_in_the_zone_of_the_company_and_moves_nothing(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    days = Backfill(start=date(2026, 1, 3), end=date(2026, 1, 4))
    found = reader.read(
        settings(address), "opportunities", {"opportunities": {"seen": 5}}, backfill=days
    )
    assert list(records(found)) == ["2002"]
    assert last_cursor(found) == {"seen": 5}
    del server.types[DEAL]["closeDate"]
    with pytest.raises(ConfigurationRefused):
        reader.read(settings(address), "opportunities", backfill=days)


def test_an_object_of_the_company_is_a_stream_of_its_own_with_its_dates(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    server.put("customEntity42__c", "1", AT, customItem3__c=str(MIDNIGHT))
    own = [{"stream": "trainings", "object": "customEntity42__c", "day": "customItem3__c"}]
    found = records(reader.read(settings(address, own_objects=own), "trainings"))
    assert found["1"]["customItem3__c.day"] == "2026-01-01"
    named = settings(address, own_objects=[own[0] | {"day": "updatedAt"}])
    assert "customItem3__c.day" not in records(reader.read(named, "trainings"))["1"]
    named["date_fields"] = ["customItem3__c"]
    found = records(reader.read(named, "trainings"))
    assert found["1"]["customItem3__c.day"] == "2026-01-01"


@pytest.mark.parametrize(("sweep", "deletes"), [(False, Deletes.NONE), (True, Deletes.SWEEP)])
def test_how_deletions_are_found_is_as_the_settings_say(
    reader: Reader, address: str, *, sweep: bool, deletes: Deletes
) -> None:
    streams = reader.discover(settings(address, sweep=sweep)).streams
    assert {stream.deletes for stream in streams} == {deletes}
    assert "customItem12__c" in streams[0].columns
    assert "bad name" not in streams[0].columns
    assert streams[0].personal_fields == ("ownerId",)


def test_keys_name_every_row_and_give_up_at_one_without_an_id(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    assert len(reader.keys(settings(address), "opportunities")) == 8
    server.trouble = [Told(body={"code": 200, "data": {"records": [{"id": None}]}})]
    with pytest.raises(KeysIncomplete):
        reader.keys(settings(address), "opportunities")


# ---- errors and tokens ---------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_is_renewed_once_and_the_page_asked_again(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    server.dead = 1
    assert len(records(reader.read(settings(address), "opportunities"))) == 8
    assert server.made == 2
    server.dead, server.made = 9, 0
    another = Reader(NeocrmConnector(), reader.web)  # that has no token yet
    with pytest.raises(AuthExpired):
        another.read(settings(address), "opportunities")
    assert server.made == 2


def test_one_token_serves_all_reads_for_two_hours(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    for minutes in (0, 60, 119):
        moment = NOW + timedelta(minutes=minutes)
        reader.read(settings(address), "opportunities", now=moment)
    assert server.made == 1
    reader.read(settings(address), "opportunities", now=NOW + timedelta(minutes=121))
    assert server.made == 2


@pytest.mark.parametrize(
    ("told", "failure", "code"),
    [
        (no("20000005", "没有权限"), Forbidden, "neocrm_not_allowed"),
        (no("20000010", "too many"), RateLimited, "source_rate_limited"),
        (no("1020001", "xoql"), ConfigurationRefused, "neocrm_refused"),
        (Told(body={"error_code": 500, "message": "?"}), ConfigurationRefused, "neocrm_refused"),
        (Told(status=403, body={"message": "?"}), Forbidden, "neocrm_not_allowed"),
        (Told(body=b"<html>"), Transient, "source_not_json"),
        (Told(body=[]), Transient, "source_not_json"),
        (Told(body={"code": 200, "data": None}), Transient, "source_not_json"),
    ],
)
def test_what_neocrm_refuses_is_told_by_its_consequence(
    reader: Reader,
    server: NeocrmServer,
    address: str,
    told: Told,
    failure: type[Exception],
    code: str,
) -> None:
    server.trouble = [told]
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "opportunities")
    assert getattr(raised.value, "code", "") == code


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (Told(body={"error_code": "20000010", "message": "slow"}), RateLimited),
        (Told(body={"error": "invalid_client"}), AuthExpired),
        (Told(body={}), Transient),
    ],
)
def test_what_is_said_instead_of_a_token_is_told_by_its_consequence(
    reader: Reader, server: NeocrmServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.token_trouble = [told]
    with pytest.raises(failure):
        reader.read(settings(address), "opportunities")


def test_the_text_of_a_refusal_goes_along_without_the_secrets_it_repeats(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    server.trouble = [no("1020002", f"bad {CLIENT_SECRET} {PASSWORD}{SECURITY} {server.token}")]
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.values == {"status": "1020002 bad ••• ••• •••"}


def test_a_right_that_is_missing_is_a_question_of_rights(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    server.forbidden = {"order"}
    report = reader.check(settings(address))
    assert report.code is CheckCode.PERMISSION


def test_a_mark_that_does_not_move_ends_the_read(
    reader: Reader, server: NeocrmServer, address: str
) -> None:
    page = {"code": 200, "data": {"records": []}, "queryLocator": "s9-3"}
    server.trouble = [Told(body={"code": 200, "data": {"records": []}}), *[Told(body=page)] * 2]
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "opportunities", now=datetime(2026, 10, 1, tzinfo=UTC))
    assert raised.value.code == "source_pages_circle"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "neocrm"}, "address"),
        ({"login_address": "x"}, "login_address"),
        ({"password": ""}, "password"),
        ({"streams": ["visits"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"own_objects": [{"stream": "trainings", "object": "x; drop"}]}, "own_objects"),
        ({"own_objects": [{"stream": "orders", "object": "order2__c"}]}, "streams"),
        ({"date_fields": ["a b"]}, "date_fields"),
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

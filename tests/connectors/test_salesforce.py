"""The connector for Salesforce, against a server that behaves as Salesforce does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from connectors import salesforce
from connectors.contract import Backfill, CheckCode, Deletes
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.salesforce import SalesforceConnector
from connectors.testing import Case, Earlier, contract_suite
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, gone, keys_of, records, rejected_in
from tests.support.reading_sources import Reader
from tests.support.salesforce_sample import AT, HOUR, faults_of, filled
from tests.support.salesforce_server import SECRET, SalesforceServer, no, settings
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW


def at_home() -> SalesforceServer:
    server = filled()
    server.instance = SHARED.address
    return server


SHARED = SharedSimulator(at_home, SalesforceConnector)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce, "PAGE", 3)


def salesforce_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {"006005"}
    right = settings(SHARED.address)
    days = Backfill(start=date(2026, 8, 2), end=date(2026, 8, 4))
    inside = {("opportunities", "006002"), ("opportunities", "006003")}
    inside |= {("accounts", "0012"), ("accounts", "0013")}
    return Case(
        connector=SalesforceConnector(),
        folder=folder,
        config=right,
        streams=("opportunities", "accounts"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "client_secret": "wrong-secret-77"},
            CheckCode.PERMISSION: {**right, "streams": ["opportunities", "leads"]},
            CheckCode.CONFIGURATION: {**right, "currency": "yuan"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("opportunities", "Channel__c"),),
        secrets=(SECRET, "wrong-secret-77", "sf-token-0"),
        web=SHARED.web,
        faults=faults_of(server),
        future={
            name: {"seen": "2999-01-01T00:00:00.000Z"} for name in ("opportunities", "accounts")
        },
        backfill=(days, frozenset(inside)),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "opportunities": {"seen": "2026-09-01T02:00:07.000Z"},
                    "accounts": {
                        "seen": "2026-09-01T02:00:00.000Z",
                        "top": "2026-09-01T02:00:00.000Z",
                        "after": "0012",
                    },
                },
            ),
        ),
        absent={"K20": "Salesforce itself writes SystemModstamp into every row of every object"},
    )


TestSalesforce = contract_suite(salesforce_case)


def test_an_opportunity_arrives_exact(reader: Reader, address: str) -> None:
    first = records(reader.read(settings(address, zone="Asia/Shanghai"), "opportunities"))
    assert first["006001"] == {
        "Id": "006001",
        "IsDeleted": False,
        "Name": "Deal 1",
        "AccountId": None,
        "OwnerId": "005A",
        "Amount": Decimal("120000.1"),
        "StageName": None,
        "IsClosed": True,
        "IsWon": True,
        "CloseDate": "2026-08-01",
        "CreatedDate": "2026-08-01T17:00:00.000+0000",
        "CreatedDate.day": "2026-08-02",
        "SystemModstamp": "2026-09-01T02:00:00.000+0000",
        "SystemModstamp.day": "2026-09-01",
        "Channel__c": "expo",
        "Contact_Phone__c": "13900001111",
        "currency": "CNY",
    }


def test_a_company_with_several_currencies_says_which(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.types["Opportunity"]["CurrencyIsoCode"] = "picklist"
    server.put("Opportunity", "006001", AT, CurrencyIsoCode="USD")
    found = records(reader.read(settings(address), "opportunities"))
    assert (found["006001"]["currency"], found["006002"]["currency"]) == ("USD", "CNY")


def test_every_row_comes_once_whatever_the_order_of_changes_and_the_length_of_answers(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.batch = 2
    found = keys_of(reader.read(settings(address), "opportunities"))
    assert found == [f"006{number:03d}" for number in range(1, 9)]


def test_when_the_rest_of_an_answer_is_gone_the_question_is_asked_again_from_the_last_id(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.batch, server.lost = 2, 2
    found = keys_of(reader.read(settings(address), "opportunities"))
    assert found == [f"006{number:03d}" for number in range(1, 9)]
    server.lost = 99
    with pytest.raises(Transient):
        reader.read(settings(address), "opportunities")


def test_a_question_that_takes_too_long_is_asked_about_half_the_time(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.put("Opportunity", "006000", datetime(2025, 1, 1, tzinfo=UTC), Name="old")
    server.widest = 1e7
    found = reader.read(settings(address, again_minutes=0), "opportunities")
    assert sorted(set(keys_of(found))) == [f"006{number:03d}" for number in range(9)]
    assert cursors_of(found) == {"opportunities": {"seen": "2026-09-01T02:00:07.000Z"}}
    server.widest = 1.0
    with pytest.raises(Transient) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.code == "source_timeout"


def test_a_row_that_changes_behind_the_walk_comes_with_the_next_read(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    def change() -> None:
        if len(server.queries) == 3:  # the latest stamp and a first page were told
            server.put("Opportunity", "006001", AT + 5 * HOUR, Name="behind")
            server.put("Opportunity", "006008", AT + 9 * HOUR, Name="ahead")

    server.after = change
    config = settings(address, again_minutes=0)
    first = reader.read(config, "opportunities")
    assert cursors_of(first) == {"opportunities": {"seen": "2026-09-01T02:00:07.000Z"}}
    again = records(reader.read(config, "opportunities", cursors_of(first)))
    assert again["006001"]["Name"] == "behind"


def test_a_transaction_that_ends_late_is_read_because_each_read_begins_earlier(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    cursors = cursors_of(reader.read(settings(address), "opportunities"))
    latest = AT + timedelta(seconds=7)
    server.put("Opportunity", "006L", latest - HOUR, Name="late")
    server.put("Opportunity", "006M", latest - HOUR - timedelta(seconds=1), Name="too late")
    found = keys_of(reader.read(settings(address), "opportunities", cursors))
    assert "006L" in found
    assert "006M" not in found


def test_a_deleted_row_is_taken_back_and_is_no_key(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.put("Opportunity", "006002", AT + HOUR, IsDeleted=True)
    assert gone(reader.read(settings(address), "opportunities")) == ["006002"]
    keys = reader.keys(settings(address), "opportunities")
    assert keys == [f"006{number:03d}" for number in (1, 3, 4, 5, 6, 7, 8)]


def test_how_deletions_are_told_depends_on_the_object_and_on_sweep(
    reader: Reader, address: str
) -> None:
    def deletes(**others: Any) -> list[Deletes]:
        config = settings(address, streams=["opportunities", "users"], **others)
        found = reader.discover(config).streams
        return [stream.deletes for stream in found]

    assert deletes() == [Deletes.TOMBSTONE, Deletes.NONE]
    assert deletes(sweep=True) == [Deletes.SWEEP, Deletes.SWEEP]


def test_fields_of_the_company_come_along_and_those_of_people_are_named(
    reader: Reader, address: str
) -> None:
    config = settings(address, streams=["opportunities", "users"])
    opportunities, users = reader.discover(config).streams
    assert "Channel__c" in opportunities.columns
    assert "Photo__c" not in opportunities.columns
    assert opportunities.personal_fields == ("Contact_Phone__c",)
    assert users.personal_fields == ("Name", "Email")
    chosen = settings(address, own_fields=["Channel__c"])
    found = records(reader.read(chosen, "opportunities"))["006001"]
    assert "Contact_Phone__c" not in found


def test_a_question_that_would_be_too_long_says_what_to_do(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    for number in range(400):
        server.types["Opportunity"][f"A_long_name_of_a_field_{number}__c"] = "string"
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.code == "salesforce_query_too_long"
    assert reader.read(settings(address, own_fields=[]), "opportunities")


def test_a_split_is_read_again_when_its_opportunity_changed(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    parent = {"Opportunity.IsWon": False, "Opportunity.SystemModstamp": "2026-09-01T02:00:00Z"}
    server.put("OpportunitySplit", "0SP1", AT, SplitAmount=60.5, SplitOwnerId="005B", **parent)
    server.put("OpportunitySplit", "0SP2", AT, SplitAmount=59.5, SplitOwnerId="005C", **parent)
    config = settings(address, streams=["splits"], again_minutes=0)
    cursors = cursors_of(reader.read(config, "splits"))
    later = {"Opportunity.IsWon": True, "Opportunity.SystemModstamp": "2026-09-01T05:00:00Z"}
    server.put("OpportunitySplit", "0SP1", AT, **later)
    found = reader.read(config, "splits", cursors)
    assert records(found)["0SP1"]["Opportunity.IsWon"] is True
    assert cursors_of(found) == {"splits": {"seen": "2026-09-01T05:00:00.000Z"}}


def test_a_backfill_of_splits_goes_by_the_close_date_of_their_opportunity(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    for key, day in (("0SP1", "2026-07-31"), ("0SP2", "2026-08-01"), ("0SP3", "2026-09-01")):
        server.put("OpportunitySplit", key, AT, **{"Opportunity.CloseDate": day})
    days = Backfill(start=date(2026, 8, 1), end=date(2026, 9, 1))
    config = settings(address, streams=["splits"])
    assert keys_of(reader.read(config, "splits", backfill=days)) == ["0SP2"]


def test_an_event_of_a_whole_day_is_of_that_day_wherever_the_company_is(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    names = ("Subject", "OwnerId", "IsRecurrence")
    server.types["Event"] = {
        **dict.fromkeys(("Id", "SystemModstamp", "IsDeleted", *names), "string"),
        **dict.fromkeys(("StartDateTime", "EndDateTime"), "datetime"),
        "IsAllDayEvent": "boolean",
    }
    whole = {"StartDateTime": "2026-09-01T00:00:00.000+0000", "IsAllDayEvent": True}
    hours = {"StartDateTime": "2026-09-01T02:00:00.000+0000", "IsAllDayEvent": False}
    server.put("Event", "00U1", AT, **whole)
    server.put("Event", "00U2", AT, **hours)
    config = settings(address, streams=["events"], zone="America/New_York")
    found = records(reader.read(config, "events"))
    days = {key: row["StartDateTime.day"] for key, row in found.items()}
    assert days == {"00U1": "2026-09-01", "00U2": "2026-08-31"}


def test_an_object_of_the_company_is_a_stream_of_its_own(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.put("Training__c", "a01", AT, Held_On__c="2026-08-01T16:30:00.000+0000")
    server.put("Training__c", "a02", AT, Held_On__c="2026-08-02T16:30:00.000+0000")
    own = [{"stream": "trainings", "object": "Training__c", "day": "Held_On__c"}]
    config = settings(address, own_objects=own, zone="Asia/Shanghai")
    found = records(reader.read(config, "trainings"))
    assert [row["Held_On__c.day"] for row in found.values()] == ["2026-08-02", "2026-08-03"]
    days = Backfill(start=date(2026, 8, 2), end=date(2026, 8, 3))
    assert keys_of(reader.read(config, "trainings", backfill=days)) == ["a01"]


def test_a_day_that_the_object_does_not_have_is_no_day_to_backfill(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    own = [{"stream": "trainings", "object": "Training__c", "day": "Nowhere__c"}]
    days = Backfill(start=date(2026, 8, 2), end=date(2026, 8, 3))
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address, own_objects=own), "trainings", backfill=days)
    assert raised.value.code == "source_backfill_unsupported"


def test_a_row_with_a_stamp_that_is_none_is_rejected(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.tables["Opportunity"]["006004"]["SystemModstamp"] = "yesterday"
    found = reader.read(settings(address), "opportunities")
    assert rejected_in(found) == [("006004", "date_unreadable")]


# ------------------------------------------------------------------------------ the access


def test_a_session_that_ends_in_the_middle_is_renewed_once_and_the_page_asked_again(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.ends_at = 3
    assert len(keys_of(reader.read(settings(address), "opportunities"))) == 8
    assert server.asked_for_tokens == 2
    server.trouble = [no(401, "INVALID_SESSION_ID")] * 9
    with pytest.raises(AuthExpired):
        reader.read(settings(address), "opportunities")
    assert server.asked_for_tokens == 3


def test_a_signed_assertion_opens_the_door_as_well(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    key = RSAKey.generate_key(2048)
    server.public_key = key.as_pem(private=False).decode()
    config = settings(
        address,
        grant="jwt",
        client_secret="",
        username="bot@example.com",
        private_key=key.as_pem(private=True).decode(),
    )
    server.ends_at = 3  # long after the run began
    assert len(keys_of(reader.read(config, "opportunities"))) == 8
    report = reader.check({**config, "private_key": "x"})
    assert report.findings[0].values == {"field": "private_key"}


def test_a_token_is_not_carried_to_another_host(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.instance = "https://elsewhere.example"
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.code == "salesforce_address_differs"
    assert raised.value.values == {"host": "elsewhere.example"}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("invalid_client", "source_access_refused"),
        ("invalid_grant", "salesforce_not_approved"),
        ("inactive_user", "salesforce_not_approved"),
    ],
)
def test_a_refusal_of_the_application_says_whose_turn_it_is(
    reader: Reader, server: SalesforceServer, address: str, word: str, code: str
) -> None:
    server.token_trouble = [Told(status=400, body={"error": word, "error_description": SECRET})]
    report = reader.check(settings(address))
    assert (report.code, report.findings[0].code) == (CheckCode.AUTHENTICATION, code)
    assert SECRET not in repr(report)


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (no(403, "REQUEST_LIMIT_EXCEEDED"), RateLimited),
        (no(403, "API_DISABLED_FOR_ORG"), Forbidden),
        (no(400, "INVALID_TYPE"), Forbidden),
        (no(400, "MALFORMED_QUERY"), ConfigurationRefused),
        (no(400, "INVALID_FIELD"), ConfigurationRefused),
        (no(400, "UNABLE_TO_LOCK_ROW"), Transient),
        (Told(status=400, body=b"<html>"), ConfigurationRefused),
        (Told(body=b"<html>"), Transient),
        (Told(body={"totalSize": 1}), Transient),
        (Told(body={"records": [], "done": False, "nextRecordsUrl": "//x"}), Transient),
    ],
)
def test_what_salesforce_refuses_is_told_by_its_consequence(
    reader: Reader, server: SalesforceServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told]
    with pytest.raises(failure):
        reader.read(settings(address), "opportunities")


def test_some_of_the_calls_of_a_day_are_left_to_others(
    reader: Reader, server: SalesforceServer, address: str
) -> None:
    server.used = 4_000  # of 5,000: four fifths
    with pytest.raises(RateLimited) as raised:
        reader.read(settings(address), "opportunities")
    assert raised.value.until >= NOW + HOUR  # from the time of the answer on
    assert reader.read(settings(address, calls_percent=90), "opportunities")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "salesforce"}, "address"),
        ({"grant": "password"}, "grant"),
        ({"client_secret": ""}, "client_secret"),
        ({"grant": "jwt", "username": ""}, "username"),
        ({"currency": "元"}, "currency"),
        ({"version": "61"}, "version"),
        ({"streams": ["contracts"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"own_objects": [{"stream": "trainings", "object": "Training"}]}, "own_objects"),
        ({"own_objects": [{"stream": "accounts", "object": "Order__c"}]}, "streams"),
        ({"own_fields": ["a b"]}, "own_fields"),
        ({"own_fields": "all"}, "own_fields"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"again_minutes": -1}, "again_minutes"),
        ({"calls_percent": 0}, "calls_percent"),
        ({"sweep": "yes"}, "sweep"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}

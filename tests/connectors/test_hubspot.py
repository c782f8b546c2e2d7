"""The connector for HubSpot, against a server that behaves as HubSpot does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import hubspot
from connectors.contract import Backfill, CheckCode, Deletes, Tombstone
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.hubspot import HubSpotConnector
from connectors.instants import iso
from connectors.testing import Case, Earlier, contract_suite
from tests.support.hubspot_sample import AT, HOUR, callback, faults_of, filled
from tests.support.hubspot_server import (
    CLIENT_SECRET,
    REFRESH,
    TOKEN,
    HubSpotServer,
    no,
    settings,
)
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, gone, keys_of, records, rejected_in
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW

SHARED = SharedSimulator(filled, HubSpotConnector)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubspot, "PAGE", 3)


def hubspot_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {9_005}
    server.types["tickets"] = {}
    server.scopes = {"deals", "contacts"}
    right = settings(SHARED.address)
    inside = {("deals", "9002"), ("deals", "9003"), ("contacts", "2"), ("contacts", "3")}
    event = {"eventId": 1, "subscriptionType": "deal.propertyChange", "objectId": 9001}
    return Case(
        connector=HubSpotConnector(),
        folder=folder,
        config=right,
        streams=("deals", "contacts"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "token": "wrong-token-77"},
            CheckCode.PERMISSION: {**right, "streams": ["deals", "tickets"]},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars/Base"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("deals", "channel"),),
        secrets=(TOKEN, CLIENT_SECRET, "wrong-token-77"),
        web=SHARED.web,
        faults=faults_of(server),
        future={name: {"seen": "2999-01-01T00:00:00.000Z"} for name in ("deals", "contacts")},
        # Half past midnight in Shanghai: the day before in UTC.
        backfill=(Backfill(start=date(2026, 8, 3), end=date(2026, 8, 5)), frozenset(inside)),
        hook=callback([event], NOW),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "deals": {"seen": "2026-09-01T02:00:07.000Z"},
                    "contacts": {"top": "2026-09-01T02:00:00.000Z", "after": "2"},
                },
            ),
        ),
        absent={"K20": "HubSpot itself writes the time of change into every object it keeps"},
    )


TestHubSpot = contract_suite(hubspot_case)


def test_a_deal_arrives_as_text_with_its_day_in_the_zone_of_the_portal(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.put("deals", 9_001, AT, first_call="2026-07-01")
    assert records(reader.read(settings(address), "deals"))["9001"] == {
        "id": "9001",
        "dealname": "Deal 1",
        "amount": "120000.10",
        "hubspot_owner_id": "77",
        "hs_is_closed": "true",
        "hs_is_closed_won": "true",
        "hs_merged_object_ids": None,
        "closedate": "2026-08-01T16:30:00Z",
        "closedate.day": "2026-08-02",
        "createdate": "2026-07-31T16:30:00Z",
        "createdate.day": "2026-08-01",
        "hs_lastmodifieddate": "2026-09-01T02:00:00.000Z",
        "hs_lastmodifieddate.day": "2026-09-01",
        "channel": "expo",
        "first_call": "2026-07-01",
        "first_call.day": "2026-07-01",
        "createdAt": "2026-08-01T00:00:00Z",
        "updatedAt": "2026-09-01T02:00:00.000Z",
        "currency": "CNY",
    }


def test_no_search_uses_an_offset_and_a_short_page_is_not_the_last_one(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.short = True
    found = keys_of(reader.read(settings(address), "deals"))
    assert found == [str(number) for number in range(9_001, 9_009)]
    assert all("after" not in search for search in server.searches)


def test_more_rows_than_a_search_shows_all_arrive(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.most = 5
    assert len(keys_of(reader.read(settings(address), "deals"))) == 8


def test_a_row_that_changes_behind_the_walk_comes_with_the_next_read(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    def change() -> None:
        if len(server.searches) == 3:
            server.put("deals", 9_001, AT + 5 * HOUR, dealname="behind")
            server.put("deals", 9_008, AT + 9 * HOUR, dealname="ahead")

    server.after = change
    config = settings(address, again_minutes=0)
    first = reader.read(config, "deals")
    assert cursors_of(first) == {"deals": {"seen": "2026-09-01T02:00:07.000Z"}}
    again = records(reader.read(config, "deals", cursors_of(first)))
    assert again["9001"]["dealname"] == "behind"


def test_a_row_that_the_search_shows_late_is_read_because_each_read_begins_earlier(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.lagging = {9_004}
    first = reader.read(settings(address), "deals")
    assert "9004" not in keys_of(first)
    server.lagging = set()
    assert "9004" in keys_of(reader.read(settings(address), "deals", cursors_of(first)))


def test_a_row_of_the_very_instant_of_the_mark_is_not_lost(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    config = settings(address, again_minutes=0)
    first = reader.read(config, "deals")
    server.put("deals", 9_900, AT + timedelta(seconds=7))  # as late as the latest, and told later
    assert "9900" in keys_of(reader.read(config, "deals", cursors_of(first)))


def test_a_callback_brings_a_row_that_the_search_does_not_show_yet(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    cursors = cursors_of(reader.read(settings(address), "deals"))
    server.lagging = {9_004}
    server.put("deals", 9_004, AT + HOUR, amount="1.00")
    reread = {"deals": ("9004", "x", "9999")}
    found = reader.read(settings(address, again_minutes=0), "deals", cursors, reread=reread)
    assert records(found)["9004"]["amount"] == "1.00"
    assert gone(found) == ["9999"]


def test_only_what_hubspot_says_is_not_there_is_taken_back_by_a_callback(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    told = {"results": [], "errors": [{"category": "VALIDATION_ERROR", "context": {"ids": ["5"]}}]}
    server.trouble = [Told(body={"results": []}), Told(status=207, body=told)]
    found = reader.read(settings(address), "deals", reread={"deals": ("5",)})
    assert gone(found) == []


def test_an_archived_row_is_taken_back_once(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    config = settings(address, again_minutes=0)
    cursors = cursors_of(reader.read(config, "deals"))
    server.archive("deals", 9_002, AT + HOUR)
    server.put("deals", 9_003, AT + 2 * HOUR)
    found = reader.read(config, "deals", cursors)
    assert gone(found) == ["9002"]
    # As old as the archiving: a search that still shows the row tells what was before that.
    assert [m.version for m in found if isinstance(m, Tombstone)] == [iso(AT + HOUR)]
    assert gone(reader.read(config, "deals", cursors_of(found))) == []
    keys = reader.keys(config, "deals")
    assert keys == [str(number) for number in (9001, *range(9003, 9009))]


def test_of_merged_deals_the_survivor_takes_the_others_back(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.put("deals", 9_008, AT + HOUR, hs_merged_object_ids="9001;9002;9008")
    assert gone(reader.read(settings(address), "deals")) == ["9001", "9002"]


def test_how_deletions_are_found_is_as_the_settings_say(reader: Reader, address: str) -> None:
    def deletes(**others: Any) -> set[Deletes]:
        found = reader.discover(settings(address, **others))
        return {stream.deletes for stream in found.streams}

    assert deletes() == {Deletes.TOMBSTONE}
    assert deletes(sweep=True) == {Deletes.SWEEP}


def test_properties_of_the_company_come_along_and_those_of_people_are_named(
    reader: Reader, address: str
) -> None:
    deals, contacts = reader.discover(settings(address)).streams
    assert {"channel", "first_call"} <= set(deals.columns)
    assert "hs_internal" not in deals.columns
    assert contacts.personal_fields == ("firstname", "email", "mobilephone_2")
    few = records(reader.read(settings(address, own_properties=["channel"]), "deals"))
    assert "channel" in few["9001"]
    assert "first_call" not in few["9001"]


def test_a_null_stamp_falls_back_to_the_one_beside_the_properties(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.tables["deals"][9_001]["properties"]["hs_lastmodifieddate"] = None
    server.put("deals", 9_002, None)
    found = reader.read(settings(address), "deals")
    assert "9001" in keys_of(found)
    assert rejected_in(found) == [("9002", "date_unreadable")]


def test_an_object_of_the_company_is_a_stream_of_its_own(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    for number, day in ((1, "2026-08-01"), (2, "2026-08-02"), (3, "2026-08-03")):
        server.put("2-345", number, AT, held_on=day)
    own = [{"stream": "trainings", "object": "2-345", "day": "held_on"}]
    config = settings(address, own_objects=own, zone="America/New_York")
    found = records(reader.read(config, "trainings"))
    assert [row["held_on.day"] for row in found.values()] == [
        "2026-08-01",
        "2026-08-02",
        "2026-08-03",
    ]
    # A date has no zone, whatever the zone of the portal.
    days = Backfill(start=date(2026, 8, 2), end=date(2026, 8, 3))
    assert keys_of(reader.read(config, "trainings", backfill=days)) == ["2"]


# ------------------------------------------------------------------------------ the access


def with_application(address: str) -> dict[str, Any]:
    return settings(address, token="", client_id="app-1", refresh_token=REFRESH)


def test_the_token_of_an_application_that_ends_is_renewed_once_and_the_page_asked_again(
    reader: Reader, server: HubSpotServer, address: str
) -> None:
    server.ends_at = 3
    config = with_application(address)
    assert len(keys_of(reader.read(config, "deals"))) == 8
    assert server.asked_for_tokens == 2
    later = NOW + timedelta(minutes=29)
    reader.read(config, "deals", now=later)
    assert server.asked_for_tokens == 3
    server.trouble = [no(401, "EXPIRED_AUTHENTICATION")] * 9
    with pytest.raises(AuthExpired):
        reader.read(config, "deals", now=later)
    assert server.asked_for_tokens == 4


def test_an_application_that_was_uninstalled_is_a_question_of_the_access(
    reader: Reader, address: str
) -> None:
    config = {**with_application(address), "client_id": "app-2"}
    report = reader.check(config)
    assert report.code is CheckCode.AUTHENTICATION
    assert REFRESH not in repr(report)


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (no(401, "INVALID_AUTHENTICATION"), AuthExpired),
        (no(403, "MISSING_SCOPES"), Forbidden),
        (no(404, "OBJECT_NOT_FOUND"), Forbidden),
        (no(400, "VALIDATION_ERROR"), ConfigurationRefused),
        (no(429, "RATE_LIMITS"), RateLimited),
        (Told(status=400, body=b"<html>"), ConfigurationRefused),
        (Told(body=b"<html>"), Transient),
        (Told(body={"total": 1}), Transient),
        (Told(body=[1]), Transient),
    ],
)
def test_what_hubspot_refuses_is_told_by_its_consequence(
    reader: Reader, server: HubSpotServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told]
    with pytest.raises(failure):
        reader.read(settings(address), "deals")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "hubspot"}, "address"),
        ({"token": ""}, "token"),
        ({"token": "", "refresh_token": REFRESH, "client_id": ""}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"callback_address": "hooks"}, "callback_address"),
        ({"currency": "元"}, "currency"),
        ({"zone": ""}, "zone"),
        ({"streams": ["quotes"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"own_objects": [{"stream": "trainings", "object": "training"}]}, "own_objects"),
        ({"own_objects": [{"stream": "deals", "object": "2-345"}]}, "streams"),
        ({"own_properties": ["A B"]}, "own_properties"),
        ({"again_minutes": -1}, "again_minutes"),
        ({"sweep": 1}, "sweep"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}

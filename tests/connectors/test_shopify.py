"""The connector for Shopify, against a server that behaves as Shopify does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import shopify
from connectors.contract import Backfill, CheckCode, Deletes, Notice
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    KeysIncomplete,
    RateLimited,
    Transient,
)
from connectors.shopify import ShopifyConnector
from connectors.testing import Case, Earlier, contract_suite
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, gone, keys_of, records, rejected_in
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.shopify_sample import AT, HOUR, faults_of, filled, webhook
from tests.support.shopify_server import SECRET, TOKEN, ShopifyServer, no, settings, throttled

SHARED = SharedSimulator(filled, ShopifyConnector)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "MOST_AT_ONCE", 3)


def shopify_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {455}
    right = settings(SHARED.address)
    inside = {("orders", "452"), ("orders", "453"), ("refunds", "71")}
    inside |= {("transactions", "81"), ("transactions", "82")}
    seen = {"seen": "2026-09-01T02:00:07.000Z"}
    return Case(
        connector=ShopifyConnector(),
        folder=folder,
        config=right,
        streams=("orders", "refunds", "transactions"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "token": "wrong-token-77"},
            CheckCode.PERMISSION: {**right, "customers": True},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars/Base"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=3,  # one order, in each of the streams
        unknown=(("orders", "attribute.booth"),),
        secrets=(TOKEN, SECRET, "wrong-token-77"),
        web=SHARED.web,
        faults=faults_of(server),
        future={name: {"seen": "2999-01-01T00:00:00.000Z"} for name in right["streams"]},
        # Half past midnight in Shanghai: the day before in UTC.
        backfill=(Backfill(start=date(2026, 8, 3), end=date(2026, 8, 5)), frozenset(inside)),
        hook=webhook(b'{"id":451}'),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "orders": {**seen, "top": "2026-09-01T02:00:07.000Z", "after": "450"},
                    "refunds": seen,
                    "transactions": {},
                },
            ),
        ),
        absent={"K20": "Shopify itself writes updatedAt into every order that it keeps"},
    )


TestShopify = contract_suite(shopify_case)


def test_an_order_arrives_with_its_money_as_text_and_its_day_in_the_zone_of_the_shop(
    reader: Reader, address: str
) -> None:
    found = records(reader.read(settings(address), "orders"))["451"]
    wanted = {
        "id": "451",
        "name": "#451",
        "processedAt": "2026-08-01T16:30:00Z",
        "processedAt.day": "2026-08-02",
        "cancelledAt": None,
        "cancelledAt.day": None,
        "test": False,
        "displayFinancialStatus": "PAID",
        "totalPriceSet.shopMoney.amount": "120.10",
        "totalPriceSet.shopMoney.currencyCode": "CNY",
        "attribute.booth": "A 12",
        "owner": "127.0.0.1",
    }
    assert {name: found[name] for name in wanted} == wanted
    assert "customer.id" not in found


def test_a_refund_and_a_payment_say_of_which_order_they_are(reader: Reader, address: str) -> None:
    refunds = records(reader.read(settings(address), "refunds"))
    assert list(refunds) == ["71", "72"]
    assert refunds["71"]["totalRefundedSet.shopMoney.amount"] == "20.05"
    assert (refunds["71"]["order.id"], refunds["71"]["createdAt.day"]) == ("451", "2026-08-03")
    payments = records(reader.read(settings(address), "transactions"))
    assert list(payments) == ["81", "82", "83"]
    assert payments["81"]["order.processedAt.day"] == "2026-08-02"


@pytest.mark.parametrize(
    ("owner", "values", "found"),
    [
        ("shop", {}, "127.0.0.1"),
        ("discount", {"discountCodes": ["LINA10", "X"]}, "LINA10"),
        ("discount", {}, None),
        (
            "channel",
            {"channelInformation": {"channelDefinition": {"handle": "tiktok"}}},
            "tiktok",
        ),
        ("channel", {}, "web"),
        ("attribute:seller", {"customAttributes": [{"key": "seller", "value": "A017"}]}, "A017"),
        ("attribute:seller", {}, None),
    ],
)
def test_who_sold_is_what_the_settings_say(
    reader: Reader,
    server: ShopifyServer,
    address: str,
    owner: str,
    values: dict[str, Any],
    found: str | None,
) -> None:
    server.put(452, AT, **values)
    config = settings(address, owner=owner)
    assert records(reader.read(config, "orders"))["452"]["owner"] == found
    assert records(reader.read(config, "refunds"))["72"]["owner"] == found


def test_a_refund_that_comes_after_its_order_was_stamped_is_found(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    config = settings(address, again_minutes=1)
    server.put(453, AT + HOUR)
    cursors = cursors_of(reader.read(config, "refunds"))
    server.refund(453, 73, AT + HOUR + timedelta(seconds=40), "5.00")
    assert "73" in keys_of(reader.read(config, "refunds", cursors))


def test_a_question_that_costs_too_much_is_asked_about_fewer_orders(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    server.costly = 1
    assert len(keys_of(reader.read(settings(address), "orders"))) == 8
    server.costly = 0
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "orders")
    assert raised.value.code == "shopify_too_costly"


def test_a_short_page_is_not_the_last_one(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    server.short = True
    assert len(keys_of(reader.read(settings(address), "orders"))) == 8
    assert len(list(reader.keys(settings(address), "orders"))) == 8


def test_an_empty_bucket_says_how_long_to_wait(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    server.trouble = [throttled(wanted=352, there=52, rate=50.0)]
    before = datetime.now(UTC)
    with pytest.raises(RateLimited) as raised:
        reader.read(settings(address), "orders")
    # Counted from what the clock of Shopify said, to the second.
    assert 4 <= (raised.value.until - before).total_seconds() <= 20


def test_a_row_that_changes_behind_the_walk_comes_with_the_next_read(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    def change() -> None:
        if len(server.asked) == 3:
            server.put(451, AT + 5 * HOUR, name="behind")
            server.put(458, AT + 9 * HOUR, name="ahead")

    server.after = change
    config = settings(address, again_minutes=1)
    first = reader.read(config, "orders")
    assert cursors_of(first) == {"orders": {"seen": "2026-09-01T02:00:07.000Z"}}
    again = records(reader.read(config, "orders", cursors_of(first)))
    assert again["451"]["name"] == "behind"


def test_a_webhook_brings_what_the_search_does_not_show_yet(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    config = settings(address, again_minutes=1)
    cursors = cursors_of(reader.read(config, "orders"))
    server.lagging = {451}
    server.put(451, AT + HOUR, name="fresh")
    server.refund(451, 79, AT + HOUR, "2.00")
    found = reader.read(config, "orders", cursors, reread={"orders": ("451", "x", "999")})
    assert records(found)["451"]["name"] == "fresh"
    assert gone(found) == ["999"]
    parts = reader.read(config, "refunds", cursors, reread={"refunds": ("79",)})
    assert records(parts)["79"]["order.id"] == "451"


def test_what_an_application_may_not_see_is_not_gone(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    server.unseen = {451}
    config = settings(address, all_orders=False, sweep=False)
    found = reader.read(config, "orders", reread={"orders": ("451",)})
    assert gone(found) == []
    assert [each.code for each in found if isinstance(each, Notice)] == ["shopify_row_unseen"]
    with pytest.raises(KeysIncomplete):
        reader.keys(config, "orders")
    streams = reader.discover(config).streams
    assert {stream.deletes for stream in streams} == {Deletes.NONE}
    assert {stream.retention_days for stream in streams} == {60}
    # The host asks what is installed, without asking the shop, when it warns that rows get lost.
    assert {stream.retention_days for stream in ShopifyConnector.info.streams} == {60}


def test_refunds_and_payments_of_an_order_that_is_gone_are_no_keys(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    del server.orders[451]
    assert reader.keys(settings(address), "refunds") == ["72"]
    assert reader.keys(settings(address), "transactions") == ["82", "83"]


def test_more_refunds_than_a_question_brings_are_not_passed_over(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    for number in range(40):
        server.refund(453, 100 + number, AT, "1.00")
    server.orders[453]["refunds"] = server.orders[453]["refunds"][:30]
    assert rejected_in(reader.read(settings(address), "refunds")) == [("453", "shopify_parts_cut")]


def test_a_row_without_a_number_or_a_time_is_rejected(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    config = settings(address)
    server.spoilt = {452}
    server.orders[454]["refunds"] = [{"createdAt": "2026-08-01T00:00:00Z"}, None]
    found = rejected_in(reader.read(config, "refunds"))
    assert found == [("", "source_key_missing"), *[("454", "source_key_missing")] * 2]
    server.orders[453]["updatedAt"] = None
    days = Backfill(start=date(2026, 8, 1), end=date(2026, 8, 30))
    found = rejected_in(reader.read(config, "orders", backfill=days))
    assert found == [("", "source_key_missing"), ("453", "date_unreadable")]


def test_another_version_than_the_one_asked_for_is_told(
    reader: Reader, server: ShopifyServer, address: str
) -> None:
    server.version = "2026-04"
    found = reader.read(settings(address), "orders")
    told = [each for each in found if isinstance(each, Notice)]
    assert [each.values for each in told] == [{"asked": "2026-01", "served": "2026-04"}]


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (Told(status=401, body={"errors": "no"}), AuthExpired),
        (Told(status=402, body={"errors": "no"}), Forbidden),
        (Told(status=404, body={"errors": "no"}), ConfigurationRefused),
        (no("ACCESS_DENIED"), Forbidden),
        (no("ACCESS_DENIED", data={"orders": {"nodes": [], "pageInfo": {}}}), Forbidden),
        (no("THROTTLED"), RateLimited),
        (no("INTERNAL_SERVER_ERROR"), Transient),
        (no("undefinedField"), ConfigurationRefused),
        (Told(body={"errors": "odd"}), ConfigurationRefused),
        (Told(body=b"<html>"), Transient),
        (Told(body=[1]), Transient),
        (Told(body={"data": None}), Transient),
        (Told(body={"data": {"orders": {"nodes": []}}}), Transient),
    ],
)
def test_what_shopify_refuses_in_a_200_is_told_by_its_consequence(
    reader: Reader, server: ShopifyServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told]
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "orders")
    assert TOKEN not in repr(raised.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "acme"}, "address"),
        ({"token": ""}, "token"),
        ({"zone": ""}, "zone"),
        ({"streams": ["products"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"owner": "staff"}, "owner"),
        ({"owner": "attribute:"}, "owner"),
        ({"all_orders": False}, "sweep"),
        ({"again_minutes": 0}, "again_minutes"),
        ({"version": "2026-02"}, "version"),
        ({"customers": "yes"}, "customers"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}

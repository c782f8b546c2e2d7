"""From Shopify to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from actions.take_hook import take_hook
from connectors.shopify import ShopifyConnector
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.shopify_sample import webhook
from tests.support.shopify_server import ShopifyServer, money, settings

AT = datetime(2026, 9, 11, 2, 0, 0, tzinfo=UTC)
MAPPING = shipped_mapping("shopify")
SHOP = "127.0.0.1"


def filled() -> ShopifyServer:
    server = ShopifyServer()
    server.put(1, AT, totalPriceSet=money("1000.50"))  # half past midnight in Shanghai
    server.put(2, AT, totalPriceSet=money("200.00"))
    server.put(3, AT, totalPriceSet=money("7.00"), displayFinancialStatus="PENDING")
    server.put(4, AT, totalPriceSet=money("9.00"), test=True)
    server.pay(1, 81, AT, "1000.50")
    return server


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def test_a_refund_is_a_fact_of_its_own_day_and_the_sale_stays_in_its_month(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    place = (database_url, tmp_path)
    with synced(place, ShopifyConnector(), server.answer, settings, MAPPING) as source:
        source.sync()
        assert source.told() == [
            ("1#order", "order", SHOP, "2026-09-01", 100_050, "CNY"),
            ("1#receipt_items", "receipt_items", SHOP, "2026-09-01", 3, "COUNT"),
            ("2#order", "order", SHOP, "2026-09-01", 20_000, "CNY"),
            ("2#receipt_items", "receipt_items", SHOP, "2026-09-01", 3, "COUNT"),
            ("81#payment", "payment", SHOP, "2026-09-11", 100_050, "CNY"),
        ]
        later = AT + timedelta(days=3)
        refunded = {"displayFinancialStatus": "PARTIALLY_REFUNDED"}
        server.put(1, later, **refunded, currentTotalPriceSet=money("900.25"))
        server.refund(1, 71, later + timedelta(seconds=5), "100.25")
        server.pay(1, 82, later + timedelta(seconds=5), "100.25", "REFUND")
        source.sync()
        assert source.amounts("order") == {
            "1#order": 100_050,
            "2#order": 20_000,
            "71#refund": -10_025,
        }
        assert ("71#refund", "order", SHOP, "2026-09-14", -10_025, "CNY") in source.told()
        assert source.amounts("payment") == {"81#payment": 100_050, "82#payment_back": -10_025}
        # The search does not know yet that the last order was paid; a webhook does.
        server.put(3, later, displayFinancialStatus="PAID")
        server.lagging = {3}
        runtime = source.company.runtime
        assert take_hook(runtime, source.connection, webhook(b'{"id":3}', "forged")) is None
        assert take_hook(runtime, source.connection, webhook(b'{"id":3}')) is not None
        server.lagging = {3}
        source.sync()
        assert source.amounts("order")["3#order"] == 700
        assert source.company.open_quarantine() == []

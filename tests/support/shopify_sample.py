"""A shop with some orders, and what can happen to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import shopify
from connectors.contract import HookRequest
from connectors.shopify_events import SIGNATURE
from connectors.signed_hooks import signature_of
from connectors.testing import Faults
from tests.support.shopify_server import SECRET, ShopifyServer

AT = datetime(2026, 9, 1, 2, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def filled() -> ShopifyServer:
    """Make a shop with eight orders, two refunds and three payments."""
    server = ShopifyServer()
    for number in range(1, 9):
        # The order of the changes is not the order of the numbers.
        day = f"2026-08-{number:02d}T16:30:00Z"
        server.put(450 + number, AT + timedelta(seconds=number * 5 % 8), processedAt=day)
    server.put(451, AT, customAttributes=[{"key": "booth", "value": "A 12"}])
    first, second = datetime(2026, 8, 2, 17, tzinfo=UTC), datetime(2026, 8, 20, 17, tzinfo=UTC)
    server.refund(451, 71, first, "20.05")
    server.refund(452, 72, second, "1.00")
    for number in (451, 452, 453):
        server.pay(number, 80 + number - 450, first + timedelta(days=number - 451), "120.10")
    return server


def webhook(body: bytes, secret: str = SECRET) -> HookRequest:
    """Write a webhook as Shopify sends it."""
    headers = {SIGNATURE: signature_of(secret, body), "x-shopify-topic": "orders/updated"}
    return HookRequest(method="POST", query={}, headers=headers, body=body)


def faults_of(server: ShopifyServer) -> Faults:
    """Give the kit a hand on the shop; pages of three rows would make ``many`` slow."""

    def put(number: int, at: datetime, **values: Any) -> tuple[str, str]:
        server.put(number, at, **values)
        return "orders", str(number)

    def insert() -> tuple[str, str]:
        return put(400 + len(server.orders), AT + 2 * HOUR)

    def change() -> tuple[str, str]:
        count = len(server.asked)
        return put(452, AT + 3 * HOUR + timedelta(seconds=count), name=f"changed {count}")

    def delete() -> tuple[str, str]:
        server.spoilt = set()  # a row that says no id makes the list of keys useless
        del server.orders[453]
        return "orders", "453"

    def tie() -> set[tuple[str, str]]:
        return {put(number, AT + 2 * HOUR) for number in range(500, 511)}

    def new_field() -> tuple[str, str]:
        put(454, AT + HOUR, customAttributes=[{"key": "seller", "value": "A017"}])
        return "orders", "attribute.seller"

    def lost_field() -> tuple[str, str]:
        put(454, AT + 2 * HOUR, customAttributes=[])
        return "orders", "attribute.seller"

    def many(count: int) -> None:
        shopify.MOST_AT_ONCE = 10
        for number in range(10_000, 10_000 + count // 20):
            put(number, AT + timedelta(seconds=number), refunds=[])
            for place in range(20):
                server.refund(number, number * 100 + place, AT, "1.00")

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )

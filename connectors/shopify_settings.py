"""What an administrator says of a Shopify shop: the access, the streams, and who sold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from connectors.contract import Json
from connectors.form import (
    address_of,
    again_of,
    chosen,
    flag_of,
    matching,
    stream_of,
    text_of,
    wrong,
    zone_of,
)

VERSION = "2026-01"
_VERSION = re.compile(r"20[0-9]{2}-(01|04|07|10)")
_OWNER = re.compile(r"shop|discount|channel|attribute:.{1,60}")
_MONEY = "{ shopMoney { amount currencyCode } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopifyStream:
    """Orders, or what hangs on them; ``part`` is the list in an order ("": the order itself).

    ``fields`` is what we ask of each; ``day`` says when it happened; ``at_once`` is how many orders
    a question asks for: what a question costs grows with what hangs on an order.
    """

    name: str
    entity: str
    node: str
    day: str
    fields: str
    columns: tuple[str, ...]
    at_once: int
    part: str = ""


_ORDER_MONEY = (
    *("totalPriceSet", "subtotalPriceSet", "currentTotalPriceSet", "currentSubtotalPriceSet"),
    *("totalRefundedSet", "totalTaxSet", "totalShippingPriceSet", "totalDiscountsSet"),
)
_ORDER_PLAIN = (
    *("name", "createdAt", "updatedAt", "processedAt", "cancelledAt", "cancelReason", "closed"),
    *("test", "currencyCode", "displayFinancialStatus", "displayFulfillmentStatus"),
    *("sourceName", "subtotalLineItemsQuantity", "discountCodes", "tags"),
)
_CHANNEL = "channelInformation { channelDefinition { handle channelName } }"
# What tells who sold, and which order it is: also of what hangs on an order.
OWNERS = f"discountCodes sourceName {_CHANNEL} customAttributes {{ key value }}"
PART_ORDER = f"legacyResourceId name updatedAt processedAt test currencyCode {OWNERS}"
PART_COLUMNS = ("order.id", "order.name", "order.processedAt", "order.processedAt.day")
PARTS_MOST = 30

STREAMS = (
    ShopifyStream(
        name="orders",
        entity="order",
        node="Order",
        day="processedAt",
        fields=" ".join(
            (
                *("legacyResourceId", *_ORDER_PLAIN),
                *(f"{name} {_MONEY}" for name in _ORDER_MONEY),
                *(_CHANNEL, "customAttributes { key value }"),
            )
        ),
        columns=(
            *("id", *_ORDER_PLAIN, "createdAt.day", "updatedAt.day", "processedAt.day"),
            *("cancelledAt.day", "owner"),
            *(f"{name}.shopMoney.amount" for name in _ORDER_MONEY),
            *(f"{name}.shopMoney.currencyCode" for name in _ORDER_MONEY),
            "channelInformation.channelDefinition.handle",
            "channelInformation.channelDefinition.channelName",
        ),
        at_once=50,
    ),
    ShopifyStream(
        name="refunds",
        entity="refund",
        node="Refund",
        day="createdAt",
        fields=f"legacyResourceId createdAt updatedAt totalRefundedSet {_MONEY}",
        columns=(
            *("id", "createdAt", "createdAt.day", "updatedAt", "updatedAt.day", "owner"),
            *("totalRefundedSet.shopMoney.amount", "totalRefundedSet.shopMoney.currencyCode"),
            *("test", *PART_COLUMNS),
        ),
        at_once=15,
        part="refunds",
    ),
    ShopifyStream(
        name="transactions",
        entity="payment",
        node="OrderTransaction",
        day="processedAt",
        fields=f"id kind status gateway test createdAt processedAt amountSet {_MONEY}",
        columns=(
            *("id", "kind", "status", "gateway", "test", "createdAt", "createdAt.day"),
            *("processedAt", "processedAt.day", "owner"),
            *("amountSet.shopMoney.amount", "amountSet.shopMoney.currencyCode", *PART_COLUMNS),
        ),
        at_once=15,
        part="transactions",
    ),
)
_BY_NAME: Mapping[str, ShopifyStream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "token", "zone", "streams"],
    "properties": {
        "address": {"type": "string", "title": "https://acme.myshopify.com"},
        "token": {"type": "string", "secret": True},
        "zone": {"type": "string", "title": "Asia/Shanghai"},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "owner": {"type": "string", "default": "shop"},
        "all_orders": {"type": "boolean", "default": False},
        "customers": {"type": "boolean", "default": False},
        "sweep": {"type": "boolean", "default": False},
        "again_minutes": {"type": "integer", "minimum": 1, "maximum": 10_080, "default": 60},
        "webhook_secret": {"type": "string", "secret": True},
        "version": {"type": "string", "default": VERSION},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopifySettings:
    """The settings, read."""

    address: str
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    streams: tuple[ShopifyStream, ...]
    owner: str
    zone: ZoneInfo
    again: timedelta
    all_orders: bool
    customers: bool
    sweep: bool
    version: str

    def stream(self, name: str) -> ShopifyStream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def settings_of(config: Mapping[str, Json]) -> ShopifySettings:
    """Read the settings; the first wrong one is named."""
    text_of(config, "zone")
    again = again_of(config)
    # An order is stamped before its refund is there: a minute is the least that finds it.
    if again < timedelta(minutes=1):
        raise wrong("again_minutes")
    streams = chosen(config, _BY_NAME)
    if not streams:
        raise wrong("streams")
    all_orders = flag_of(config, "all_orders", otherwise=False)
    sweep = flag_of(config, "sweep", otherwise=False)
    if sweep and not all_orders:
        raise wrong("sweep")  # orders that we may not see would count as gone
    return ShopifySettings(
        address=address_of(config),
        token=text_of(config, "token"),
        webhook_secret=text_of(config, "webhook_secret", required=False),
        streams=streams,
        owner=matching(config, "owner", _OWNER, otherwise="shop"),
        zone=zone_of(config),
        again=again,
        all_orders=all_orders,
        customers=flag_of(config, "customers", otherwise=False),
        sweep=sweep,
        version=matching(config, "version", _VERSION, otherwise=VERSION),
    )

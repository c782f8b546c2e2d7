"""A Shopify as it behaves towards callers: always 200, a search by id, a bucket of points."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.loopback import Asked, Told

TOKEN = "shpat-demo-5d7e"
SECRET = "shpss_demo"
_BOUND = re.compile(r"(\w+):([<>]=?)'?([^' ]+)'?")
_WORD = re.compile(r"\w+")
_COLUMNS = {"updated_at": "updatedAt", "processed_at": "processedAt"}
_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": lambda own, bound: own >= bound,
    "<=": lambda own, bound: own <= bound,
    "<": lambda own, bound: own < bound,
}


@dataclass
class ShopifyServer:
    """``orders``: number -> order, with its refunds and transactions inside.

    ``trouble`` are answers that come before anything else; ``lagging`` are orders that no search
    shows yet, though a list does; ``unseen`` are those older than 60 days; ``costly`` is how many
    orders a question may ask for; ``version`` is the oldest one that is served.
    """

    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    scopes: set[str] = field(default_factory=lambda: {"read_orders"})
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    lagging: set[int] = field(default_factory=set)
    unseen: set[int] = field(default_factory=set)
    spoilt: set[int] = field(default_factory=set)
    short: bool = False  # a page holds one order less than was asked for
    costly: int = 250
    version: str = "2026-01"
    asked: list[dict[str, Any]] = field(default_factory=list)

    def put(self, number: int, at: datetime, **values: Any) -> None:
        """Write an order with the time of its last change."""
        order = self.orders.setdefault(number, new_order(number))
        order.update(values, updatedAt=written(at))

    def refund(self, number: int, key: int, at: datetime, amount: str) -> None:
        """Give money back; the order was stamped a little earlier."""
        own = {"legacyResourceId": str(key), "createdAt": written(at), "updatedAt": written(at)}
        self.orders[number]["refunds"].append({**own, "totalRefundedSet": money(amount)})

    def pay(self, number: int, key: int, at: datetime, amount: str, kind: str = "SALE") -> None:
        """Book a transaction."""
        own = {"id": f"gid://shopify/OrderTransaction/{key}", "kind": kind, "status": "SUCCESS"}
        own |= {"gateway": "card", "createdAt": written(at), "processedAt": written(at)}
        told = {**own, "test": False, "amountSet": money(amount)}
        self.orders[number]["transactions"].append(told)

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        told = self._told(asked)
        return Told(
            body=told.body, status=told.status, headers={"X-Shopify-Api-Version": self.version}
        )

    def _told(self, asked: Asked) -> Told:
        if not re.fullmatch(r"/admin/api/20\d\d-\d\d/graphql\.json", asked.path):
            return Told(status=404, body={"errors": "Not Found"})
        if asked.headers.get("x-shopify-access-token") != TOKEN:
            return Told(status=401, body={"errors": f"Invalid API key {TOKEN}"})
        body = json.loads(asked.body)
        self.asked.append(body)
        if self.trouble:
            return self.trouble.pop(0)
        text = body["query"]
        if "read_orders" not in self.scopes or (
            "customer {" in text and "read_customers" not in self.scopes
        ):
            return no("ACCESS_DENIED")
        assert text.count("{") == text.count("}")
        if body["operationName"] == "named":
            return self._named(text, body["variables"]["id"])
        return self._orders(text, body["variables"])

    def _orders(self, text: str, variables: Mapping[str, Any]) -> Told:
        if variables["first"] > self.costly:
            return no("MAX_COST_EXCEEDED")
        search, behind = variables["query"] or "", int(variables["after"] or 0)
        hidden = self.unseen | (self.lagging if search else set())
        found = [n for n in _searched(self.orders, search) if n not in hidden and n > behind]
        rows = [(number, self.orders[number]) for number in found]
        if "sortKey: UPDATED_AT" in text:
            rows.sort(key=lambda row: row[1]["updatedAt"], reverse=variables["falling"])
        names = set(_WORD.findall(text))
        count = max(1, variables["first"] - int(self.short))
        page = [self._shown(number, order, names) for number, order in rows[:count]]
        more = len(rows) > len(page)
        self.after()
        last = str(found[len(page) - 1]) if page else None
        about = {"nodes": page, "pageInfo": {"hasNextPage": more, "endCursor": last}}
        return Told(body={"data": {"orders": about}, "extensions": {"cost": {}}})

    def _named(self, text: str, gid: str) -> Told:
        _, kind, told = gid.removeprefix("gid://").split("/")
        names = set(_WORD.findall(text))
        for number, order in self.orders.items():
            if number in self.unseen:
                continue
            if kind == "Order" and number == int(told):
                return Told(body={"data": {"node": self._shown(number, order, names)}})
            for part in (*order["refunds"], *order["transactions"]):
                own = str(part.get("legacyResourceId") or part["id"].rpartition("/")[2])
                wanted = "Refund" if "totalRefundedSet" in part else "OrderTransaction"
                if own == told and kind == wanted:
                    shown = {**part, "order": self._shown(number, order, names)}
                    return Told(body={"data": {"node": shown}})
        return Told(body={"data": {"node": None}})

    def _shown(self, number: int, order: Mapping[str, Any], names: set[str]) -> Any:
        if number in self.spoilt:
            return {"name": order["name"]}
        return {name: value for name, value in order.items() if name in names}


def new_order(number: int) -> dict[str, Any]:
    """Make an order that is paid."""
    return {
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": "2026-08-31T16:30:00Z",
        "processedAt": "2026-08-31T16:30:00Z",
        "cancelledAt": None,
        "closed": False,
        "test": False,
        "currencyCode": "CNY",
        "displayFinancialStatus": "PAID",
        "sourceName": "web",
        "subtotalLineItemsQuantity": 3,
        "discountCodes": [],
        "tags": [],
        "customAttributes": [],
        "channelInformation": None,
        "customer": {"id": "gid://shopify/Customer/7"},
        "totalPriceSet": money("120.10"),
        "currentTotalPriceSet": money("120.10"),
        "totalRefundedSet": money("0.00"),
        "refunds": [],
        "transactions": [],
    }


def money(amount: str) -> dict[str, Any]:
    """Write money as Shopify does: text."""
    return {"shopMoney": {"amount": amount, "currencyCode": "CNY"}}


def written(at: datetime) -> str:
    """Write an instant as Shopify does: whole seconds in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def no(code: str, **more: Any) -> Told:
    """Refuse, as Shopify does: in a 200."""
    error = {"message": f"{code} {TOKEN}", "extensions": {"code": code}}
    return Told(body={"errors": [error], "data": None} | more)


def throttled(wanted: int, there: int, rate: float) -> Told:
    """Say that the bucket is empty, and when it will not be."""
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": there, "restoreRate": rate}
    cost = {"requestedQueryCost": wanted, "throttleStatus": status}
    return no("THROTTLED", extensions={"cost": cost})


def _searched(orders: Mapping[int, dict[str, Any]], search: str) -> list[int]:
    found = sorted(orders)
    for name, test, bound in _BOUND.findall(search):
        if name == "id":
            found = [number for number in found if _TESTS[test](number, int(bound))]
        else:
            end, column = _instant(bound), _COLUMNS[name]
            found = [
                number for number in found if _TESTS[test](_instant(orders[number][column]), end)
            ]
    return found


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "token": TOKEN,
        "zone": "Asia/Shanghai",
        "streams": ["orders", "refunds", "transactions"],
        "all_orders": True,
        "sweep": True,
        "webhook_secret": SECRET,
        **others,
    }

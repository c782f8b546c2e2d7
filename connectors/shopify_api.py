"""Shopify's GraphQL interface: errors inside of a 200, and a bucket of points that fills slowly.

What matters here and is easily got wrong:

- Everything that Shopify refuses about a question comes with HTTP 200, under ``errors``; data that
  comes along with errors has holes and is not used.
- A question costs points. ``THROTTLED`` says how many are there and how many come back in a second,
  so the wait is known. One that costs more than is ever there is asked about fewer orders.
- A version that is no longer served is answered in the oldest one that is, without a word in the
  body: the header says which one answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.failures import (
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.plain_answers import plain_word
from connectors.shopify_settings import ShopifySettings
from connectors.web import Web, WebAnswer

_THROTTLED = "THROTTLED"
_TOO_COSTLY = "MAX_COST_EXCEEDED"
_DENIED = "ACCESS_DENIED"
_LATER = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT"})
_LEAST_WAIT = 1.0
_MOST_WAIT = 600.0


class TooCostly(ConfigurationRefused):
    """The question costs more than the shop's bucket holds; about fewer orders it may not."""


class Shopify:
    """Asks one shop."""

    def __init__(self, web: Web, settings: ShopifySettings, now: datetime) -> None:
        self._web = web
        self._settings = settings
        self._now = now
        self.served = ""  # the version that answered

    def ask(self, name: str, document: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data of an operation."""
        own = self._settings
        answer = self._web.post(
            f"{own.address}/admin/api/{own.version}/graphql.json",
            json={"query": document, "operationName": name, "variables": dict(variables)},
            headers={"x-shopify-access-token": own.token},
            reads=True,
        )
        if answer.status == 404:
            raise ConfigurationRefused("shopify_shop_unknown")
        if answer.status == 402:
            raise Forbidden("shopify_shop_frozen")
        said = answer.demand_ok().json()
        self.served = answer.headers.get("x-shopify-api-version", "")
        if not isinstance(said, Mapping):
            raise Transient("source_not_json", {"status": name})
        if said.get("errors"):
            raise self._failure(said, answer)
        data = said.get("data")
        if not isinstance(data, Mapping):
            raise Transient("source_not_json", {"status": name})
        return data

    def _failure(self, said: Mapping[str, Any], answer: WebAnswer) -> Exception:
        errors = said["errors"]
        first = errors[0] if isinstance(errors, list) else None
        more = first.get("extensions") if isinstance(first, Mapping) else None
        code = str(more.get("code") or "") if isinstance(more, Mapping) else ""
        if code == _THROTTLED:
            return RateLimited(self._now_at(answer) + _wait(said), {"host": "Shopify"})
        if code == _TOO_COSTLY:
            return TooCostly("shopify_too_costly")
        if code == _DENIED:
            return Forbidden("shopify_scope_missing")
        if code in _LATER:
            return Transient("source_status", {"host": "Shopify"})
        return ConfigurationRefused("source_answer_refused", {"status": plain_word(code, "errors")})

    def _now_at(self, answer: WebAnswer) -> datetime:
        """Return what time it is: a read may have begun a while ago."""
        try:
            told = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return self._now
        return max(self._now, told.astimezone(UTC) if told.tzinfo else self._now)


def _wait(said: Mapping[str, Any]) -> timedelta:
    """Work out when there are enough points again."""
    more = said.get("extensions")
    cost = more.get("cost") if isinstance(more, Mapping) else None
    status = cost.get("throttleStatus") if isinstance(cost, Mapping) else None
    seconds = _LEAST_WAIT
    if isinstance(cost, Mapping) and isinstance(status, Mapping):
        wanted = _points(cost.get("requestedQueryCost"))
        lacking = wanted - _points(status.get("currentlyAvailable"))
        rate = _points(status.get("restoreRate"))
        seconds = lacking / rate if rate > 0 else _LEAST_WAIT
    return timedelta(seconds=min(max(seconds, _LEAST_WAIT), _MOST_WAIT))


def _points(value: object) -> float:
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else 0.0

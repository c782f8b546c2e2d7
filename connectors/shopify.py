"""Shopify: orders, and the refunds and transactions that hang on them.

What matters here and is easily got wrong:

- ``totalPriceSet`` is what was ordered; ``currentTotalPriceSet`` already lacks what came back. The
  first one less its refunds, each on its own day, is right; a mixture takes a refund off twice.
- An order is stamped *before* its refund is there: a read begins a minute earlier at least.
- Without ``read_all_orders`` Shopify shows the orders of 60 days and is silent about others. What
  it does not show is not gone: deletions are only looked for when all orders may be seen.
- Online orders carry no salesperson. ``owner`` is what the settings say stands for one: the shop, a
  discount code, a channel, an attribute of the order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from connectors.contract import (
    API_VERSION,
    CallLimit,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    HookAnswer,
    HookRequest,
    Message,
    Notice,
    ReadRequest,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
)
from connectors.emitting import with_checkpoints
from connectors.failures import KeysIncomplete, Transient
from connectors.id_walks import Page, Span, walk_again, walk_changes
from connectors.instants import day_in, iso, midnight, moment_of
from connectors.json_rows import flat_row
from connectors.object_sources import Asking, ObjectSource
from connectors.row_cells import rejected_row
from connectors.shopify_api import Shopify, TooCostly
from connectors.shopify_events import answer_webhook
from connectors.shopify_settings import (
    CONFIG_SCHEMA,
    PART_ORDER,
    PARTS_MOST,
    STREAMS,
    ShopifySettings,
    ShopifyStream,
    settings_of,
)

MOST_AT_ONCE = 50
_KEPT_DAYS = 60
_NUMBER = re.compile(r"(?:gid://shopify/\w+/)?([0-9]{1,20})")
_Asking: TypeAlias = Asking[ShopifySettings, Shopify]


class ShopifyConnector(ObjectSource[ShopifySettings, Shopify, ShopifyStream]):
    """The built-in connector ``shopify``."""

    info = ConnectorInfo(
        id="shopify",
        title={"zh-CN": "Shopify", "en": "Shopify"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=tuple(
            StreamInfo(
                name=each.name,
                entity=each.entity,
                key=("id",),
                retention_days=_KEPT_DAYS,  # for whoever may not see all orders
                columns=each.columns,
            )
            for each in STREAMS
        ),
        capabilities={"keys": 1, "backfill": 1, "hook": 1},
        allowed_hosts=("{address}",),
        limits=(CallLimit(calls=2, seconds=1),),
    )

    def begin(self, context: Context) -> _Asking:
        """Read the settings."""
        settings = settings_of(context.config)
        shopify = Shopify(context.web, settings, context.now)
        return Asking(context=context, settings=settings, source=shopify)

    def probe(self, asking: _Asking, stream: ShopifyStream) -> None:
        """Ask for one order with all that the stream wants of it."""
        _Reading(asking, stream).first("ID", "", 1)

    def describe(self, asking: _Asking, stream: ShopifyStream) -> StreamInfo:
        """Name the columns; attributes of orders come besides, as they are."""
        settings = asking.settings
        return StreamInfo(
            name=stream.name,
            entity=stream.entity,
            key=("id",),
            deletes=Deletes.SWEEP if settings.sweep else Deletes.NONE,
            retention_days=None if settings.all_orders else _KEPT_DAYS,
            columns=stream.columns,
        )

    def read_stream(
        self, asking: _Asking, stream: ShopifyStream, cursor: Cursor, request: ReadRequest
    ) -> Iterator[Message]:
        """Emit what changed since the cursor, or what lies in a range of business dates."""
        name, reading = stream.name, _Reading(asking, stream)
        if request.backfill is not None:
            bounds = reading.keep_days(request.backfill.start, request.backfill.end)
            yield from walk_again(name, reading, partial(reading.asked, bounds), cursor)
            return
        named = reading.named(request.reread.get(name, ()))
        yield from with_checkpoints(name, named, cursor)
        again, now = asking.settings.again, asking.context.now
        yield from walk_changes(name, reading, cursor, again, now)
        yield from _served(name, asking.source, asking.settings)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the id of every row; only who may see all orders can say so."""
        asking = self.begin(context)
        wanted = asking.settings.stream(stream)
        if not asking.settings.all_orders:
            raise KeysIncomplete("keys_incomplete", {"place": f"shopify:{stream}"})
        reading = _Reading(asking, wanted)
        for order in reading.everything():
            if not reading.key(order):
                raise KeysIncomplete("keys_incomplete", {"place": f"shopify:{stream}"})
            yield from reading.keys_in(order)

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a webhook and say which rows it is about."""
        return answer_webhook(settings_of(context.config), request)


class _Reading:
    """The read of one stream: a walk over orders, and what is told of each."""

    def __init__(self, asking: _Asking, stream: ShopifyStream) -> None:
        settings = asking.settings
        self._shopify = asking.source
        self._stream = stream
        self._emitting = asking.emitting
        self._settings = settings
        self._now = asking.context.now
        self._at_once = min(stream.at_once, MOST_AT_ONCE)
        self._more, self._mark = False, ""
        self._days: tuple[str, str] | None = None
        self._shop = urlsplit(settings.address).hostname or ""
        self._fields = stream.fields
        if settings.customers and not stream.part:
            self._fields += " customer { id }"

    # ------------------------------------------------------------------- what is asked

    def latest(self) -> datetime | None:
        """Ask for the order that changed last."""
        moments = [
            moment_of(row.get("updatedAt"))
            for row in self.first("UPDATED_AT", "", 1, falling=True)
            if isinstance(row, Mapping)
        ]
        return max((moment for moment in moments if moment is not None), default=None)

    def page(self, span: Span, after: str) -> Page:
        """Ask for the next orders that changed in a span."""
        bounds = []
        if span.since is not None:
            bounds.append(f"updated_at:>='{_searched(span.since)}'")
        if span.until is not None:
            bounds.append(f"updated_at:<='{_searched(span.until)}'")
        return self.asked(bounds, after)

    def keep_days(self, start: date, end: date) -> list[str]:
        """Write the search for some business dates.

        What hangs on an order has a day of its own and has changed its order since: those rows are
        picked out of all orders that changed after the first day.
        """
        zone = self._settings.zone
        first, last = (_searched(midnight(each, zone)) for each in (start, end))
        if not self._stream.part:
            return [f"processed_at:>='{first}'", f"processed_at:<'{last}'"]
        self._days = (start.isoformat(), end.isoformat())
        return [f"updated_at:>='{first}'"]

    def asked(self, bounds: Sequence[str], after: str) -> Page:
        """Ask for the orders behind an id that fit a search."""
        behind = [f"id:>={int(after) + 1}"] if after else []
        search = " AND ".join([*bounds, *behind])
        while True:
            try:
                rows = self.first("ID", search, self._at_once)
            except TooCostly:
                if self._at_once == 1:
                    raise
                self._at_once = max(1, self._at_once // 2)
                continue
            return Page(rows=rows, last=not self._more)

    def everything(self) -> Iterator[Any]:
        """Walk over all orders as a list, not as a search: the index of searches lags behind."""
        mark = ""
        while True:
            rows = self.first("ID", "", self._at_once, after=mark)
            yield from rows
            if not self._more:
                return
            if not self._mark or self._mark == mark:
                raise KeysIncomplete("keys_incomplete", {"place": "shopify:orders"})
            mark = self._mark

    def first(
        self, sort: str, search: str, count: int, *, falling: bool = False, after: str = ""
    ) -> list[Any]:
        """Ask for the first orders of a search, or of the list behind a mark."""
        document = (
            "query orders($first: Int!, $query: String, $falling: Boolean, $after: String) { "
            f"orders(first: $first, query: $query, sortKey: {sort}, reverse: $falling, "
            "after: $after) { pageInfo { hasNextPage endCursor } "
            f"nodes {{ {self._selected()} }} }} }}"
        )
        variables = {"first": count, "query": search or None, "falling": falling}
        variables["after"] = after or None
        found = self._shopify.ask("orders", document, variables).get("orders")
        rows = found.get("nodes") if isinstance(found, Mapping) else None
        about = found.get("pageInfo") if isinstance(found, Mapping) else None
        if not isinstance(rows, list) or not isinstance(about, Mapping):
            raise Transient("source_not_json", {"status": "orders"})
        self._more = about.get("hasNextPage") is True
        self._mark = str(about.get("endCursor") or "")
        return rows

    def named(self, keys: Sequence[str]) -> Iterator[Message]:
        """Read the rows that webhooks named, by id; what is not shown is gone only if all are."""
        node = self._stream.node
        for key in [key for key in dict.fromkeys(keys) if _NUMBER.fullmatch(key)]:
            own = f"{self._fields} order {{ {PART_ORDER} }}" if self._stream.part else self._fields
            document = f"query named($id: ID!) {{ node(id: $id) {{ ... on {node} {{ {own} }} }} }}"
            variables = {"id": f"gid://shopify/{node}/{key}"}
            row = self._shopify.ask("named", document, variables).get("node")
            if isinstance(row, Mapping) and self._stream.part:
                order = row.get("order")
                yield self._row(row, order if isinstance(order, Mapping) else {})
            elif isinstance(row, Mapping):
                yield from self.messages(row)
            else:
                yield self._unseen(key)

    def _selected(self) -> str:
        if not self._stream.part:
            return self._fields
        own = f"{self._stream.part}(first: {PARTS_MOST}) {{ {self._fields} }}"
        return f"{PART_ORDER} {own}"

    # ------------------------------------------------------------------- what is told

    def key(self, row: Any) -> str:
        """Return the number of an order."""
        return _number(row)

    def keys_in(self, order: Mapping[str, Any]) -> Iterator[str]:
        """Name the rows that an order holds."""
        for row in self._parts(order):
            key = _number(row)
            if not key:
                raise KeysIncomplete("keys_incomplete", {"place": self._place(order)})
            yield key

    def messages(self, row: Any) -> Iterator[Message]:
        """Say what an order is, or what hangs on it."""
        if not _number(row):
            yield self._rejected(row, "source_key_missing", {"column": "id"})
            return
        if not self._stream.part:
            yield self._row(row, row)
            return
        parts = self._parts(row)
        if len(parts) >= PARTS_MOST:
            yield self._rejected(row, "shopify_parts_cut", {"order": _number(row)}, _number(row))
        for part in parts:
            if self._is_wanted(part):
                yield self._row(part, row)

    def _parts(self, order: Mapping[str, Any]) -> list[Any]:
        if not self._stream.part:
            return [order]
        found = order.get(self._stream.part)
        return found if isinstance(found, list) else []

    def _is_wanted(self, part: Any) -> bool:
        if self._days is None or not isinstance(part, Mapping):
            return True
        day = day_in(moment_of(part.get(self._stream.day)), self._settings.zone)
        return day is None or self._days[0] <= day < self._days[1]

    def _row(self, row: Any, order: Mapping[str, Any]) -> Record | Rejected:
        key = _number(row)
        if not key:
            return self._rejected(row, "source_key_missing", {"column": "id"}, _number(order))
        stamp = moment_of(order.get("updatedAt"))
        if stamp is None:
            values = {"column": "updatedAt", "value": str(order.get("updatedAt"))}
            return self._rejected(row, "date_unreadable", values, key)
        content = self._content(row, order, key)
        position = f"{self._place(order)}/{key}" if self._stream.part else self._place(order)
        return self._emitting.record(self._stream.name, key, content, position, iso(stamp))

    def _content(
        self, row: Mapping[str, Any], order: Mapping[str, Any], key: str
    ) -> dict[str, Scalar]:
        content: dict[str, Scalar] = dict.fromkeys(self._stream.columns)
        left_out = ("customAttributes", "legacyResourceId", "order", "id")
        content.update(
            flat_row({name: value for name, value in row.items() if name not in left_out})
        )
        content |= {"id": key, "owner": self._owner(order)}
        if self._stream.part:
            content |= {f"order.{name}": _text(order.get(name)) for name in ("name", "processedAt")}
            content["order.id"] = _number(order)
            if content.get("test") is None:
                content["test"] = order.get("test") is True
        else:
            content |= _attributes(order)
        for name in self._stream.columns:
            whole, dot, last = name.rpartition(".")
            if dot and last == "day":
                content[name] = day_in(moment_of(content.get(whole)), self._settings.zone)
        return content

    def _owner(self, order: Mapping[str, Any]) -> str | None:
        kind, _, name = self._settings.owner.partition(":")
        if kind == "shop":
            return self._shop
        if kind == "discount":
            codes = order.get("discountCodes")
            return _text(codes[0]) if isinstance(codes, list) and codes else None
        if kind == "channel":
            channel = flat_row(order).get("channelInformation.channelDefinition.handle")
            return _text(channel) or _text(order.get("sourceName"))
        return _text(_attributes(order).get(f"attribute.{name}"))

    def _unseen(self, key: str) -> Message:
        name, position = self._stream.name, f"shopify:{self._stream.name}/{key}"
        if self._settings.all_orders:
            return self._emitting.tombstone(name, key, position, iso(self._now))
        values = {"key": key}
        return Notice(stream=name, position=position, code="shopify_row_unseen", values=values)

    def _rejected(
        self, row: Any, reason: str, values: Mapping[str, str], key: str = ""
    ) -> Rejected:
        place = f"shopify:orders/{key}" if key else "shopify:orders"
        return rejected_row(self._stream.name, row, place, reason, values, key)

    def _place(self, order: Mapping[str, Any]) -> str:
        return f"shopify:orders/{_number(order)}"


def _served(stream: str, shopify: Shopify, settings: ShopifySettings) -> Iterator[Message]:
    """Tell when another version answered than the one that was asked for."""
    if shopify.served and shopify.served != settings.version:
        values = {"asked": settings.version, "served": shopify.served[:20]}
        yield Notice(stream=stream, position="shopify", code="shopify_version_old", values=values)


def _number(row: Any) -> str:
    """Return the number in an id: ``gid://shopify/Order/450`` is 450."""
    if not isinstance(row, Mapping):
        return ""
    told = row.get("legacyResourceId") or row.get("id")
    match = _NUMBER.fullmatch(told if isinstance(told, str) else "")
    return match[1] if match else ""


def _attributes(order: Mapping[str, Any]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    told = order.get("customAttributes")
    for each in told if isinstance(told, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("key"), str):
            found[f"attribute.{each['key']}"] = _text(each.get("value"))
    return found


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _searched(moment: datetime) -> str:
    return iso(moment).split(".")[0] + "Z"

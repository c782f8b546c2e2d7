"""Youzan's orders and refunds, read by the time of their last change.

What is easily got wrong:

- While pages are turned, rows that change leave the window and the others move up: read from the
  first page on, one is lost for ever. Read from the **last** page to the first none is; and no row
  can come in, because a window ends before the read began.
- Orders are asked for with local time as text, refunds with epoch seconds. A time without its
  seconds, or one bound without the other, is ignored or refused.
- Only 100 pages of 100 orders, and 3,000 refunds, can be turned to: a fuller window is halved.
- Amounts are text in yuan (a few other fields are in fen). They stay as they are.
- A refund never changes its order: it is a row of its own, with its own day.
- To whom it is sent counts for nothing here: addresses and notes are left out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.beijing import BEIJING, ZONE, midnight, written
from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Json,
    Message,
    Ready,
    Scalar,
    StreamInfo,
)
from connectors.emitting import Emitting, with_checkpoints
from connectors.failures import ConfigurationRefused, Transient
from connectors.row_cells import Unreadable, cells, rejected, rows_in, text_in, whole_in
from connectors.youzan_api import YouzanApi
from connectors.youzan_settings import YouzanSettings

ORDERS = "youzan.trades.sold.get/4.0.4"
REFUNDS = "youzan.trade.refund.search/3.0.1"
ORDERS_PAGE, ORDERS_MOST = 100, 10_000
REFUNDS_PAGE, REFUNDS_MOST = 50, 3_000
STEP = timedelta(days=1)
_WALKS = 3
_DELAY = timedelta(seconds=60)  # lists lag behind; Youzan says 30 seconds and more
_SECOND = timedelta(seconds=1)
_FORMAT = "%Y-%m-%d %H:%M:%S"
_NOT_TOLD = frozenset({"address_info", "remark_info"})
STATES: Mapping[str, str] = {
    "WAIT_BUYER_PAY": "UNPAID",
    "TRADE_PAID": "PAID",
    "WAIT_CONFIRM": "PAID",
    "WAIT_SELLER_SEND_GOODS": "PAID",
    "WAIT_BUYER_CONFIRM_GOODS": "SHIPPED",
    "TRADE_BUYER_SIGNED": "FINISHED",
    "TRADE_SUCCESS": "FINISHED",
    "TRADE_CLOSED": "CLOSED",
}


@dataclass(slots=True, kw_only=True)
class Reading:
    """One run: calls, settings, numbering."""

    api: YouzanApi
    settings: YouzanSettings
    now: datetime
    emitting: Emitting = field(default_factory=Emitting)

    @property
    def last(self) -> datetime:
        """The last second that is read: lists lag behind."""
        return (self.now.astimezone(BEIJING) - _DELAY).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Instants from ``first`` to ``last``, both of them included; ``by_pay``: of payment."""

    first: datetime
    last: datetime
    by_pay: bool = False

    def halves(self) -> tuple[Window, Window] | None:
        """Cut it; both have the second between them, for nobody says whether an end counts."""
        if self.last - self.first < 2 * _SECOND:
            return None
        middle = (self.first + (self.last - self.first) / 2).replace(microsecond=0)
        return (
            Window(first=self.first, last=middle, by_pay=self.by_pay),
            Window(first=middle, last=self.last, by_pay=self.by_pay),
        )


def windows(first: datetime, last: datetime, *, by_pay: bool = False) -> Iterator[Window]:
    """Cut a span into days; each begins with the second at which the one before ended."""
    while first < last:
        end = min(last, first + STEP)
        yield Window(first=first, last=end, by_pay=by_pay)
        first = end


class Trades(ABC):
    """A stream that is read by windows of time; its two kinds differ in how they are asked."""

    info: StreamInfo
    most: int
    size: int

    @abstractmethod
    def page(self, reading: Reading, window: Window, number: int) -> tuple[list[Any], int]:
        """Return the rows of a page, and how many there are in all."""

    @abstractmethod
    def row(self, reading: Reading, row: Any) -> tuple[str, dict[str, Scalar], str]:
        """Return the key of a row, what it says, and when it was changed."""

    def probe(self, reading: Reading) -> None:
        """Ask for what changed in the last minute."""
        last = reading.last
        self.page(reading, Window(first=last - timedelta(minutes=1), last=last), 1)

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit what changed since the cursor, or what lies in a range of business dates."""
        name, last = self.info.name, reading.last
        if backfill is None:
            first = max(midnight(reading.settings.begin), _seen(cursor, reading))
            spans = windows(first, last)
        else:
            end = min(last, midnight(backfill.end) - _SECOND)
            spans = windows(midnight(backfill.start), end, by_pay=True)
        now, before = cursor, set[str]()
        for window in spans:
            seen: set[str] = set()
            told = self._window(reading, window, before, seen)
            yield from with_checkpoints(name, told, now)
            before = seen
            if backfill is None:
                now = {"seen": window.last.isoformat()}
            yield Checkpoint(stream=name, cursor=now)
        if backfill is None:
            yield Ready(stream=name, through=last.date() - timedelta(days=1))
        yield Checkpoint(stream=name, cursor=now)

    def _window(
        self, reading: Reading, window: Window, before: set[str], seen: set[str]
    ) -> Iterator[Message]:
        rows, total = self.page(reading, window, 1)
        if total <= self.size:
            yield from self._messages(reading, rows, before, seen)
            return
        halves = window.halves()
        if total > self.most:
            if halves is None:
                told = {"stream": self.info.name, "most": str(self.most), "at": str(window.first)}
                raise ConfigurationRefused("youzan_window_full", told)
            for half in halves:
                yield from self._window(reading, half, before, seen)
            return
        for _ in range(_WALKS):
            known = total
            for number in range(self._pages(known), 0, -1):
                rows, total = self.page(reading, window, number)
                yield from self._messages(reading, rows, before, seen)
            # A row that came late, with a time of this window, may have pushed another one over.
            if total <= known:
                return
        raise Transient("source_unsteady")

    def _pages(self, total: int) -> int:
        return min(-(-total // self.size), self.most // self.size)

    def _messages(
        self, reading: Reading, rows: list[Any], before: set[str], seen: set[str]
    ) -> Iterator[Message]:
        name = self.info.name
        for row in rows:
            try:
                key, content, changed = self.row(reading, row)
            except Unreadable as unreadable:
                yield rejected(name, f"youzan:{name}/{_named(row)}", row, unreadable)
                continue
            if key in seen or key in before:
                continue
            seen.add(key)
            yield reading.emitting.record(name, key, content, f"youzan:{name}/{key}", changed)


class Orders(Trades):
    """Orders, whatever became of them."""

    most, size = ORDERS_MOST, ORDERS_PAGE
    info = StreamInfo(
        name="orders",
        entity="order",
        key=("tid",),
        zone=ZONE,
        personal_fields=(
            "buyer_info.buyer_phone",
            "buyer_info.yz_open_id",
            "buyer_info.outer_user_id",
            "buyer_info.fans_nickname",
            "orders",
        ),
        columns=(
            "tid",
            "shop",
            "state",
            "created_on",
            "paid_on",
            "paid_at",
            "finished_on",
            "payment",
            "order_info.status",
            "order_info.type",
            "order_info.refund_state",
            "order_info.close_type",
            "order_info.created",
            "order_info.pay_time",
            "order_info.success_time",
            "order_info.update_time",
            "pay_info.total_fee",
            "pay_info.post_fee",
            "pay_info.payment",
            "pay_info.real_payment",
            "orders",
        ),
    )

    def page(self, reading: Reading, window: Window, number: int) -> tuple[list[Any], int]:
        """Ask by the time of change, or by that of payment."""
        what = "pay" if window.by_pay else "update"
        body = {
            f"start_{what}": window.first.strftime(_FORMAT),
            f"end_{what}": window.last.strftime(_FORMAT),
            "page_no": number,
            "page_size": self.size,
        }
        data = reading.api.ask(ORDERS, body)
        rows = rows_in(data, "full_order_info_list", ORDERS)
        return [_inner(row) for row in rows], _total(data, "total_results", ORDERS)

    def row(self, reading: Reading, row: Any) -> tuple[str, dict[str, Scalar], str]:
        """Flatten an order and say which day it was paid on."""
        if not isinstance(row, Mapping):
            raise Unreadable("row")
        content = cells({n: v for n, v in row.items() if n not in _NOT_TOLD}, self.info)
        tid, status = text_in(content, "order_info.tid"), text_in(content, "order_info.status")
        paid = _moment(content, "order_info.pay_time")
        shop = content.get("order_info.node_kdt_id") or content.get("order_info.offline_id")
        content |= {
            "tid": tid,
            "shop": str(shop or reading.settings.shop),
            "state": STATES.get(status, "OTHER"),
            "created_on": _day(_moment(content, "order_info.created")),
            "paid_on": _day(paid),
            "paid_at": written(paid),
            "finished_on": _day(_moment(content, "order_info.success_time")),
            "payment": content.get("pay_info.payment"),
        }
        return tid, content, _version(content, "order_info.update_time")


class Refunds(Trades):
    """Refunds (售后单), each with its own day."""

    most, size = REFUNDS_MOST, REFUNDS_PAGE
    info = StreamInfo(
        name="refunds",
        entity="refund",
        key=("refund_id",),
        zone=ZONE,
        columns=(
            "refund_id",
            "tid",
            "shop",
            "status",
            "refund_fee",
            "refunded_on",
            "created",
            "modified",
            "kdt_id",
            "reason",
            "return_goods",
        ),
    )

    def page(self, reading: Reading, window: Window, number: int) -> tuple[list[Any], int]:
        """Ask by the time of change; refunds know no other day."""
        body = {
            "update_time_start": int(window.first.timestamp()),
            "update_time_end": int(window.last.timestamp()),
            "page_no": number,
            "page_size": self.size,
        }
        data = reading.api.ask(REFUNDS, body)
        return rows_in(data, "refunds", REFUNDS), _total(data, "total", REFUNDS)

    def row(self, reading: Reading, row: Any) -> tuple[str, dict[str, Scalar], str]:
        """Flatten a refund; the day of one that succeeded is that of its last change."""
        content = cells(row, self.info)
        number, status = text_in(content, "refund_id"), text_in(content, "status")
        changed = _moment(content, "modified")
        content |= {
            "refund_id": number,
            "shop": str(content.get("node_kdt_id") or reading.settings.shop),
            "refunded_on": _day(changed) if status == "SUCCESS" else None,
        }
        return number, content, _version(content, "modified")


def _inner(row: Any) -> Any:
    """Return an order out of what it is wrapped in."""
    inner = row.get("full_order_info") if isinstance(row, Mapping) else None
    return row if inner is None else inner


def _total(data: Mapping[str, Any], column: str, name: str) -> int:
    try:
        return whole_in(data, column)
    except Unreadable:
        raise Transient("source_not_json", {"status": name}) from None


def _seen(cursor: Cursor, reading: Reading) -> datetime:
    """Return where this read begins by the cursor: some minutes before its end."""
    text: Json = cursor.get("seen")
    if text is None:
        return midnight(reading.settings.begin)
    try:
        return datetime.fromisoformat(str(text)).astimezone(BEIJING) - reading.settings.again
    except ValueError:
        raise ConfigurationRefused("source_setting_invalid", {"field": "cursor"}) from None


def _moment(content: Mapping[str, Any], column: str) -> datetime | None:
    """Read an instant in Beijing's time; there is none as long as it did not happen."""
    value = content.get(column)
    if value is None or value == "":
        return None
    try:
        return datetime.strptime(str(value), _FORMAT).replace(tzinfo=BEIJING)
    except ValueError:
        raise Unreadable(column) from None


def _version(content: Mapping[str, Any], column: str) -> str:
    changed = _moment(content, column)
    return "" if changed is None else changed.strftime(_FORMAT)


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.date().isoformat()


def _named(row: Any) -> str:
    """Name a row that cannot be read by what of its key can."""
    own = row if isinstance(row, Mapping) else {}
    info = own.get("order_info")
    number = info.get("tid") if isinstance(info, Mapping) else own.get("refund_id")
    return str(number or "?")[:100]

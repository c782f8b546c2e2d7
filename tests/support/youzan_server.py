"""Youzan towards its callers: three forms of refusal, pages that shift, strict about time."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.loopback import Asked, Told
from tests.support.path_server import PathServer

CLIENT = "client_id_demo"
SECRET = "canary-secret-of-youzan"
SHOP = "56232"
BEIJING = ZoneInfo("Asia/Shanghai")
ORDERS = "youzan.trades.sold.get/4.0.4"
REFUNDS = "youzan.trade.refund.search/3.0.1"
EXPIRES = 1_900_000_000_000
_FORMAT = "%Y-%m-%d %H:%M:%S"


@functools.lru_cache(maxsize=10_000)
def seconds(text: str) -> int:
    """Return the epoch seconds of ``2026-09-01 09:30:00`` in Beijing."""
    return int(datetime.strptime(text, _FORMAT).replace(tzinfo=BEIJING).timestamp())


@dataclass(kw_only=True)
class YouzanServer(PathServer):
    """A shop: its orders and its refunds, found by the times of their changes."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    token: str = "yz-canary-1"
    expires: int = EXPIRES

    def path_of(self, asked: Asked) -> str:
        """Name what is asked."""
        return asked.path.removeprefix("/api/").lstrip("/")

    def error(self, code: int) -> Told:
        """Refuse as the gateway does."""
        return gateway(code, "refused")

    def said(self, path: str, asked: Asked, body: Mapping[str, Any]) -> Told:
        """Say what Youzan says."""
        if path == "auth/token":
            return self._entry(body)
        if not self.is_token(asked.query.get("access_token")):
            return gateway(4203, "Token 不存在")
        if path == ORDERS:
            return self._orders(body)
        if path == REFUNDS:
            return self._refunds(body)
        return gateway(4005, "非法的API")

    def _entry(self, body: Mapping[str, Any]) -> Told:
        self.made += 1
        wanted = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "authorize_type": "silent",
            "grant_id": SHOP,
            "refresh": False,
        }
        if body != wanted:
            return no(1103, "Client 不存在")
        return yes({"access_token": self.token, "expires": self.expires, "scope": "trade"})

    def _orders(self, body: Mapping[str, Any]) -> Told:
        what = "pay" if "start_pay" in body else "update"
        try:
            start, end = (seconds(body[f"{edge}_{what}"]) for edge in ("start", "end"))
        except (KeyError, ValueError):
            return gateway(5001, "系统异常")
        if not 0 < body["page_no"] <= 100 or not 0 < body["page_size"] <= 100:
            return no(5000, "每页最多显示100条数据", {"full_order_info_list": []})
        if end <= start or end - start > 92 * 86_400:
            return no(5000, "开始时间不能大于结束时间", {"full_order_info_list": []})
        column = "pay_time" if what == "pay" else "update_time"
        rows = [r for r in self.orders if start <= _at(r["order_info"], column) <= end]
        rows.sort(key=lambda row: -_at(row["order_info"], column))
        found = [{"full_order_info": row} for row in _page(rows, body)]
        return yes({"total_results": len(rows), "full_order_info_list": found})

    def _refunds(self, body: Mapping[str, Any]) -> Told:
        start, end = body["update_time_start"], body["update_time_end"]
        if max(start, end) > 10**11 or end <= start:
            return gateway(5001, "系统异常")
        if body["page_no"] > 100 or body["page_no"] * body["page_size"] > 3_000:
            return no(53002, "超过ES搜索最大深度")
        rows = [r for r in self.refunds if start <= _at(r, "modified") <= end]
        rows.sort(key=lambda row: -_at(row, "modified"))
        return yes({"total": len(rows), "refunds": _page(rows, body)})


def _at(row: Mapping[str, Any], column: str) -> int:
    """Return when a row was changed; one that does not say it was changed on a day of the tests."""
    value = row.get(column)
    if not value:
        return 0 if column == "pay_time" else seconds("2026-09-29 12:00:00")
    return seconds(value) if len(str(value)) == 19 else seconds("2026-09-29 12:00:00")


def _page(rows: list[dict[str, Any]], body: Mapping[str, Any]) -> list[dict[str, Any]]:
    start = (body["page_no"] - 1) * body["page_size"]
    return rows[start : start + body["page_size"]]


def yes(data: Any) -> Told:
    """Answer well."""
    return Told(body={"trace_id": "yz7", "code": 200, "success": True, "data": data})


def no(code: int, text: str, data: Any = None) -> Told:
    """Refuse as the business behind the gateway does."""
    return Told(body={"code": code, "success": False, "message": text, "data": data})


def gateway(code: int, text: str) -> Told:
    """Refuse as the gateway does."""
    return Told(body={"gw_err_resp": {"trace_id": "yz7", "err_msg": text, "err_code": code}})


def order(tid: str, paid: str, amount: str = "100.50", **others: Any) -> dict[str, Any]:
    """Write an order; ``paid`` is "" when nobody paid."""
    info = {
        "tid": tid,
        "status": "TRADE_SUCCESS" if paid else "WAIT_BUYER_PAY",
        "type": "NORMAL",
        "created": paid or "2026-09-28 08:00:00",
        "pay_time": paid,
        "success_time": "",
        "update_time": paid or "2026-09-28 08:00:00",
        "refund_state": 0,
        **others,
    }
    return {
        "order_info": info,
        "pay_info": {"total_fee": amount, "post_fee": "0.00", "payment": amount},
        "buyer_info": {"yz_open_id": "oid-1", "buyer_phone": "13800000000"},
        "address_info": {"receiver_name": "李雷", "receiver_tel": "13800000000"},
        "remark_info": {"buyer_message": "快点"},
        "orders": [{"oid": "1", "title": "Demo", "num": 1, "payment": amount}],
    }


def refund(number: str, tid: str, modified: str, fee: str = "20.00", **others: Any) -> Any:
    """Write a refund."""
    return {
        "refund_id": number,
        "tid": tid,
        "kdt_id": int(SHOP),
        "status": "SUCCESS",
        "refund_fee": fee,
        "created": modified,
        "modified": modified,
        "reason": 1,
        "return_goods": False,
        **others,
    }


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "kdt_id": SHOP,
        "begin": "2026-09-26",
        "address": address,
        **others,
    }

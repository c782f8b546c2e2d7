"""The connector for Youzan, against a server that behaves as Youzan does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connectors.contract import (
    Backfill,
    CheckCode,
    HookAnswer,
    HookRequest,
    Record,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.testing import Case, Earlier, Faults, contract_suite
from connectors.youzan import YouzanConnector
from connectors.youzan_events import SUCCESS, signature
from connectors.youzan_trades import Orders, Refunds
from tests.support.loopback import Told
from tests.support.messages_read import last_cursor, ready, records, rejected
from tests.support.reading_sources import Reader, context_for
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW
from tests.support.youzan_server import (
    CLIENT,
    EXPIRES,
    ORDERS,
    SECRET,
    SHOP,
    YouzanServer,
    gateway,
    no,
    order,
    refund,
    settings,
)

NAMES = ("orders", "refunds")


def filled() -> YouzanServer:
    days = ("27", "28", "28", "29", "30")
    paid = [f"2026-09-{day} 1{number}:00:00" for number, day in enumerate(days)]
    server = YouzanServer(
        orders=[order(f"E{number}", when) for number, when in enumerate(paid, 1)],
        refunds=[
            refund("R1", "E1", "2026-09-28 15:00:00"),
            refund("R2", "E2", "2026-09-29 15:00:00", status="WAIT_SELLER_AGREE"),
        ],
    )
    server.orders.append(order("E9", ""))
    server.orders[0]["order_info"]["channel_note"] = "expo"
    server.orders.append(order("", "2026-09-29 09:00:00"))
    return server


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Orders, "size", 2)
    monkeypatch.setattr(Refunds, "size", 2)


# ---- the contract --------------------------------------------------------------------------------


SHARED = SharedSimulator(filled, YouzanConnector)


def _faults(server: YouzanServer) -> Faults:
    def put(tid: str, when: str, **others: Any) -> tuple[str, str]:
        server.orders.insert(0, order(tid, when, **others))
        return "orders", tid

    def insert() -> tuple[str, str]:
        number = len(server.orders)
        return put(f"N{number}", f"2026-10-01 07:{number % 60:02}:00")

    def change() -> tuple[str, str]:
        number = len(server.asked) % 3_600
        moment = datetime(2026, 10, 1, 7) + timedelta(seconds=number)  # noqa: DTZ001
        info = server.orders[1]["order_info"]
        info["update_time"] = moment.strftime("%Y-%m-%d %H:%M:%S")
        info["refund_state"] = number
        return "orders", str(info["tid"])

    def tie() -> set[tuple[str, str]]:
        return {put(f"T{number}", "2026-10-01 07:30:00") for number in range(7)}

    def undated() -> tuple[str, str]:
        return put("U1", "2026-09-29 12:00:00", update_time="")

    def new_field() -> tuple[str, str]:
        server.orders[0]["order_info"]["weather"] = "rain"
        return "orders", "order_info.weather"

    def lost_field() -> tuple[str, str]:
        del server.orders[0]["order_info"]["weather"]
        return "orders", "order_info.weather"

    def many(count: int) -> None:
        Orders.size = 80
        server.orders = [
            order(f"M{number}", f"2026-09-{26 + number % 5} 10:{number // 5 % 60:02}:00")
            for number in range(count)
        ]

    return Faults(
        insert=insert,
        change=change,
        tie=tie,
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def youzan_case(folder: Path) -> Case:
    server = SHARED.renew()
    right = settings(SHARED.address)
    days = Backfill(start=date(2026, 9, 28), end=date(2026, 9, 29))
    wanted = {("orders", "E2"), ("orders", "E3"), ("refunds", "R1")}
    seen = {"seen": "2026-09-30T20:00:00+08:00"}
    return Case(
        connector=YouzanConnector(),
        folder=folder,
        config=right,
        streams=NAMES,
        wrong={
            CheckCode.AUTHENTICATION: {**right, "client_secret": "wrong-secret-000"},
            CheckCode.CONFIGURATION: {**right, "kdt_id": "shop"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("orders", "order_info.channel_note"),),
        secrets=(SECRET, server.token),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"seen": "2999-01-01T00:00:00+08:00"} for name in NAMES},
        backfill=(days, frozenset(wanted)),
        hook=push({"type": "trade_TradeSuccess", "msg_id": "m-1", "msg": {"tid": "E1"}}),
        # As the first release wrote them; every later one goes on from there.
        earlier=(Earlier(config=right, cursors=dict.fromkeys(NAMES, seen)),),
    )


def push(said: Mapping[str, Any] | bytes, **headers: str) -> HookRequest:
    """Write a message as Youzan does."""
    whole = {"client_id": CLIENT, "kdt_id": int(SHOP), "version": 7}
    body = said if isinstance(said, bytes) else json.dumps({**whole, **said}).encode()
    told = {"event-sign": signature(CLIENT, body, SECRET), **headers}
    return HookRequest(method="POST", query={}, headers=told, body=body)


TestYouzan = contract_suite(youzan_case)


# ---- reading -------------------------------------------------------------------------------------


def test_an_order_arrives_exact_without_the_address_it_is_sent_to(
    reader: Reader, address: str
) -> None:
    found = reader.read(settings(address), "orders")
    first = records(found)["E1"]
    told = ("tid", "shop", "state", "paid_on", "paid_at", "payment", "created_on", "finished_on")
    assert [first[name] for name in told] == [
        "E1",
        SHOP,
        "FINISHED",
        "2026-09-27",
        "2026-09-27T10:00:00+08:00",
        "100.50",
        "2026-09-27",
        None,
    ]
    assert not [name for name in first if name.startswith(("address_info", "remark_info"))]
    unpaid = records(found)["E9"]
    assert (unpaid["state"], unpaid["paid_on"]) == ("UNPAID", None)
    assert rejected(found) == [("youzan:orders/?", "order_info.tid")]
    assert ready(found) == [date(2026, 9, 30)]


def test_a_refund_is_a_row_of_its_own_with_its_own_day(reader: Reader, address: str) -> None:
    rows = records(reader.read(settings(address), "refunds"))
    assert {key: (row["refunded_on"], row["refund_fee"]) for key, row in rows.items()} == {
        "R1": ("2026-09-28", "20.00"),
        "R2": (None, "20.00"),
    }


def test_a_row_that_leaves_the_window_while_pages_are_turned_hides_no_other(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    server.orders = [order(f"E{n}", f"2026-09-28 10:0{n}:00") for n in range(8)]

    def leave(path: str, body: Mapping[str, Any]) -> None:
        if path == ORDERS and body["page_no"] > 1 and "28 " in body["start_update"]:
            server.after = lambda _path, _body: None
            server.orders[7]["order_info"]["update_time"] = "2026-10-01 09:00:00"

    server.after = leave
    found = records(reader.read(settings(address), "orders"))
    assert set(found) >= {f"E{number}" for number in range(7)}


def test_nothing_is_lost_or_doubled_at_the_edges_of_windows(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    edges = ("2026-09-26 00:00:00", "2026-09-26 23:59:59", "2026-09-27 00:00:00")
    server.orders = [order(f"E{n}", when) for n, when in enumerate(edges)]
    found = [m.key for m in reader.read(settings(address), "orders") if isinstance(m, Record)]
    assert sorted(found) == ["E0", "E1", "E2"]


def test_a_row_that_comes_late_into_the_window_hides_no_other(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    server.orders = [order(f"E{n}", f"2026-09-28 10:0{n}:00") for n in range(8)]

    def come(path: str, body: Mapping[str, Any]) -> None:
        if path == ORDERS and body["page_no"] == 3:
            server.after = lambda _path, _body: None
            server.orders.append(order("LATE", "2026-09-28 11:00:00"))

    server.after = come
    assert len(records(reader.read(settings(address), "orders"))) == 9


def test_a_window_that_is_too_full_to_turn_to_is_halved(
    reader: Reader, server: YouzanServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Orders, "most", 4)
    monkeypatch.setattr(Refunds, "most", 4)
    server.orders = [order(f"E{n}", f"2026-09-28 {n:02}:30:00") for n in range(20)]
    server.refunds = [refund(f"R{n}", "E1", f"2026-09-28 {n:02}:30:00") for n in range(20)]
    assert len(records(reader.read(settings(address), "orders"))) == 20
    assert len(records(reader.read(settings(address), "refunds"))) == 20


def test_a_window_that_cannot_be_read_whole_is_not_passed_over(
    reader: Reader, server: YouzanServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Orders, "most", 4)
    server.orders = [order(f"E{n}", "2026-09-28 10:00:00") for n in range(8)]  # an import
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "orders")
    assert raised.value.code == "youzan_window_full"

    def come(path: str, body: Mapping[str, Any]) -> None:
        if path == ORDERS and body["page_no"] == 1:
            server.orders.append(order(f"L{len(server.orders)}", "2026-09-28 11:00:00"))

    monkeypatch.setattr(Orders, "most", 10_000)
    server.after = come
    with pytest.raises(Transient):
        reader.read(settings(address), "orders")


def test_the_next_read_begins_before_the_last_one_ended_and_ends_before_now(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    cursor = last_cursor(reader.read(settings(address), "orders"))
    assert cursor == {"seen": "2026-10-01T07:59:00+08:00"}
    server.asked.clear()
    later = NOW + timedelta(hours=1)
    reader.read(settings(address, again_minutes=30), "orders", {"orders": cursor}, now=later)
    (asked,) = server.calls(ORDERS)
    assert (asked["start_update"], asked["end_update"]) == (
        "2026-10-01 07:29:00",
        "2026-10-01 08:59:00",
    )


def test_a_backfill_reads_by_the_day_of_payment_and_moves_nothing(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    days = Backfill(start=date(2026, 9, 28), end=date(2026, 9, 30))
    seen = {"seen": "2026-09-30T00:00:00+08:00"}
    found = reader.read(settings(address), "orders", {"orders": seen}, backfill=days)
    assert set(records(found)) == {"E2", "E3", "E4"}
    assert last_cursor(found) == seen
    assert not ready(found)


# ---- errors and tokens ---------------------------------------------------------------------------


def test_a_token_that_ends_early_is_renewed_once_and_the_call_repeated(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    whole = records(reader.read(settings(address), "orders"))
    second, third = (Reader(YouzanConnector(), reader.web) for _ in range(2))  # without a token
    server.dead, server.made = 1, 0
    assert records(second.read(settings(address), "orders")) == whole
    assert server.made == 2
    server.dead, server.made = 9, 0
    with pytest.raises(AuthExpired):
        third.read(settings(address), "orders")
    assert server.made == 2


def test_one_token_serves_until_ten_minutes_before_the_instant_that_it_names(
    reader: Reader, server: YouzanServer, address: str
) -> None:
    end = datetime.fromtimestamp(EXPIRES / 1000, UTC)
    config = settings(address, begin="2030-01-01")
    for before in (600, 11, 9):
        reader.read(config, "orders", now=end - timedelta(minutes=before))
    assert server.made == 2


@pytest.mark.parametrize(
    ("path", "told", "failure", "code"),
    [
        ("auth/token", no(1103, "Client 不存在"), AuthExpired, "youzan_access_refused"),
        (ORDERS, gateway(4204, "无权限访问"), Forbidden, "youzan_not_permitted"),
        (ORDERS, gateway(4007, "源IP地址 203.0.113.7 非法"), Forbidden, "youzan_ip_not_trusted"),
        (ORDERS, gateway(4007, "非法的请求"), ConnectorFailure, "connector_failed"),
        (ORDERS, gateway(4101, "访问频繁"), RateLimited, "source_rate_limited"),
        (ORDERS, no(123000042, "请求被限流"), RateLimited, "source_rate_limited"),
        (ORDERS, gateway(5001, "系统异常"), Transient, "youzan_busy"),
        (ORDERS, no(106000001, "超时"), Transient, "youzan_busy"),
        (
            ORDERS,
            no(5000, "trade not found", {"full_order_info_list": []}),
            ConfigurationRefused,
            "youzan_refused",
        ),
        (ORDERS, no(200, "?", {"total_results": 0}), ConfigurationRefused, "youzan_refused"),
        (ORDERS, Told(body={"data": {}}), Transient, "source_not_json"),
        (ORDERS, Told(body={"code": 200, "data": None}), Transient, "source_not_json"),
        (ORDERS, Told(body={"code": 200, "data": {}}), Transient, "source_not_json"),
    ],
)
def test_each_error_says_who_has_to_do_what(
    reader: Reader,
    server: YouzanServer,
    address: str,
    path: str,
    told: Told,
    failure: type[ConnectorFailure],
    code: str,
) -> None:
    server.errors = {path: [told]}
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "orders")
    assert raised.value.code == code
    if code == "youzan_ip_not_trusted":
        assert raised.value.values == {"ip": "203.0.113.7"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kdt_id": "shop"}, "kdt_id"),
        ({"client_id": ""}, "client_id"),
        ({"begin": "yesterday"}, "begin"),
        ({"streams": ["items"]}, "streams"),
        ({"again_minutes": -1}, "again_minutes"),
        ({"address": "x"}, "address"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}


# ---- message push --------------------------------------------------------------------------------


def hooked(request: HookRequest) -> HookAnswer:
    return YouzanConnector().hook(context_for(settings("https://open.youzanyun.com")), request)


def test_the_published_arithmetic_of_the_signature_comes_out_the_same() -> None:
    signed = signature("client_id_demo", b'{"tid":"E1"}', "secret_demo")
    assert signed == "86d28f722f7d7ad6c35baf8e3d00c209"


@pytest.mark.parametrize(
    ("said", "reread"),
    [
        ({"type": "trade_TradeSuccess", "msg": {"tid": "E1"}}, {"orders": ("E1",)}),
        ({"type": "trade_TradeClose", "msg": quote('{"tid": "E2"}')}, {"orders": ("E2",)}),
        ({"type": "trade_TradePaid", "id": "E3", "msg": "%7B"}, {"orders": ("E3",)}),
        (
            {"type": "youzan_trade_RefundSuccess", "msg": {"refund_id": "R1", "tid": "E1"}},
            {"refunds": ("R1",), "orders": ("E1",)},
        ),
        ({"type": "ITEM_STATE", "id": "7"}, {}),
        ({"type": "trade_TradeSuccess", "msg": {"tid": "E1"}, "kdt_id": 9}, {}),
        ({"type": "trade_TradeSuccess", "msg": {"tid": "E1"}, "test": True}, {}),
    ],
)
def test_a_message_names_what_to_read_again_and_is_answered(
    said: dict[str, Any], reread: dict[str, tuple[str, ...]]
) -> None:
    answer = hooked(push({**said, "msg_id": "m-1"}))
    assert (answer.status, answer.body, answer.reread) == (200, SUCCESS, reread)
    assert answer.delivery == ("youzan-m-1" if reread else "")


def test_a_message_that_is_sent_again_is_the_same_one() -> None:
    said = {"type": "trade_TradeSuccess", "id": "E1", "msg": {"tid": "E1"}}
    first = hooked(push(said))
    again = hooked(push({**said, "sendCount": 2}))
    assert first.delivery == again.delivery
    assert hooked(push({**said, "version": 8})).delivery != first.delivery


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (push({"type": "trade_TradeSuccess"}, **{"event-sign": "0" * 32}), 403),
        (push({"type": "trade_TradeSuccess"}, **{"event-sign": "ünsigned"}), 403),
        (push(b"no json"), 400),
        (push(b"[]"), 400),
        (push(b"x" * 600_000), 403),
        (HookRequest(method="GET", query={}, headers={}, body=b""), 405),
    ],
)
def test_what_is_no_message_of_youzans_is_turned_away(request_: HookRequest, status: int) -> None:
    answer = hooked(request_)
    assert (answer.status, answer.body, answer.reread, answer.delivery) == (status, b"", {}, "")

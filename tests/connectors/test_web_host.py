"""The way out of a connection: only where it may go, as often as it may, failing by consequence."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import CallLimit, ConnectorInfo
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.web import NoWeb
from connectors.web_host import LimitedWeb, hosts_of, open_http
from tests.support.loopback import Asked, Told, on_loopback

NOW = datetime(2026, 10, 1, tzinfo=UTC)


class Clockwork:
    """A steady clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.at += seconds

    def seconds(self) -> float:
        return self.at


@contextmanager
def asking(
    answer: Callable[[Asked], Told], limits: tuple[CallLimit, ...] = ()
) -> Iterator[tuple[LimitedWeb, str, Clockwork]]:
    clockwork = Clockwork()
    http = open_http(["127.0.0.1"])
    with on_loopback(answer) as address:
        web = LimitedWeb(
            http=http,
            hosts=frozenset({"127.0.0.1"}),
            limits=limits,
            clock=lambda: NOW,
            sleep=clockwork.sleep,
            seconds=clockwork.seconds,
        )
        yield web, address, clockwork
    http.close()


def test_numbers_come_back_exact_and_what_was_sent_arrives() -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked)
        return Told(body=b'{"amount": 0.10, "n": 3, "name": "\xe5\xbc\xa0"}')

    with asking(answer) as (web, address, _):
        said = web.get(f"{address}/a", [("x", "1"), ("y", "二")]).json()
        assert said == {"amount": Decimal("0.10"), "n": 3, "name": "张"}
        web.post(f"{address}/b", json={"姓名": "李"}, headers={"x-token": "t"})
        web.post(f"{address}/c", form={"a": "1&2"})
        web.post(f"{address}/d", body=b"raw")
    assert seen[0].query == {"x": "1", "y": "二"}
    assert [each.body for each in seen[1:]] == [
        '{"姓名": "李"}'.encode(),
        b"a=1%262",
        b"raw",
    ]
    assert seen[1].headers["x-token"] == "t"


@pytest.mark.parametrize(
    ("told", "failure", "code"),
    [
        (Told(status=401), AuthExpired, "source_access_refused"),
        (Told(status=403), Forbidden, "source_forbidden"),
        (Told(status=404), ConfigurationRefused, "source_answer_refused"),
        (Told(status=302, headers={"location": "/"}), ConfigurationRefused, "source_redirected"),
        (Told(status=500), Transient, "source_status"),
        (Told(body=b"<html>"), Transient, "source_not_json"),
        (Told(body=b'{"a": NaN}'), Transient, "source_not_json"),
        (Told(status=429, headers={"retry-after": "7"}), RateLimited, "source_rate_limited"),
        (Told(status=503, headers={"retry-after": "90"}), RateLimited, "source_rate_limited"),
    ],
)
def test_an_answer_fails_by_its_consequence(
    told: Told, failure: type[ConnectorFailure], code: str
) -> None:
    with asking(lambda _: told) as (web, address, _), pytest.raises(failure) as raised:
        web.get(address).demand_ok().json()
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (gzip.compress(b'{"a": 1}', mtime=0), None),
        (b'{"a": 1}', None),  # says gzip and is not
        (gzip.compress(b'{"a": 1}', mtime=0)[:-4], "source_unreachable"),
        (gzip.compress(b"0" * 33 * 1024 * 1024, mtime=0), "source_answer_too_large"),
    ],
)
def test_a_packed_answer_is_unpacked_within_bounds(body: bytes, failure: str | None) -> None:
    told = Told(body=body, headers={"content-encoding": "gzip"})
    with asking(lambda _: told) as (web, address, _):
        if failure is None:
            assert web.get(address).json() == {"a": 1}
        else:
            with pytest.raises(ConnectorFailure) as raised:
                web.get(address)
            assert raised.value.code == failure


def test_who_asks_us_to_wait_names_the_instant() -> None:
    told = Told(status=429, headers={"retry-after": "7"})
    with asking(lambda _: told) as (web, address, clockwork), pytest.raises(RateLimited) as raised:
        web.get(address)
    assert raised.value.until == NOW + timedelta(seconds=7)
    assert clockwork.slept == []


def test_a_read_is_tried_again_and_a_deed_is_not() -> None:
    stumbles = iter([500, 502, 200, 500, 200])

    def answer(_: Asked) -> Told:
        return Told(status=next(stumbles), body={"ok": True})

    with asking(answer) as (web, address, clockwork):
        assert web.get(address).json() == {"ok": True}
        assert len(clockwork.slept) == 2
        with pytest.raises(Transient):
            web.post(address, json={})
        assert web.post(address, json={}, reads=True).ok


def test_calls_keep_to_every_limit_that_fits_their_path() -> None:
    limits = (
        CallLimit(calls=2, seconds=10.0),
        CallLimit(calls=1, seconds=60.0, path="slow"),
    )
    with asking(lambda _: Told(body={}), limits) as (web, address, clockwork):
        for _ in range(3):
            web.get(f"{address}/quick")
        assert clockwork.slept == [10.0]
        web.get(f"{address}/slow")
        web.get(f"{address}/slow")
    assert clockwork.slept == [10.0, 10.0, 50.0] or sum(clockwork.slept) == 70.0


def test_a_host_that_was_not_declared_is_not_spoken_to() -> None:
    with asking(lambda _: Told(body={})) as (web, address, _):
        for wrong in (
            "https://elsewhere.example/x",
            address.replace("127.0.0.1", "localhost"),
            "x",
        ):
            with pytest.raises(ConfigurationRefused) as refused:
                web.get(wrong)
            assert refused.value.code == "source_host_refused"


def test_hosts_of_the_settings_are_put_in() -> None:
    info = ConnectorInfo(
        id="x",
        title={},
        api="1.0",
        config_schema={},
        allowed_hosts=("api.example.com", "{address}"),
    )
    cases: Mapping[str, Any] = {
        "https://CRM.acme.cn:8443/odoo": {"crm.acme.cn"},
        "crm.acme.cn": {"crm.acme.cn"},
        "": set(),
        "http://[": set(),
    }
    for address, found in cases.items():
        assert hosts_of(info, {"address": address}) == {"api.example.com", *found}, address


def test_without_a_way_out_nothing_is_asked() -> None:
    for ask in (NoWeb().get, NoWeb().post):
        with pytest.raises(ConfigurationRefused):
            ask("https://example.com")

"""The way out over HTTP: where it goes, how much it takes, and what it never says."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.http import Fatal, Http, HttpFailure, Retriable, Trouble, is_public
from tests.support.loopback import Asked, Told, on_loopback

CANARY = "canary-of-a-secret"
LOCAL = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "2002:7f00:1::", "64:ff9b::a00:1", "2001:db8::1", "fe80::1%eth0", "not an address",
]  # fmt: skip


@contextmanager
def http(**limits: Any) -> Iterator[Http]:
    made = Http(**{"private_hosts": ["127.0.0.1"], **limits})
    yield made
    made.close()


def trouble_of(client: Http, address: str) -> Trouble:
    with pytest.raises(HttpFailure) as caught:
        client.get(address)
    return caught.value.trouble


@pytest.mark.parametrize("address", LOCAL)
def test_an_address_that_is_here_or_near_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_on_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_a_private_address_is_refused_unless_the_installation_names_its_host() -> None:
    with on_loopback(lambda _asked: Told(body=b"{}")) as address, http() as allowed:
        assert allowed.get(address).json_object() == {}
        with http(private_hosts=["idp.example"], resolve=lambda _host, _port: ["127.0.0.1"]) as it:
            # Over TLS the address is looked at before the first byte leaves.
            assert trouble_of(it, "https://other.example/") is Trouble.DENIED
            assert trouble_of(it, "https://127.0.0.1/") is Trouble.DENIED
            assert trouble_of(it, "https://[::ffff:7f00:1]/") is Trouble.DENIED
            assert trouble_of(it, "https://2130706433/") is Trouble.DENIED


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with http(resolve=lambda _host, _port: ["8.8.8.8", "10.0.0.1"]) as client:
        assert trouble_of(client, "https://both.example/") is Trouble.DENIED


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked() -> None:
    answers = [["127.0.0.1"], ["203.0.113.1"]]

    def resolve(host: str, port: int) -> list[str]:
        assert (host, port > 0) == ("rebinding.example", True)
        return answers.pop(0)

    with on_loopback(lambda asked: Told(body={"host": asked.headers["host"]})) as address:
        port = address.rpartition(":")[2]
        with http(private_hosts=["rebinding.example"], resolve=resolve) as client:
            said = client.get(f"http://rebinding.example:{port}/").json_object()
    assert said == {"host": f"rebinding.example:{port}"}
    assert answers == [["203.0.113.1"]]


@pytest.mark.parametrize(
    "address",
    ["http://idp.example/", "ftp://127.0.0.1/", "file:///etc/passwd", "https://a:b@idp.example/",
     "//idp.example", "", "https://", "gopher://127.0.0.1/"],
)  # fmt: skip
def test_only_https_without_credentials_in_the_address_is_spoken(address: str) -> None:
    with http() as client:
        assert trouble_of(client, address) is Trouble.ADDRESS


def test_nothing_is_redirected() -> None:
    def answer(asked: Asked) -> Told:
        assert asked.path == "/"
        return Told(status=302, headers={"location": "/elsewhere"})

    with on_loopback(answer) as address, http() as client:
        assert trouble_of(client, address) is Trouble.REDIRECTED


def test_an_answer_that_is_too_large_or_packed_is_not_read() -> None:
    told = [
        Told(body=b"x" * 5000),
        Told(body=b"\x1f\x8b", headers={"content-encoding": "gzip"}),
    ]
    with on_loopback(lambda _asked: told.pop(0)) as address, http(most_bytes=4096) as client:
        assert trouble_of(client, address) is Trouble.TOO_LARGE
        assert trouble_of(client, address) is Trouble.ENCODED


@contextmanager
def dripping(start: bytes) -> Iterator[str]:
    """Serve one connection: ``start`` at once, then a byte every 50 ms for as long as it lasts."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                connection.sendall(start)
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread.join()
    listening.close()


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"]
)
def test_an_answer_that_drips_ends_with_the_whole_exchange(start: bytes) -> None:
    # Every single byte comes in time: only the whole is late.
    with dripping(start) as address, http(seconds=0.4) as client:
        began = time.monotonic()
        assert trouble_of(client, address) is Trouble.TIMEOUT
        assert time.monotonic() - began < 30


def test_reading_is_tried_once_more_and_sending_never() -> None:
    asked: list[str] = []

    def answer(request: Asked) -> Told:
        asked.append(request.method)
        return Told(status=503)

    with on_loopback(answer) as address, http() as client:
        assert trouble_of(client, address) is Trouble.STATUS
        with pytest.raises(Retriable):
            client.post_form(address, {"code": "1"})
    assert asked == ["GET", "GET", "POST"]


@pytest.mark.parametrize(
    ("said", "after"),
    [("7", 7.0), (None, None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_whoever_asks_us_to_wait_is_heard(said: str | None, after: float | None) -> None:
    headers = {} if said is None else {"retry-after": said}
    with (
        on_loopback(lambda _asked: Told(status=429, headers=headers)) as address,
        http() as client,
        pytest.raises(Retriable) as caught,
    ):
        client.post_form(address, {"a": "b"})
    assert (caught.value.after, caught.value.status) == (after, 429)


def test_a_refusal_of_the_other_side_is_an_answer_that_can_be_read() -> None:
    told = Told(status=400, body={"error": "invalid_grant"})
    with on_loopback(lambda _asked: told) as address, http() as client:
        answer = client.post_form(address, {"a": "b"})
        assert (answer.ok, answer.json_object()) == (False, {"error": "invalid_grant"})
        with pytest.raises(Fatal):
            answer.demand_ok()


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff", b"", b"[" * 100_000])
def test_what_is_no_json_object_is_a_failure_and_not_a_crash(body: bytes) -> None:
    with (
        on_loopback(lambda _asked: Told(body=body)) as address,
        http() as client,
        pytest.raises(Retriable) as caught,
    ):
        client.get(address).json_object()
    assert caught.value.trouble is Trouble.NOT_JSON


def test_a_host_that_is_not_there_is_a_failure_that_may_pass() -> None:
    with on_loopback(lambda _asked: Told()) as address:
        gone = address
    with http() as client:
        assert trouble_of(client, gone) is Trouble.UNREACHABLE
    with http(resolve=lambda _host, _port: []) as client:
        assert trouble_of(client, "https://nowhere.example/") is Trouble.UNKNOWN_HOST


def test_no_secret_of_an_exchange_is_in_a_message_or_a_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    failures: list[str] = []
    told = [Told(status=503), Told(status=503), Told(body=CANARY.encode()), Told(status=302)]
    with on_loopback(lambda _asked: told.pop(0)) as address, http() as client:
        for _ in range(3):
            with pytest.raises(HttpFailure) as caught:
                client.get(f"{address}/{CANARY}", {"secret": CANARY}).json_object()
            failure: BaseException | None = caught.value
            while failure is not None:
                failures.append(f"{failure!r} {failure}")
                failure = failure.__cause__
    assert "503" in failures[0]
    out, err = capfd.readouterr()
    for text in (*failures, caplog.text, out, err):
        assert CANARY not in text

"""Callbacks are kept once and read soon; sources that keep failing are left alone."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from actions.breaker import BreakerState
from actions.connect_source import change_connection
from actions.jobs import start_sync, work_once
from actions.sync_source import Outcome
from actions.take_hook import take_hook
from actions.watch_connection import breaker_at, reset_breaker
from connectors.contract import Context, HookAnswer, HookRequest, Message, ReadRequest
from connectors.failures import AuthExpired, ConfigurationRefused
from domain.problem import Refused
from storage import tables
from storage.engine import reading
from storage.source_health import signs
from tests.support.scripted import SECRET, Scripted, mark, order
from tests.support.syncing import HOST, NOW, Company


class Calling(Scripted):
    """A source that calls back: JSON, signed with the secret of the connection."""

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        if request.method == "GET":
            return HookAnswer(status=200, body=request.query["echo"].encode())
        wanted = signed(request.body, str(context.config["token"]))
        if not hmac.compare_digest(request.headers.get("x-signature", ""), wanted):
            raise ConfigurationRefused("source_access_refused", {"status": "-"})
        told = json.loads(request.body)
        if "web" in told:
            context.web.get("https://crm.example/")
        keys = {"orders": tuple(told["keys"])}
        return HookAnswer(status=200, body=b"ok", reread=keys, delivery=told.get("id", ""))


def signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def call(told: object, secret: str = SECRET) -> HookRequest:
    body = json.dumps(told).encode()
    headers = {"x-signature": signed(body, secret)}
    return HookRequest(method="POST", query={}, headers=headers, body=body)


class Clock:
    """Stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def source() -> Calling:
    return Calling()


@pytest.fixture
def company(database_url: str, tmp_path: Path, source: Calling) -> Iterator[Company]:
    made = Company(database_url, tmp_path, {"scripted": source})
    made.runtime = replace(made.runtime, clock=Clock())
    yield made
    made.runtime.engine.dispose()


def test_a_callback_is_kept_once_and_what_it_names_is_read_soon(
    company: Company, source: Calling
) -> None:
    crm = company.connect({"token": SECRET}, connector="scripted")
    asked = []

    def script(request: ReadRequest, _time: int) -> Iterator[Message]:
        asked.append(dict(request.reread))
        yield order(1)
        yield mark(1)

    source.script = script
    for _ in range(3):
        answer = take_hook(company.runtime, crm, call({"id": "d-1", "keys": ["A1"]}))
        assert answer is not None
        assert answer.body == b"ok"
    take_hook(company.runtime, crm, call({"id": "d-2", "keys": ["A1", "A2", "\0"]}))
    kept = company.all(tables.hook_delivery)
    assert [(row.delivery, row.reread) for row in kept] == [
        ("d-1", {"orders": ["A1"]}),
        ("d-2", {"orders": ["A1", "A2"]}),
    ]
    assert kept[0].content == {"method": "POST", "body": '{"id": "d-1", "keys": ["A1"]}'}
    assert len(company.all(tables.job)) == 1, "four callbacks ask for one sync"
    assert work_once(company.runtime)
    assert not work_once(company.runtime)
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    assert asked == [{"orders": ("A1", "A2")}, {}]


def test_nothing_is_kept_of_a_callback_that_is_not_the_sources(
    company: Company, source: Calling
) -> None:
    crm = company.connect({"token": SECRET}, connector="scripted")
    web = mock.Mock()  # there is a way out, but not from here
    source.info = replace(source.info, allowed_hosts=("crm.example",))
    company.runtime = replace(company.runtime, web=lambda *_: web)
    refused = [
        take_hook(company.runtime, crm, call({"id": "d", "keys": []}, "another-secret")),
        take_hook(company.runtime, "con_unknown", call({"id": "d", "keys": []})),
        take_hook(company.runtime, "con_\0", call({"id": "d", "keys": []})),
        take_hook(company.runtime, crm, call(["breaks the connector"])),
        take_hook(company.runtime, crm, call({"id": "d", "keys": [], "web": 1})),
    ]
    with company.runtime.writing(company.entity_id, HOST) as writing:
        change_connection(company.runtime, writing, HOST, crm, paused=True)
    refused.append(take_hook(company.runtime, crm, call({"id": "d", "keys": []})))
    assert refused == [None] * 6
    web.get.assert_not_called()
    assert company.all(tables.hook_delivery) == company.all(tables.job) == []


def test_a_callback_without_an_id_is_known_by_what_it_says(company: Company) -> None:
    crm = company.connect({"token": SECRET}, connector="scripted")
    for keys in (["A1"], ["A1"], ["A2"]):
        take_hook(company.runtime, crm, call({"keys": keys}))
    take_hook(company.runtime, crm, call({"id": "x" * 300, "keys": []}))
    kept = [row.delivery for row in company.all(tables.hook_delivery)]
    assert len(kept) == len(set(kept)) == 3
    assert all(each.startswith("sha256:") for each in kept)
    challenge = HookRequest(method="GET", query={"echo": "prove it"}, headers={}, body=b"")
    answer = take_hook(company.runtime, crm, challenge)
    assert answer is not None
    assert answer.body == b"prove it"
    assert len(company.all(tables.hook_delivery)) == 3


def test_a_source_that_keeps_failing_is_left_alone_probed_and_reset(
    company: Company, source: Calling
) -> None:
    crm = company.connect({"token": SECRET}, connector="scripted")
    clock = company.runtime.clock
    assert isinstance(clock, Clock)

    def failing(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise AuthExpired("source_access_refused", {"status": "401"})

    def state() -> BreakerState:
        with reading(company.runtime.engine, HOST) as connection:
            found = breaker_at(connection, HOST, company.entity_id, crm, clock.now)
        return found.state

    def ask() -> bool:
        with company.runtime.writing(company.entity_id, HOST) as writing:
            start_sync(writing, HOST, crm)
        return work_once(company.runtime)

    source.script = failing
    for _ in range(5):
        assert state() is BreakerState.CLOSED
        assert ask()
    assert state() is BreakerState.OPEN
    with pytest.raises(Refused, match="connection_circuit_open"):
        ask()
    take_hook(company.runtime, crm, call({"id": "d-1", "keys": ["A1"]}))
    assert not work_once(company.runtime), "a callback does not run it either"
    assert source.times == 5

    clock.now += timedelta(minutes=5, seconds=1)
    assert state() is BreakerState.HALF_OPEN
    assert ask()
    assert state() is BreakerState.OPEN, "the probe failed"
    with company.runtime.writing(company.entity_id, HOST) as writing:
        reset_breaker(writing, HOST, crm, reason="the token was renewed")
    assert state() is BreakerState.CLOSED

    for _ in range(5):
        ask()
    assert state() is BreakerState.OPEN
    clock.now += timedelta(minutes=6)
    source.script = lambda _request, _time: iter([order(1), mark(1)])
    assert ask()
    assert state() is BreakerState.CLOSED
    with reading(company.runtime.engine, HOST) as connection:
        found = signs(connection, HOST, company.entity_id)[crm]
    assert (found.failures, found.last_outcome) == (0, "succeeded")


def test_a_job_that_was_queued_before_the_breaker_opened_is_not_run(
    company: Company, source: Calling
) -> None:
    crm = company.connect({"token": SECRET}, connector="scripted")

    def failing(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise AuthExpired("source_access_refused", {"status": "401"})

    source.script = failing
    with company.runtime.writing(company.entity_id, HOST) as writing:
        for _ in range(6):
            start_sync(writing, HOST, crm)
    while work_once(company.runtime):
        pass
    jobs = sorted(company.all(tables.job), key=lambda row: row.id)
    assert [row.problem_code for row in jobs] == [None] * 5 + ["connection_circuit_open"]
    assert source.times == 5

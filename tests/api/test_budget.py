"""Buckets of points: what is spent, what comes back, who shares, and what the client is told."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build_app
from api.budget import Budget, neighbourhood
from api.limits import Limits
from api.operating import Operating
from api.schema import build_schema
from attain.settings import SettingsInvalid, read_settings
from tests.support import shared

LANGUAGES = {"query": "{ languages }"}
PEOPLE = "query Page($n: Int) { people(first: $n) { nodes { id name } } }"


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


def budget(watch: Watch, size: int = 100, per_second: int = 10, most: int = 10) -> Budget:
    return Budget(size=size, per_second=per_second, seconds=watch, most=most)


def client_of(runtime: Any, held: Budget, address: str = "203.0.113.9") -> TestClient:
    app = shared.app(runtime, operating=Operating(budget=held))
    return TestClient(app, client=(address, 50000))


def test_points_are_spent_refused_when_too_few_and_come_back_with_time(watch: Watch) -> None:
    held = budget(watch)
    assert (held.spend("a", "x", 80).remaining, held.spend("a", "x", 15).remaining) == (20, 5)
    refused = held.spend("a", "x", 30)
    assert (refused.remaining, refused.wait) == (5, 3)  # 25 missing, 10 a second
    watch.at = 2.4
    assert held.spend("a", "x", 30).wait == 1
    watch.at = 2.5
    assert (held.spend("a", "x", 30).wait, held.spend("a", "x", 1).wait) == (0, 1)
    watch.at = 10_000.0
    assert held.spend("a", "x", 0).remaining == 100  # never above the size


def test_a_clock_that_steps_back_takes_and_gives_nothing(watch: Watch) -> None:
    held = budget(watch)
    watch.at = 50.0
    held.spend("a", "x", 60)
    watch.at = 10.0
    assert held.spend("a", "x", 0).remaining == 40


def test_a_request_dearer_than_the_bucket_takes_a_full_one(watch: Watch) -> None:
    held = budget(watch)
    assert held.spend("a", "x", 500).remaining == 0
    assert held.spend("a", "x", 500).wait == 10


def test_accounts_are_counted_apart_and_strangers_by_address(watch: Watch) -> None:
    held = budget(watch)
    held.spend("a", "192.0.2.1", 100)
    assert held.spend("a", "192.0.2.2", 1).wait == 1  # another address, the same account
    assert held.spend("b", "192.0.2.1", 1).wait == 0
    held.spend(None, "2001:db8::1", 100)
    assert held.spend(None, "2001:db8::2", 1).wait == 1  # one customer's network
    assert held.spend(None, "2001:db8:0:1::2", 1).wait == 0
    assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood("testclient") == "testclient"


def test_a_flood_of_addresses_is_bounded_and_forgets_no_account(watch: Watch) -> None:
    held = budget(watch, most=10)
    held.spend("a", "x", 100)
    for number in range(1_000):
        held.spend(None, f"10.0.{number // 250}.{number % 250}", 100)
    assert held.buckets == 11
    assert held.spend("a", "x", 1).wait == 1


def test_the_client_is_told_what_it_costs_and_what_is_left(runtime: Any, watch: Watch) -> None:
    client = client_of(runtime, budget(watch, size=1_000))
    signed_in = {"authorization": "Bearer hr"}

    def cost(size: int) -> Any:
        body = {"query": PEOPLE, "variables": {"n": size}}
        return client.post("/graphql", json=body, headers=signed_in).json()["extensions"]["cost"]

    # 1 for people and, for each row of the page, 1 for nodes and 2 fields.
    assert cost(3) == {"estimated": 10, "remaining": 990, "size": 1_000, "perSecond": 10}
    assert cost(100) == {"estimated": 301, "remaining": 689, "size": 1_000, "perSecond": 10}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Ask again in 2 seconds"), ("zh-CN", "请在 2 秒后重试")],
)
def test_an_empty_bucket_is_429_with_a_code_a_sentence_and_a_time_to_wait(
    runtime: Any, watch: Watch, language: str, sentence: str
) -> None:
    held = budget(watch, size=100, per_second=10)
    held.spend(None, "203.0.113.9", 90)
    client = client_of(runtime, held)
    body = {"query": "{ " + " ".join(f"a{n}: languages" for n in range(20)) + " }"}
    refused = client.post("/graphql", json=body, headers={"accept-language": language})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    held.spend(None, "203.0.113.9", 10)
    refused = client.post("/graphql", json=body, headers={"accept-language": language})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert sentence in error["message"]
    assert refused.json()["extensions"]["cost"]["remaining"] == 0
    assert "data" not in refused.json()


def test_a_refused_request_is_not_executed_and_another_account_goes_on(
    runtime: Any, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = budget(watch)
    held.spend("acc_one", "x", 100)
    client = client_of(runtime, held)
    opened: list[str] = []
    real = runtime.reading

    def noting(actor: Any) -> Any:
        opened.append("read")
        return real(actor)

    monkeypatch.setattr(runtime, "reading", noting)
    body = {"query": PEOPLE, "variables": {"n": 1}}
    hr = {"authorization": "Bearer hr"}
    assert client.post("/graphql", json=body, headers=hr).status_code == 429
    assert opened == []
    assert client.post("/graphql", json=LANGUAGES).status_code == 200  # nobody, by address
    watch.at = 1.0
    assert client.post("/graphql", json=body, headers=hr).status_code == 200
    assert opened


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nothing }",
        "query A { languages } query B { languages }",
        "{ ...A }",
        "{ " + " ".join(f"a{n}: languages" for n in range(25)) + " }",
        "{ a" * 600 + "}" * 600,
        "{ a" * 5_000 + "}" * 5_000,
    ],
    ids=["broken", "unknown", "which", "fragment", "wide", "deep", "deeper"],
)
def test_what_is_never_executed_costs_little_but_not_nothing(
    runtime: Any, watch: Watch, query: str
) -> None:
    held = budget(watch, size=1_000)
    client_of(runtime, held).post("/graphql", json={"query": query})
    assert 980 <= held.spend(None, "203.0.113.9", 0).remaining < 1_000


def test_the_dearest_request_that_the_limits_allow_fits_the_least_budget() -> None:
    assert read_settings({"ATTAIN_BUDGET": str(Limits().cost)}).budget == Limits().cost
    assert read_settings({"ATTAIN_BUDGET": "0"}).budget == 0
    with pytest.raises(SettingsInvalid, match="ATTAIN_BUDGET"):
        read_settings({"ATTAIN_BUDGET": str(Limits().cost - 1)})


def test_without_a_budget_nothing_is_said_and_nobody_is_refused(runtime: Any) -> None:
    client = TestClient(build_app(runtime, build_schema(), operating=Operating(budget=None)))
    assert client.post("/graphql", json=LANGUAGES).json() == {
        "data": {"languages": ["zh-CN", "en"]}
    }


def test_the_bucket_can_be_asked_for_as_data(runtime: Any, watch: Watch) -> None:
    question = {"query": "{ rateLimit { cost remaining size resetAt } }"}
    answer = client_of(runtime, budget(watch)).post("/graphql", json=question).json()
    told = answer["extensions"]["cost"]
    assert answer["data"]["rateLimit"] == {
        "cost": told["estimated"],
        "remaining": told["remaining"],
        "size": 100,
        "resetAt": "2026-10-01T08:00:01Z",
    }
    free = TestClient(build_app(runtime)).post("/graphql", json=question).json()
    assert free == {"data": {"rateLimit": None}}

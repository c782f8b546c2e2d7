"""Too many attempts to sign in or to refresh are turned away, by address and by account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api.attempts import FewAttempts, attempts
from api.operating import Operating
from messages.render import Locale, load
from tests.api.company import Served, served
from tests.support import shared

SIGN_IN = """mutation($p: ID!) { sessionCreateDemo(input: {person: $p, kind: MOBILE}) {
  ... on SessionCreateDemoSuccess { token refreshToken } ... on Problem { code message } } }"""
REFRESH = """mutation($t: String!, $k: IdempotencyKey!) {
  sessionRefresh(input: {refreshToken: $t, idempotencyKey: $k}) {
  ... on SessionRefreshSuccess { token refreshToken } ... on Problem { code message } } }"""


class Seconds:
    """A clock that a test sets forward."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        yield found


def client_of(made: Served, seconds: Seconds, host: str = "127.0.0.1") -> TestClient:
    operating = Operating(attempts=attempts(10, seconds))
    return TestClient(shared.app(made.server, operating=operating), client=(host, 50000))


def post(client: TestClient, query: str, language: str = "en", **variables: str) -> Any:
    body = {"query": query, "variables": variables}
    return client.post("/graphql", json=body, headers={"accept-language": language})


def test_ten_attempts_a_minute_from_an_address(made: Served, seconds: Seconds) -> None:
    client = client_of(made, seconds)
    assert [post(client, SIGN_IN, p=f"nobody-{n}").status_code for n in range(10)] == [200] * 10
    refused = post(client, SIGN_IN, p="anna")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
    said = refused.json()["data"]["sessionCreateDemo"]
    assert said["code"] == "ATTEMPTS_EXCEEDED"
    assert said["message"] == "Too many attempts. Try again in 6 seconds."
    chinese = post(client, SIGN_IN, "zh-CN", p="anna").json()["data"]["sessionCreateDemo"]
    assert "6 秒后重试" in chinese["message"]
    assert post(client, "{ languages }").status_code == 200  # asking is not signing in
    seconds.now = 6.0
    assert post(client, SIGN_IN, p="anna").json()["data"]["sessionCreateDemo"]["token"]
    assert post(client, SIGN_IN, p="anna").status_code == 429


def test_many_attempts_in_one_request_are_many_attempts(made: Served, seconds: Seconds) -> None:
    client = client_of(made, seconds)
    part = 'a{n}: sessionCreateDemo(input: {{person: "x{n}"}}) {{ ... on Problem {{ code }} }}'
    for _ in range(2):
        post(client, "mutation {" + " ".join(part.format(n=n) for n in range(4)) + "}")
    last = post(client, "mutation {" + " ".join(part.format(n=n) for n in range(4)) + "}")
    codes = [each["code"] for each in last.json()["data"].values()]
    assert codes == ["SIGN_IN_FAILED"] * 2 + ["ATTEMPTS_EXCEEDED"] * 2
    assert last.status_code == 429


def test_an_account_is_counted_wherever_the_attempts_come_from(
    made: Served, seconds: Seconds
) -> None:
    counted = Operating(attempts=attempts(10, seconds))
    app = shared.app(made.server, operating=counted)
    home = TestClient(app, client=("127.0.0.1", 50000))
    phone = post(home, SIGN_IN, p="anna").json()["data"]["sessionCreateDemo"]["refreshToken"]
    for turn in range(10):
        far = TestClient(app, client=(f"203.0.113.{turn}", 50000))
        answer = post(far, REFRESH, t=phone, k=f"key-{turn:05}")
        assert answer.status_code == 200, answer.text
        phone = answer.json()["data"]["sessionRefresh"]["refreshToken"]
    other = TestClient(app, client=("203.0.113.99", 50000))
    refused = post(other, REFRESH, t=phone, k="key-more1")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
    bo = post(home, SIGN_IN, p="bo").json()["data"]["sessionCreateDemo"]["refreshToken"]
    assert post(other, REFRESH, t=bo, k="key-of-bo").status_code == 200
    seconds.now = 6.0
    assert post(other, REFRESH, t=phone, k="key-more1").json()["data"]["sessionRefresh"]["token"]


def test_what_is_remembered_of_attempts_is_bounded(seconds: Seconds) -> None:
    counted = attempts(10, seconds, most=100)
    for number in range(1_000):
        counted.of_address(f"203.0.{number % 256}.{number // 256}")
        counted.of_account(f"acc_{number}")
    assert counted.budget.buckets == 200


def test_a_route_that_signs_in_is_wrapped(seconds: Seconds) -> None:
    async def begin(_request: Request) -> Response:
        return PlainTextResponse("begun")

    wrapped = FewAttempts(
        Route("/auth/begin", begin).app, attempts(10, seconds), load(), Locale.ZH_CN
    )
    client = TestClient(Starlette(routes=[Route("/auth/begin", wrapped)]))
    assert [client.get("/auth/begin").status_code for _ in range(10)] == [200] * 10
    refused = client.get("/auth/begin")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
    assert refused.headers["cache-control"] == "no-store"
    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "ATTEMPTS_EXCEEDED"
    assert "尝试次数过多" in error["message"]
    seconds.now = 6.0
    assert client.get("/auth/begin").text == "begun"

"""A cookie is good for pages of ours: what other sites' pages send with it changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.origin import from_elsewhere
from tests.support import shared

ENTER = {
    "query": 'mutation { sessionCreateDemo(input: {person: "per_one"}) {'
    " ... on SessionCreateDemoSuccess { token } ... on Problem { code } } }"
}
OUT = {"query": "mutation { sessionRevoke(input: {}) { ... on SessionRevokeSuccess { revoked } } }"}
WHO = "{ viewer { account } }"
OURS = "http://127.0.0.1"

# What browsers of today and of years ago, and programs, really send.
FROM_US: list[dict[str, str]] = [
    {},  # curl
    {"sec-fetch-site": "same-origin", "origin": OURS},
    {"sec-fetch-site": "none"},
    {"origin": OURS},  # before Sec-Fetch-Site
    {"origin": "https://127.0.0.1"},  # a proxy ended TLS
    {"sec-fetch-site": "same-origin", "origin": "null"},  # our own page with no-referrer
]
FROM_ELSEWHERE: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"sec-fetch-site": "cross-site", "origin": OURS},
    {"sec-fetch-site": "same-site", "origin": "http://other.127.0.0.1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "unheard-of"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://127.0.0.1.evil.example"},
    {"origin": "http://[broken"},
    {"origin": ""},
]


@pytest.fixture
def browser(runtime: Any) -> TestClient:
    """Signed in by a cookie."""
    client = TestClient(shared.app(runtime), base_url=OURS, client=("127.0.0.1", 50000))
    assert client.post("/graphql", json=ENTER).json()["data"]["sessionCreateDemo"]["token"]
    assert client.cookies
    return client


@pytest.mark.parametrize("headers", FROM_US)
def test_our_own_pages_and_programs_are_served(
    browser: TestClient, headers: dict[str, str]
) -> None:
    answer = browser.post("/graphql", json={"query": WHO}, headers=headers)
    assert answer.json()["data"]["viewer"] == {"account": "acc_one"}


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_another_sites_page_changes_nothing_with_the_cookie(
    browser: TestClient, headers: dict[str, str]
) -> None:
    answer = browser.post("/graphql", json=OUT, headers=headers)
    assert answer.status_code == 403
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "REQUEST_FROM_ELSEWHERE"
    still = browser.post("/graphql", json={"query": WHO}).json()
    assert still["data"]["viewer"] == {"account": "acc_one"}


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_another_sites_page_signs_nobody_in(browser: TestClient, headers: dict[str, str]) -> None:
    browser.cookies.clear()
    answer = browser.post("/graphql", json=ENTER, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_a_bearer_token_is_good_from_anywhere(browser: TestClient, headers: dict[str, str]) -> None:
    # No page has it by itself: whoever sends it was given it.
    bearer = {**headers, "authorization": "Bearer hr"}
    answer = browser.post("/graphql", json={"query": WHO}, headers=bearer)
    assert answer.json()["data"]["viewer"] == {"account": "acc_one"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_can_send_is_not_read(browser: TestClient, kind: str) -> None:
    headers = {"content-type": kind, "sec-fetch-site": "same-origin"}
    answer = browser.post(
        "/graphql", content=b'{"query": "{ viewer { account } }"}', headers=headers
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("headers", [*FROM_US, *FROM_ELSEWHERE])
def test_a_get_changes_nothing_whoever_sends_it(
    browser: TestClient, headers: dict[str, str]
) -> None:
    answer = browser.get("/graphql", params=OUT, headers=headers)
    assert answer.status_code == 405
    assert browser.post("/graphql", json={"query": WHO}).json()["data"]["viewer"] is not None


def test_a_header_in_capitals_is_the_same_host() -> None:
    assert not from_elsewhere({"origin": "https://Attain.Example", "host": "attain.example"})
